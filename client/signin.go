package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"cordon/store/soc"
)

// signer is a Credential by way of the identity library. It makes a fresh credential of the library for each token: that library keeps a
// cache of its own, which would hand a rejected token out again, and keeps the secret. A token lasts an hour, so this costs one extra
// request an hour.
type signer struct {
	in     soc.Integration
	to     *url.URL // where the token is asked for
	http   *http.Client
	secret func(context.Context) (string, error) // nil when the way of signing in has none
	make   func(in soc.Integration, secret string, o azcore.ClientOptions) (azcore.TokenCredential, error)
}

// Token signs in.
func (s *signer) Token(ctx context.Context, scope string) (Token, error) {
	ctx, cancel := context.WithTimeout(ctx, signInTimeout)
	defer cancel()
	secret := ""
	if s.secret != nil {
		var err error
		if secret, err = s.secret(ctx); err != nil {
			return Token{}, &soc.Error{
				Kind: soc.KindUnauthorized, Code: "no-secret", What: "the " + CredentialWord(s.in.Auth) + " can not be opened: " + soc.Clean(err.Error()),
				Means: signInMeans, Next: "check the key of the data folder, or enter it again", Err: err,
			}
		}
	}
	rec := &recorder{http: s.http}
	cred, err := s.make(s.in, secret, azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: s.to.String() + "/"},
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{Disabled: true},
		Transport: rec,
	})
	var told *soc.Error
	switch {
	case errors.As(err, &told):
		return Token{}, told
	case err != nil:
		return Token{}, &soc.Error{
			Kind: soc.KindUnauthorized, Code: "bad-credential", What: "the sign-in settings are not usable: " + redact(err.Error(), secret),
			Means: signInMeans, Next: "check tenant id, client id and " + CredentialWord(s.in.Auth),
		}
	}
	ask := policy.TokenRequestOptions{Scopes: []string{scope}}
	if s.in.Auth == AuthManaged {
		ask.Claims = "{}" // asks for nothing; with it the library passes over the tokens that it keeps for the whole process
	}
	tok, err := cred.GetToken(ctx, ask)
	if err != nil {
		return Token{}, s.explain(rec, redact(err.Error(), secret))
	}
	return Token{Value: tok.Token, Life: time.Until(tok.ExpiresOn)}, nil
}

// redact keeps the secret out of an error text, should a library ever print what it was given.
func redact(text, secret string) string {
	if len(secret) >= 4 {
		text = strings.ReplaceAll(text, secret, "…")
		text = strings.ReplaceAll(text, url.QueryEscape(secret), "…")
	}
	return soc.Clean(text)
}

// recorder is the identity library's way to the network. It keeps what went wrong, because the library's own errors are prose.
type recorder struct {
	http   *http.Client
	err    error
	status int
	body   []byte
	kind   string // content type
	asked  *url.URL
}

// Do sends one request to the login host.
func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	r.asked, r.err, r.status, r.body = req.URL, nil, 0, nil
	res, err := r.http.Do(req)
	if err != nil {
		r.err = err
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		r.err = err
		return nil, err
	}
	r.status, r.body, r.kind = res.StatusCode, body, res.Header.Get("Content-Type")
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

const signInMeans = "nothing was read from Defender and nothing was sent to it; hosts stay as they are"

