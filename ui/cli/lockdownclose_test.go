package cli_test

import (
	"context"
	"strings"
	"testing"

	"cordon/store/soc"
	"cordon/ui/cli"
)

// closer is the one door for lockdowns of the tests.
type closer struct{ id, reason, by string }

func (f *closer) CloseLockdown(_ context.Context, who soc.Session, id soc.LockdownID, reason string) (soc.Lockdown, error) {
	if id == "LK-00000000" {
		return soc.Lockdown{}, soc.ErrNotFound
	}
	f.id, f.reason, f.by = string(id), reason, who.Actor.Name
	return soc.Lockdown{ID: id, HostName: "WS-1", Phase: soc.PhaseSuperseded, Cause: soc.CauseHandover}, nil
}

// TestK08_F70_ALockdownIsClosedFromTheCommandLine: with a reason, by a named person, and told that nothing was sent; without a reason nothing
// happens.
func TestK08_F70_ALockdownIsClosedFromTheCommandLine(t *testing.T) {
	f := &closer{}
	app := full().app()
	open := app.Open
	app.Open = func(ctx context.Context, o cli.Options) (*cli.Backend, error) {
		b, err := open(ctx, o)
		b.Closer = f
		return b, err
	}
	if got := runApp(t, app, strings.NewReader(""), "lockdowns", "close", "LK-AAAA0000"); got.code != 2 || f.id != "" || !strings.Contains(got.err, "--reason") {
		t.Fatalf("without a reason: exit %d, closed %q\n%s", got.code, f.id, got.err)
	}
	got := runApp(t, app, strings.NewReader(""), "lockdowns", "close", "LK-AAAA0000", "--reason", "re-imaged")
	if got.code != 0 || f.id != "LK-AAAA0000" || f.reason != "re-imaged" || !strings.Contains(got.out, "LK-AAAA0000 closed: WS-1") ||
		!strings.Contains(got.err, "nothing was sent to Defender") {
		t.Errorf("exit %d, %+v\n%s%s", got.code, f, got.out, got.err)
	}
	if got := runApp(t, app, strings.NewReader(""), "lockdowns", "close", "LK-00000000", "--reason", "x"); got.code != 4 {
		t.Errorf("an unknown lockdown: exit %d\n%s", got.code, got.err)
	}
}
