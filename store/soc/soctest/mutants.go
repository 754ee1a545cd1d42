package soctest

import (
	"slices"
	"time"

	"cordon/store/soc"
)

// mutant is a machine that is broken on purpose in one way. The model must find every one of them, without the help of soc.Check.
type mutant struct {
	name  string // what is wrong, and the rule that it breaks
	maker func() rules
	// in is the weather in which it shows; nil means any.
	in *weather
	// play makes the history in which it shows; nil means a random one.
	play func(*world)
}

// slowList is the weather in which rare faults show often.
var slowList = &weather{faults: true, lag: 180 * time.Second, console: 1}

// mutants are the negative controls of the model: at least one for every invariant.
func mutants() []mutant {
	return slices.Concat(sendMutants(), endMutants(), recordMutants(), excuseMutants())
}

type (
	observeFunc = func(soc.Lockdown, soc.Seen, time.Time) (soc.Lockdown, []soc.AuditEntry, error)
	commandFunc = func(soc.Lockdown, soc.Actor, string, time.Time) (soc.Lockdown, soc.AuditEntry, error)
)

// observing makes a machine whose Observed is wrapped.
func observing(wrap func(observeFunc) observeFunc) func() rules {
	return func() rules {
		m := realMachine()
		m.observed = wrap(m.observed)
		return m
	}
}

// before changes what Observed is told.
func before(change func(*soc.Lockdown, *soc.Seen, *time.Time)) func() rules {
	return observing(func(f observeFunc) observeFunc {
		return func(l soc.Lockdown, s soc.Seen, now time.Time) (soc.Lockdown, []soc.AuditEntry, error) {
			l.Attempts = slices.Clone(l.Attempts)
			change(&l, &s, &now)
			return f(l, s, now)
		}
	})
}

// after changes what Observed returns; old is the record that it was given.
func after(change func(old soc.Lockdown, l *soc.Lockdown, audit []soc.AuditEntry) []soc.AuditEntry) func() rules {
	return observing(func(f observeFunc) observeFunc {
		return func(l soc.Lockdown, s soc.Seen, now time.Time) (soc.Lockdown, []soc.AuditEntry, error) {
			got, audit, err := f(l, s, now)
			if err == nil {
				audit = change(l, &got, audit)
			}
			return got, audit, err
		}
	})
}

func only(f func(*rules)) func() rules {
	return func() rules {
		m := realMachine()
		f(&m)
		return m
	}
}

// sendMutants send what they must not.
func sendMutants() []mutant {
	return []mutant{
		{"no attempt row before an order (I8)", only(func(m *rules) { m.noRow = true }), nil, nil},
		{"settle window skipped (I1)", before(func(l *soc.Lockdown, _ *soc.Seen, _ *time.Time) {
			for i := range l.Attempts {
				if a := &l.Attempts[i]; a.Verb == soc.VerbIsolate && a.Outcome == soc.OutcomeUnknown {
					a.Absent, a.Watched = 9, time.Hour
				}
			}
		}), slowList, nil},
		{"lost answer taken as not sent (I1)", only(func(m *rules) {
			real := m.applied
			m.applied = func(l soc.Lockdown, o soc.Outcome, now time.Time) (soc.Lockdown, []soc.AuditEntry, error) {
				if o.Err != nil && soc.KindOf(o.Err) != soc.KindInProgress {
					o.Err = soc.ErrUnavailable
				}
				return real(l, o, now)
			}
		}), slowList, nil},
		{"failed look taken as an empty list (I1)", only(func(m *rules) {
			observed, plan := m.observed, m.plan
			empty := func(s soc.Seen, now time.Time) soc.Seen {
				if s.Failed > 0 {
					return soc.Seen{At: now, TriedAt: now}
				}
				return s
			}
			m.observed = func(l soc.Lockdown, s soc.Seen, now time.Time) (soc.Lockdown, []soc.AuditEntry, error) {
				return observed(l, empty(s, now), now)
			}
			m.plan = func(l soc.Lockdown, s soc.Seen, now time.Time) soc.Next { return plan(l, empty(s, now), now) }
		}), slowList, (*world).unread},
		{"the clock alone ends the settle window (I1, F58)", before(func(l *soc.Lockdown, s *soc.Seen, _ *time.Time) {
			for i := range l.Attempts {
				if a := &l.Attempts[i]; a.Verb == soc.VerbIsolate && a.Outcome == soc.OutcomeUnknown && s.Good() {
					a.Watched = max(0, s.At.Sub(a.SentAt))
				}
			}
		}), &weather{faults: true, clock: true, lag: 180 * time.Second, console: 1}, nil},
		{"own orders not known by their token (I1)", before(func(_ *soc.Lockdown, s *soc.Seen, _ *time.Time) {
			s.Actions = slices.Clone(s.Actions)
			for i := range s.Actions {
				s.Actions[i].Comment = ""
			}
		}), nil, nil},
		{"released ten minutes early (I2)", before(func(l *soc.Lockdown, _ *soc.Seen, now *time.Time) {
			if l.Phase == soc.PhaseIsolated {
				*now = now.Add(10 * time.Minute)
			}
		}), nil, nil},
		{"other people's isolations not seen (I6)", before(func(l *soc.Lockdown, s *soc.Seen, _ *time.Time) {
			s.Actions = slices.DeleteFunc(slices.Clone(s.Actions), func(a soc.MachineAction) bool {
				c, ok := soc.ParseOrderComment(a.Comment)
				return !ok || c.Lockdown != l.ID
			})
		}), nil, nil},
		{"stale orders are sent (C-16)", only(func(m *rules) {
			begin, observed := m.begin, m.observed
			m.observed = func(l soc.Lockdown, s soc.Seen, now time.Time) (soc.Lockdown, []soc.AuditEntry, error) {
				l.FreshUntil = time.Time{}
				return observed(l, s, now)
			}
			m.begin = func(l soc.Lockdown, n soc.Next, now time.Time) (soc.Lockdown, []soc.AuditEntry, error) {
				l.FreshUntil = time.Time{}
				return begin(l, n, now)
			}
		}), nil, nil},
	}
}

