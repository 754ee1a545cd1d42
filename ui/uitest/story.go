package uitest

import (
	"time"

	"cordon/store/soc"
)

func actor(name, via string) soc.Actor { return soc.Actor{Name: name, Via: via} }

func lockdown(n, host, by string, period time.Duration, phase soc.Phase) soc.Lockdown {
	return soc.Lockdown{
		ID: soc.LockdownID("LK-" + n), Key: soc.HostKey{Integration: Tenant, MachineID: id(host)}, HostName: host, HostIP: "10.2.3.4", Mode: soc.ModeManual,
		By: actor(by, "ssh"), Reason: "confirmed by triage", Type: soc.IsolationFull, Period: period, Phase: phase, Revision: 4,
	}
}

func enforced(l soc.Lockdown, deadline time.Time) soc.Lockdown {
	l.Deadline, l.EnforcedAt = deadline, deadline.Add(-l.Period)
	l.RequestedAt, l.AcceptedAt = l.EnforcedAt.Add(-30*time.Second), l.EnforcedAt.Add(-28*time.Second)
	l.ActionID, l.RemoteStatus, l.SeenAt, l.Wake = "act-"+string(l.ID), soc.ActionSucceeded, Now().Add(-12*time.Second), deadline
	return l
}

// lockdowns are the rows of the timers frame: five that run, one that somebody else ended, two that are done.
func lockdowns() []soc.Lockdown {
	overdue := enforced(lockdown("7Q2M4KTA", "SRV-FILE-03", "bob", 4*time.Hour, soc.PhaseReleaseBlocked), at("12:37:55"))
	overdue.Reason, overdue.AlertID, overdue.Due, overdue.ReleaseCause = "ransomware behaviour blocked", "0be2", true, soc.CauseTimer
	overdue.Failures, overdue.Trouble, overdue.Wake = 2, "the host is still isolated: Defender is throttling (429)", at("12:41:48")
	overdue.ReleaseAskedAt = at("12:37:55")
	overdue.Attempts = []soc.Attempt{
		{N: 1, Verb: soc.VerbIsolate, Token: "7Q2M4KTA-1", SentAt: at("08:37:25"), ActionID: overdue.ActionID, Outcome: soc.OutcomeAccepted, DoneAt: at("08:37:27")},
		{N: 2, Verb: soc.VerbRelease, Token: "7Q2M4KTA-2", SentAt: at("12:37:55"), Outcome: soc.OutcomeRefused, Error: "429", DoneAt: at("12:37:55")},
		{N: 3, Verb: soc.VerbRelease, Token: "7Q2M4KTA-3", SentAt: at("12:39:10"), Outcome: soc.OutcomeRefused, Error: "429", DoneAt: at("12:39:10")},
	}
	pending := lockdown("P3ND1NGX", "WS-HR-0009", "carol", 8*time.Hour, soc.PhasePending)
	pending.RequestedAt, pending.AcceptedAt, pending.ActionID = at("12:40:27"), at("12:40:29"), "act-pending"
	pending.RemoteStatus, pending.SeenAt, pending.Wake = soc.ActionPending, Now().Add(-12*time.Second), Now().Add(3*time.Second)
	releasing := enforced(lockdown("R3L3AS3X", "WS-DEV-0210", "timer", time.Hour, soc.PhaseReleasing), at("12:40:47"))
	releasing.Mode, releasing.Due, releasing.ReleaseCause, releasing.ReleaseAskedAt = soc.ModeAuto, true, soc.CauseTimer, at("12:40:47")
	releasing.ReleaseActionID, releasing.Rule = "act-release", "ransomware on workstation"
	releasing.RemoteStatus, releasing.Wake = soc.ActionPending, Now().Add(3*time.Second)
	releasing.Attempts = []soc.Attempt{{N: 2, Verb: soc.VerbRelease, Token: "R3L3AS3X-2", SentAt: at("12:40:47"), ActionID: "act-release", Outcome: soc.OutcomeAccepted}}
	drift := enforced(lockdown("DR1FTXXX", "WS-HR-0031", "dave", 12*time.Hour, soc.PhaseSuperseded), at("18:05:17"))
	drift.EndedAt, drift.Cause, drift.Note, drift.Wake = at("12:20:00"), soc.CauseExternal, "released in portal by frank@contoso.example", time.Time{}
	done := enforced(lockdown("D0N30001", "WS-FIN-0088", "alice", 2*time.Hour, soc.PhaseReleased), at("10:30:00"))
	done.EndedAt, done.Cause, done.Wake = at("10:30:04"), soc.CauseTimer, time.Time{}
	early := enforced(lockdown("D0N30002", "WS-ENG-0012", "alice", 4*time.Hour, soc.PhaseReleased), at("11:00:00"))
	early.EndedAt, early.Cause, early.ReleaseReason, early.Wake = at("09:12:00"), soc.CauseUser, "cleaned", time.Time{}
	return []soc.Lockdown{
		overdue,
		enforced(lockdown("A1B2C3D4", "WS-FIN-0142", "alice", 2*time.Hour, soc.PhaseIsolated), at("13:53:16")),
		enforced(lockdown("E5F6G7H2", "WS-ENG-0077", "alice", 4*time.Hour, soc.PhaseIsolated), at("16:23:02")),
		pending, releasing, drift, done, early,
	}
}

