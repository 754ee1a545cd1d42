package sim

import (
	"maps"
	"slices"
)

// refusalOf gives the documented shape of an AADSTS code (defender-api 1.7); a
// code without an entry still produces a well-formed answer.
func refusalOf(code int) refusal {
	for _, table := range []map[int]refusal{directoryRefusals(), credentialRefusals(), requestRefusals(), consentRefusals(), passingRefusals()} {
		if r, ok := table[code]; ok {
			return r
		}
	}
	return refusal{400, "invalid_client", "The sign-in was refused for '%s'."}
}

// RefusalCodes lists the AADSTS codes that have a text of their own.
func RefusalCodes() []int {
	var out []int
	for _, table := range []map[int]refusal{directoryRefusals(), credentialRefusals(), requestRefusals(), consentRefusals(), passingRefusals()} {
		out = slices.AppendSeq(out, maps.Keys(table))
	}
	slices.Sort(out)
	return out
}

const wrongTenant = "This can happen if the application has not been installed by the administrator of the tenant or consented to " +
	"by any user in the tenant. " +
	"You may have sent your authentication request to the wrong tenant."

// directoryRefusals are about tenant, cloud and application.
func directoryRefusals() map[int]refusal {
	const cloud = "Confidential Client is not supported in Cross Cloud request."
	return map[int]refusal{
		90002: {400, "invalid_request", "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into " +
			"the correct cloud. " +
			"Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."},
		900023: {400, "invalid_request", "Specified tenant identifier '%s' is neither a valid DNS name, nor a valid external domain."},
		90038: {400, "invalid_request", "Specified tenant '%s' belongs to the National Cloud. Current cloud does not federate with " +
			"it. Use the endpoint of that cloud."},
		900382:  {400, "invalid_request", cloud},
		900432:  {400, "invalid_request", cloud},
		700016:  {400, "unauthorized_client", "Application with identifier '%s' was not found in the directory. " + wrongTenant},
		700011:  {400, "unauthorized_client", "Application with identifier '%s' was not found in the directory. " + wrongTenant},
		70001:   {400, "unauthorized_client", "The application '%s' is disabled, or was not found in the directory."},
		7000112: {401, "unauthorized_client", "Application '%s' is disabled."},
		500011:  {400, "invalid_resource", "The resource principal named %s was not found in the tenant. " + wrongTenant},
		650052: {400, "invalid_client", "The app is trying to access a service '%s' that your organization lacks a service principal " +
			"for. Contact your IT Admin to review the configuration of your service subscriptions."},
	}
}

// credentialRefusals are about secrets, certificates and assertions.
func credentialRefusals() map[int]refusal {
	return map[int]refusal{
		7000215: {401, "invalid_client", "Invalid client secret provided. Ensure the secret being sent in the request is the client " +
			"secret value, " +
			"not the client secret ID, for a secret added to app '%s'."},
		7000222: {401, "invalid_client", "The provided client secret keys for app '%s' are expired. Visit the Azure portal to create " +
			"new keys for your app, " +
			"or consider using certificate credentials for added security."},
		7000218: {401, "invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."},
		700025:  {401, "invalid_client", "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."},
		70002:   {401, "invalid_client", "Error validating credentials of application '%s'."},
		50012:   {401, "invalid_client", "Authentication failed: the client assertion or certificate of application '%s' is not valid."},
		50027:   {401, "invalid_client", "JWT token is invalid or malformed: the audience of the client assertion does not match."},
		700024:  {401, "invalid_client", "Client assertion is not within its valid time range."},
		700027: {401, "invalid_client", "The certificate with identifier used to sign the client assertion is not registered on " +
			"application '%s'. [Reason - The key was not found.]"},
		700030: {401, "invalid_client", "Invalid certificate - subject name in certificate is not authorized for application '%s'."},
		700211: {401, "invalid_client", "No matching federated identity record found for presented assertion issuer of application '%s'."},
		700212: {401, "invalid_client", "No matching federated identity record found for presented assertion audience of application " +
			"'%s'."},
		700213: {401, "invalid_client", "No matching federated identity record found for presented assertion subject of application " +
			"'%s'."},
	}
}

// requestRefusals are about the request itself.
func requestRefusals() map[int]refusal {
	const scope = "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' " +
		"is not valid. The scope %s is not valid."
	return map[int]refusal{
		70003: {400, "unsupported_grant_type", "The app requested an unsupported grant type '%s'."},
		70011: {400, "invalid_scope", scope},
		1002012: {400, "invalid_scope", "The provided value for scope %s is not valid. Client credential flows must have a scope value " +
			"with /.default suffixed to the resource identifier."},
		650057: {400, "invalid_resource", "Invalid resource. The client has requested access to a resource which is not listed in the " +
			"requested permissions in the client's application registration. Client app '%s'."},
		901002: {400, "invalid_request", "The 'resource' request parameter is not supported."},
		900144: {400, "invalid_request", "The request body must contain the following parameter: '%s'."},
		70016:  {400, "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."},
		70018:  {400, "bad_verification_code", "Invalid verification code due to user typing in wrong user code for device code flow."},
		70019:  {400, "expired_token", "Verification code expired. Have the user retry the sign-in."},
		50196: {400, "invalid_grant", "The server terminated an operation because it encountered a client request loop. Please " +
			"contact your app vendor."},
	}
}

// consentRefusals are about what administrators allow.
func consentRefusals() map[int]refusal {
	const network = "Access to '%s' tenant is denied."
	return map[int]refusal{
		65001: {400, "invalid_grant", "The user or administrator has not consented to use the application with ID '%s'. Send an " +
			"interactive authorization request for this user and resource."},
		650056: {400, "invalid_client", "Misconfigured application '%s'. The client has not listed any permissions for the resource in " +
			"its registration, or the admin has not consented in the tenant."},
		90094: {400, "access_denied", "The grant requires admin permissions. An administrator of the organization has to consent to " +
			"application '%s'."},
		53003: {400, "access_denied", "Access has been blocked by Conditional Access policies. The access policy does not allow token " +
			"issuance."},
		500021: {400, "access_denied", network},
		500022: {400, "access_denied", network},
	}
}

// passingRefusals go away by themselves.
func passingRefusals() map[int]refusal {
	const again = "A transient error has occurred. Please try again."
	return map[int]refusal{
		90006: {503, "temporarily_unavailable", again}, 90024: {503, "temporarily_unavailable", again},
		90033: {503, "temporarily_unavailable", again}, 50000: {500, "server_error", "There was an error issuing a token. Please try " +
			"again."},
	}
}