// endMutants forget an obligation, or end it without proof.
func endMutants() []mutant {
	return []mutant{
		{"late isolates are not watched for (I5)", after(func(_ soc.Lockdown, l *soc.Lockdown, a []soc.AuditEntry) []soc.AuditEntry {
			l.WatchUntil = time.Time{}
			return a
		}), &calm, (*world).overtaken},
		{"201 on a release taken as released (I5)", only(func(m *rules) {
			real := m.applied
			m.applied = func(l soc.Lockdown, o soc.Outcome, now time.Time) (soc.Lockdown, []soc.AuditEntry, error) {
				got, audit, err := real(l, o, now)
				if err == nil && o.Err == nil && got.Phase == soc.PhaseReleasing && got.ReleaseActionID != "" {
					got.Phase, got.Cause, got.EndedAt = soc.PhaseReleased, got.ReleaseCause, now
					audit = append(audit, soc.AuditEntry{
						Lockdown: l.ID, Actor: soc.Service("x"), Action: "confirm", Result: "ok", Cause: got.Cause,
						Before: string(soc.PhaseReleasing), After: string(got.Phase),
					})
				}
				return got, audit, err
			}
		}), nil, nil},
		{"gives up after three failed releases (I5)", only(func(m *rules) {
			real := m.plan
			m.plan = func(l soc.Lockdown, s soc.Seen, now time.Time) soc.Next {
				if l.Phase == soc.PhaseReleaseBlocked {
					return soc.Next{Do: soc.DoWait, Until: now.Add(1000 * time.Hour)}
				}
				return real(l, s, now)
			}
			m.wakeOf = func(_ soc.Lockdown, now time.Time) time.Time { return now.Add(1000 * time.Hour) }
		}), nil, nil},
		{"a cancel that came too late is forgotten (I5)", after(func(_ soc.Lockdown, l *soc.Lockdown, a []soc.AuditEntry) []soc.AuditEntry {
			l.CancelWanted = l.CancelWanted && l.Phase == soc.PhaseCancelled
			return a
		}), nil, nil},
		{"a release that failed counts as somebody else's (I5)", after(func(old soc.Lockdown, l *soc.Lockdown, a []soc.AuditEntry) []soc.AuditEntry {
			if old.Phase == soc.PhaseReleasing && l.Phase == soc.PhaseReleaseBlocked {
				l.Phase, l.Cause, l.EndedAt = soc.PhaseSuperseded, soc.CauseExternal, l.SeenAt
				for i := range a {
					if a[i].After == string(soc.PhaseReleaseBlocked) {
						a[i].After = string(l.Phase)
					}
				}
			}
			return a
		}), nil, nil},
		{"no wake-up is stored (I3)", after(func(_ soc.Lockdown, l *soc.Lockdown, a []soc.AuditEntry) []soc.AuditEntry {
			if l.Phase == soc.PhasePending {
				l.Wake = time.Time{}
			}
			return a
		}), nil, nil},
		{"the wake-up is a year away (I3)", only(func(m *rules) {
			m.wakeOf = func(_ soc.Lockdown, now time.Time) time.Time { return now.AddDate(1, 0, 0) }
			real := m.observed
			m.observed = func(l soc.Lockdown, s soc.Seen, now time.Time) (soc.Lockdown, []soc.AuditEntry, error) {
				got, audit, err := real(l, s, now)
				got.Wake = now.AddDate(1, 0, 0)
				return got, audit, err
			}
		}), nil, nil},
		{"the clock stands still (lost timer)", before(func(l *soc.Lockdown, _ *soc.Seen, now *time.Time) {
			if l.Phase == soc.PhaseIsolated && !now.Before(l.Deadline) {
				*now = l.Deadline.Add(-time.Second)
			}
		}), nil, nil},
	}
}

