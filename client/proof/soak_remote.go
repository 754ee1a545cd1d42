package main

import (
	"context"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// Remote makes the engine the Defender of its own lockdowns, with lost answers, failed reads and throttling.
func (e *engine) Remote(soc.IntegrationID) (lockdown.Remote, error) { return e, nil }

func (e *engine) post(machine string, a soc.Attempt, comment string) (soc.MachineAction, error) {
	fault := e.w.Pick(16, "answer")
	switch fault {
	case 15:
		return soc.MachineAction{}, soc.ErrUnknownOutcome
	case 14:
		return soc.MachineAction{}, soc.ErrUnavailable
	case 13:
		return soc.MachineAction{}, soc.ErrThrottled
	}
	got, err := e.w.Post(machine, a, comment)
	if fault == 12 {
		return soc.MachineAction{}, soc.ErrUnknownOutcome
	}
	return got, err
}

// Isolate posts an isolate.
func (e *engine) Isolate(_ context.Context, machine string, _ soc.IsolationType, comment string) (soc.MachineAction, error) {
	return e.post(machine, soc.Attempt{Verb: soc.VerbIsolate}, comment)
}

// Unisolate posts a release.
func (e *engine) Unisolate(_ context.Context, machine, comment string) (soc.MachineAction, error) {
	return e.post(machine, soc.Attempt{Verb: soc.VerbRelease}, comment)
}

// CancelAction cancels an action.
func (e *engine) CancelAction(_ context.Context, id, comment string) (soc.MachineAction, error) {
	return e.post("", soc.Attempt{Verb: soc.VerbCancel, ActionID: id}, comment)
}

// HostActions lists the host's actions, as late as the tenant shows them.
func (e *engine) HostActions(_ context.Context, machine string) ([]soc.MachineAction, error) {
	if e.w.Pick(20, "look fails") == 19 {
		return nil, soc.ErrUnavailable
	}
	return e.w.List(machine), nil
}

// Action finds one action.
func (e *engine) Action(_ context.Context, id string) (soc.MachineAction, error) {
	for _, a := range e.w.List("") {
		if a.ID == id {
			return a, nil
		}
	}
	return soc.MachineAction{}, soc.ErrNotFound
}

// Machine finds the host.
func (e *engine) Machine(_ context.Context, id string) (soc.Host, error) {
	return soc.Host{Key: soc.HostKey{Integration: "t1", MachineID: id}, Name: "ws-" + id}, nil
}
