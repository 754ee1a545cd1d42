package program

import (
	"context"
	"os"
	"slices"
	"time"

	"cordon/client/connect"
	"cordon/client/notify"
	"cordon/config"
	"cordon/store"
	"cordon/store/soc"
	"cordon/ui/cli"
)

const notifierName = "notifier"

// notifier makes the part that tells the configured sinks; troubles is what its heartbeats say about the machinery.
func notifier(
	cfg config.Config, st *store.Store, self notify.Host, channels func(context.Context) ([]notify.Spec, error), troubles func() []soc.Trouble,
) (*notify.Notifier, error) {
	return notify.New(notify.Options{
		Store: st, Sinks: specs(cfg), Channels: channels, Checkpoints: st.Checkpoints, Heartbeat: cfg.Heartbeat, Host: self, Troubles: troubles,
		Changed: func() { st.Publish(soc.TopicConn) },
	})
}

func specs(cfg config.Config) (out []notify.Spec) {
	for _, s := range cfg.Notify {
		out = append(out, notify.Spec{
			Name: s.Name, Type: s.Type, URL: s.URL, Path: s.Path, SecretFile: s.SecretFile, SecretEnv: s.SecretEnv, AllowPrivate: s.AllowPrivate,
		})
	}
	return out
}

func (v version) self() notify.Host {
	name, _ := os.Hostname()
	return notify.Host{Name: name, Version: string(v), PID: os.Getpid()}
}

// tellNobody takes the notifier out: what happens in a demonstration is nobody's business.
func tellNobody(p *connect.Parts) {
	p.Loops = slices.DeleteFunc(p.Loops, func(l connect.Loop) bool { return l.Name == notifierName })
}

// probe sends a test message; it needs no store, so it works beside a running cordon.
func (v version) probe(ctx context.Context, o cli.Options, name string) (string, time.Duration, error) {
	cfg, err := load(o)
	if err != nil {
		return "", 0, err
	}
	return notify.Probe(ctx, specs(cfg), name, v.self(), time.Now)
}
