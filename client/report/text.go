package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
)

// Longest texts of an alert, in characters; Defender documents none, and the console must stay readable.
const (
	maxTitle = 160
	maxBody  = 8000
)

// mark is what an alert of ours is known by: made of the key of the report, so it needs no storing and is the same after a crash.
func mark(key string) string {
	sum := sha256.Sum256([]byte("cordon threat " + key))
	return "cordon-" + hex.EncodeToString(sum[:8])
}

// ours tells whether an alert carries the mark.
func ours(a soc.Alert, key string) bool {
	return strings.Contains(a.Description, mark(key)) || strings.Contains(a.Title, mark(key))
}

// severity of an alert: Defender takes three where reports have four levels.
func severity(l soc.ThreatLevel) soc.Severity {
	switch l {
	case soc.ThreatCritical:
		return soc.SeverityHigh
	case soc.ThreatElevated:
		return soc.SeverityMedium
	}
	return soc.SeverityLow
}

// category is the one that the sender names if Defender knows it. Others stand in the description.
func category(named string) string {
	for _, c := range []string{
		"General", "CommandAndControl", "Collection", "CredentialAccess", "DefenseEvasion", "Discovery", "Exfiltration", "Exploit", "Execution",
		"InitialAccess", "LateralMovement", "Malware", "Persistence", "PrivilegeEscalation", "Ransomware", "SuspiciousActivity",
	} {
		if strings.EqualFold(c, strings.ReplaceAll(named, " ", "")) {
			return c
		}
	}
	return "SuspiciousActivity"
}

// reference is the alert that stands for a report.
func reference(t soc.Threat, event soc.EventRef) soc.ReferenceAlert {
	return soc.ReferenceAlert{
		MachineID: t.Host.MachineID, Severity: severity(t.Level), Category: category(t.Category), EventTime: event.Time, ReportID: event.ReportID,
		Title:       clip(t.Vendor+": "+t.Title, maxTitle) + " [" + mark(t.Key) + "]",
		Description: describe(t),
		RecommendedAction: "Look at the device in the console of " + t.Vendor +
			". When the threat is over there, cordon resolves this alert.",
	}
}

// describe says everything that is known about the threat (M-07). What is not known has no line.
func describe(t soc.Threat) string {
	var b strings.Builder
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	fmt.Fprintf(&b, "Mobile threat of level %s, reported by %s (%s).\n", t.Level, t.Vendor, mark(t.Key))
	if t.Description != "" {
		fmt.Fprintf(&b, "%s\n", t.Description)
	}
	row("Seen", t.OccurredAt.UTC().Format(time.RFC3339))
	row("Device", t.Device.Name)
	row("Device id", t.Device.ID)
	row("Operating system", strings.TrimSpace(t.Device.OS+" "+t.Device.OSVersion))
	if t.Device.Managed != nil {
		row("Managed", map[bool]string{true: "yes", false: "no"}[*t.Device.Managed])
	}
	row("User", t.User)
	row("Category", t.Category)
	row("Threat id", t.ID)
	for _, name := range slices.Sorted(maps.Keys(t.Forensics)) {
		row("Forensics, "+name, t.Forensics[name])
	}
	return clip(strings.TrimRight(b.String(), "\n"), maxBody)
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