// recordMutants write what is not true.
func recordMutants() []mutant {
	return []mutant{
		{"due is not sticky (I10)", after(func(_ soc.Lockdown, l *soc.Lockdown, a []soc.AuditEntry) []soc.AuditEntry {
			l.Due = l.Due && l.Phase == soc.PhaseReleaseRequested
			return a
		}), nil, nil},
		{"the deadline counts from the look (F07)", after(func(old soc.Lockdown, l *soc.Lockdown, a []soc.AuditEntry) []soc.AuditEntry {
			if old.EnforcedAt.IsZero() && !l.EnforcedAt.IsZero() {
				l.Deadline = l.SeenAt.Add(l.Period)
				l.Wake = l.Deadline
			}
			return a
		}), nil, nil},
		{"every line twice (I4)", after(func(_ soc.Lockdown, _ *soc.Lockdown, a []soc.AuditEntry) []soc.AuditEntry { return append(a, a...) }), nil, nil},
		{"a change without its line (I4)", after(func(_ soc.Lockdown, _ *soc.Lockdown, _ []soc.AuditEntry) []soc.AuditEntry { return nil }), nil, nil},
		{"an ended record changes (I7)", after(func(old soc.Lockdown, l *soc.Lockdown, a []soc.AuditEntry) []soc.AuditEntry {
			if old.Phase.Final() && !old.WatchUntil.IsZero() {
				l.EndedAt = l.SeenAt.Add(time.Second)
			}
			return a
		}), nil, nil},
		{"the command of a person names nobody (I4)", only(func(m *rules) {
			real := m.release
			m.release = func(l soc.Lockdown, by soc.Actor, why string, now time.Time) (soc.Lockdown, soc.AuditEntry, error) {
				got, e, err := real(l, by, why, now)
				e.Actor = soc.Service("reconciler")
				return got, e, err
			}
		}), nil, nil},
		{"a longer period counts from now (K-06)", only(func(m *rules) {
			real := m.period
			m.period = func(l soc.Lockdown, by soc.Actor, p time.Duration, why string, now time.Time) (soc.Lockdown, soc.AuditEntry, error) {
				got, e, err := real(l, by, p, why, now)
				if err == nil && got.Phase == soc.PhaseIsolated {
					got.Deadline = now.Add(p)
					got.Wake = got.Deadline
				}
				return got, e, err
			}
		}), nil, nil},
		{"the store compares no revisions (F77)", only(func(m *rules) { m.noCompare = true }), nil, nil},
		{"two open lockdowns on one host (I11)", only(func(m *rules) { m.twoOpen = true }), nil, nil},
		{"a release by hand is accepted and dropped (I5)", only(func(m *rules) { m.release = deaf(m.release) }), nil, nil},
	}
}

// deaf writes the line of a command and forgets what it was for.
func deaf(real commandFunc) commandFunc {
	return func(l soc.Lockdown, by soc.Actor, why string, now time.Time) (soc.Lockdown, soc.AuditEntry, error) {
		_, e, err := real(l, by, why, now)
		e.Before, e.After = "", ""
		return l, e, err
	}
}

// found runs worlds until the mutant is found; it returns how many worlds that took, 0 = not found.
func (m mutant) found(seed uint64, worlds int) (int, error) {
	for n := range worlds {
		c := newDice(seed, uint64(n))
		we, turns := storm(c), 120
		if m.in != nil {
			we, turns = *m.in, 60
		}
		w := newWorld(c, m.maker(), we)
		w.strict = false
		if m.play != nil {
			m.play(w)
		} else {
			_ = w.live(turns)
		}
		if w.err != nil {
			return n + 1, w.err
		}
	}
	return 0, nil
}

// overtaken is the history of an isolation that another one was to follow: the portal's isolate ends the lockdown, then it is cancelled, and
// ours holds the host with nobody but the watch to know (F47).
func (w *world) overtaken() {
	w.order(w.cons[0])
	r := w.cons[0].recs[0]
	until := func(p soc.Phase) {
		for range 1000 {
			if w.err != nil || r.stored.Phase == p {
				return
			}
			w.work()
		}
		w.fail("never %s", p)
	}
	until(soc.PhaseIsolated)
	o := w.mde.create(soc.ActionIsolate, nil, "", "by hand")
	o.ready = w.now.Add(24 * time.Hour)
	until(soc.PhaseSuperseded)
	w.mde.finish(o, soc.ActionCancelled, w.now)
	w.heal()
}

// outage is a Chooser by which the answer to every order is lost, and every look fails.
type outage struct{ Chooser }

func (c outage) Pick(n int, what string) int {
	if what == "answer" || what == "look fails" {
		return n - 1
	}
	return c.Chooser.Pick(n, what)
}

// unread is the history of an order whose answer is lost while Defender can not be read for a long time: nothing was seen, nothing is proved.
func (w *world) unread() {
	for len(w.cons[0].recs) == 0 { // the disk may refuse the order
		w.order(w.cons[0])
	}
	r, c := w.cons[0].recs[0], w.c
	for w.err == nil && r.p.stage != stageCall && !r.stored.Phase.Final() {
		w.work()
	}
	for w.c = (outage{c}); w.err == nil && w.now.Before(modelStart.Add(20*time.Minute)); {
		w.work()
	}
	w.c = c
	w.heal()
}
