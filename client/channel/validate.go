package channel

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
)

const maxName = 64

// prepare fills what a draft leaves open and judges the rest. Errors are KindInvalid, or KindConflict for a name that is taken, and begin with
// the name of the field. secret is the one that was typed, old what is stored.
func (s *Service) prepare(ctx context.Context, c, old soc.Channel, secret string) (soc.Channel, error) {
	c.Name = strings.TrimSpace(c.Name)
	if !slices.Contains(soc.ChannelTypes(), c.Type) {
		return c, field("Type", "is none of the known ones", "choose threats, probes, mail, syslog or webhook")
	}
	if old.ID != "" && old.Type != c.Type {
		return c, field("Type", "of a channel can not change", "add another channel")
	}
	if c.Name == "" || len(c.Name) > maxName || soc.Clean(c.Name) != c.Name {
		return c, field("Name", "must be 1 to 64 printable characters", "give the channel a short name")
	}
	if err := s.unique(ctx, c); err != nil {
		return c, err
	}
	if c.Type.Out() {
		c.Tenant, c.AtLeast, c.Indicators = "", "", soc.IndicatorDefaults{}
		var err error
		c.Out, err = outlet(c, len(old.Sealed) > 0 && binding(c) == binding(old), secret)
		return c, err
	}
	c.Out = soc.Outlet{}
	if secret != "" {
		return c, field("Secret", "has no use in a way in", "senders sign in with a token")
	}
	if err := s.tenant(ctx, c); err != nil {
		return c, err
	}
	if c.Type == soc.ChannelThreats {
		return threats(c)
	}
	return probes(c)
}

// unique refuses a name that another channel, a tenant or a sink of the configuration file has (M-13). The store refuses the first two again,
// in the transaction.
func (s *Service) unique(ctx context.Context, c soc.Channel) error {
	taken := func(by string) error {
		return &soc.Error{
			Kind: soc.KindConflict, Code: "name-taken", What: fmt.Sprintf("Name: %s is the name of %s", c.Name, by), Means: "nothing was changed",
			Next: "give this channel another name",
		}
	}
	all, err := s.o.Store.Channels(ctx)
	if err != nil {
		return fmt.Errorf("reading the channels: %w", err)
	}
	for _, other := range all {
		if other.ID != c.ID && strings.EqualFold(other.Name, c.Name) {
			return taken("another channel")
		}
	}
	ins, err := s.o.Store.Integrations(ctx)
	if err != nil {
		return fmt.Errorf("reading the integrations: %w", err)
	}
	for _, in := range ins {
		if strings.EqualFold(in.Name, c.Name) {
			return taken("a tenant")
		}
	}
	for _, f := range s.o.File {
		if strings.EqualFold(f.Name, c.Name) {
			return taken("a sink of the configuration file")
		}
	}
	return nil
}

func (s *Service) tenant(ctx context.Context, c soc.Channel) error {
	ins, err := s.o.Store.Integrations(ctx)
	if err != nil {
		return fmt.Errorf("reading the integrations: %w", err)
	}
	if !slices.ContainsFunc(ins, func(in soc.Integration) bool { return in.ID == c.Tenant }) {
		return field("Tenant", "is not attached", "choose one of the attached tenants")
	}
	return nil
}

// threats judges the filter; a new one sends only what is critical (M-03).
func threats(c soc.Channel) (soc.Channel, error) {
	c.Indicators = soc.IndicatorDefaults{}
	if c.AtLeast == "" {
		c.AtLeast = soc.ThreatCritical
	}
	if c.AtLeast.Rank() < 0 {
		return c, field("Level", "is none of the known ones", "choose Critical, Elevated, Low or Normal")
	}
	return c, nil
}

// probes judges what is made of a test. A new one stops what the test found, which is what the test is there for (P-12).
func probes(c soc.Channel) (soc.Channel, error) {
	c.AtLeast = ""
	d := &c.Indicators
	if d.Action == "" {
		d.Action = soc.ProbeAction
	}
	if d.Severity == "" {
		d.Severity = "Medium"
	}
	var ok bool
	if d.Action, ok = oneOf(d.Action, "Audit", "Warn", "Block", "BlockAndRemediate"); !ok {
		return c, field("Action", "is none of the known ones", "choose Audit, Warn, Block or BlockAndRemediate")
	}
	if d.Severity, ok = oneOf(d.Severity, "Informational", "Low", "Medium", "High"); !ok {
		return c, field("Severity", "is none of the known ones", "choose Informational, Low, Medium or High")
	}
	if d.Lifetime < 0 || d.Lifetime > 0 && d.Lifetime < time.Hour || d.Lifetime > 10*365*24*time.Hour {
		return c, field("Lifetime", "must be between an hour and ten years, or 0 for ever", "write for example 2160h for 90 days")
	}
	return c, nil
}

func oneOf(s string, known ...string) (string, bool) {
	for _, k := range known {
		if strings.EqualFold(strings.TrimSpace(s), k) {
			return k, true
		}
	}
	return s, false
}