// explain turns a failed sign-in into what to do (defender-api 1.7).
func (s *signer) explain(rec *recorder, text string) error {
	if rec.err != nil {
		e := unreachable("the login host", s.to, rec.err)
		e.Means = signInMeans
		if s.in.Auth == AuthManaged {
			e.Next = "a managed identity exists on a machine in Azure only; choose another way to sign in elsewhere"
		}
		return e
	}
	var body struct {
		Error         string  `json:"error"`
		Description   string  `json:"error_description"`
		Codes         []int64 `json:"error_codes"`
		CorrelationID string  `json:"correlation_id"`
	}
	if json.Unmarshal(rec.body, &body) != nil || body.Error == "" {
		e := &soc.Error{Kind: soc.KindUnavailable, Code: "sign-in-failed", What: "signing in at " + hostPort(s.to) + " failed", Means: signInMeans}
		switch {
		case s.in.Auth == AuthManaged && rec.status != 0: // it is this machine or its neighbour that answers: no proxy and no captive portal is in between
			e.What = fmt.Sprintf("the managed identity gave no token: %s answered with status %d", hostPort(s.to), rec.status)
			e.Next = "check that this machine has a managed identity, and what its platform says in IDENTITY_ENDPOINT; " +
				"a managed identity exists on a machine in Azure only"
		case rec.status >= 300 && rec.status < 400:
			e.Code = "redirect"
			e.Next = fmt.Sprintf("the host answered with a redirect (%d), which is not followed; check the login address and the proxy", rec.status)
		case rec.status == http.StatusTooManyRequests || rec.status >= 500:
			e.Next = fmt.Sprintf("the login service has trouble (%d); cordon tries again", rec.status)
		case rec.status != 0 && !isJSON(rec.kind):
			e.Code, e.Next = "not-json", "the answer is a web page, not the login service: check proxy or captive portal"
		default:
			e.Next = clip(text, 300)
		}
		return e
	}
	var code int64
	if len(body.Codes) > 0 {
		code = body.Codes[0]
	}
	what, next, kind := adviceFor(code)
	if rec.status == http.StatusTooManyRequests || rec.status >= 500 {
		kind = soc.KindUnavailable
	}
	if what == "" {
		what, next = "signing in was refused: "+clip(firstLine(body.Description), 200), "check tenant id, client id and "+CredentialWord(s.in.Auth)
		if s.in.Auth == AuthManaged {
			next = "check that this machine has the managed identity, and that the identity was given Defender's application roles"
		}
	}
	detail := soc.Clean(body.Error)
	if code != 0 {
		detail = fmt.Sprintf("AADSTS%d", code)
	}
	if body.CorrelationID != "" {
		detail += ", correlation id " + clip(soc.Clean(body.CorrelationID), 64)
	}
	return &soc.Error{
		Kind: kind, Code: signInCode(code, body.Error), What: what + " (" + detail + ")", Means: signInMeans, Next: next,
		Err: errors.New(clip(soc.Clean(body.Description), 2000)),
	}
}

func signInCode(code int64, word string) string {
	if code != 0 {
		return fmt.Sprintf("AADSTS%d", code)
	}
	return clip(soc.Clean(word), 64)
}

// unknownResource tells that the directory does not know the resource of the scope.
func unknownResource(err error) bool {
	var e *soc.Error
	return errors.As(err, &e) && (e.Code == "AADSTS500011" || e.Code == "AADSTS70011")
}

// adviceFor says what a sign-in error number means and what to do. The numbers may change; they choose words only.
func adviceFor(code int64) (what, next string, kind soc.Kind) {
	kind = soc.KindUnauthorized
	switch code {
	case 90002:
		return "the tenant id was not found",
			"check it, that tenant id and client id are not swapped, and that the cloud (commercial, GCC High, …) is right", kind
	case 900023:
		return "the tenant is neither a GUID nor a domain", "give the tenant id as a GUID or a verified domain name", kind
	case 90038, 900382, 900432:
		return "this tenant belongs to another cloud", "change the cloud setting", kind
	case 700016, 700011, 70001:
		return "the application (client) id was not found in this tenant", "check the client id and the tenant id", kind
	case 7000215:
		return "the client secret was rejected", "paste the secret's Value, not the Secret ID (the ID looks like a GUID)", kind
	case 7000222:
		return "the client secret has expired", "create a new one and enter it in settings", kind
	case 70002, 50012:
		return "the client credentials were rejected", "check client id and secret", kind
	case 700027, 700030:
		return "the certificate is not accepted for this app", "register it on the app, or check the private key", kind
	case 700024:
		return "the sign-in was outside its time window", "the clock of this machine is off; set it right", kind
	case 7000112:
		return "the application is disabled in this tenant", "enable it in Entra ID, enterprise applications", kind
	case 500011:
		return "Defender for Endpoint is not known in this tenant", "check that it is provisioned here, and that the token scope fits the cloud", kind
	case 650052:
		return "this tenant has no Defender for Endpoint subscription", "attach a tenant that has one", kind
	case 70011, 1002012:
		return "the token scope is wrong for this cloud", "leave the scope empty, or end it with /.default", kind
	case 650057:
		return "the app registration does not list Defender", "add WindowsDefenderATP permissions to the app and grant admin consent", kind
	case 65001, 650056, 90094:
		return "an administrator has not consented", "press Grant admin consent on the app registration", kind
	case 53003:
		return "Conditional Access blocked this sign-in", "check its location and IP conditions", kind
	case 500021, 500022:
		return "the network proxy blocks this tenant", "ask for this tenant to be allowed in the tenant restrictions", kind
	case 7000218, 700025:
		return "the app registration does not match the sign-in method", "register a confidential client with a secret", kind
	case 50196:
		return "the login service saw too many sign-ins in a row", "wait some minutes; cordon backs off", soc.KindUnavailable
	case 90006, 90024, 90033, 50000:
		return "the login service has a passing problem", "cordon tries again by itself", soc.KindUnavailable
	}
	return "", "", kind
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return soc.Clean(strings.TrimRight(s, "\r"))
}

// clip shortens a text to n runes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}
