package sim

import (
	"fmt"
	"strings"
)

// DisruptionRequestor is who the tenant names for actions of automatic attack
// disruption.
const DisruptionRequestor = "Microsoft Defender XDR"

// Actions returns all machine actions in the order of creation, also those that
// the list does not show yet.
func (t *Tenant) Actions() []Action {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance(t.clock())
	out := make([]Action, len(t.actions.all))
	for i, a := range t.actions.all {
		out[i] = a.Action
	}
	return out
}

// ActionsOf returns the actions of one machine, in the order of creation.
func (t *Tenant) ActionsOf(idOrName string) []Action {
	var out []Action
	_ = t.onHost(idOrName, func(h int32) { // unknown: none
		for _, a := range t.actions.all {
			if a.host == h {
				out = append(out, a.Action)
			}
		}
	})
	return out
}

// ExternalIsolate isolates a machine as somebody in the portal does: with an
// action that names them. It returns the id of the action.
func (t *Tenant) ExternalIsolate(idOrName, who string) (string, error) {
	return t.external(idOrName, Action{Type: "Isolate", Scope: "Full", Requestor: who, RequestorComment: "Isolated from the portal"})
}

// ExternalRelease releases a machine as somebody in the portal does.
func (t *Tenant) ExternalRelease(idOrName, who string) (string, error) {
	return t.external(idOrName, Action{Type: "Unisolate", Requestor: who, RequestorComment: "Released from the portal"})
}

func (t *Tenant) external(idOrName string, a Action) (id string, err error) {
	a.RequestSource = "Portal"
	err = t.onHost(idOrName, func(h int32) { id = t.create(h, a).ID })
	return id, err
}

// Disrupt isolates a machine at once, as automatic attack disruption does. Some
// tenants show an action for it and some may not (unverified upstream); the id
// is empty when visible is false.
func (t *Tenant) Disrupt(idOrName string, visible bool) (id string, err error) {
	err = t.onHost(idOrName, func(h int32) {
		if !visible {
			t.hostState(h).scope = "Full"
			return
		}
		a := t.create(h, Action{
			Type: "Isolate", Scope: "Full", Requestor: DisruptionRequestor,
			RequestorComment: "Automatic attack disruption", RequestSource: "Portal",
		})
		t.finish(a, "Succeeded", 0)
		t.takeEffect(a, t.now())
		id = a.ID
	})
	return id, err
}

// LoseIsolation connects a machine without any action: changed packet rules on
// Linux, or the force-release script on Windows.
func (t *Tenant) LoseIsolation(idOrName string) error {
	return t.onHost(idOrName, func(h int32) { t.hostState(h).scope = "" })
}

// StickIsolate books a second isolate that stays Pending until the machine has
// been released, and executes Behaviour.LateAfter later (C-01).
func (t *Tenant) StickIsolate(idOrName, who string) (id string, err error) {
	err = t.onHost(idOrName, func(h int32) {
		a := t.create(h, Action{
			Type: "Isolate", Scope: "Full", Requestor: who, RequestorComment: "Isolated again",
			RequestSource: "PublicApi",
		})
		a.stuck = true
		t.arm(a, t.now())
		id = a.ID
	})
	return id, err
}

// FailNext makes the next n actions of a type end as Failed.
func (t *Tenant) FailNext(kind string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.actions.failNext[kind] = n
}

// FinishAction ends an open action at once with a final status: Succeeded,
// Failed, TimeOut or Cancelled. Succeeded takes effect on the machine.
func (t *Tenant) FinishAction(id, status string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance(t.clock())
	a := t.actions.byID[strings.ToLower(id)]
	switch {
	case a == nil:
		return fmt.Errorf("finishing %q: %w", id, ErrNoAction)
	case a.Final():
		return fmt.Errorf("finishing %q: %w", id, ErrFinal)
	}
	a.Updated = t.now()
	hresult := map[string]int64{"Failed": hresultFailed, "TimeOut": hresultTimeOut, "Cancelled": hresultAborted}
	t.finish(a, status, hresult[status])
	if status == "Succeeded" {
		t.takeEffect(a, t.now())
	}
	return nil
}

// CancelAction cancels an open action as somebody in the portal does. It fails
// like the API when the action is running or final.
func (t *Tenant) CancelAction(id, who string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance(t.clock())
	a := t.actions.byID[strings.ToLower(id)]
	if a == nil {
		return fmt.Errorf("cancelling %q: %w", id, ErrNoAction)
	}
	if !t.cancel(a, who, "Cancelled in the portal") {
		return fmt.Errorf("cancelling %q: %w", id, ErrFinal)
	}
	return nil
}
