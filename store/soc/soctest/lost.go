package soctest

import (
	"context"
	"fmt"
	"time"

	"cordon/store/soc"
)

// LostControls runs machines that lose timers, and says how many were found, and whether all.
func LostControls(ctx context.Context, seed uint64) (string, bool) {
	forget := map[string]rules{
		"no wake-up after the isolation": after(func(_ soc.Lockdown, l *soc.Lockdown, a []soc.AuditEntry) []soc.AuditEntry {
			if l.Phase == soc.PhaseIsolated {
				l.Wake = time.Time{}
			}
			return a
		})(),
		"a deadline that never comes": before(func(l *soc.Lockdown, _ *soc.Seen, now *time.Time) {
			if l.Phase == soc.PhaseIsolated && !now.Before(l.Deadline) {
				*now = l.Deadline.Add(-time.Second)
			}
		})(),
		"a plan that sleeps on": only(func(m *rules) {
			real := m.plan
			m.plan = func(l soc.Lockdown, s soc.Seen, now time.Time) soc.Next {
				if n := real(l, s, now); l.Phase == soc.PhaseReleaseRequested {
					n.Do, n.Until = soc.DoWait, now.Add(time.Hour)
					return n
				}
				return real(l, s, now)
			}
		})(),
	}
	found := 0
	for _, m := range forget {
		for n := range uint64(50) {
			c := newDice(seed, n)
			w := newWorld(c, m, calm)
			w.strict = false
			if ctx.Err() == nil && w.live(0) != nil {
				found++
				break
			}
		}
	}
	return fmt.Sprintf("%d of %d forgetful machines found", found, len(forget)), found == len(forget)
}
