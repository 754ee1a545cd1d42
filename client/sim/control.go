package sim

import (
	"maps"
	"slices"
	"time"
)

// Behave changes the behaviour while the tenant serves.
func (t *Tenant) Behave(change func(*Behaviour)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.behave)
}

// Posts returns the writes about a machine (id or name) of one kind, in the
// order of arrival. An empty machine or kind stands for any. Kinds are the last
// path segment as documented: isolate, unisolate, cancel, batchUpdate, …, and
// "update" for PATCH and "delete" for DELETE.
func (t *Tenant) Posts(machine, kind string) []Post {
	t.mu.Lock()
	defer t.mu.Unlock()
	if machine != "" {
		if h, ok := t.findHost(machine); ok {
			machine = t.hostID(h)
		}
	}
	var out []Post
	for _, p := range t.journal.posts {
		if (machine == "" || p.MachineID == machine) && (kind == "" || p.Kind == kind) {
			out = append(out, *p)
		}
	}
	return out
}

// Requests returns the latest requests of any kind, oldest first; at least the
// last 4,096 are kept.
func (t *Tenant) Requests() []Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.journal.log)
}

// Calls counts the authorised calls per endpoint, such as "alerts.list",
// "machines.isolate" or "actions.cancel".
func (t *Tenant) Calls() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.journal.calls)
}

// ForgetQuota starts all quotas anew, as if an hour had passed.
func (t *Tenant) ForgetQuota() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.quota)
}

// Time returns how far the world has come.
func (t *Tenant) Time() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at
}
