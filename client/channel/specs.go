package channel

import (
	"context"
	"fmt"

	"cordon/client/notify"
	"cordon/store/soc"
)

// Key is the name under which the place of a channel in the history is kept. Sinks of the configuration file have their bare names, which hold
// no colon.
func Key(id soc.ChannelID) string { return "channel:" + string(id) }

// Specs lists the ways out for the notifier. A secret is opened each time it is needed, so that it is in memory for no longer, and only for
// the place that it is about to be sent to.
func (s *Service) Specs(ctx context.Context) ([]notify.Spec, error) {
	all, err := s.o.Store.Channels(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the channels: %w", err)
	}
	var out []notify.Spec
	for _, c := range all {
		if c.Type.Out() {
			out = append(out, s.opened(c))
		}
	}
	return out, nil
}

// spec is a channel as the notifier wants it, without its secret.
func spec(c soc.Channel) notify.Spec {
	o := c.Out
	return notify.Spec{
		Name: c.Name, Type: string(c.Type), URL: o.URL, AllowPrivate: o.AllowPrivate, Key: Key(c.ID), Tag: fmt.Sprint(c.Revision), Off: !c.Enabled,
		Layout: o.Layout, SeedNames: o.SeedNames, CAPEM: o.CAPEM, Plain: o.Plain, From: o.From, To: o.To, User: o.User,
		HostAlerts: o.HostAlerts, StartFailures: o.StartFailures,
	}
}

// opened adds the stored secret. It reads the record anew: the key may have been changed meanwhile, and a record that now leads elsewhere is
// not opened for the old place.
func (s *Service) opened(c soc.Channel) notify.Spec {
	out := spec(c)
	if len(c.Sealed) > 0 {
		name := binding(c)
		out.Secret = func() (string, error) {
			now, err := s.o.Store.Channel(context.Background(), c.ID)
			if err != nil {
				return "", fmt.Errorf("reading the secret of %s: %w", c.Name, err)
			}
			if binding(now) != name || len(now.Sealed) == 0 {
				return "", &soc.Error{Kind: soc.KindConflict, Code: "channel-changed", What: c.Name + " was changed meanwhile"}
			}
			return s.o.Sealer.Open(name, secretVersion, now.Sealed)
		}
	}
	return out
}