// actions are what Defender lists for the hosts of the lockdowns, and for one that was isolated in the portal.
func actions() []soc.MachineAction {
	act := func(n string, t soc.ActionType, s soc.ActionStatus, host, by string, created time.Time) soc.MachineAction {
		return soc.MachineAction{
			ID: n, Integration: Tenant, Type: t, Status: s, MachineID: id(host), HostName: host, Requestor: by, Source: "PublicApi",
			Scope: "Full", Created: created, Updated: created.Add(28 * time.Second), Comment: "cordon",
		}
	}
	external := act("act-portal", soc.ActionIsolate, soc.ActionSucceeded, "WS-LAB-0003", "frank@contoso.example", at("11:02:10"))
	external.Source, external.Comment = "Portal", "suspicious, isolating for forensics"
	return []soc.MachineAction{
		act("act-LK-7Q2M4KTA", soc.ActionIsolate, soc.ActionSucceeded, "SRV-FILE-03", "cordon", at("08:37:27")),
		act("act-LK-A1B2C3D4", soc.ActionIsolate, soc.ActionSucceeded, "WS-FIN-0142", "cordon", at("11:52:48")),
		act("act-LK-E5F6G7H2", soc.ActionIsolate, soc.ActionSucceeded, "WS-ENG-0077", "cordon", at("12:22:34")),
		act("act-pending", soc.ActionIsolate, soc.ActionPending, "WS-HR-0009", "cordon", at("12:40:29")),
		act("act-LK-R3L3AS3X", soc.ActionIsolate, soc.ActionSucceeded, "WS-DEV-0210", "cordon", at("11:40:19")),
		act("act-release", soc.ActionUnisolate, soc.ActionPending, "WS-DEV-0210", "cordon", at("12:40:47")),
		act("act-LK-DR1FTXXX", soc.ActionIsolate, soc.ActionSucceeded, "WS-HR-0031", "cordon", at("06:04:49")),
		act("act-drift", soc.ActionUnisolate, soc.ActionSucceeded, "WS-HR-0031", "frank@contoso.example", at("12:19:20")),
		act("act-pkg", soc.ActionCollect, soc.ActionSucceeded, "DC-LON-01", "alice@contoso.example", at("09:14:00")),
		act("act-av", soc.ActionScan, soc.ActionSucceeded, "DC-LON-01", "system", at("08:02:00")),
		external,
	}
}

// audit is the history of the overdue lockdown and some other lines, oldest first.
func audit() []soc.AuditEntry {
	lines := []struct {
		clock, actor, via, action, target, result, detail string
		lockdown                                          soc.LockdownID
	}{
		{"08:37:25", "bob", "ssh", "isolate", "SRV-FILE-03", soc.ResultOK, "full isolation for 4h: ransomware behaviour blocked", "LK-7Q2M4KTA"},
		{"08:37:27", "reconciler", "svc", "isolate", "SRV-FILE-03", soc.ResultAccepted, "Defender accepted action act-LK-7Q2M4KTA", "LK-7Q2M4KTA"},
		{"08:37:55", "reconciler", "svc", "confirm", "SRV-FILE-03", soc.ResultOK, "isolated; releases at 12:37:55Z", "LK-7Q2M4KTA"},
		{"09:12:00", "alice", "ssh", "release", "WS-ENG-0012", soc.ResultOK, "cleaned", "LK-D0N30002"},
		{"10:30:00", "timer", "svc", "release", "WS-FIN-0088", soc.ResultOK, "time was up", "LK-D0N30001"},
		{"11:02:30", "poller", "svc", "external", "WS-LAB-0003", soc.ResultSeen, "isolated in the portal by frank@contoso.example", ""},
		{"11:53:16", "alice", "ssh", "isolate", "WS-FIN-0142", soc.ResultOK, "full isolation for 2h: confirmed by triage", "LK-A1B2C3D4"},
		{"12:05:00", "erin", "ssh", "isolate", "DC-LON-02", soc.ResultRefused, "role analyst may not isolate", ""},
		{"12:20:00", "poller", "svc", "external", "WS-HR-0031", soc.ResultSeen, "released in portal by frank@contoso.example", "LK-DR1FTXXX"},
		{"12:23:02", "alice", "ssh", "isolate", "WS-ENG-0077", soc.ResultOK, "full isolation for 4h: confirmed by triage", "LK-E5F6G7H2"},
		{"12:37:55", "timer", "svc", "release", "SRV-FILE-03", soc.ResultFailed, "429, next try 12:39:10Z", "LK-7Q2M4KTA"},
		{"12:39:10", "timer", "svc", "release", "SRV-FILE-03", soc.ResultFailed, "429, next try 12:41:48Z", "LK-7Q2M4KTA"},
		{"12:40:27", "carol", "ssh", "isolate", "WS-HR-0009", soc.ResultOK, "full isolation for 8h: confirmed by triage", "LK-P3ND1NGX"},
		{"12:40:47", "timer", "svc", "release", "WS-DEV-0210", soc.ResultAccepted, "Defender accepted action act-release", "LK-R3L3AS3X"},
	}
	var out []soc.AuditEntry
	for i, l := range lines {
		out = append(out, soc.AuditEntry{
			Seq: uint64(i + 1), Time: at(l.clock), Integration: Tenant, Actor: soc.Actor{Name: l.actor, Via: l.via, From: "jump1", Key: "SHA256:abc"},
			Action: l.action, Host: id(l.target), Target: l.target, Lockdown: l.lockdown, Result: l.result, Detail: l.detail, Version: "0.1.0",
			Prev: id(l.clock), Hash: id(l.clock + l.target),
		})
	}
	return out
}
