package channel

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"cordon/client/notify"
	"cordon/store/soc"
)

// secretVersion is the version of what is sealed: the bare password or signing secrets.
const secretVersion = 1

// binding is the name that a secret is sealed under: the channel, and where and for whom the secret may be used.
func binding(c soc.Channel) string {
	plain := ""
	if c.Out.Plain {
		plain = "+plain"
	}
	return "channel " + string(c.ID) + "@" + string(c.Type) + "+" + c.Out.URL + "+" + c.Out.User + plain
}

// SaveChannel checks the draft and stores it; what was saved before stays in force when it is refused. An empty secret keeps the stored one.
// Needs settings.edit. Errors: KindInvalid with the field, KindConflict for a name that is taken or a record that changed meanwhile, KindDenied.
func (s *Service) SaveChannel(ctx context.Context, by soc.Session, draft soc.Channel, secret string) (soc.Channel, error) {
	action := "channel-settings"
	if draft.ID == "" {
		action = notify.ActionAdded
	}
	if err := s.allowed(ctx, by, action, draft.Name); err != nil {
		return soc.Channel{}, err
	}
	old, err := s.old(ctx, draft)
	if err != nil {
		return soc.Channel{}, err
	}
	c, err := s.prepare(ctx, draft, old, secret)
	if err != nil {
		return soc.Channel{}, err
	}
	if c.ID == "" {
		c.ID, c.CreatedAt = newID(c.Name), s.o.Now().UTC()
	} else {
		c.CreatedAt = old.CreatedAt
	}
	if c.Sealed, err = s.seal(c, old, secret); err != nil {
		return soc.Channel{}, err
	}
	e := line(by.Actor, action, c.Name, soc.ResultOK, string(c.Type))
	e.Integration, e.Before, e.After = c.Tenant, describe(old), describe(c)
	if secret != "" {
		e.Detail += ", secret stored"
	}
	saved, err := s.o.Store.SaveChannel(ctx, c, e)
	if err != nil {
		return soc.Channel{}, fmt.Errorf("storing %s: %w", c.Name, err)
	}
	saved.Sealed = nil
	return saved, nil
}

// old is what is stored of a draft, empty for a new one.
func (s *Service) old(ctx context.Context, draft soc.Channel) (soc.Channel, error) {
	if draft.ID == "" {
		return soc.Channel{}, nil
	}
	c, err := s.o.Store.Channel(ctx, draft.ID)
	if err != nil {
		return c, fmt.Errorf("reading the channel: %w", err)
	}
	return c, nil
}

// seal puts the secret into the record, or keeps the sealed one while it may still go where it was meant to.
func (s *Service) seal(c, old soc.Channel, secret string) ([]byte, error) {
	switch {
	case secret != "":
		sealed, err := s.o.Sealer.Seal(binding(c), secretVersion, secret)
		if err != nil {
			return nil, fmt.Errorf("sealing the secret of %s: %w", c.Name, err)
		}
		return sealed, nil
	case binding(c) == binding(old) && (c.Type == soc.ChannelWebhook || c.Out.User != ""):
		return old.Sealed, nil
	}
	return nil, nil
}

// EnableChannel switches a channel on or off. What happens while a way out is off is not told later. Needs settings.edit.
func (s *Service) EnableChannel(ctx context.Context, by soc.Session, id soc.ChannelID, on bool) error {
	c, err := s.o.Store.Channel(ctx, id)
	if err != nil {
		return fmt.Errorf("reading the channel: %w", err)
	}
	action, before, after := "channel-enable", "off", "on"
	if !on {
		action, before, after = "channel-disable", "on", "off"
	}
	if err := s.allowed(ctx, by, action, c.Name); err != nil {
		return err
	}
	if c.Enabled == on {
		return nil
	}
	old := c
	c.Enabled = on
	if on { // what was fine when it was saved may have gone meanwhile: the tenant, the address
		if c, err = s.prepare(ctx, c, old, ""); err != nil {
			return err
		}
	}
	e := line(by.Actor, action, c.Name, soc.ResultOK, string(c.Type))
	e.Integration, e.Before, e.After = c.Tenant, before, after
	if _, err := s.o.Store.SaveChannel(ctx, c, e); err != nil {
		return fmt.Errorf("storing %s: %w", c.Name, err)
	}
	return nil
}

// RemoveChannel removes a channel with its secret and the tokens of its senders; what came in through it stays. Needs settings.edit.
func (s *Service) RemoveChannel(ctx context.Context, by soc.Session, id soc.ChannelID) error {
	c, err := s.o.Store.Channel(ctx, id)
	if err != nil {
		return fmt.Errorf("reading the channel: %w", err)
	}
	if err := s.allowed(ctx, by, "channel-remove", c.Name); err != nil {
		return err
	}
	e := line(by.Actor, "channel-remove", c.Name, soc.ResultOK, string(c.Type))
	e.Integration, e.Before = c.Tenant, describe(c)
	if err := s.o.Store.DeleteChannel(ctx, id, e); err != nil {
		return fmt.Errorf("removing %s: %w", c.Name, err)
	}
	return nil
}

// describe is a channel in one line of the history: no secret, and of a URL only what can not be one.
func describe(c soc.Channel) string {
	if c.ID == "" {
		return ""
	}
	parts := []string{"name " + c.Name}
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" "+value)
		}
	}
	on := map[bool]string{true: "on"}
	if !c.Enabled {
		parts = append(parts, "off")
	}
	add("tenant", string(c.Tenant))
	add("at least", string(c.AtLeast))
	add("action", c.Indicators.Action)
	add("severity", c.Indicators.Severity)
	if c.Indicators.Lifetime > 0 {
		add("lifetime", soc.Spoken(c.Indicators.Lifetime))
	}
	if c.Type.Out() {
		add("to", spec(c).Target())
	}
	add("layout", c.Out.Layout)
	add("vendor's names", on[c.Out.SeedNames])
	add("from", c.Out.From)
	add("for", strings.Join(c.Out.To, " "))
	add("user", c.Out.User)
	add("host alerts", on[c.Out.HostAlerts])
	add("start failures", on[c.Out.StartFailures])
	add("private addresses", on[c.Out.AllowPrivate])
	add("without TLS", on[c.Out.Plain])
	if c.Out.CAPEM != "" {
		parts = append(parts, "own CA")
	}
	return soc.Clean(strings.Join(parts, ", "))
}

// newID makes an id that is never used again: the name for people, a random part for uniqueness.
func newID(name string) soc.ChannelID {
	slug := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	return soc.ChannelID(strings.Trim(slug[:min(len(slug), 24)], "-") + "-" + strings.ToLower(rand.Text()[:8]))
}
