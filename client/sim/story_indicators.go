package sim

import "time"

// storyIndicators are what the people of the story put into their tenant
// before it begins: every type, an old action, and one that is about to expire.
func (t *Tenant) storyIndicators() []Indicator {
	d := newDice(t.opt.Seed, saltIndicator, 0)
	const day = 24 * time.Hour
	ago := func(days int) time.Time { return t.start.Add(-time.Duration(days) * day).Truncate(time.Second) }
	return []Indicator{
		{Type: "FileSha256", Value: d.hex(64), Action: "BlockAndRemediate", Severity: "High", Title: "Loader of the March campaign", Created: ago(61)},
		{Type: "FileSha1", Value: d.hex(40), Action: "AlertAndBlock", Severity: "Medium", Title: "Old block list", Created: ago(400)},
		{
			Type: "IpAddress", Value: "203.0.113.66", Action: "Block", Severity: "High", Title: "Command and control",
			Created: ago(12), Expires: t.start.Add(2 * day),
		},
		{
			Type: "DomainName", Value: "cdn-update.example", Action: "Warn", Severity: "Low", Title: "Look-alike domain",
			GenerateAlert: true, Created: ago(9),
		},
		{
			Type: "Url", Value: "https://files.example/invoice.iso", Action: "Audit", Severity: "Informational", Title: "Watch this link",
			GenerateAlert: true, Created: ago(3),
		},
		{Type: "CertificateThumbprint", Value: d.hex(40), Action: "Allowed", Title: "Our own signing certificate", Created: ago(300)},
	}
}

// layIndicators puts the indicators at the start in place: those of the story,
// or as many as the options ask for.
func (t *Tenant) layIndicators() {
	if t.opt.Indicators >= 0 && t.opt.World == WorldStory {
		for _, i := range t.storyIndicators() {
			t.AddIndicator(i)
		}
	}
	t.FillIndicators(max(0, t.opt.Indicators))
}
