package connect_test

import (
	"path/filepath"
	"slices"
	"testing"

	"cordon/client"
	"cordon/client/connect"
	"cordon/client/poll"
	"cordon/client/sim"
	"cordon/config/secret"
	"cordon/store"
	"cordon/store/soc"
)

// newSimLab is a Service with the real client and poller, on a real store.
func newSimLab(t *testing.T, limits *client.Limits) *lab {
	t.Helper()
	dir := t.TempDir()
	if err := chmod(dir); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), filepath.Join(dir, "cordon.db"), store.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	ring, err := secret.OpenRing(dir)
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{t: t, dir: dir, store: st, ring: ring}
	l.Service = newSimService(l, limits)
	return l
}

// newSimService is another process on the same data.
func newSimService(l *lab, limits *client.Limits) *connect.Service {
	return connect.New(connect.Options{
		Store: l.store, Sealer: secret.Text{Ring: l.ring}, History: poll.ParseHistory,
		Dial: connect.Defender(connect.Wiring{Store: l.store, Version: "test", Limits: limits}),
	})
}

// simulated starts a tenant.
func simulated(t *testing.T, o sim.Options) *sim.Server {
	t.Helper()
	o.EventEvery = -1
	srv, err := sim.Serve(t.Context(), "127.0.0.1:0", sim.New(o))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	return srv
}

// draftOf is the draft of a simulated tenant.
func draftOf(srv *sim.Server, name string) soc.Integration {
	in := draft(name)
	in.TenantID, in.ClientID, in.API, in.Login, in.CAPEM, in.Cloud, in.Custom = srv.TenantID, srv.AppID, srv.BaseURL, srv.LoginURL, string(srv.CAPEM), "custom", true
	return in
}

func (l *lab) save(in soc.Integration, credential string) soc.Integration {
	l.t.Helper()
	saved, err := l.Save(l.t.Context(), admin(), in, credential, nil)
	if err != nil {
		l.t.Fatalf("Save(%s): %v", in.Name, err)
	}
	return saved
}

// wait blocks until done says so; the store wakes it.
func (l *lab) wait(what string, done func() bool) {
	l.t.Helper()
	watch := l.store.Watch()
	defer watch.Close()
	for !done() {
		select {
		case <-watch.C():
			watch.Take()
		case <-l.t.Context().Done():
			l.t.Fatalf("waiting for %s; Conns = %+v", what, l.Conns(l.t.Context()))
		}
	}
}

func names(list []soc.Trouble) []string {
	var out []string
	for _, x := range list {
		out = append(out, x.Code)
	}
	slices.Sort(out)
	return out
}
