package soc_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cordon/store/soc"
)

// tenant is a small model of Defender: orders that wait for the device, a list that lags, answers that get lost, and other people.
type tenant struct {
	now    time.Time
	acts   []*order2
	online bool
	holder string // id of the isolate that holds the device, "" = connected
	posts  int    // isolate orders of ours that took effect
	lagMax time.Duration
	n      int
}

type order2 struct {
	soc.MachineAction
	visible time.Time
	ready   time.Time
}

func (w *tenant) create(t soc.ActionType, by, comment string, lag, takes time.Duration) *order2 {
	w.n++
	a := &order2{MachineAction: soc.MachineAction{
		ID: fmt.Sprintf("act-%04d", w.n), Integration: "t1", MachineID: "aa01", Type: t, Status: soc.ActionPending, Requestor: by, Comment: comment,
		Created: w.now, Updated: w.now,
	}, visible: w.now.Add(lag), ready: w.now.Add(takes)}
	w.acts = append(w.acts, a)
	return a
}

func (w *tenant) open() *order2 {
	for _, a := range w.acts {
		if !a.Status.Final() {
			return a
		}
	}
	return nil
}

// pass lets time go by; orders run when the device is online, and Defender gives up after 72 hours.
func (w *tenant) pass(d time.Duration) {
	end := w.now.Add(d)
	for _, a := range w.acts {
		if a.Status.Final() {
			continue
		}
		switch {
		case w.online && !a.ready.After(end):
			at := a.ready
			if at.Before(w.now) {
				at = w.now
			}
			a.Status, a.Updated = soc.ActionSucceeded, at
			if a.Type == soc.ActionIsolate {
				w.holder = a.ID
			} else {
				w.holder = ""
			}
		case end.Sub(a.Created) > 72*time.Hour:
			a.Status, a.Updated = soc.ActionTimeOut, a.Created.Add(72*time.Hour)
		}
	}
	w.now = end
}

// wantedOutside reports whether somebody else's isolate is in force too.
func (w *tenant) wantedOutside() bool {
	var freed time.Time
	for _, a := range w.acts {
		if a.Type == soc.ActionUnisolate && a.Status == soc.ActionSucceeded && a.Updated.After(freed) {
			freed = a.Updated
		}
	}
	return slices.ContainsFunc(w.acts, func(a *order2) bool {
		return a.Type == soc.ActionIsolate && a.Requestor != "cordon" && a.Status == soc.ActionSucceeded && !a.Updated.Before(freed)
	})
}

func (w *tenant) list() []soc.MachineAction {
	var out []soc.MachineAction
	for _, a := range w.acts {
		if !a.visible.After(w.now) {
			out = append(out, a.MachineAction)
		}
	}
	slices.Reverse(out)
	return out
}

// worker is one process: everything in it is lost in a crash.
type worker struct {
	stage string
	l     soc.Lockdown
	seen  soc.Seen
	next  soc.Next
	out   soc.Outcome
}

type model struct {
	t       *rapid.T
	w       *tenant
	stored  soc.Lockdown
	audit   []soc.AuditEntry
	p       worker
	asked   bool // a person asked for release, cancel or close
	healthy bool
	until   time.Time // what the worker waits for
}

func (m *model) save(l soc.Lockdown, audit ...soc.AuditEntry) error {
	if l.Revision != m.stored.Revision {
		return soc.ErrConflict
	}
	if err := soc.Check(m.stored, l, audit...); err != nil {
		m.t.Fatalf("%v\nbefore %+v\nafter %+v", err, m.stored, l)
	}
	l.Revision++
	m.stored = l
	m.audit = append(m.audit, audit...)
	return nil
}

// step makes one step of the worker; a crash may follow any of them.
func (m *model) step() {
	p := &m.p
	switch p.stage {
	case "", "load":
		p.l, p.stage = m.stored, "fold"
	case "fold":
		l, audit, err := soc.Observed(p.l, p.seen, m.w.now)
		if err != nil {
			m.t.Fatalf("Observed: %v", err)
		}
		if err := m.save(l, audit...); err != nil {
			*p = worker{}
			return
		}
		p.l, p.next, p.stage = m.stored, soc.Plan(m.stored, p.seen, m.w.now), "act"
	case "act":
		switch p.next.Do {
		case soc.DoWait:
			if p.next.Until.IsZero() && !p.l.Phase.Final() {
				m.t.Fatalf("phase %s waits for ever", p.l.Phase)
			}
			m.until = p.next.Until
			*p = worker{seen: soc.Seen{Failed: p.seen.Failed, TriedAt: p.seen.TriedAt}}
		case soc.DoObserve:
			m.observe()
		case soc.DoSend:
			l, audit, err := soc.Begin(p.l, p.next, m.w.now)
			if err != nil { // time went by since the plan
				*p = worker{}
				return
			}
			if err := m.save(l, audit...); err != nil {
				*p = worker{}
				return
			}
			p.l, p.stage = m.stored, "call"
		}
	case "call":
		m.call()
		p.stage = "applied"
	case "applied":
		l, audit, err := soc.Applied(m.stored, p.out, m.w.now)
		if err != nil {
			m.t.Fatalf("Applied: %v", err)
		}
		if err := m.save(l, audit...); err != nil {
			m.t.Fatalf("save: %v", err)
		}
		*p = worker{}
	}
}

