package host

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"cordon/store/soc"
	"cordon/ui/pane"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// overview is everything about the host in words, what is odd about it first; w cells wide.
func (m *Model) overview(w int) []string {
	out := m.oddities(w)
	out = append(out, m.identity(w)...)
	out = append(out, m.sameName()...)
	out = append(out, m.topAlerts()...)
	if why := m.f.host.Protected(); why != "" {
		out = append(out, "", m.th.Strong.Render("POLICY"))
		out = append(out, pane.Wrap("protected ("+why+"): isolating it asks for the typed name", w)...)
	}
	return out
}

// oddities are the facts that make a record dangerous to act on.
func (m *Model) oddities(w int) []string {
	h := m.f.host
	var out []string
	warn := func(s string) {
		for _, l := range pane.Wrap("! "+s, w) {
			out = append(out, m.th.Warn.Render(l))
		}
	}
	if h.Gone {
		warn("Defender does not know this id any more; everything here is from " + m.minute(h.FetchedAt) + ".")
	}
	if h.MergedInto != "" {
		warn("This record was merged into " + h.MergedInto + ": Defender acts on that one. s goes there.")
	}
	if h.PotentialDup {
		warn("Defender thinks that this may be a duplicate record.")
	}
	if h.Excluded {
		warn("Excluded in Defender: " + words.Or(h.ExclusionReason) + ".")
	}
	if len(m.f.same) > 0 {
		warn(fmt.Sprintf("%d more with the name %s; actions go to this id only. They are listed below.", len(m.f.same), h.Name))
	}
	if why := soc.Unverifiable(h); why != "" && m.f.iso.InForce() {
		warn(why + ".")
	}
	if m.f.known && !h.Reachable() {
		warn("The sensor is " + h.Health + ": an action waits until the device is back, up to three days.")
	}
	return out
}

func (m *Model) identity(w int) []string {
	h := m.f.host
	word, _ := m.isolation()
	return pairs(
		w,
		"id", m.key.MachineID,
		"name", words.Or(h.Name),
		"os", m.osDetail(),
		"isolation", word,
		"health", words.Or(h.Health)+", "+words.Or(h.Onboarding)+", AV "+words.Or(h.AVStatus)+", agent "+words.Or(h.AgentVersion),
		"address", addresses(h),
		"logged on", m.loggedOn(),
		"tags", words.Or(strings.Join(h.Tags, ", ")),
		"group", words.Or(h.Group)+", value "+words.Or(h.DeviceValue)+", managed by "+words.Or(h.ManagedBy),
		"first seen", m.minute(h.FirstSeen),
		"last seen", m.minute(h.LastSeen)+" (last full report, not a heartbeat)",
		"directory", directory(h),
	)
}

func (m *Model) osDetail() string {
	h := m.f.host
	s := osName(h)
	if h.OSBuild != 0 {
		s += fmt.Sprintf(" build %d", h.OSBuild)
	}
	if h.OSArchitecture != "" {
		s += " " + h.OSArchitecture
	}
	return s
}

func addresses(h soc.Host) string {
	s := words.Or(h.LastIP)
	if h.LastExternalIP != "" {
		s += ", outside " + h.LastExternalIP
	}
	for _, ip := range h.IPs {
		if ip.IP != "" && ip.IP != h.LastIP && ip.Type != "SoftwareLoopback" {
			s += ", " + ip.IP
		}
	}
	return s
}

func directory(h soc.Host) string {
	if !h.AADJoined {
		return "not joined to Entra, or " + words.Unknown
	}
	return "joined to Entra, device " + words.Or(h.AADDeviceID)
}

func (m *Model) loggedOn() string {
	h := m.f.host
	if h.UsersErr != "" {
		return "not shown: " + h.UsersErr + " (role " + usersRole + ")"
	}
	if h.UsersAt.IsZero() {
		return words.Unknown + " (not asked yet)"
	}
	var names []string
	for _, u := range h.Users {
		n := account(u)
		if u.DomainAdmin {
			n += " (domain admin)"
		}
		names = append(names, n)
	}
	if len(names) == 0 {
		return "nobody known (asked " + words.Age(m.now, h.UsersAt) + " ago)"
	}
	return strings.Join(names, ", ")
}

// sameName lists the other records of this name, so that the right one is picked (C-10).
func (m *Model) sameName() []string {
	if len(m.f.same) == 0 {
		return nil
	}
	out := []string{"", m.th.Strong.Render("SAME NAME, OTHER IDS") + "  (s goes to the next)"}
	for _, h := range m.f.same {
		l := theme.Fit(words.ShortID(h.Key.MachineID), 11) + theme.Fit("seen "+words.Age(m.now, h.LastSeen)+" ago", 14) + theme.Fit(words.Or(h.Health), 10) + "  " + words.Or(h.Onboarding)
		if h.MergedInto != "" {
			out = append(out, l)
			l = strings.Repeat(" ", 11) + "merged into " + words.ShortID(h.MergedInto)
		}
		out = append(out, l)
	}
	return out
}

func (m *Model) topAlerts() []string {
	out := []string{"", m.th.Strong.Render("ALERTS")}
	switch {
	case m.f.alertsErr != nil:
		return append(out, "could not be read: "+m.f.alertsErr.Error())
	case len(m.f.alerts) == 0:
		return append(out, "none in the store")
	}
	for _, a := range m.f.alerts[:min(5, len(m.f.alerts))] {
		out = append(out, m.th.Severity(a.Severity.Rank()).Render(theme.Fit(a.Severity.Word(), 5))+theme.Fit(words.Age(m.now, a.Created), 5)+words.Or(a.Title))
	}
	return out
}

// maxRaw bounds what the raw tab keeps; the whole is one key away in the store's export.
const maxRaw = 2000

// rawLines is the alert as received, when an alert led here, and the host record.
func (m *Model) rawLines() []string {
	var out []string
	if len(m.f.raw) > 0 {
		out = append(out, m.th.Strong.Render("ALERT "+m.alert.ID+", as received"))
		out = append(out, m.f.raw...)
		out = append(out, "")
	}
	if !m.f.known {
		return append(out, m.noRecord())
	}
	out = append(out, m.th.Strong.Render("HOST RECORD, "+words.Age(m.now, m.f.host.FetchedAt)+" old"))
	return append(out, m.f.record...)
}

// encode is the record as JSON without the escapes that browsers want.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return []byte(err.Error())
	}
	return b.Bytes()
}

// pretty indents JSON and makes it safe to print; what is not JSON is shown as it is.
func pretty(raw []byte) []string {
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(raw), "", "  "); err != nil {
		b.Reset()
		b.Write(raw)
	}
	lines := strings.Split(soc.CleanLines(b.String()), "\n")
	if len(lines) > maxRaw {
		lines = append(lines[:maxRaw], fmt.Sprintf("... %d lines more", len(lines)-maxRaw))
	}
	return lines
}
