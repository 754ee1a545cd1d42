package connect

import (
	"context"
	"runtime/debug"
	"slices"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// builtAfter stands in when the program does not know when it was built.
func builtAfter() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// built is when the sources of this program were committed.
func built() time.Time {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if t, err := time.Parse(time.RFC3339, s.Value); err == nil && s.Key == "vcs.time" {
				return t
			}
		}
	}
	return builtAfter()
}

// guard makes the one clock of the process: it knows the last line of the history, the mark of the last run, and hears Defender's date.
func guard(p Parts) *lockdown.Guard {
	o := lockdown.GuardOptions{Clocks: lockdown.SystemClocks(), Built: built(), Server: true, Changed: p.Changed}
	if p.Alive != "" {
		o.Last = lockdown.ReadMark(p.Alive)
	}
	history, ok := p.Store.(interface {
		Audit(ctx context.Context, q soc.AuditQuery) (soc.AuditPage, error)
	})
	if !ok {
		return lockdown.NewGuard(o)
	}
	if page, err := history.Audit(context.Background(), soc.AuditQuery{Count: 1}); err == nil && len(page.Entries) > 0 {
		o.Floor = page.Entries[0].Time
	}
	return lockdown.NewGuard(o)
}

// Room is how long until the budget of a tenant has room for a release. It is what lockdown.Options.Room asks for.
func (s *Service) Room(id soc.IntegrationID) time.Duration {
	l, err := s.line(id)
	if err != nil {
		return 0
	}
	if c, ok := l.link.API.(interface{ Room() time.Duration }); ok {
		return c.Room()
	}
	return 0
}

// Troubles tells what is wrong with the timers, their clock and the credentials, worst first.
func (e *Engine) Troubles() []soc.Trouble {
	return slices.Concat(e.Reconciler.Troubles(), e.Tenants.expiring(), e.Tenants.Troubles())
}
