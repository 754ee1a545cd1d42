package soctest

import (
	"slices"
	"time"

	"cordon/store/soc"
)

// Two things that look like a loss are none, and the model excuses exactly them: a record in needs_human waits for a person when Defender has
// no order of it that could isolate (see attend), and a host may stay isolated while an isolation from outside is in force (see judgeNow). The
// machines here lose lockdowns in the shadow of these two excuses. Each must be found, and as a loss.

// mixUps is the weather in which records come to wait for a person, crowded the one in which others isolate and release the same host.
var (
	mixUps  = &weather{faults: true, people: true, strays: true, lag: 60 * time.Second, console: 1}
	crowded = &weather{faults: true, meddle: true, queue: true, flaky: true, lag: 3 * time.Second, console: 1}
)

// seeing makes a machine that takes the list for something else, when it folds a look in and when it plans.
func seeing(change func([]soc.MachineAction) []soc.MachineAction) func() rules {
	return only(func(m *rules) {
		observed, plan := m.observed, m.plan
		wrong := func(s soc.Seen) soc.Seen {
			s.Actions = change(slices.Clone(s.Actions))
			return s
		}
		m.observed = func(l soc.Lockdown, s soc.Seen, now time.Time) (soc.Lockdown, []soc.AuditEntry, error) {
			return observed(l, wrong(s), now)
		}
		m.plan = func(l soc.Lockdown, s soc.Seen, now time.Time) soc.Next { return plan(l, wrong(s), now) }
	})
}

func excuseMutants() []mutant {
	return []mutant{
		{"a record that waits for a person forgets that it was taken back (I5)", before(func(l *soc.Lockdown, _ *soc.Seen, _ *time.Time) {
			if l.Phase == soc.PhaseNeedsHuman {
				l.CancelWanted = false
			}
		}), mixUps, nil},
		{"a record that waits for a person forgets its deadline (I5)", before(func(l *soc.Lockdown, _ *soc.Seen, now *time.Time) {
			if l.Phase == soc.PhaseNeedsHuman && !l.Deadline.IsZero() && !now.Before(l.Deadline) {
				*now = l.Deadline.Add(-time.Second)
			}
		}), mixUps, nil},
		{"a record that waits for a person is never looked at again (I3)", only(func(m *rules) {
			plan, wakeOf := m.plan, m.wakeOf
			m.plan = func(l soc.Lockdown, s soc.Seen, now time.Time) soc.Next {
				if l.Phase == soc.PhaseNeedsHuman {
					return soc.Next{Do: soc.DoWait, Until: now.Add(1000 * time.Hour)}
				}
				return plan(l, s, now)
			}
			m.wakeOf = func(l soc.Lockdown, now time.Time) time.Time {
				if l.Phase == soc.PhaseNeedsHuman {
					return now.Add(1000 * time.Hour)
				}
				return wakeOf(l, now)
			}
		}), mixUps, nil},
		{"an isolation from outside that came to nothing ends ours (K-05)", seeing(func(actions []soc.MachineAction) []soc.MachineAction {
			for i := range actions {
				a := &actions[i]
				if _, ours := soc.ParseOrderComment(a.Comment); !ours && a.Is(soc.ActionIsolate) && a.Status.Final() {
					a.Status = soc.ActionSucceeded
				}
			}
			return actions
		}), crowded, nil},
		{"an isolation from outside that was released again ends ours (K-05)", seeing(func(actions []soc.MachineAction) []soc.MachineAction {
			return slices.DeleteFunc(actions, func(a soc.MachineAction) bool {
				_, ours := soc.ParseOrderComment(a.Comment)
				return !ours && a.Is(soc.ActionUnisolate)
			})
		}), crowded, nil},
	}
}
