package poll

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/store/soc"
)

// odd is a tenant with an answer that nobody thought of.
type odd struct {
	*model
	part string
}

func (o odd) trip(part string) {
	if part == o.part {
		panic("nobody thought of this")
	}
}

func (o odd) AlertsUpdated(ctx context.Context, from, until time.Time, top, skip int) ([]soc.RawAlert, bool, error) {
	o.trip("alerts")
	return o.model.AlertsUpdated(ctx, from, until, top, skip)
}

func (o odd) IsolationActions(ctx context.Context, since time.Time) ([]soc.MachineAction, error) {
	o.trip("actions")
	return o.model.IsolationActions(ctx, since)
}

func (o odd) Machine(ctx context.Context, id string) (soc.Host, error) {
	o.trip("hosts")
	return o.model.Machine(ctx, id)
}

// The poller shares its process with the timers of lockdowns: no answer of Defender's, however odd, may end that process.
func TestF74_PanicInAnyPartOfThePollerIsAnErrorOfRun(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"alerts", "actions", "hosts"} {
		synctest.Test(t, func(t *testing.T) {
			p := New(Options{Integration: soc.Integration{ID: "i", PollInterval: time.Minute}, API: odd{newModel(time.Now), part}, Store: newMemory()})
			p.WantHost("m1", true)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			if err := p.Run(ctx); err == nil || !strings.Contains(err.Error(), "nobody thought of") {
				t.Errorf("%s: Run = %v, want the panic", part, err)
			}
		})
	}
}
