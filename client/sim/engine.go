package sim

import (
	"time"
)

// HRESULTs that the service reports on actions.
const (
	hresultTimeOut = -2145844840 // 0x80190198
	hresultAborted = -2147467260 // 0x80004004
	hresultFailed  = -2147467259 // 0x80004005
)

// machineAction is an action with what drives it.
type machineAction struct {
	Action
	host    int32
	next    time.Time // when its next transition is due; zero when final
	stuck   bool      // waits until the host was released
	fail    bool      // ends as Failed
	visible time.Time // the list shows it from here on
	known   time.Time // the single call knows it from here on
}

// actionStore holds all machine actions in the order of creation.
type actionStore struct {
	seed     uint64
	all      []*machineAction
	open     []*machineAction
	byID     map[string]*machineAction
	failNext map[string]int // by type: so many coming actions fail
}

func (s *actionStore) init(seed uint64) {
	s.seed = seed
	s.byID = map[string]*machineAction{}
	s.failNext = map[string]int{}
}

// nextDue returns the open action whose transition comes first, if that is not
// after now. Older actions go first among equals.
func (s *actionStore) nextDue(now time.Time) (first *machineAction, due time.Time) {
	for _, a := range s.open {
		if a.next.After(now) || first != nil && !a.next.Before(due) {
			continue
		}
		first, due = a, a.next
	}
	return first, due
}

func (s *actionStore) openOf(host int32, kinds ...string) *machineAction {
	for _, a := range s.open {
		if a.host == host && contains(kinds, a.Type) {
			return a
		}
	}
	return nil
}

func (s *actionStore) close(a *machineAction) {
	a.next = time.Time{}
	for i, o := range s.open {
		if o == a {
			s.open = append(s.open[:i:i], s.open[i+1:]...)
			return
		}
	}
}

// create books a new action on a host; the caller holds the lock.
func (t *Tenant) create(h int32, a Action) *machineAction {
	now := t.now()
	d := newDice(t.opt.Seed, saltAction, int64(len(t.actions.all)))
	a.ID, a.Status, a.Created, a.Updated = d.guid(), "Pending", now, now
	a.MachineID, a.ComputerDNSName = t.hostID(h), t.hostName(h)
	m := &machineAction{
		Action: a, host: h,
		visible: now.Add(t.behave.ListLag), known: now.Add(t.behave.GetLag),
	}
	if n := t.actions.failNext[a.Type]; n > 0 {
		t.actions.failNext[a.Type] = n - 1
		m.fail = true
	}
	t.actions.all = append(t.actions.all, m)
	t.actions.open = append(t.actions.open, m)
	t.actions.byID[m.ID] = m
	t.arm(m, now)
	return m
}

// arm sets when the next transition of an open action is due, seen from now.
// Without contact to the host that is the day Defender gives up.
func (t *Tenant) arm(a *machineAction, now time.Time) {
	end := a.Created.Add(orPeriod(t.behave.TimeOutAfter, 72*time.Hour))
	a.next = end
	if a.stuck || !t.online(a.host) {
		return
	}
	delay := t.opt.Delays[a.Type]
	wait := delay.Pickup
	if a.Status == "InProgress" {
		wait = delay.Run
	}
	if next := now.Add(wait); next.Before(end) {
		a.next = next
	}
}

func orPeriod(d, other time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return other
}

func (t *Tenant) online(h int32) bool { return t.viewHost(h).Online }

// step makes the transition of an action that is due at the given time.
func (t *Tenant) step(a *machineAction, at time.Time) {
	a.Updated = at
	end := a.Created.Add(orPeriod(t.behave.TimeOutAfter, 72*time.Hour))
	switch {
	case !at.Before(end):
		t.finish(a, "TimeOut", hresultTimeOut)
	case a.Status == "Pending":
		a.Status = "InProgress"
		t.arm(a, at)
	case a.fail:
		t.finish(a, "Failed", hresultFailed)
	default:
		t.finish(a, "Succeeded", 0)
		t.takeEffect(a, at)
	}
}

func (t *Tenant) finish(a *machineAction, status string, hresult int64) {
	a.Status, a.ErrorHResult = status, hresult
	t.actions.close(a)
}

// takeEffect changes the machine. A release wakes the isolates that were stuck
// behind it: that is how a host ends up isolated again (C-01).
func (t *Tenant) takeEffect(a *machineAction, at time.Time) {
	state := t.hostState(a.host)
	switch a.Type {
	case "Isolate":
		state.scope = a.Scope
	case "Unisolate":
		state.scope = ""
		for _, other := range t.actions.open {
			if other.host == a.host && other.stuck {
				other.stuck = false
				t.arm(other, at.Add(orPeriod(t.behave.LateAfter, 30*time.Second)))
			}
		}
	case "RestrictCodeExecution":
		state.restricted = true
	case "UnrestrictCodeExecution":
		state.restricted = false
	}
}

// rearm recomputes the open actions of a host after its contact changed.
func (t *Tenant) rearm(h int32) {
	for _, a := range t.actions.open {
		if a.host == h {
			t.arm(a, t.now())
		}
	}
}
