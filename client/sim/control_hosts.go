package sim

import (
	"errors"
	"fmt"
	"slices"
)

// Errors of the control methods.
var (
	ErrNoMachine = errors.New("no such machine")
	ErrNoAlert   = errors.New("no such alert")
	ErrNoAction  = errors.New("no such machine action")
	ErrFinal     = errors.New("the machine action is final")
)

// MachineCount is the number of machines.
func (t *Tenant) MachineCount() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return int(t.hosts.count)
}

// Machines returns all machines in the order of the list. In a large world that
// is a lot of text; MachineAt and FindMachine take one.
func (t *Tenant) Machines() []Machine {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]Machine, t.hosts.count)
	for h := range out {
		out[h] = copyOf(t.viewHost(int32(h)))
	}
	return out
}

// MachineAt returns the machine at a position of the list. It panics when there
// is none.
func (t *Tenant) MachineAt(i int) Machine {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i < 0 || i >= int(t.hosts.count) {
		panic(fmt.Sprintf("sim: machine %d of %d", i, t.hosts.count))
	}
	return copyOf(t.viewHost(int32(i)))
}

// FindMachine returns the first machine that pick accepts.
func (t *Tenant) FindMachine(pick func(Machine) bool) (Machine, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for h := range t.hosts.count {
		if m := copyOf(t.viewHost(h)); pick(m) {
			return m, true
		}
	}
	return Machine{}, false
}

// Machine returns the machine with this id or DNS name.
func (t *Tenant) Machine(idOrName string) (Machine, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h, ok := t.findHost(idOrName)
	if !ok {
		return Machine{}, fmt.Errorf("finding %q: %w", idOrName, ErrNoMachine)
	}
	return copyOf(t.viewHost(h)), nil
}

func copyOf(m *Machine) Machine {
	c := *m
	c.MachineTags, c.Users = slices.Clone(m.MachineTags), slices.Clone(m.Users)
	return c
}

// AddMachine adds a machine and returns its id. Empty fields get what an
// ordinary Windows 11 workstation has; the machine is online unless it is not
// active. Use SetOnline for anything else.
func (t *Tenant) AddMachine(m Machine) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	m.OSPlatform = orElse(m.OSPlatform, "Windows11")
	m.Version = orElse(m.Version, "23H2")
	m.HealthStatus = orElse(m.HealthStatus, "Active")
	m.OnboardingStatus = orElse(m.OnboardingStatus, "Onboarded")
	m.DeviceValue = orElse(m.DeviceValue, "Normal")
	m.RiskScore = orElse(m.RiskScore, "None")
	m.ExposureLevel = orElse(m.ExposureLevel, "Low")
	m.Online = m.Online || m.HealthStatus == "Active"
	if m.LastSeen.IsZero() {
		m.LastSeen = t.now()
	}
	if m.FirstSeen.IsZero() {
		m.FirstSeen = m.LastSeen
	}
	return t.hostID(t.addHost(m))
}

// ChangeMachine edits a machine in place. The id must stay as it is.
func (t *Tenant) ChangeMachine(idOrName string, change func(*Machine)) error {
	return t.onHost(idOrName, func(h int32) {
		m := t.ownHost(h)
		id := m.ID
		change(m)
		m.ID = id
		t.hosts.names = nil
		t.rearm(h)
	})
}

// SetOnline connects a machine with Defender or cuts it off. Actions that
// waited for it go on; those that ran stop where they are.
func (t *Tenant) SetOnline(idOrName string, online bool) error {
	return t.onHost(idOrName, func(h int32) {
		t.ownHost(h).Online = online
		t.rearm(h)
	})
}

// onHost brings the world up to date and calls f for a machine with the lock
// held.
func (t *Tenant) onHost(idOrName string, f func(h int32)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance(t.clock())
	h, ok := t.findHost(idOrName)
	if !ok {
		return fmt.Errorf("finding %q: %w", idOrName, ErrNoMachine)
	}
	f(h)
	return nil
}

// Isolated tells the truth about a machine (id or name): whether it is cut off
// right now. Unknown machines are not.
func (t *Tenant) Isolated(idOrName string) bool { return t.Isolation(idOrName) != "" }

// Isolation is the scope of the isolation in force: Full, Selective,
// UnManagedDevice, or empty.
func (t *Tenant) Isolation(idOrName string) (scope string) {
	_ = t.onHost(idOrName, func(h int32) { scope = t.hostState(h).scope }) // unknown: connected
	return scope
}

// AllIsolated returns the ids of all machines that are cut off right now, in
// the order of the list.
func (t *Tenant) AllIsolated() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance(t.clock())
	var handles []int32
	for h, s := range t.hosts.state {
		if s.scope != "" {
			handles = append(handles, h)
		}
	}
	slices.Sort(handles)
	out := make([]string, len(handles))
	for i, h := range handles {
		out[i] = t.hostID(h)
	}
	return out
}

// Restricted tells whether application execution is restricted on a machine.
func (t *Tenant) Restricted(idOrName string) (restricted bool) {
	_ = t.onHost(idOrName, func(h int32) { restricted = t.hostState(h).restricted }) // unknown: free
	return restricted
}
