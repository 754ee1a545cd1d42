package cli_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
	"cordon/ui/cli"
)

// lost is a tenant with two hosts of ours, one of which others hold.
type lost struct {
	applied int
	only    []soc.LockdownID
	down    soc.IntegrationID // a tenant that does not answer
}

func (r *lost) Recover(_ context.Context, _ soc.Session, id soc.IntegrationID, apply bool, only ...soc.LockdownID) ([]soc.Recovered, error) {
	r.only = only
	if id == r.down {
		return nil, soc.ErrUnavailable
	}
	l := soc.Lockdown{
		ID: "LK-AAAA0000", Key: soc.HostKey{Integration: id, MachineID: "m1"}, HostName: "WS-1", By: soc.Actor{Name: "alice"}, Phase: soc.PhaseIsolated,
		Deadline: now.Add(time.Hour), RecoveredAt: now, Period: 2 * time.Hour,
	}
	other := l
	other.ID, other.HostName, other.Phase = "LK-BBBB0000", "WS-2", ""
	if apply {
		r.applied++
	}
	return []soc.Recovered{
		{Lockdown: l, Take: true, Why: "2h from its start", Done: apply},
		{Lockdown: other, Why: "isolated again from outside by d.mills; it is theirs to release"},
	}, nil
}

func recovering(s *shelf, r *lost) cli.App {
	app := s.app()
	open := app.Open
	app.Open = func(ctx context.Context, o cli.Options) (*cli.Backend, error) {
		b, err := open(ctx, o)
		b.Recover = r
		return b, err
	}
	return app
}

// TestK12_RecoverListsFirstAndWritesWithYes: nothing is written without --yes, and what happens to each host is told.
func TestK12_RecoverListsFirstAndWritesWithYes(t *testing.T) {
	s, r := full(), &lost{}
	s.ins = s.ins[:1]
	dry := runApp(t, recovering(s, r), strings.NewReader(""), "recover")
	if dry.code != 0 || r.applied != 0 || !strings.Contains(dry.out, "would be recovered") || !strings.Contains(dry.out, "left alone") || !strings.Contains(dry.err, "--yes") {
		t.Fatalf("exit %d, applied %d\n%s%s", dry.code, r.applied, dry.out, dry.err)
	}
	done := runApp(t, recovering(s, r), strings.NewReader(""), "recover", "--yes", "--id", "LK-AAAA0000", "--json")
	var doc struct {
		Written   bool `json:"written"`
		Recovered []struct{ ID, What, Deadline string }
	}
	if err := json.Unmarshal([]byte(done.out), &doc); err != nil || !doc.Written || len(doc.Recovered) != 2 || doc.Recovered[0].What != "recovered" {
		t.Fatalf("%v\n%s%s", err, done.out, done.err)
	}
	if r.applied != 1 || len(r.only) != 1 || doc.Recovered[0].ID != "LK-AAAA0000" {
		t.Errorf("applied %d, only %v, %+v", r.applied, r.only, doc)
	}
	s.ins = nil
	if none := runApp(t, recovering(s, r), strings.NewReader(""), "recover"); none.code != 4 || !strings.Contains(none.err, "partner attach") {
		t.Errorf("without a tenant: exit %d\n%s", none.code, none.err)
	}
}

// TestF71_K12_RecoverTellsWhatItLeftAlone: scripts learn that a host is not looked after, people that the store is still held, and a tenant
// that can not be asked keeps no host of another waiting.
func TestF71_K12_RecoverTellsWhatItLeftAlone(t *testing.T) {
	s, r := full(), &lost{}
	s.ins = s.ins[:1]
	app := recovering(s, r)
	open, held := app.Open, true
	app.Open = func(ctx context.Context, o cli.Options) (*cli.Backend, error) {
		b, err := open(ctx, o)
		b.Troubles = func() []soc.Trouble {
			if held {
				return []soc.Trouble{{Code: "store-rolled-back"}}
			}
			return nil
		}
		return b, err
	}
	got := runApp(t, app, strings.NewReader(""), "recover", "--yes")
	if got.code != cli.ExitPartly || !strings.Contains(got.err, "left alone: WS-2") || !strings.Contains(got.err, "restore --accept") {
		t.Errorf("exit %d\n%s%s", got.code, got.out, got.err)
	}
	held = false
	if got = runApp(t, app, strings.NewReader(""), "recover", "--yes"); strings.Contains(got.err, "restore --accept") {
		t.Errorf("control: nothing is held\n%s", got.err)
	}
	s.ins = append([]soc.Integration{{ID: "down", Name: "fabrikam"}}, s.ins...)
	r.down, r.applied = "down", 0
	got = runApp(t, app, strings.NewReader(""), "recover", "--yes")
	if got.code != cli.ExitUnreachable || r.applied != 1 || !strings.Contains(got.out, "WS-1") || !strings.Contains(got.err, "fabrikam") {
		t.Errorf("exit %d, applied %d\n%s%s", got.code, r.applied, got.out, got.err)
	}
}