func (m *model) observe() {
	p := &m.p
	p.stage = "fold"
	if !m.healthy && rapid.IntRange(0, 9).Draw(m.t, "look") == 0 {
		p.seen = soc.Seen{Failed: p.seen.Failed + 1, TriedAt: m.w.now}
		return
	}
	p.seen = soc.Seen{At: m.w.now, TriedAt: m.w.now, Actions: m.w.list()}
}

// call is one order; Defender may refuse, act and lose the answer, or lose the order.
func (m *model) call() {
	p := &m.p
	a, _ := p.l.LastAttempt()
	p.out = soc.Outcome{Token: a.Token}
	kind := "ok"
	if !m.healthy {
		kind = rapid.SampledFrom([]string{"ok", "ok", "ok", "lost answer", "lost order", "unavailable", "throttled", "cut"}).Draw(m.t, "answer")
	}
	switch kind {
	case "lost order":
		p.out.Err = soc.ErrUnknownOutcome
		return
	case "unavailable":
		p.out.Err = soc.ErrUnavailable
		return
	case "throttled":
		p.out.Err = &soc.Error{Kind: soc.KindThrottled, After: time.Second}
		return
	}
	act, err := m.order(a)
	if kind == "lost answer" || kind == "cut" {
		p.out.Err = errors.New("connection cut")
		return
	}
	p.out.Action, p.out.Err = act, err
}

func (m *model) order(a soc.Attempt) (soc.MachineAction, error) {
	w := m.w
	if a.Verb == soc.VerbCancel {
		for _, o := range w.acts {
			if o.ID == a.ActionID && !o.Status.Final() {
				o.Status, o.Updated, o.CancelledBy = soc.ActionCancelled, w.now, "cordon"
				return o.MachineAction, nil
			}
		}
		return soc.MachineAction{}, &soc.Error{Kind: soc.KindRefused, What: "not cancellable"}
	}
	if w.open() != nil {
		return soc.MachineAction{}, soc.ErrInProgress
	}
	lag, takes := 3*time.Second, 5*time.Second
	if !m.healthy {
		lag = time.Duration(rapid.IntRange(0, int(w.lagMax/time.Second)).Draw(m.t, "lag")) * time.Second
		takes = time.Duration(rapid.IntRange(1, 90).Draw(m.t, "takes")) * time.Second
	}
	t := soc.ActionIsolate
	if a.Verb == soc.VerbRelease {
		t = soc.ActionUnisolate
		m.judgeRelease()
	} else {
		w.posts++
	}
	return w.create(t, "cordon", soc.CommentFor(m.p.l, a).String(), lag, takes).MachineAction, nil
}

// judgeRelease is the independent truth about a release order of ours.
func (m *model) judgeRelease() {
	l := m.stored
	if !m.asked && !l.Phase.Final() && l.Cause == "" && m.w.now.Before(l.Deadline) {
		m.t.Fatalf("released early: now %s, deadline %s", m.w.now, l.Deadline)
	}
	for _, a := range m.w.list() { // newest first
		if a.Type == soc.ActionIsolate && a.Status == soc.ActionSucceeded && a.ID == m.w.holder && a.Requestor != "cordon" && m.w.now.Sub(a.Updated) > time.Minute {
			m.t.Fatalf("released the isolation %s of %s", a.ID, a.Requestor)
		}
	}
}

