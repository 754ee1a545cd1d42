package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"cordon/store/soc"
)

// The ways to sign in, as an integration names them.
const (
	AuthSecret      = "secret"
	AuthCertificate = "certificate"
	AuthManaged     = "managed-identity"
	AuthWorkload    = "workload-identity"
)

// NeedsSecret reports whether a way to sign in has something to keep sealed.
func NeedsSecret(auth string) bool {
	return auth == "" || auth == AuthSecret || auth == AuthCertificate
}

// CredentialWord names for people what a way to sign in rests on.
func CredentialWord(auth string) string {
	switch auth {
	case AuthCertificate:
		return "certificate"
	case AuthManaged:
		return "managed identity"
	case AuthWorkload:
		return "workload identity"
	}
	return "client secret"
}

// credentialOf makes the credential that an integration names; it contacts nobody.
func credentialOf(in soc.Integration, login *url.URL, hc *http.Client, secret func(context.Context) (string, error)) (Credential, error) {
	s := &signer{in: in, to: login, http: hc, secret: secret}
	switch {
	case NeedsSecret(in.Auth) && secret == nil:
		return nil, invalid("secret", "there is no way to the "+CredentialWord(in.Auth), "attach the integration again with it")
	case in.TenantID == "":
		return nil, invalid("tenant", "the tenant id is missing", "give the directory (tenant) id, a GUID")
	case in.ClientID == "" && in.Auth != AuthManaged:
		return nil, invalid("client", "the client id is missing", "give the application (client) id, a GUID")
	}
	switch in.Auth {
	case "", AuthSecret:
		s.make = withSecret
	case AuthCertificate:
		s.make = withCertificate
	case AuthManaged:
		s.make, s.secret, s.to = withManaged, nil, identityHost()
		s.http = platformClient()
	case AuthWorkload:
		s.make, s.secret = withWorkload, nil
	default:
		return nil, invalid("auth", "sign-in by "+soc.Clean(in.Auth)+" is not known", "use secret, certificate, managed-identity or workload-identity")
	}
	return s, nil
}

// We name the authority ourselves in all of these; asking the public cloud about a private one would tell it, and fail.

func withSecret(in soc.Integration, secret string, o azcore.ClientOptions) (azcore.TokenCredential, error) {
	return azidentity.NewClientSecretCredential(in.TenantID, in.ClientID, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: o, DisableInstanceDiscovery: true,
	})
}

func withCertificate(in soc.Integration, pem string, o azcore.ClientOptions) (azcore.TokenCredential, error) {
	cert, err := ReadCertificate(pem)
	if err != nil {
		return nil, err
	}
	return azidentity.NewClientCertificateCredential(in.TenantID, in.ClientID, cert.Chain, cert.key, &azidentity.ClientCertificateCredentialOptions{
		ClientOptions: o, DisableInstanceDiscovery: true,
	})
}

func withManaged(in soc.Integration, _ string, o azcore.ClientOptions) (azcore.TokenCredential, error) {
	opts := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: o}
	if in.ClientID != "" {
		opts.ID = azidentity.ClientID(in.ClientID)
	}
	return azidentity.NewManagedIdentityCredential(opts)
}

func withWorkload(in soc.Integration, _ string, o azcore.ClientOptions) (azcore.TokenCredential, error) {
	path := orDefault(in.TokenFile, os.Getenv("AZURE_FEDERATED_TOKEN_FILE"))
	if err := readable(path); err != nil {
		return nil, err
	}
	return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
		ClientOptions: o, DisableInstanceDiscovery: true, ClientID: in.ClientID, TenantID: in.TenantID, TokenFilePath: path,
	})
}

// readable says which way a token file is unusable; its content is nobody's business here.
func readable(path string) error {
	e := &soc.Error{
		Kind: soc.KindUnauthorized, Code: "token-file", Means: signInMeans, Next: "check the token file setting, and the platform that writes it",
	}
	if path == "" {
		e.What = "no token file is set, and AZURE_FEDERATED_TOKEN_FILE is empty"
		return e
	}
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		e.What, e.Err = "the token file "+soc.Clean(path)+" can not be read: "+reason(err), err
		return e
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() == 0 || info.Size() > 64<<10 {
		e.What = "the token file " + soc.Clean(path) + " is empty or no token file"
		return e
	}
	return nil
}

func reason(err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "it does not exist"
	case errors.Is(err, os.ErrPermission):
		return "no permission"
	}
	return soc.Clean(err.Error())
}

// identityHost is where a managed identity asks for tokens: what the platform says in the environment, else the metadata service of a
// virtual machine.
func identityHost() *url.URL {
	for _, name := range []string{"IDENTITY_ENDPOINT", "MSI_ENDPOINT", "IMDS_ENDPOINT"} {
		if u, err := url.Parse(os.Getenv(name)); err == nil && u.Host != "" {
			return &url.URL{Scheme: u.Scheme, Host: u.Host}
		}
	}
	return &url.URL{Scheme: "http", Host: "169.254.169.254"}
}

// platformClient asks the platform for the token of a managed identity: on this machine or beside it, never through a proxy.
func platformClient() *http.Client { return httpClient(identityHost(), nil, nil) }
