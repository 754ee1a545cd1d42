package program

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cordon/client/connect"
	"cordon/client/sim"
	"cordon/config"
	"cordon/config/secret"
	"cordon/store"
	"cordon/store/soc"
	"cordon/ui/cli"
)

const sealPhrase = "correct horse battery staple"

// sealWorld is a folder with one isolated host whose release is due in a moment, and a key under a passphrase that is nowhere to be found.
type sealWorld struct {
	sim *sim.Server
	o   cli.Options
	l   soc.Lockdown
}

func newSealWorld(t *testing.T, period time.Duration) *sealWorld {
	t.Helper()
	s, err := sim.Serve(t.Context(), "127.0.0.1:0", quickTenant())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	w := &sealWorld{sim: s, o: cli.Options{Flags: map[string]string{"data": filepath.Join(t.TempDir(), "data")}}}
	p := w.open(t, func(p *connect.Parts) { p.Presets, p.Tune = []time.Duration{period}, connect.Lively })
	w.attach(t, p)
	err = p.work(t.Context(), func(ctx context.Context) (err error) {
		if w.l, err = p.isolateSome(ctx, period); err == nil {
			w.l, err = p.isolated(ctx, w.l.ID)
		}
		return errors.Join(err, p.ring.SetPassphrase(secret.New(sealPhrase), 4))
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *sealWorld) open(t *testing.T, tune ...func(*connect.Parts)) *parts {
	t.Helper()
	p, err := version("0.1.0-dev").open(w.o, store.Options{}, tune...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *sealWorld) draft() (soc.Integration, string) {
	c := w.sim.Connection()
	return soc.Integration{
		Name: "sim", TenantID: c.TenantID, ClientID: c.AppID, API: c.API, Login: c.Login, CAPEM: c.CAPEM, Custom: true, Environment: "TEST",
		Enabled: true, PollInterval: 5 * time.Second,
	}, c.Secret
}

func (w *sealWorld) attach(t *testing.T, p *parts) {
	t.Helper()
	draft, phrase := w.draft()
	if _, err := p.engine.Tenants.Save(t.Context(), session(p.cfg, "tty"), draft, phrase, nil); err != nil {
		t.Fatal(err)
	}
}

// eventually waits for something that another goroutine does; the limit is for a broken program, not for a slow machine.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick, late := time.NewTicker(20*time.Millisecond), time.After(2*time.Minute)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal(what)
		}
	}
}