func (m *model) person() {
	by, l := soc.Actor{Name: "bob"}, m.stored
	var e soc.AuditEntry
	var err error
	switch rapid.SampledFrom([]string{"release", "cancel", "extend", "close"}).Draw(m.t, "person") {
	case "release":
		l, e, err = soc.RequestRelease(l, by, "done", m.w.now)
	case "cancel":
		l, e, err = soc.Cancel(l, by, "mistake", m.w.now)
	case "extend":
		l, e, err = soc.SetPeriod(l, by, time.Duration(rapid.IntRange(1, 24).Draw(m.t, "hours"))*time.Hour, "longer", m.w.now)
		if err == nil {
			if err := m.save(l, e); err != nil {
				m.t.Fatal(err)
			}
		}
		return
	case "close":
		if rapid.IntRange(0, 5).Draw(m.t, "really") > 0 {
			return
		}
		l, e, err = soc.Close(l, by, "mine now", m.w.now)
	}
	if err != nil {
		return
	}
	m.asked = true
	if err := m.save(l, e); err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) portal() {
	w := m.w
	switch rapid.SampledFrom([]string{"isolate", "release", "cancel", "offline", "online"}).Draw(m.t, "portal") {
	case "isolate":
		w.create(soc.ActionIsolate, "d.mills", "portal", 0, time.Duration(rapid.IntRange(0, 60).Draw(m.t, "takes"))*time.Second)
	case "release":
		w.create(soc.ActionUnisolate, "d.mills", "portal", 0, time.Duration(rapid.IntRange(0, 60).Draw(m.t, "takes"))*time.Second)
	case "cancel":
		if a := w.open(); a != nil {
			a.Status, a.Updated, a.CancelledBy = soc.ActionCancelled, w.now, "d.mills"
		}
	case "offline":
		w.online = false
	case "online":
		w.online = true
	}
}

func newModel(t *rapid.T) *model {
	start := time.Date(2026, 2, 3, 6, 0, 0, 0, time.UTC)
	l, e, err := soc.Requested(soc.Lockdown{
		ID: "LK-00000001", Key: soc.HostKey{Integration: "t1", MachineID: "aa01"}, HostName: "ws-01", Mode: soc.ModeManual, By: soc.Actor{Name: "alice"},
		Type: soc.IsolationFull, Period: time.Hour, FreshUntil: start.Add(10 * time.Minute), Reason: "beacon",
	}, start)
	if err != nil {
		t.Fatal(err)
	}
	m := &model{t: t, w: &tenant{now: start, online: true, lagMax: 180 * time.Second}}
	if err := m.save(l, e); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestI1toI10_MachineUnderChaos mixes the worker, people, the portal, lost answers, a lagging list and crashes between any two steps. Check
// runs at every save; the tenant knows the truth about early and foreign releases and double orders.
func TestI1toI10_MachineUnderChaos(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		meddle := rapid.Bool().Draw(t, "others meddle")
		for range rapid.IntRange(20, 120).Draw(t, "steps") {
			switch rapid.IntRange(0, 19).Draw(t, "op") {
			case 0:
				m.p = worker{} // crash
			case 1:
				m.person()
			case 2:
				if meddle {
					m.portal()
				}
			case 3, 4:
				m.w.pass(time.Duration(rapid.IntRange(1, 7200).Draw(t, "seconds")) * time.Second)
			case 5, 6, 7:
				m.w.pass(time.Duration(rapid.IntRange(1, 30).Draw(t, "few seconds")) * time.Second)
			default:
				m.step()
			}
			if m.w.posts > 1 {
				t.Fatalf("%d isolate orders took effect", m.w.posts)
			}
		}
		m.settle()
	})
}

// settle lets everything work again and demands that it ends: nobody stays isolated and forgotten.
func (m *model) settle() {
	m.w.online, m.healthy, m.p = true, true, worker{}
	for range 20000 {
		m.step()
		if m.p.stage == "" {
			m.w.pass(min(max(m.until.Sub(m.w.now), time.Second), time.Hour))
		}
		if m.stored.Phase.Final() && m.stored.WatchUntil.IsZero() {
			break
		}
	}
	l := m.stored
	if !l.Phase.Final() {
		m.t.Fatalf("still %s after days: %s %+v", l.Phase, l.Trouble, l.Attempts)
	}
	ends := 0
	for _, e := range m.audit {
		if soc.Phase(e.After).Final() {
			ends++
		}
	}
	if ends != 1 {
		m.t.Fatalf("%d ends in the history, want 1", ends)
	}
	for _, a := range m.w.acts {
		if a.ID == m.w.holder && a.Requestor == "cordon" && l.Cause != soc.CauseHandover && !m.w.wantedOutside() {
			m.t.Fatalf("ended %s (%s) but our isolate %s holds the host\n%s", l.Phase, l.Cause, a.ID, m.story())
		}
	}
}

// story is what happened, for a failing run.
func (m *model) story() string {
	out := ""
	for _, a := range m.w.acts {
		out += fmt.Sprintf("%s %s %s by %s created %s updated %s\n", a.ID, a.Type, a.Status, a.Requestor, a.Created.Format(time.TimeOnly), a.Updated.Format("02 15:04:05"))
	}
	for _, e := range m.audit {
		out += fmt.Sprintf("%s %s %s>%s %s\n", e.Time.Format("02 15:04:05"), e.Action, e.Before, e.After, e.Detail)
	}
	return out
}
