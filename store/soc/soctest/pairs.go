package soctest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
)

// The table of D6: every phase of a lockdown meets every event, and the table says by hand what must come of it. A cell is a phase, or
// "no" for a refusal that changes nothing; where the table is silent the phase must stay.

// stand is a lockdown in some phase, reached by legal steps, with what Defender shows of it.
type stand struct {
	l   soc.Lockdown
	a1  soc.MachineAction // our isolate
	r1  soc.MachineAction // our release
	now time.Time
}

func (s stand) list(more ...soc.MachineAction) []soc.MachineAction {
	var out []soc.MachineAction
	for _, a := range []soc.MachineAction{s.a1, s.r1} {
		if a.ID != "" && !slices.ContainsFunc(more, func(b soc.MachineAction) bool { return a.ID == b.ID }) {
			out = append(out, a)
		}
	}
	return append(more, out...)
}

func ownAction(l soc.Lockdown, id string, n int, verb soc.Verb, status soc.ActionStatus, at time.Time) soc.MachineAction {
	kind := soc.ActionIsolate
	if verb == soc.VerbRelease {
		kind = soc.ActionUnisolate
	}
	c := soc.CommentFor(l, soc.Attempt{N: n, Verb: verb, Token: soc.AttemptToken(l.ID, n)})
	return soc.MachineAction{ID: id, Type: kind, Status: status, MachineID: l.Key.MachineID, Comment: c.String(), Created: at, Updated: at}
}

// stands makes a lockdown in every phase.
func stands() map[soc.Phase]stand {
	at := func(m int) time.Time { return modelStart.Add(time.Duration(m) * time.Minute) }
	look := func(s stand, m int, actions ...soc.MachineAction) stand {
		s.now = at(m)
		s.l, _, _ = soc.Observed(s.l, soc.Seen{At: s.now, TriedAt: s.now, Actions: actions}, s.now)
		return s
	}
	send := func(s stand, m int, v soc.Verb) stand {
		s.now = at(m)
		s.l, _, _ = soc.Begin(s.l, soc.Next{Do: soc.DoSend, Verb: v}, s.now)
		return s
	}
	all := map[soc.Phase]stand{}
	s := stand{now: modelStart}
	s.l, _, _ = soc.Requested(soc.Lockdown{
		ID: "LK-00000001", Key: soc.HostKey{Integration: "t1", MachineID: "aa01"}, HostName: "ws-01", By: soc.Actor{Name: "alice"}, Period: time.Hour,
	}, s.now)
	all[soc.PhaseRequested] = s
	s = send(s, 0, soc.VerbIsolate)
	all[soc.PhaseSubmitting] = s
	s.a1 = ownAction(s.l, "a1", 1, soc.VerbIsolate, soc.ActionPending, at(0))
	s = look(s, 1, s.a1)
	all[soc.PhasePending] = s
	failed := s
	failed.a1.Status, failed.a1.Updated = soc.ActionFailed, at(1)
	all[soc.PhaseFailed] = look(failed, 2, failed.a1)
	cancelled := s
	cancelled.a1.Status, cancelled.a1.Updated = soc.ActionCancelled, at(1)
	cancelled.l, _, _ = soc.Cancel(s.l, soc.Actor{Name: "bob"}, "mistake", at(1))
	all[soc.PhaseCancelled] = look(cancelled, 2, cancelled.a1)
	s.a1.Status, s.a1.Updated = soc.ActionSucceeded, at(1)
	s = look(s, 2, s.a1)
	all[soc.PhaseIsolated] = s
	human := s
	human.l, _, _ = soc.SetAside(s.l, "three crashes", at(3))
	all[soc.PhaseNeedsHuman] = human
	all[soc.PhaseSuperseded] = look(s, 5, outsider("p0", soc.ActionUnisolate, soc.ActionSucceeded, at(4)), s.a1)
	s.l, _, _ = soc.RequestRelease(s.l, soc.Actor{Name: "bob"}, "clean", at(10))
	all[soc.PhaseReleaseRequested] = s
	s = send(s, 10, soc.VerbRelease)
	all[soc.PhaseReleasing] = s
	s.r1 = ownAction(s.l, "r1", 2, soc.VerbRelease, soc.ActionFailed, at(10))
	all[soc.PhaseReleaseBlocked] = look(s, 11, s.list()...)
	s.r1.Status = soc.ActionSucceeded
	all[soc.PhaseReleased] = look(s, 11, s.list()...)
	return all
}

func outsider(id string, kind soc.ActionType, status soc.ActionStatus, at time.Time) soc.MachineAction {
	return soc.MachineAction{ID: id, Type: kind, Status: status, MachineID: "aa01", Requestor: "d.mills", Comment: "by hand", Created: at, Updated: at}
}

// event is one thing that can happen to a record; cells is its row of the table.
type event struct {
	name  string
	cells string // "phase:phase ...", "*" is every phase that is not named, "open" every open one, "ended" every final one
	do    func(stand) (soc.Lockdown, []soc.AuditEntry, error)
}

// want is the cell of a phase.
func (e event) want(p soc.Phase) string {
	group := "open"
	if p.Final() {
		group = "ended"
	}
	cells := map[string]string{}
	for _, c := range strings.Fields(e.cells) {
		from, to, _ := strings.Cut(c, ":")
		cells[from] = to
	}
	for _, key := range []string{string(p), group, "*"} {
		if to, ok := cells[key]; ok {
			return strings.ReplaceAll(to, "stay", string(p))
		}
	}
	return string(p)
}

// Table is the outcome of the table of phases and events.
type Table struct {
	Phases, Events int
	Cells, Bad     int // cells filled, and those with another outcome, a broken invariant or a refusal that changed something
	Noticed        int // cells in which a wrong outcome in the table is noticed: the negative control
	Examples       []string
}

// Whole reports whether every cell was filled, holds, and is able to fail.
func (t Table) Whole() bool {
	return t.Cells == t.Phases*t.Events && t.Bad == 0 && t.Noticed == t.Cells
}

// Pairs fills the table.
func Pairs() Table {
	events := append(append(lookEvents(), answerEvents()...), commandEvents()...)
	all := stands()
	t := Table{Phases: len(soc.Phases()), Events: len(events)}
	for i, p := range soc.Phases() {
		s, ok := all[p]
		if !ok || s.l.Phase != p {
			t.Bad++
			t.Examples = append(t.Examples, fmt.Sprintf("no way into %s was found, it is %s", p, s.l.Phase))
			continue
		}
		for _, e := range events {
			t.Cells++
			if why := e.judge(s, e.want(p)); why != "" {
				t.Bad++
				t.Examples = append(t.Examples, fmt.Sprintf("%s, %s: %s", p, e.name, why))
			}
			other := string(soc.Phases()[(i+1)%len(soc.Phases())])
			if e.want(p) == other {
				other = "no"
			}
			if e.judge(s, other) != "" {
				t.Noticed++
			}
		}
	}
	return t
}

func (e event) judge(s stand, want string) string {
	got, audit, err := e.do(s)
	switch {
	case err != nil && want != "no":
		return fmt.Sprintf("refused (%v), want %s", err, want)
	case err != nil && (got.Phase != s.l.Phase || len(got.Attempts) != len(s.l.Attempts)):
		return "refused, but the record changed"
	case err != nil:
		return ""
	case string(got.Phase) != want:
		return fmt.Sprintf("is %s, want %s", got.Phase, want)
	}
	if err := soc.Check(s.l, got, audit...); err != nil {
		return err.Error()
	}
	return ""
}
