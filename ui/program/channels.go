package program

import (
	"context"
	"errors"
	"time"

	"cordon/client/channel"
	"cordon/client/notify"
	"cordon/store/soc"
	"cordon/ui/cli"
	"cordon/ui/words"
)

// channelsOf makes the service of the ways in and out. The engine and the notifier of p are asked late, because they need the service.
func channelsOf(p *parts, sealer channel.Sealer) *channel.Service {
	return channel.New(channel.Options{
		Store: p.store, Sealer: sealer, File: specs(p.cfg), Host: p.version.self(), Now: time.Now,
		Live:  func(key string) (soc.SinkState, uint64, bool) { return p.sinks.State(key) },
		Tally: p.tally,
		TestTenant: func(ctx context.Context, s soc.Session, in soc.Integration, secret string, report func(soc.Step)) ([]soc.Step, error) {
			return p.engine.Tenants.Test(ctx, s, in, secret, report)
		},
	})
}

// letters are the dead letters of the sinks, for a command that runs alone: nothing delivers beside it.
type letters struct{ p *parts }

// specs are the sinks of the configuration file and the channels.
func (l letters) specs(ctx context.Context) ([]notify.Spec, error) {
	list, err := l.p.channels.Specs(ctx)
	return append(specs(l.p.cfg), list...), err
}

func (l letters) spec(ctx context.Context, name string) (notify.Spec, error) {
	all, err := l.specs(ctx)
	if err != nil {
		return notify.Spec{}, err
	}
	for _, s := range all {
		if s.Name == name {
			return s, nil
		}
	}
	return notify.Spec{}, &soc.Error{
		Kind: soc.KindNotFound, Code: "no-sink", What: "there is no notification sink or channel " + soc.Clean(name), Next: `see "cordon notify list"`,
	}
}

// Resend sends dead letters again. Needs settings.edit, like Drop.
func (l letters) Resend(ctx context.Context, by soc.Session, name string, ids []string) (int, error) {
	return l.handle(ctx, by, "notify-resend", name, func(s notify.Spec) (int, error) {
		return notify.Resend(ctx, l.p.store, s, l.p.version.self(), ids, time.Now)
	})
}

// Drop takes dead letters off the list.
func (l letters) Drop(ctx context.Context, by soc.Session, name string, ids []string) (int, error) {
	return l.handle(ctx, by, "notify-drop", name, func(s notify.Spec) (int, error) { return notify.Drop(ctx, l.p.store, s, ids) })
}

// handle judges the right, does it, and writes down who did it.
func (l letters) handle(ctx context.Context, by soc.Session, action, name string, do func(notify.Spec) (int, error)) (int, error) {
	s, err := l.spec(ctx, name)
	if err != nil {
		return 0, err
	}
	e := soc.AuditEntry{Actor: by.Actor, Action: action, Target: s.Name, Result: soc.ResultRefused}
	e.Detail = "right " + string(soc.RightSettingsEdit) + " missing"
	if !by.Can(soc.RightSettingsEdit) {
		denied := &soc.Error{
			Kind: soc.KindDenied, Code: "no-right", What: "dead letters are left alone: " + e.Detail, Means: "nothing was changed",
			Next: "ask somebody who holds it",
		}
		return 0, errors.Join(denied, l.p.store.AppendAudit(ctx, e))
	}
	n, err := do(s)
	e.Result, e.Detail = soc.ResultOK, words.Count(n, "message")
	if err != nil {
		e.Result, e.Detail = soc.ResultFailed, soc.Clean(err.Error())
	}
	return n, errors.Join(err, l.p.store.AppendAudit(ctx, e))
}

// sinks tells how far each sink and channel got.
func (l letters) sinks(ctx context.Context) ([]cli.Sink, error) {
	all, err := l.specs(ctx)
	if err != nil {
		return nil, err
	}
	list, err := notify.List(ctx, l.p.store, all)
	if err != nil {
		return nil, err
	}
	var out []cli.Sink
	for _, s := range list {
		out = append(out, cli.Sink{
			Name: s.Spec.Name, Type: s.Spec.Type, Target: s.Spec.Target(), Used: s.Used, Backlog: s.Backlog, State: s.State, Off: s.Spec.Off,
		})
	}
	return out, nil
}
