package soctest

import (
	"errors"
	"time"

	"cordon/store/soc"
)

// looked is an event that a look at the host brings.
func looked(name, cells string, actions func(s stand, at time.Time) []soc.MachineAction) event {
	return event{name, cells, func(s stand) (soc.Lockdown, []soc.AuditEntry, error) {
		at := s.now.Add(time.Minute)
		return soc.Observed(s.l, soc.Seen{At: at, TriedAt: at, Actions: actions(s, at)}, at)
	}}
}

// ownIsolate shows our isolate in a status, as young as the look.
func ownIsolate(status soc.ActionStatus, cells string) event {
	return looked("own isolate "+string(status), cells, func(s stand, at time.Time) []soc.MachineAction {
		a := s.a1
		if a.ID == "" {
			a = ownAction(s.l, "a1", 1, soc.VerbIsolate, status, s.now)
		}
		a.Status, a.Updated = status, at.Add(-time.Second)
		return s.list(a)
	})
}

func ownRelease(status soc.ActionStatus, cells string) event {
	return looked("own release "+string(status), cells, func(s stand, at time.Time) []soc.MachineAction {
		r := ownAction(s.l, "r1", 2, soc.VerbRelease, status, s.now)
		r.Updated = at.Add(-time.Second)
		return s.list(r)
	})
}

func portal(kind soc.ActionType, status soc.ActionStatus, cells string) event {
	return looked("portal "+string(kind)+" "+string(status), cells, func(s stand, at time.Time) []soc.MachineAction {
		return s.list(outsider("p1", kind, status, at.Add(-time.Second)))
	})
}

func lookEvents() []event {
	const gone = "isolated:superseded release_requested:superseded release_blocked:superseded needs_human:superseded "
	return []event{
		looked("empty list", "", func(stand, time.Time) []soc.MachineAction { return nil }),
		looked("nothing new", "", func(s stand, _ time.Time) []soc.MachineAction { return s.list() }),
		{"no look", "", func(s stand) (soc.Lockdown, []soc.AuditEntry, error) { return soc.Observed(s.l, soc.Seen{}, s.now) }},
		{"look failed", "", func(s stand) (soc.Lockdown, []soc.AuditEntry, error) {
			return soc.Observed(s.l, soc.Seen{Failed: 3, TriedAt: s.now}, s.now)
		}},
		ownIsolate(soc.ActionPending, "requested:pending submitting:pending"),
		ownIsolate(soc.ActionInProgress, "requested:pending submitting:pending"),
		ownIsolate(soc.ActionSucceeded, "requested:isolated submitting:isolated pending:isolated"),
		ownIsolate(soc.ActionFailed, "requested:failed submitting:failed pending:failed"),
		ownIsolate(soc.ActionTimeOut, "requested:failed submitting:failed pending:failed"),
		ownIsolate(soc.ActionCancelled, "requested:cancelled submitting:cancelled pending:cancelled"),
		ownIsolate("Queued", "requested:pending submitting:pending"),
		ownRelease(soc.ActionPending, "release_requested:stay"),
		ownRelease(soc.ActionSucceeded, "releasing:released release_requested:released release_blocked:released"),
		ownRelease(soc.ActionFailed, "releasing:release_blocked"),
		ownRelease(soc.ActionTimeOut, "releasing:release_blocked"),
		ownRelease(soc.ActionCancelled, "releasing:release_blocked"),
		portal(soc.ActionIsolate, soc.ActionPending, gone+"requested:superseded"),
		portal(soc.ActionIsolate, soc.ActionSucceeded, gone+"requested:superseded"),
		portal(soc.ActionIsolate, soc.ActionFailed, ""),
		portal(soc.ActionUnisolate, soc.ActionPending, ""),
		portal(soc.ActionUnisolate, soc.ActionSucceeded, gone+"releasing:superseded"),
		portal(soc.ActionUnisolate, soc.ActionFailed, ""),
		looked("late twin queued", "requested:pending submitting:pending", func(s stand, at time.Time) []soc.MachineAction {
			return s.list(ownAction(s.l, "a9", 1, soc.VerbIsolate, soc.ActionPending, at.Add(-time.Second)))
		}),
		looked("late twin in force", "requested:isolated submitting:isolated pending:isolated", func(s stand, at time.Time) []soc.MachineAction {
			return s.list(ownAction(s.l, "a9", 1, soc.VerbIsolate, soc.ActionSucceeded, at.Add(-time.Second)))
		}),
		{"the deadline", "isolated:release_requested needs_human:release_requested", func(s stand) (soc.Lockdown, []soc.AuditEntry, error) {
			return soc.Observed(s.l, soc.Seen{}, modelStart.Add(time.Hour+time.Minute))
		}},
		{"clock set back", "", func(s stand) (soc.Lockdown, []soc.AuditEntry, error) {
			at := s.now.Add(-time.Hour)
			return soc.Observed(s.l, soc.Seen{At: at, TriedAt: at, Actions: s.list()}, at)
		}},
		{"clock back after the end", "isolated:release_requested needs_human:release_requested", func(s stand) (soc.Lockdown, []soc.AuditEntry, error) {
			l, audit, err := soc.Observed(s.l, soc.Seen{}, modelStart.Add(2*time.Hour))
			if err != nil {
				return s.l, nil, err
			}
			l, more, err := soc.Observed(l, soc.Seen{}, s.now)
			return l, append(audit, more...), err
		}},
		{"crash and restart", "", func(s stand) (soc.Lockdown, []soc.AuditEntry, error) {
			if n := soc.Plan(s.l, soc.Seen{}, s.now); !s.l.Phase.Final() && (s.l.Wake.IsZero() || (n.Do == soc.DoWait && n.Until.IsZero())) {
				return s.l, nil, errors.New("nobody comes back")
			}
			return s.l, nil, nil
		}},
	}
}

