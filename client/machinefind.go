package client

import (
	"context"
	"strings"

	"cordon/store/soc"
)

// MachineByAAD finds the machine that stands for a device of the directory (Entra ID), by the device id. Records that were merged into
// another one do not count, and onboarded ones count before others. Errors: KindNotFound, KindAmbiguous when several remain, KindInvalid for
// something that is no GUID, and those of Machines.
func (c *Client) MachineByAAD(ctx context.Context, aadDeviceID string) (soc.Host, error) {
	if !isGUID(aadDeviceID) {
		return soc.Host{}, invalid("id", "the directory device id "+quoted(aadDeviceID)+" is not a GUID", "copy it from the device's page in Entra ID")
	}
	id := strings.ToLower(aadDeviceID)
	return c.find(ctx, "aadDeviceId eq "+odataText(id), "device id "+id, func(h soc.Host) bool { return strings.EqualFold(h.AADDeviceID, id) })
}

// MachineNamed finds the machine whose name is exactly this, without regard to case; errors as MachineByAAD. PC1 never finds PC10 (C-09).
func (c *Client) MachineNamed(ctx context.Context, name string) (soc.Host, error) {
	name = strings.TrimSpace(name)
	if name == "" || soc.Clean(name) != name || len(name) > 253 {
		return soc.Host{}, invalid("name", "the device name "+quoted(name)+" is not usable", "give the name as Defender shows it")
	}
	filter := "computerDnsName eq " + odataText(name)
	if lower := strings.ToLower(name); lower != name {
		filter += " or computerDnsName eq " + odataText(lower)
	}
	return c.find(ctx, filter, name, func(h soc.Host) bool { return strings.EqualFold(h.Name, name) })
}

// find reads the machines of a filter and picks the one that fits. A filter alone is never trusted with the choice of a device.
func (c *Client) find(ctx context.Context, filter, who string, fits func(soc.Host) bool) (soc.Host, error) {
	all, err := c.Machines(ctx, MachinesQuery{Filter: filter, Top: 100, Limit: 100})
	if err != nil {
		return soc.Host{}, err
	}
	var have, onboarded []soc.Host
	for _, h := range all {
		if !fits(h) || h.MergedInto != "" {
			continue
		}
		have = append(have, h)
		if strings.EqualFold(h.Onboarding, "Onboarded") {
			onboarded = append(onboarded, h)
		}
	}
	if len(onboarded) > 0 {
		have = onboarded
	}
	switch len(have) {
	case 0:
		return soc.Host{}, &soc.Error{Kind: soc.KindNotFound, Code: "no-device", What: "Defender knows no device " + soc.Clean(who)}
	case 1:
		return have[0], nil
	}
	ids := make([]string, 0, len(have))
	for _, h := range have {
		ids = append(ids, h.Key.MachineID)
	}
	return soc.Host{}, &soc.Error{
		Kind: soc.KindAmbiguous, Code: "several-devices",
		What:  "Defender has several records of " + soc.Clean(who) + ": " + clip(strings.Join(ids, ", "), 300),
		Means: "nothing was sent", Next: "choose one by its id",
	}
}
