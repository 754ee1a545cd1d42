package sim

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A virtual machine asks its host for tokens instead of keeping a secret. The
// tenant answers both forms of that on plain paths: the metadata service of
// virtual machines and the identity endpoint of App Service. On real machines
// they live at fixed addresses; here they share the address of the tenant.

// IdentityID is the client id of the managed identity.
func (t *Tenant) IdentityID() string {
	d := newDice(t.opt.Seed, saltIdentity, 0)
	return d.guid()
}

// IdentityHeader is the value that App Service puts into IDENTITY_HEADER.
func (t *Tenant) IdentityHeader() string {
	d := newDice(t.opt.Seed, saltIdentity, 1)
	return strings.ToUpper(d.hex(32))
}

// serveIdentity answers GET /metadata/identity/oauth2/token and GET /msi/token.
func (t *Tenant) serveIdentity(c *call) {
	t.mu.Lock()
	none := t.behave.NoIdentity
	t.mu.Unlock()
	q, path := c.r.URL.Query(), strings.ToLower(strings.Join(c.path, "/"))
	metadata := path == "metadata/identity/oauth2/token"
	switch {
	case !metadata && path != "msi/token":
		c.denyIdentity(http.StatusNotFound, "not_found", "The path does not exist.")
		return
	case c.r.Method != http.MethodGet:
		c.denyIdentity(http.StatusMethodNotAllowed, "invalid_request", "Only GET is supported.")
		return
	case metadata && !strings.EqualFold(c.r.Header.Get("Metadata"), "true"):
		c.denyIdentity(http.StatusBadRequest, "invalid_request", "Required metadata header not specified")
		return
	case metadata && c.r.Header.Get("X-Forwarded-For") != "":
		c.denyIdentity(http.StatusBadRequest, "invalid_request", "Requests through a proxy are not answered")
		return
	case !metadata && c.r.Header.Get("X-IDENTITY-HEADER") != t.IdentityHeader():
		c.denyIdentity(http.StatusUnauthorized, "unauthorized", "The identity header is missing or wrong.")
		return
	case q.Get("api-version") == "":
		c.denyIdentity(http.StatusBadRequest, "bad_request_102", "Required parameter api-version is missing")
		return
	case none || !t.namesIdentity(q):
		c.denyIdentity(http.StatusBadRequest, "invalid_request", "Identity not found")
		return
	}
	audience, ok := knownAudience(q.Get("resource"))
	if !ok || t.refuses(audience) {
		c.denyIdentity(http.StatusBadRequest, "invalid_resource",
			"AADSTS500011: The resource principal named "+clip(q.Get("resource"), 200)+" was not found in the tenant.")
		return
	}
	if token, ok := t.issue(c, audience, t.IdentityID()); ok {
		c.sendIdentityToken(token, metadata)
	}
}

// namesIdentity accepts the system-assigned identity and its client id.
func (t *Tenant) namesIdentity(q url.Values) bool {
	for _, key := range []string{"object_id", "principal_id", "mi_res_id", "msi_res_id"} {
		if q.Has(key) {
			return false
		}
	}
	return !q.Has("client_id") || strings.EqualFold(q.Get("client_id"), t.IdentityID())
}

func (c *call) sendIdentityToken(a accessToken, metadata bool) {
	var e enc
	e.open('{')
	e.str("access_token", a.text)
	e.str("client_id", a.app)
	e.lives(a, metadata)
	e.str("resource", a.audience)
	e.str("token_type", "Bearer")
	e.close('}')
	c.send(http.StatusOK, "application/json; charset=utf-8", e.b)
}

func (c *call) denyIdentity(status int, name, about string) {
	var e enc
	e.open('{')
	e.str("error", name)
	e.str("error_description", about)
	e.close('}')
	c.send(status, "application/json; charset=utf-8", e.b)
}

// ServeIdentity listens on a loopback address for the managed identity
// endpoint alone, over plain HTTP as on real machines, until ctx ends or end is
// called. It fills in how to reach it.
func (t *Tenant) ServeIdentity(ctx context.Context, addr string, at *Identity) (end func(), err error) {
	if err := loopback(addr); err != nil {
		return nil, err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening for the managed identity: %w", err)
	}
	*at = Identity{Endpoint: "http://" + ln.Addr().String() + "/msi/token", Header: t.IdentityHeader(), ClientID: t.IdentityID()}
	mux := http.NewServeMux()
	mux.Handle("/msi/", t)
	mux.Handle("/metadata/", t)
	srv, done := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}, make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(ln) // ends with Close
	}()
	end = func() {
		_ = srv.Close()
		<-done
	}
	context.AfterFunc(ctx, end)
	return end, nil
}