// answered is the answer to the newest order of the record; where that is settled, the answer comes a second time.
func answered(name, cells string, out soc.Outcome) event {
	return event{name, "requested:no " + cells, func(s stand) (soc.Lockdown, []soc.AuditEntry, error) {
		a, _ := s.l.LastAttempt()
		out := out
		out.Token = a.Token
		if a.Token == "" {
			out.Token = "nobody's"
		}
		if out.Err == nil && out.Action.ID != "" && out.Action.MachineID != "bb02" {
			out.Action = ownAction(s.l, out.Action.ID, a.N, a.Verb, soc.ActionPending, s.now)
		}
		return soc.Applied(s.l, out, s.now)
	}}
}

func answerEvents() []event {
	return []event{
		answered("accepted", "submitting:pending", soc.Outcome{Action: soc.MachineAction{ID: "x1"}}),
		answered("already in progress", "submitting:requested releasing:release_requested", soc.Outcome{Err: soc.ErrInProgress}),
		answered("throttled", "submitting:requested releasing:release_requested", soc.Outcome{Err: soc.ErrThrottled}),
		answered("unavailable", "submitting:requested releasing:release_requested", soc.Outcome{Err: soc.ErrUnavailable}),
		answered("refused", "submitting:failed releasing:release_blocked", soc.Outcome{Err: soc.ErrRefused}),
		answered("forbidden", "submitting:failed releasing:release_blocked", soc.Outcome{Err: &soc.Error{Kind: soc.KindDenied}}),
		answered("no such machine", "submitting:failed releasing:release_blocked", soc.Outcome{Err: soc.ErrNotFound}),
		answered("answer lost", "", soc.Outcome{Err: soc.ErrUnknownOutcome}),
		answered("error that nobody knows", "", soc.Outcome{Err: errors.New("connection cut")}),
		answered("another machine", "submitting:needs_human", soc.Outcome{Action: soc.MachineAction{ID: "x1", Type: soc.ActionIsolate, MachineID: "bb02"}}),
		answered("no action", "", soc.Outcome{}),
	}
}

func told(name, cells string, do func(soc.Lockdown, time.Time) (soc.Lockdown, soc.AuditEntry, error)) event {
	return event{name, cells, func(s stand) (soc.Lockdown, []soc.AuditEntry, error) {
		l, e, err := do(s.l, modelStart.Add(20*time.Minute))
		if err != nil {
			return l, nil, err
		}
		return l, []soc.AuditEntry{e}, nil
	}}
}

func sent(verb soc.Verb, id, cells string) event {
	return event{"send " + string(verb), cells, func(s stand) (soc.Lockdown, []soc.AuditEntry, error) {
		return soc.Begin(s.l, soc.Next{Do: soc.DoSend, Verb: verb, ActionID: id}, s.now)
	}}
}

func commandEvents() []event {
	bob := soc.Actor{Name: "bob"}
	period := func(name, cells string, p time.Duration) event {
		return told(name, cells, func(l soc.Lockdown, now time.Time) (soc.Lockdown, soc.AuditEntry, error) {
			return soc.SetPeriod(l, bob, p, "why", now)
		})
	}
	const running = "requested:stay submitting:stay pending:stay isolated:stay *:no"
	return []event{
		told("release", "ended:no requested:cancelled isolated:release_requested needs_human:release_requested", func(
			l soc.Lockdown, now time.Time,
		) (soc.Lockdown, soc.AuditEntry, error) {
			return soc.RequestRelease(l, bob, "clean", now)
		}),
		told("cancel", "requested:cancelled submitting:stay pending:stay *:no", func(l soc.Lockdown, now time.Time) (soc.Lockdown, soc.AuditEntry, error) {
			return soc.Cancel(l, bob, "mistake", now)
		}),
		period("extend", running, 4*time.Hour),
		period("shorten", running, 40*time.Minute),
		period("shorten into the past", "requested:stay submitting:stay pending:stay *:no", 15*time.Minute),
		told("close", "ended:no open:superseded", func(l soc.Lockdown, now time.Time) (soc.Lockdown, soc.AuditEntry, error) {
			return soc.Close(l, bob, "mine", now)
		}),
		told("close without a reason", "*:no", func(l soc.Lockdown, now time.Time) (soc.Lockdown, soc.AuditEntry, error) {
			return soc.Close(l, bob, "", now)
		}),
		told("set aside", "ended:no needs_human:no open:needs_human", func(l soc.Lockdown, now time.Time) (soc.Lockdown, soc.AuditEntry, error) {
			return soc.SetAside(l, "three crashes", now)
		}),
		sent(soc.VerbIsolate, "", "requested:submitting *:no"),
		sent(soc.VerbRelease, "", "release_requested:releasing release_blocked:releasing cancelled:stay failed:stay released:stay superseded:stay *:no"),
		sent(soc.VerbCancel, "a1", "pending:stay release_requested:stay release_blocked:stay ended:stay *:no"),
	}
}
