package main

import (
	"context"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// Remote makes the engine the Defender of its own lockdowns, with lost answers, failed reads and throttling.
func (e *engine) Remote(soc.IntegrationID) (lockdown.Remote, error) { return e, nil }

func (e *engine) post(a soc.Attempt, comment string) (soc.MachineAction, error) {
	fault := e.w.Pick(16, "answer")
	switch fault {
	case 15:
		return soc.MachineAction{}, soc.ErrUnknownOutcome
	case 14:
		return soc.MachineAction{}, soc.ErrUnavailable
	case 13:
		return soc.MachineAction{}, soc.ErrThrottled
	}
	got, err := e.w.Post(a, comment)
	if fault == 12 {
		return soc.MachineAction{}, soc.ErrUnknownOutcome
	}
	return got, err
}

// Isolate posts an isolate.
func (e *engine) Isolate(_ context.Context, _ string, _ soc.IsolationType, comment string) (soc.MachineAction, error) {
	return e.post(soc.Attempt{Verb: soc.VerbIsolate}, comment)
}

// Unisolate posts a release.
func (e *engine) Unisolate(_ context.Context, _, comment string) (soc.MachineAction, error) {
	return e.post(soc.Attempt{Verb: soc.VerbRelease}, comment)
}

// CancelAction cancels an action.
func (e *engine) CancelAction(_ context.Context, id, comment string) (soc.MachineAction, error) {
	return e.post(soc.Attempt{Verb: soc.VerbCancel, ActionID: id}, comment)
}

// HostActions lists the host's actions, as late as the tenant shows them.
func (e *engine) HostActions(context.Context, string) ([]soc.MachineAction, error) {
	if e.w.Pick(20, "look fails") == 19 {
		return nil, soc.ErrUnavailable
	}
	return e.w.List(), nil
}

// Action finds one action.
func (e *engine) Action(_ context.Context, id string) (soc.MachineAction, error) {
	for _, a := range e.w.List() {
		if a.ID == id {
			return a, nil
		}
	}
	return soc.MachineAction{}, soc.ErrNotFound
}

// Machine finds the host.
func (e *engine) Machine(context.Context, string) (soc.Host, error) {
	return soc.Host{Key: soc.HostKey{Integration: "t1", MachineID: "aa01"}, Name: "ws-01"}, nil
}
