package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cordon/store/soc"
)

func cacheFor(in soc.Integration, cred Credential) *tokens {
	in.TenantID = orDefault(in.TenantID, tenantID)
	return newTokens(in, cred, time.Now, scopesOf(in))
}

func TestTokenIsCachedAndRefreshedInTime(t *testing.T) {
	t.Parallel()
	for life, refresh := range map[time.Duration]time.Duration{
		time.Hour:        48 * time.Minute, // 80 %
		20 * time.Minute: 15 * time.Minute, // 5 minutes before
		4 * time.Minute:  2 * time.Minute,  // too short for either
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &wallet{give: func(int) (Token, error) { return Token{Value: goodJWT(tenantID), Life: life}, nil }}
			c := cacheFor(soc.Integration{}, w)
			get := func() {
				t.Helper()
				if _, err := c.get(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			get()
			time.Sleep(refresh - time.Second)
			get()
			if w.count() != 1 {
				t.Errorf("life %v: %d sign-ins before the refresh time, want 1", life, w.count())
			}
			time.Sleep(2 * time.Second)
			get()
			if w.count() != 2 {
				t.Errorf("life %v: %d sign-ins after the refresh time, want 2", life, w.count())
			}
		})
	}
}

func TestOldTokenServesWhileSignInFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wallet{give: func(n int) (Token, error) {
			if n > 1 {
				return Token{}, notSent("login is down", nil)
			}
			return Token{Value: goodJWT(tenantID), Life: time.Hour}, nil
		}}
		c := cacheFor(soc.Integration{}, w)
		for _, age := range []time.Duration{0, 50 * time.Minute, 9 * time.Minute} {
			time.Sleep(age)
			if _, err := c.get(t.Context()); err != nil {
				t.Fatalf("after %v more: %v", age, err)
			}
		}
		time.Sleep(2 * time.Minute)
		if _, err := c.get(t.Context()); err == nil {
			t.Error("an expired token is handed out")
		}
	})
}

// A login host that hangs holds up one call a minute, and nobody else, while the token is good: a release must not wait for it.
func TestT10_AHangingSignInHoldsUpNoOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wallet{give: func(n int) (Token, error) {
			if n > 1 {
				time.Sleep(signInTimeout)
				return Token{}, notSent("login hangs", nil)
			}
			return Token{Value: goodJWT(tenantID), Life: time.Hour}, nil
		}}
		c := cacheFor(soc.Integration{}, w)
		took := func() time.Duration {
			t.Helper()
			began := time.Now()
			if _, err := c.get(t.Context()); err != nil {
				t.Error(err)
			}
			return time.Since(began)
		}
		took()
		time.Sleep(50 * time.Minute)
		var wg sync.WaitGroup
		wg.Go(func() {
			if d := took(); d != signInTimeout {
				t.Errorf("control: the one that asks waited %s", d)
			}
		})
		synctest.Wait()
		if d := took(); d != 0 {
			t.Errorf("another order waited %s for the sign-in", d)
		}
		wg.Wait()
		if d := took(); d != 0 {
			t.Errorf("right after the failure an order waited %s", d)
		}
		time.Sleep(refreshPause)
		if d := took(); d != signInTimeout || w.count() != 3 {
			t.Errorf("it was not tried again: %s, %d sign-ins", d, w.count())
		}
	})
}

func TestManyCallersCauseOneSignIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wallet{give: func(int) (Token, error) { return Token{Value: goodJWT(tenantID), Life: time.Hour}, nil }}
		slow := slowCredential{w}
		c := cacheFor(soc.Integration{}, slow)
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				ctx := t.Context()
				if i == 0 { // the first asker gives up; the others must not suffer
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Second)
					defer cancel()
				}
				if _, err := c.get(ctx); err != nil && i != 0 {
					t.Errorf("caller %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if w.count() > 2 {
			t.Errorf("%d sign-ins, want at most 2", w.count())
		}
	})
}

func TestFailedSignInIsSharedByAllWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wallet{give: func(int) (Token, error) { return Token{}, &soc.Error{Kind: soc.KindUnauthorized, What: "no"} }}
		c := cacheFor(soc.Integration{Scope: "s/.default"}, slowCredential{w})
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := c.get(t.Context()); soc.KindOf(err) != soc.KindUnauthorized {
					t.Errorf("error = %v", err)
				}
			})
		}
		wg.Wait()
		if w.count() != 1 {
			t.Errorf("%d failing sign-ins, want 1", w.count())
		}
	})
}

type slowCredential struct{ next Credential }

func (s slowCredential) Token(ctx context.Context, scope string) (Token, error) {
	if !pause(ctx, 5*time.Second) {
		return Token{}, ctx.Err()
	}
	return s.next.Token(ctx, scope)
}

func TestF43_TokenOfAnotherTenantIsNotUsed(t *testing.T) {
	t.Parallel()
	const other = "99999999-2222-4333-8444-555555555555"
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) { reply200(w, 201, goodAction) })
	wt.wallet.give = func(int) (Token, error) { return Token{Value: goodJWT(other), Life: time.Hour}, nil }
	_, err := isolate(t, wt.Client)
	kind, code := kindAndCode(err)
	if kind != soc.KindUnauthorized || code != "wrong-tenant" || wt.posts.Load() != 0 {
		t.Errorf("%v %q, %d POSTs: %v", kind, code, wt.posts.Load(), err)
	}
	for value, ok := range map[string]bool{goodJWT(strings.ToUpper(tenantID)): true, jwt(map[string]any{"aud": defender}): false, "opaque": true} {
		c := cacheFor(soc.Integration{}, &wallet{give: func(int) (Token, error) { return Token{Value: value, Life: time.Hour}, nil }})
		if _, err := c.get(t.Context()); (err == nil) != ok {
			t.Errorf("token %q: %v, want ok = %v", value, err, ok)
		}
	}
	// Two tenants, one process: each client keeps to its own token.
	seen := map[string]string{}
	var mu sync.Mutex
	srv := newWireTest(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.URL.Query().Get("$filter")] = readClaims(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")).Tenant
		reply200(w, 200, `{"value":[]}`)
	})
	limits := NewLimits(DefaultQuota())
	for _, id := range []string{tenantID, other} {
		in := srv.in
		in.TenantID = id
		c, err := New(Config{Integration: in, Limits: limits, Credential: &wallet{give: func(int) (Token, error) {
			return Token{Value: goodJWT(id), Life: time.Hour}, nil
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Alerts(t.Context(), AlertsQuery{Filter: id}); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{tenantID, other} {
		if seen[id] != id {
			t.Errorf("tenant %s was asked with the token of %s", id, seen[id])
		}
	}
}

func TestSecondAudienceIsTriedOnce(t *testing.T) {
	t.Parallel()
	w := &wallet{}
	w.give = func(int) (Token, error) {
		if strings.Contains(w.asked[len(w.asked)-1], "securitycenter.microsoft.com") {
			return Token{}, &soc.Error{Kind: soc.KindUnauthorized, Code: "AADSTS500011"}
		}
		return Token{Value: goodJWT(tenantID), Life: time.Hour}, nil
	}
	c := cacheFor(soc.Integration{}, w)
	for range 3 {
		if _, err := c.get(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.forget()
	}
	if w.count() != 4 { // both once, then the one that worked
		t.Errorf("sign-ins: %q", w.asked)
	}
	explicit := cacheFor(soc.Integration{Scope: "https://api.securitycenter.microsoft.com/.default"}, w)
	if _, err := explicit.get(t.Context()); err == nil {
		t.Error("a scope that was set by hand is replaced")
	}
}

func TestTokenDoesNotPrint(t *testing.T) {
	t.Parallel()
	tok := Token{Value: "s3cr3t"}
	for _, s := range []string{fmt.Sprint(tok), fmt.Sprintf("%v %+v %#v %s", tok, tok, tok, &tok)} {
		if strings.Contains(s, "s3cr3t") {
			t.Errorf("printed: %s", s)
		}
	}
}

// directory is a login service: OpenID configuration, and a token endpoint that answers what it is told.
func directory(t *testing.T, token http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewTLSServer(nil)
	srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") {
			base := srv.URL + "/" + tenantID
			reply200(w, 200, fmt.Sprintf(`{"token_endpoint":"%s/oauth2/v2.0/token","authorization_endpoint":"%s/a","issuer":"%s/v2.0"}`, base, base, base))
			return
		}
		token(w, r)
	})
	t.Cleanup(srv.Close)
	return srv
}

func signIn(t *testing.T, srv *httptest.Server, secret string) error {
	t.Helper()
	c, err := New(Config{
		Integration: soc.Integration{
			ID: "i", TenantID: tenantID, ClientID: clientID, Auth: "secret", Cloud: "custom", Custom: true, API: srv.URL, Login: srv.URL, CAPEM: caPEM(srv),
		},
		Secret: func(context.Context) (string, error) { return secret, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Roles(t.Context())
	return err
}

func TestSignInErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{
		90002: "swapped", 900023: "GUID", 90038: "cloud", 700016: "client id", 7000215: "Value", 7000222: "create a new one", 500011: "provisioned",
		650052: "subscription", 70011: "/.default", 650057: "WindowsDefenderATP", 65001: "Grant admin consent", 53003: "Conditional Access",
		500021: "proxy", 7000218: "confidential", 12345678: "check tenant id",
	} {
		srv := directory(t, func(w http.ResponseWriter, _ *http.Request) {
			reply200(w, 400, fmt.Sprintf(`{"error":"invalid_client","error_description":"AADSTS%d: some \u001b[31mtext.\r\nTrace ID: 1","error_codes":[%d],`+
				`"timestamp":"2026-02-03 04:05:06Z","correlation_id":"77aa0000-0000-4000-8000-000000000002"}`, code, code))
		})
		err := signIn(t, srv, "the+secret/value~")
		kind, got := kindAndCode(err)
		if kind != soc.KindUnauthorized || got != fmt.Sprintf("AADSTS%d", code) {
			t.Errorf("%d: kind %v, code %q", code, kind, got)
			continue
		}
		text := err.Error()
		for _, part := range []string{want, fmt.Sprintf("AADSTS%d", code), "77aa0000-0000-4000-8000-000000000002", "hosts stay as they are"} {
			if !strings.Contains(text, part) {
				t.Errorf("%d: %q lacks %q", code, text, part)
			}
		}
		if strings.ContainsAny(text, "\x1b\r\n") {
			t.Errorf("%d: %q is not clean", code, text)
		}
	}
}

func TestSignInFailuresOfTheNetwork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		code   string
	}{
		"web page": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "<html>portal")
		}, "not-json"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusTemporaryRedirect)
		}, "redirect"},
		"5xx":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "sign-in-failed"},
		"loop": {func(w http.ResponseWriter, _ *http.Request) { reply200(w, 400, `{"error":"x","error_codes":[50196]}`) }, "AADSTS50196"},
	} {
		err := signIn(t, directory(t, c.answer), "the-secret-value")
		kind, code := kindAndCode(err)
		if kind != soc.KindUnavailable || code != c.code {
			t.Errorf("%s: %v %q: %v", name, kind, code, err)
		}
	}
	gone := directory(t, nil)
	gone.Close()
	err := signIn(t, gone, "the-secret-value")
	if kind, _ := kindAndCode(err); kind != soc.KindUnavailable || !strings.Contains(err.Error(), strings.TrimPrefix(gone.URL, "https://")) {
		t.Errorf("Z-01: closed login host: %v; want host and port named", err)
	}
}

func TestSecretStaysOutOfErrors(t *testing.T) {
	t.Parallel()
	const secret = "S3cr3t~V4lue+with/odd chars"
	var form atomic.Value
	srv := directory(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form.Store(string(body))
		w.WriteHeader(500)
		_, _ = w.Write(body) // a careless proxy sends it back
	})
	err := signIn(t, srv, secret)
	if err == nil || strings.Contains(err.Error(), "S3cr3t") {
		t.Errorf("error = %v", err)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.Contains(fmt.Sprintf("%v %+v", e, e), "S3cr3t") {
			t.Errorf("the secret is in %v", e)
		}
	}
	got, _ := url.ParseQuery(form.Load().(string))
	if got.Get("client_secret") != secret {
		t.Errorf("the form carries %q", got.Get("client_secret"))
	}
}
