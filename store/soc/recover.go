package soc

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Recovered is what the tenant's actions tell about one host that cordon ordered to be isolated (K-12).
type Recovered struct {
	Lockdown Lockdown // the record as it can be rebuilt; without one Lockdown.ID and Lockdown.Key still name it
	// Take says whether the record can be written; Why says why not, or what to know about the one that can.
	Take bool
	Why  string
	// Known is set when the store has the record, or another open one on the host; nothing needs to be done.
	Known bool
	// Done is set when the record was written just now.
	Done bool
}

// Recover rebuilds the open lockdown of one host from its actions, after the database was lost: the newest isolate with a comment of ours that
// is in force or open, nothing if there is none. It answers with Take false for hosts that others hold. The clock runs from the action's own
// completion, and the period is the one of the isolate order, or the end that a later order of the lockdown names: extending is not an order,
// so an extension that no order carried is lost, and the host is released at the earlier end. An order whose comment was cut on the way has no
// period; it waits for a person (needs_human).
func Recover(host Host, actions []MachineAction, now time.Time) (Recovered, bool) {
	mine := newestOf(holding(actions), fromCordon)
	if mine == nil {
		mine = newestOf(actions, func(a MachineAction) bool {
			return a.Is(ActionIsolate) && !a.Status.Final() && fromCordon(a) && !dead(a, now)
		})
	}
	if mine == nil {
		return Recovered{}, false
	}
	c, whole := ParseOrderComment(mine.Comment)
	if !whole {
		c = OrderComment{Lockdown: cutID(mine.Comment)}
	}
	l := Lockdown{
		ID: c.Lockdown, Key: host.Key, HostName: orWord(host.Name, mine.HostName), HostIP: host.LastIP, Mode: c.Mode, By: Actor{Name: c.By, Via: c.Via},
		Reason: c.Reason, Ticket: c.Ticket, AlertID: c.Alert, Type: IsolationType(orWord(mine.Scope, string(IsolationFull))), Period: c.Period,
		RequestedAt: orNow(mine.Created, now), AcceptedAt: orNow(mine.Created, now), ActionID: mine.ID, RecoveredAt: now.UTC().Round(0),
		RemoteStatus: mine.Status, RemoteAt: mine.Updated,
	}
	if l.Mode == "" {
		l.Mode = ModeManual
	}
	if l.By.Name == "" {
		l.By = Service("recover")
	}
	n, token := lastToken(l.ID, actions)
	if c.Token == "" {
		c.Token = token
	}
	l.Attempts = []Attempt{{
		N: n, Verb: VerbIsolate, Token: c.Token, SentAt: l.RequestedAt, ActionID: mine.ID, Outcome: OutcomeAdopted, DoneAt: l.RecoveredAt,
	}}
	if a := takenBy(l, actions); a != nil {
		return Recovered{Lockdown: l, Why: "isolated again from outside by " + who(*a) + "; it is theirs to release"}, true
	}
	return rebuilt(l, *mine, whole, actions, now), true
}

// rebuilt gives the record its phase and its end.
func rebuilt(l Lockdown, mine MachineAction, whole bool, actions []MachineAction, now time.Time) Recovered {
	r := Recovered{Take: true}
	l.Wake = l.RecoveredAt
	switch {
	case l.ID == "":
		return Recovered{Lockdown: l, Why: "the order's comment was cut and names no lockdown; look at the host in Defender"}
	case !whole || l.Period <= 0 || l.Period > MaxPeriod:
		l.Phase, l.EnforcedAt = PhaseNeedsHuman, time.Time{}
		if l.Period <= 0 || l.Period > MaxPeriod {
			l.Period = 0
		}
		l.Trouble = "recovered without its period; release the host, or close the lockdown with a reason"
		r.Why = l.Trouble
	case !mine.Status.Final():
		l.Phase, r.Why = PhasePending, "still waiting for the device; the clock starts when it is isolated"
	default:
		l.Phase, l.EnforcedAt = PhaseIsolated, mine.Finished().UTC()
		l.Deadline, r.Why = recoveredEnd(l, actions)
		l.Wake = l.Deadline
	}
	r.Lockdown = l
	return r
}

// recoveredEnd is when the host must be released: the period from the start, what the lockdown's later orders say, or at once if its release
// had been ordered.
func recoveredEnd(l Lockdown, actions []MachineAction) (end time.Time, why string) {
	end, why = l.EnforcedAt.Add(l.Period), fmt.Sprintf("%s from its start; an extension that was made later is not known", Spoken(l.Period))
	for _, a := range actions {
		c, ok := ParseOrderComment(a.Comment)
		if !ok || c.Lockdown != l.ID || !a.Is(ActionUnisolate) || !a.Created.After(l.EnforcedAt) {
			continue
		}
		end, why = a.Created.UTC(), "its release had been ordered already and did not work; it is tried again at once"
	}
	return end, why
}

// RecoverEntry is the line of the history that goes with a recovered record.
func RecoverEntry(l Lockdown, by Actor) AuditEntry {
	m := newMover(l, l.RecoveredAt)
	m.note(AuditEntry{
		Actor: by, Action: "recover", Result: ResultOK, After: string(l.Phase), ActionID: l.ActionID,
		Detail: "rebuilt from Defender's actions; ordered by " + l.By.Name + " at " + l.RequestedAt.Format("2006-01-02 15:04:05Z"),
	})
	return m.audit[0]
}

// fromCordon reports whether the action is an order of a cordon, whole or cut.
func fromCordon(a MachineAction) bool { return strings.HasPrefix(a.Comment, commentMagic+" id=") }

// LockdownOf returns the lockdown whose order carried the comment, whole or cut; false for the comments of others.
func LockdownOf(comment string) (LockdownID, bool) {
	if c, ok := ParseOrderComment(comment); ok {
		return c.Lockdown, true
	}
	if !strings.HasPrefix(comment, commentMagic+" id=") {
		return "", false
	}
	id := cutID(comment)
	return id, id != ""
}

// cutID is the lockdown of a comment that was cut, "" if even that is not there whole.
func cutID(comment string) LockdownID {
	id, _, ok := strings.Cut(strings.TrimPrefix(comment, commentMagic+" id="), " ")
	if !ok {
		return ""
	}
	return LockdownID(id)
}

// lastToken is the highest attempt number of the lockdown that the tenant has seen, with its token: new orders must count on from there.
func lastToken(id LockdownID, actions []MachineAction) (n int, token string) {
	n, token = 1, AttemptToken(id, 1)
	for _, a := range actions {
		c, ok := ParseOrderComment(a.Comment)
		if !ok || c.Lockdown != id {
			continue
		}
		if k, err := strconv.Atoi(strings.TrimPrefix(c.Token, string(id)+".")); err == nil && k > n {
			n, token = k, c.Token
		}
	}
	return n, token
}
