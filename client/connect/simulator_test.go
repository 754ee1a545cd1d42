package connect_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cordon/client/connect"
	"cordon/client/poll"
	"cordon/client/sim"
	"cordon/config/secret"
	"cordon/store"
	"cordon/store/soc"
)

// The real client and poller against a simulated tenant over HTTPS, with the real store.
func TestZ15_V05_T13_AgainstTheSimulator(t *testing.T) {
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
	srv, err := sim.Serve(t.Context(), "127.0.0.1:0", sim.New(sim.Options{EventEvery: -1}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)

	s := connect.New(connect.Options{
		Store: st, Sealer: secret.Text{Ring: ring}, Dial: connect.Defender(connect.Wiring{Store: st, Version: "test"}), History: poll.ParseHistory,
	})
	l := &lab{t: t, store: st, Service: s}
	watch := st.Watch()
	defer watch.Close()
	l.start()

	in := draft("sim")
	in.TenantID, in.ClientID, in.API, in.Login, in.CAPEM, in.Cloud, in.Custom = srv.TenantID, srv.AppID, srv.BaseURL, srv.LoginURL, string(srv.CAPEM), "custom", true

	if _, err := s.Save(t.Context(), admin(), in, "wrong", nil); err == nil || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("wrong secret: %v", err)
	}
	wrong := in
	wrong.TenantID, wrong.ClientID = in.ClientID, in.TenantID
	if _, err := s.Save(t.Context(), admin(), wrong, srv.Secret, nil); err == nil || !strings.Contains(err.Error(), "may be swapped") {
		t.Errorf("Z05, swapped ids: %v", err)
	}
	var names []string
	saved, err := s.Save(t.Context(), admin(), in, srv.Secret, func(st soc.Step) {
		if st.Status == soc.StepOK {
			names = append(names, st.Name)
		}
	})
	if err != nil {
		t.Fatalf("Save: %v", err)
	}
	if all := strings.Join(names, ", "); !strings.Contains(all, "sign in") || !strings.Contains(all, "role: isolate and release") {
		t.Errorf("steps = %s", all)
	}

	deadline := time.After(20 * time.Second)
	for { // the poller fills the queue by itself
		page, err := st.Alerts(t.Context(), soc.Query{Now: time.Now(), Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		if page.Total > 0 {
			break
		}
		select {
		case <-watch.C():
			watch.Take()
		case <-deadline:
			t.Fatalf("no alerts came; Conns = %+v", s.Conns(t.Context()))
		}
	}
	remote, err := s.Remote(saved.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := remote.HostActions(t.Context(), strings.Repeat("a", 40)); err != nil {
		t.Errorf("HostActions through Remote: %v", err)
	}
	if err := s.Detach(t.Context(), admin(), saved.ID, false, false); err != nil {
		t.Errorf("Detach: %v", err)
	}
	if conns := s.Conns(t.Context()); len(conns) != 0 {
		t.Errorf("Conns after the detach = %+v", conns)
	}
}

func TestV10_UnreachableHostIsNamedWithItsPort(t *testing.T) {
	l := newLab(t)
	s := connect.New(connect.Options{Store: l.store, Sealer: secret.Text{Ring: l.ring}, Dial: connect.Defender(connect.Wiring{Store: l.store})})
	in := draft("sim")
	in.API, in.Login, in.Cloud, in.Custom = "https://127.0.0.1:1", "https://127.0.0.1:1", "custom", true
	steps, err := s.Test(t.Context(), admin(), in, canary, nil)
	if err != nil {
		t.Fatalf("Test: %v", err)
	}
	for _, st := range steps {
		if st.Status == soc.StepFail {
			if !strings.Contains(st.Detail, "127.0.0.1:1") {
				t.Errorf("the step does not name host and port: %+v", st)
			}
			return
		}
	}
	t.Errorf("nothing failed: %+v", steps)
}
