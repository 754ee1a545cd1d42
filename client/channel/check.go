package channel

import (
	"strings"

	"cordon/store/soc"
)

// Check judges a channel that comes from a reviewed text, as SaveChannel would, but for what is there only later: its secret, its tenant, and
// whether its name is free.
func Check(c soc.Channel) (soc.Channel, error) {
	c.Name = strings.TrimSpace(c.Name)
	if c.Name == "" || len(c.Name) > maxName || soc.Clean(c.Name) != c.Name {
		return c, field("Name", "must be 1 to 64 printable characters", "give the channel a short name")
	}
	var err error
	switch c.Type {
	case soc.ChannelThreats, soc.ChannelProbes:
		c.Out = soc.Outlet{}
		if c.Tenant == "" {
			return c, field("Tenant", "is missing", "name the tenant that this leads to")
		}
		if c.Type == soc.ChannelThreats {
			return threats(c)
		}
		return probes(c)
	case soc.ChannelMail, soc.ChannelSyslog, soc.ChannelWebhook:
		c.Tenant, c.AtLeast, c.Indicators = "", "", soc.IndicatorDefaults{}
		c.Out, err = outlet(c, true, "")
		return c, err
	}
	return c, field("Type", "is none of the known ones", "choose threats, probes, mail, syslog or webhook")
}
