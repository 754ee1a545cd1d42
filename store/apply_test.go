package store

import (
	"path/filepath"
	"testing"

	"cordon/store/soc"
)

// All or nothing: an error in the last record leaves the first ones unwritten.
func TestN25_ApplyIsAllOrNothing(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
	ctx := t.Context()
	old := must(s.SaveIntegration(ctx, integration("i1", "Contoso")))
	policy := must(s.Policy(ctx))
	policy.Never = []string{"tag:tier0"}
	changed := old
	changed.Environment = "TEST"
	stale := policy
	stale.Revision = 7
	for what, apply := range map[string]func() error{
		"a channel with a taken name": func() error {
			return s.Apply(ctx, []soc.Integration{changed}, []soc.Channel{channel("c1", "CONTOSO")}, &policy, soc.AuditEntry{Action: "import"})
		},
		"a stale policy": func() error {
			return s.Apply(ctx, []soc.Integration{changed}, []soc.Channel{channel("c1", "Mail")}, &stale, soc.AuditEntry{Action: "import"})
		},
	} {
		wantKind(t, apply(), soc.KindConflict)
		if got := must(s.Integration(ctx, "i1")); got.Environment != "" || len(must(s.Channels(ctx))) != 0 || must(s.Policy(ctx)).Revision != 0 {
			t.Errorf("%s: something was written: %+v", what, got)
		}
		if page := must(s.Audit(ctx, soc.AuditQuery{Text: "action:import"})); page.Matched != 0 {
			t.Errorf("%s: the history tells of it", what)
		}
	}
	if err := s.Apply(ctx, []soc.Integration{changed}, []soc.Channel{channel("c1", "Mail")}, &policy, soc.AuditEntry{Action: "import"}); err != nil {
		t.Fatal(err)
	}
	if got := must(s.Integration(ctx, "i1")); got.Environment != "TEST" || got.Revision != 2 || must(s.Policy(ctx)).Revision != 1 {
		t.Errorf("applied: %+v", got)
	}
}

// A tenant whose hosts are still to be released keeps what it signs in with; anything else may change.
func TestN25_ApplyLeavesLiveTenantsTheirCredential(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
	ctx := t.Context()
	in := must(s.SaveIntegration(ctx, integration("contoso", "Contoso")))
	must(s.SaveLockdown(ctx, lockdown("LK-1", "m1")))
	for what, change := range map[string]func(*soc.Integration){
		"secret": func(in *soc.Integration) { in.Sealed = nil }, "app": func(in *soc.Integration) { in.ClientID = "x" },
		"proxy": func(in *soc.Integration) { in.Proxy = "http://x:1" }, "trust": func(in *soc.Integration) { in.CAPEM = "x" },
		"trust file": func(in *soc.Integration) { in.CAFile = "/x" }, "scope": func(in *soc.Integration) { in.Scope = "x" },
		"token file": func(in *soc.Integration) { in.TokenFile = "/x" }, "cloud": func(in *soc.Integration) { in.Cloud = "dod" },
		"address": func(in *soc.Integration) { in.API = "https://x" }, "way": func(in *soc.Integration) { in.Auth = "managed-identity" },
	} {
		bad := in
		change(&bad)
		err := s.Apply(ctx, []soc.Integration{bad}, nil, nil)
		if wantKind(t, err, soc.KindConflict); t.Failed() {
			t.Fatal(what)
		}
	}
	in.Environment = "TEST"
	if err := s.Apply(ctx, []soc.Integration{in}, nil, nil); err != nil {
		t.Error(err)
	}
}

func wantKind(t *testing.T, err error, kind soc.Kind) {
	t.Helper()
	if err == nil || soc.KindOf(err) != kind {
		t.Errorf("error = %v, want kind %v", err, kind)
	}
}
