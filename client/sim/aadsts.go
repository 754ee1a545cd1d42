package sim

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// refusal is one row of the directory's error catalogue.
type refusal struct {
	status int
	name   string // the OAuth error
	text   string // %s is the offending value
}

// refusalOf gives the documented shape of an AADSTS code; a code without an
// entry still produces a well-formed answer.
func refusalOf(code int) refusal {
	switch code {
	case 90002:
		return refusal{400, "invalid_request", "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."}
	case 700016:
		return refusal{400, "unauthorized_client", "Application with identifier '%s' was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."}
	case 7000215:
		return refusal{401, "invalid_client", "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'."}
	case 7000222:
		return refusal{401, "invalid_client", "The provided client secret keys for app '%s' are expired. Visit the Azure portal to create new keys for your app, or consider using certificate credentials for added security."}
	case 7000218:
		return refusal{401, "invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}
	case 70003:
		return refusal{400, "unsupported_grant_type", "The app requested an unsupported grant type '%s'."}
	case 70011:
		return refusal{400, "invalid_scope", "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope %s is not valid."}
	case 500011:
		return refusal{400, "invalid_resource", "The resource principal named %s was not found in the tenant. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant."}
	case 700024:
		return refusal{401, "invalid_client", "Client assertion is not within its valid time range."}
	case 700027:
		return refusal{401, "invalid_client", "The certificate with identifier used to sign the client assertion is not registered on application '%s'. [Reason - The key was not found.]"}
	case 700213:
		return refusal{401, "invalid_client", "No matching federated identity record found for presented assertion of application '%s'."}
	case 900144:
		return refusal{400, "invalid_request", "The request body must contain the following parameter: '%s'."}
	case 53003:
		return refusal{400, "access_denied", "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."}
	case 90033:
		return refusal{503, "temporarily_unavailable", "A transient error has occurred. Please try again."}
	}
	return refusal{400, "invalid_client", "The sign-in was refused for '%s'."}
}

// denySignIn sends the directory's error body: a timestamp with a space, line
// breaks inside the description, ids that support asks for.
func (t *Tenant) denySignIn(c *call, code int, value string) {
	t.mu.Lock()
	now, d := t.at, newDice(t.opt.Seed, saltTenant, int64(t.journal.requests))
	t.mu.Unlock()
	r := refusalOf(code)
	trace, correlation := d.guid(), d.guid()
	if id, err := uuid.Parse(c.r.Header.Get("client-request-id")); err == nil {
		correlation = id.String()
	}
	number, stamp := strconv.Itoa(code), now.UTC().Format("2006-01-02 15:04:05Z")
	text := strings.ReplaceAll(r.text, "%s", clip(value, 300))
	var e enc
	e.open('{')
	e.str("error", r.name)
	e.str("error_description", "AADSTS"+number+": "+text+" Trace ID: "+trace+"\r\nCorrelation ID: "+correlation+"\r\nTimestamp: "+stamp)
	e.key("error_codes")
	e.b = append(append(append(e.b, '['), number...), ']')
	e.str("timestamp", stamp)
	e.str("trace_id", trace)
	e.str("correlation_id", correlation)
	e.str("error_uri", c.base()+"/error?code="+number)
	e.close('}')
	h := c.w.Header()
	h.Set("x-ms-request-id", trace)
	h.Set("client-request-id", correlation)
	h.Set("Cache-Control", "no-store, no-cache")
	if r.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "5")
	}
	c.send(r.status, "application/json; charset=utf-8", e.b)
}
