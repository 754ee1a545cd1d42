package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// truth is the tenant of a lifetime: it knows what was really done, and loses answers.
type truth struct {
	w                   *life
	acts                []*deed
	n                   int
	lag, takes, freeing time.Duration
	second              int // a second order: 0 refused, 1 let in and queued, 2 answered with the first
	crossing            bool
	holder              string
}

// deed is an order that Defender accepted.
type deed struct {
	soc.MachineAction
	ready, visible time.Time
	stuck          bool
}

// Remote implements lockdown.Remotes.
func (d *truth) Remote(soc.IntegrationID) (lockdown.Remote, error) { return d, nil }

// advance carries out what is due.
func (d *truth) advance() {
	for {
		var next *deed
		for _, a := range d.acts {
			if !a.Status.Final() && !a.stuck && !a.ready.After(d.w.now) && (next == nil || a.ready.Before(next.ready)) {
				next = a
			}
		}
		if next == nil {
			return
		}
		next.Status, next.Updated = soc.ActionSucceeded, next.ready
		if next.Is(soc.ActionIsolate) {
			d.holder = next.ID
			continue
		}
		d.holder = ""
		for _, a := range d.acts {
			if a.stuck {
				a.stuck, a.ready = false, next.ready.Add(30*time.Second)
			}
		}
	}
}

func (d *truth) held() bool { return d.holder != "" }

// slip draws how the answer to a call is lost: before its effect, after it, or not at all.
func (d *truth) slip() (before, after error) {
	if d.w.d.Float64() >= d.w.loss {
		return nil, nil
	}
	d.w.lost++
	took := d.w.upTo(60 * time.Second) // a time-out, a cut, a 5xx, a truncated body: all that is known is that nothing is known
	err := &soc.Error{Kind: soc.KindUnknownOutcome, Code: []string{"timeout", "cut", "http-502", "truncated"}[d.w.d.IntN(4)], What: "the answer was lost"}
	if d.w.d.IntN(2) == 0 {
		d.w.now = d.w.now.Add(took)
		return err, nil
	}
	return nil, err
}

func (d *truth) order(kind soc.ActionType, comment string, takes time.Duration) (soc.MachineAction, error) {
	d.advance()
	before, after := d.slip()
	if before != nil {
		return soc.MachineAction{}, before
	}
	var same, other *deed
	for _, a := range d.acts {
		switch {
		case a.Status.Final():
		case a.Is(kind):
			same = a
		default:
			other = a
		}
	}
	if (same != nil && d.second == 0) || (other != nil && !d.crossing) {
		return soc.MachineAction{}, &soc.Error{Kind: soc.KindInProgress, Code: "ActiveRequestAlreadyExists"}
	}
	if same != nil && d.second == 2 {
		return same.MachineAction, after
	}
	d.n++
	a := &deed{MachineAction: soc.MachineAction{
		ID: fmt.Sprintf("act-%d", d.n), Integration: "t1", MachineID: "aa01", Type: kind, Status: soc.ActionPending, Requestor: "app", Comment: comment,
		Created: d.w.now, Updated: d.w.now,
	}, ready: d.w.now.Add(takes), visible: d.w.now.Add(d.w.upTo(d.lag + 1))}
	a.stuck = kind == soc.ActionIsolate && (same != nil || d.holder != "")
	d.acts = append(d.acts, a)
	if after != nil {
		d.w.now = d.w.now.Add(d.w.upTo(60 * time.Second))
		return soc.MachineAction{}, after
	}
	return a.MachineAction, nil
}

// Isolate implements lockdown.Remote.
func (d *truth) Isolate(_ context.Context, _ string, _ soc.IsolationType, comment string) (soc.MachineAction, error) {
	return d.order(soc.ActionIsolate, comment, d.takes)
}

// Unisolate implements lockdown.Remote.
func (d *truth) Unisolate(_ context.Context, _, comment string) (soc.MachineAction, error) {
	return d.order(soc.ActionUnisolate, comment, d.freeing)
}

// CancelAction implements lockdown.Remote.
func (d *truth) CancelAction(_ context.Context, id, _ string) (soc.MachineAction, error) {
	d.advance()
	before, after := d.slip()
	if before != nil {
		return soc.MachineAction{}, before
	}
	for _, a := range d.acts {
		if a.ID == id && !a.Status.Final() {
			a.Status, a.Updated, a.CancelledBy = soc.ActionCancelled, d.w.now, "app"
			return a.MachineAction, after
		}
	}
	return soc.MachineAction{}, soc.ErrRefused
}

// HostActions implements lockdown.Remote.
func (d *truth) HostActions(context.Context, string) ([]soc.MachineAction, error) {
	d.advance()
	var out []soc.MachineAction
	for _, a := range slices.Backward(d.acts) {
		if !a.visible.After(d.w.now) {
			out = append(out, a.MachineAction)
		}
	}
	return out, nil
}

// Action implements lockdown.Remote.
func (d *truth) Action(_ context.Context, id string) (soc.MachineAction, error) {
	d.advance()
	for _, a := range d.acts {
		if a.ID == id && !a.visible.After(d.w.now) {
			return a.MachineAction, nil
		}
	}
	return soc.MachineAction{}, soc.ErrNotFound
}

// Machine implements lockdown.Remote.
func (d *truth) Machine(_ context.Context, id string) (soc.Host, error) {
	return soc.Host{Key: soc.HostKey{Integration: "t1", MachineID: id}, Onboarding: "Onboarded"}, nil
}

// orders counts what Defender accepted for a lockdown.
func (d *truth) orders(id soc.LockdownID, verb string) (n int) {
	for _, a := range d.acts {
		if c, ok := soc.ParseOrderComment(a.Comment); ok && c.Lockdown == id && string(c.Verb) == verb {
			n++
		}
	}
	return n
}

func (d *truth) firstRelease(id soc.LockdownID) time.Time {
	for _, a := range d.acts {
		if c, ok := soc.ParseOrderComment(a.Comment); ok && c.Lockdown == id && c.Verb == soc.VerbRelease {
			return a.Created
		}
	}
	return d.w.now.Add(1000 * time.Hour)
}