// Started without the passphrase nothing is asked of Defender, nothing can be ordered, the countdown goes on and its end is told aloud; with
// the passphrase the release goes out at once (SC46). That the world would have released without the seal, the last step shows.
func TestSC46_SealedStartWaitsAloudAndReleasesOnceUnsealed(t *testing.T) {
	w := newSealWorld(t, 8*time.Second)
	before := w.sim.Tenant.Calls()
	p := w.open(t, func(p *connect.Parts) { p.Tune = connect.Lively })
	err := p.work(t.Context(), func(ctx context.Context) error {
		eventually(t, "the release that waits is told nowhere", func() bool {
			page, err := p.store.Audit(ctx, soc.AuditQuery{Lockdown: w.l.ID})
			return err == nil && strings.Contains(auditText(page), "release-waits")
		})
		w.refused(ctx, t, p)
		list := p.troubles()
		if list[0].Code != "sealed" || list[0].Level != soc.LevelBad || !strings.Contains(list[0].Means, "1 of them due") || !strings.Contains(list[0].Next, "cordon unseal") {
			t.Errorf("troubles = %+v", list)
		}
		if l, err := p.store.Lockdown(ctx, w.l.ID); err != nil || l.Phase.Final() || !l.Deadline.Equal(w.l.Deadline) {
			t.Errorf("the board shows %+v, %v", l, err)
		}
		for name, n := range w.sim.Tenant.Calls() {
			if n != before[name] {
				t.Errorf("%d calls of %s while sealed", n-before[name], name)
			}
		}
		if err := unseal(ctx, w.o, "not the passphrase"); !errors.Is(err, soc.ErrDenied) || p.ring.Locked() == nil {
			t.Errorf("a wrong passphrase: %v", err)
		}
		if err := unseal(ctx, w.o, sealPhrase); err != nil {
			t.Fatal(err)
		}
		eventually(t, "nobody released the host", func() bool { return len(w.sim.Tenant.Posts(w.l.Key.MachineID, "unisolate")) > 0 })
		eventually(t, "the trouble did not end", func() bool {
			for _, tr := range p.troubles() {
				if tr.Code == "sealed" {
					return false
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Join(p.cfg.Data, secret.SocketName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// refused tries every way to order something.
func (w *sealWorld) refused(ctx context.Context, t *testing.T, p *parts) {
	t.Helper()
	by, board := session(p.cfg, "tty"), readOnlyBoard{p.engine.Lockdowns, p.ring.Locked}
	draft, phrase := w.draft()
	saved, _ := p.store.Integrations(ctx)
	if v := board.Check(ctx, by, soc.ActIsolate, w.l.Key); v.Allowed || v.Code != secret.CodeLocked {
		t.Errorf("verdict = %+v", v)
	}
	_, isolate := board.Isolate(ctx, by, soc.IsolateRequest{Host: w.l.Key})
	_, release := board.Release(ctx, by, soc.ReleaseRequest{Host: w.l.Key})
	_, extend := board.SetPeriod(ctx, by, soc.PeriodRequest{ID: w.l.ID})
	_, cancel := board.CancelLockdown(ctx, by, w.l.ID, "x")
	_, closed := board.CloseLockdown(ctx, by, w.l.ID, "x")
	_, test := p.engine.Tenants.Test(ctx, by, draft, phrase, nil)
	_, remote := p.engine.Tenants.Remote(saved[0].ID)
	sole := alone{p.engine.Tenants, p.engine, p.ring.Locked} // as the command line detaches
	first, abandon := sole.Detach(ctx, by, saved[0].ID, true, false), sole.Detach(ctx, by, saved[0].ID, false, true)
	for what, err := range map[string]error{
		"isolate": isolate, "release": release, "extend": extend, "cancel": cancel, "close": closed, "test": test, "connect": remote,
		"detach, releasing first": first, "detach, giving up": abandon,
	} {
		var e *soc.Error
		if !errors.As(err, &e) || e.Code != secret.CodeLocked {
			t.Errorf("%s while sealed: %v", what, err)
		}
	}
	for _, c := range p.engine.Tenants.Conns(ctx) {
		if c.State == "ok" || !strings.Contains(c.Problem, "locked") {
			t.Errorf("the tenant shows as %q, %q", c.State, c.Problem)
		}
	}
}

func auditText(page soc.AuditPage) string {
	var out strings.Builder
	for _, e := range page.Entries {
		out.WriteString(e.Action + " ")
	}
	return out.String()
}

// The key comes from the file, or from systemd, and the passphrase from a file or from systemd; what is missing or wrong gives a sealed
// start, and a key that was promised and is not there gives none at all.
func TestSC43_WhereTheKeyComesFrom(t *testing.T) {
	data, creds := t.TempDir(), t.TempDir()
	ring, err := secret.OpenRing(data)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(creds, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain, err := os.ReadFile(ring.Path())
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.SetPassphrase(secret.New(sealPhrase), 4); err != nil {
		t.Fatal(err)
	}
	want := func(what string, cfg config.Config, creds string, locked bool, code string) {
		t.Helper()
		cfg.Data = data
		r, why, err := openRing(cfg, creds)
		var e *soc.Error
		switch {
		case code != "":
			if !errors.As(err, &e) || e.Code != code {
				t.Errorf("%s: %v", what, err)
			}
		case err != nil:
			t.Errorf("%s: %v", what, err)
		case (r.Locked() != nil) != locked || !locked && why != "":
			t.Errorf("%s: locked %v, why %q", what, r.Locked(), why)
		}
	}
	want("no passphrase", config.Config{}, "", true, "")
	want("nothing handed over", config.Config{}, creds, true, "")
	want("a promised key", config.Config{Key: config.KeyOptions{Credential: "other.key"}}, "", false, "key-credential")
	good, bad := write("pass", sealPhrase+"\n"), write("bad", "no")
	want("passphrase file", config.Config{Key: config.KeyOptions{PassphraseFile: good}}, "", false, "")
	want("wrong passphrase file", config.Config{Key: config.KeyOptions{PassphraseFile: bad}}, "", true, "")
	want("no such passphrase file", config.Config{Key: config.KeyOptions{PassphraseFile: good + ".x"}}, "", true, "")
	write(secret.PassphraseCredential, sealPhrase)
	want("passphrase of systemd", config.Config{}, creds, false, "")
	write(secret.PassphraseCredential, "no")
	write(secret.KeyCredential, string(plain))
	want("key of systemd", config.Config{}, creds, false, "")
	write("other.key", string(plain))
	want("key of systemd under another name", config.Config{Key: config.KeyOptions{Credential: "other.key"}}, creds, false, "")
}

// The secret is replaced and the key is changed while the tenant is in use: every call before, in between and after is let in (P-10).
func TestP10_T10_KeyChangesWhileTheTenantIsInUse(t *testing.T) {
	s, err := sim.Serve(t.Context(), "127.0.0.1:0", quickTenant())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	w := &sealWorld{sim: s, o: cli.Options{Flags: map[string]string{"data": filepath.Join(t.TempDir(), "data")}}}
	p := w.open(t)
	w.attach(t, p)
	err = p.work(t.Context(), func(ctx context.Context) error {
		saved, err := p.store.Integrations(ctx)
		if err != nil {
			return err
		}
		old := saved[0]
		by := session(p.cfg, "tty")
		for range 2 {
			if _, err := p.changeKey(ctx, soc.AuditEntry{Actor: by.Actor, Action: "rotate-key", Result: soc.ResultOK}); err != nil {
				return err
			}
			now, err := p.store.Integration(ctx, old.ID)
			if err != nil || string(now.Sealed) == string(old.Sealed) || now.Revision != old.Revision {
				t.Errorf("after the change: %+v, %v", now, err)
			}
			if _, err := p.ring.Open(string(old.ID), 1, old.Sealed); err == nil {
				t.Error("the old key still opens")
			}
			steps, err := p.engine.Tenants.Test(ctx, by, now, "", nil)
			if err != nil || len(steps) == 0 || steps[len(steps)-1].Status == soc.StepFail {
				t.Errorf("the test with the stored secret: %+v, %v", steps, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
