package soc

import (
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of what comes in from outside: one request, the items in it, and the texts of an item in characters (SC41).
const (
	MaxIntakeBytes = 1 << 20
	MaxIntakeItems = 500
	maxIntakeName  = 256
	maxIntakeText  = 4096
	maxForensics   = 50
	maxIntakeItem  = 32 << 10 // bytes of the long texts of an item together
	// intakeAhead is how far a sender's clock may be ahead of ours.
	intakeAhead = time.Hour
)

// ThreatInput is a report of a mobile threat as a sender writes it. Id, level, vendor, title and one name of the device are needed; what the
// sender does not know is left out, or null, or empty, which all mean the same (M-07).
type ThreatInput struct {
	ID          string      `json:"id"`
	Level       ThreatLevel `json:"level"`
	Vendor      string      `json:"vendor"`
	Title       string      `json:"title"`
	Description string      `json:"description,omitempty"`
	Category    string      `json:"category,omitempty"`
	Device      DeviceInput `json:"device"`
	User        string      `json:"user,omitempty"`
	Forensics   Forensics   `json:"forensics,omitempty"`
	OccurredAt  time.Time   `json:"occurredAt,omitzero"` // zero: when it was received
	// ResolvedAt says that the threat is over on the device (M-08). The other fields may then be left out if the threat was reported before.
	ResolvedAt time.Time `json:"resolvedAt,omitzero"`
	// Event names an event in Defender that the alert is tied to, for senders that know one.
	Event *EventRef `json:"event,omitempty"`
}

// DeviceInput is the device of a ThreatInput.
type DeviceInput struct {
	Name        string `json:"name,omitempty"`
	ID          string `json:"id,omitempty"`
	AADDeviceID string `json:"aadDeviceId,omitempty"`
	MachineID   string `json:"machineId,omitempty"`
	OS          string `json:"os,omitempty"`
	OSVersion   string `json:"osVersion,omitempty"`
	Managed     *bool  `json:"managed,omitempty"`
}

// EventRef names an event of a machine in Defender: time and number, as advanced hunting tells them.
type EventRef struct {
	Time     time.Time `json:"time"`
	ReportID string    `json:"reportId"`
}

// ProbeInput is the result of one security test on one host. Test and state are always needed; the indicator only when the state is
// UNPROTECTED.
type ProbeInput struct {
	Test      string         `json:"test"`            // name of the test: a later result with it is about the same gap
	State     string         `json:"state"`           // UNPROTECTED, PROTECTED, ERROR, …: data, only the first two mean something here
	Host      string         `json:"host,omitempty"`  // where it ran
	Title     string         `json:"title,omitempty"` // of the indicator; empty: made of the test's name
	At        time.Time      `json:"at,omitzero"`     // when the test ran; zero: now
	Indicator IndicatorInput `json:"indicator,omitzero"`
}

// IndicatorInput is the value that would have caught a test. Type may be left out for hashes, addresses, domains and URLs.
type IndicatorInput struct {
	Type  string `json:"type,omitempty"`
	Value string `json:"value,omitempty"`
}

// The states of a test that mean something to cordon.
const (
	ProbeUnprotected = "UNPROTECTED"
	ProbeProtected   = "PROTECTED"
)

// ProbeReceipt says what became of a result.
type ProbeReceipt struct {
	Outcome string // one of the Receipt words
	Reason  string // for people
	Pushed  Pushed // zero when the result has nothing to do with an indicator
}

// What becomes of a probe result.
const (
	ReceiptNew     = "indicator"       // a new indicator is on its way
	ReceiptKnown   = "known indicator" // there is one already; none was added
	ReceiptFollow  = "followed"        // the state of an indicator followed the result
	ReceiptIgnored = "nothing to do"
)

// ThreatKey joins a channel and the sender's id of a threat.
func ThreatKey(channel ChannelID, id string) string {
	return string(channel) + "/" + Clean(strings.TrimSpace(id))
}

// PushedKey joins a tenant, a type and a value; the case of neither matters.
func PushedKey(id IntegrationID, typ, value string) string {
	return string(id) + "/" + strings.ToLower(typ) + "/" + strings.ToLower(strings.TrimSpace(value))
}

// Checked returns the report with its texts cleaned, or an error (KindInvalid, code "bad-field") that names the field.
func (in ThreatInput) Checked(now time.Time) (ThreatInput, error) {
	c := checker{}
	c.name("id", &in.ID, true)
	first := in.ResolvedAt.IsZero()
	level := strings.TrimSpace(string(in.Level))
	in.Level = ""
	for _, l := range ThreatLevels() {
		if strings.EqualFold(level, string(l)) {
			in.Level = l
		}
	}
	if in.Level == "" && (level != "" || first) {
		c.bad("level", fmt.Sprintf("is %q", cut(Clean(level), 40)), "write Normal, Low, Elevated or Critical")
	}
	c.name("vendor", &in.Vendor, first)
	c.name("title", &in.Title, first)
	c.text("description", &in.Description)
	c.name("category", &in.Category, false)
	c.name("user", &in.User, false)
	c.device(&in.Device, first)
	in.Forensics = c.forensics(in.Forensics)
	c.size(in)
	c.time("occurredAt", in.OccurredAt, now)
	c.time("resolvedAt", in.ResolvedAt, now)
	if in.Event != nil {
		ev := *in.Event
		c.name("event.reportId", &ev.ReportID, true)
		if ev.Time.IsZero() {
			c.bad("event.time", "is missing", "write the time of the event, such as 2026-03-04T12:00:00Z")
		}
		c.time("event.time", ev.Time, now)
		in.Event = &ev
	}
	return in, c.err("nothing was stored")
}

// Checked is ThreatInput.Checked for results of tests. It does not judge the value of the indicator;
// that is the tenant's matter.
func (in ProbeInput) Checked(now time.Time) (ProbeInput, error) {
	c := checker{}
	c.name("test", &in.Test, true)
	c.name("state", &in.State, true)
	in.State = strings.ToUpper(in.State)
	c.name("host", &in.Host, false)
	c.name("title", &in.Title, false)
	c.time("at", in.At, now)
	in.Indicator.Type = strings.TrimSpace(in.Indicator.Type)
	in.Indicator.Value = strings.TrimSpace(in.Indicator.Value)
	if in.Indicator.Type == "" && in.Indicator.Value != "" {
		in.Indicator.Type = IndicatorTypeOf(in.Indicator.Value)
	}
	if in.State == ProbeUnprotected && in.Indicator.Value == "" {
		c.bad("indicator.value", "is missing", "an unprotected test needs the hash, address, domain or URL that would have caught it")
	}
	return in, c.err("nothing was stored")
}

// checker collects the first thing that is wrong with an item.
type checker struct{ first *Error }

func (c *checker) bad(field, what, next string) {
	if c.first == nil {
		c.first = &Error{Kind: KindInvalid, Code: "bad-field", What: field + " " + what, Next: next}
	}
}

func (c *checker) err(means string) error {
	if c.first == nil {
		return nil
	}
	c.first.Means = means
	return c.first
}

// name is a text of one line.
func (c *checker) name(field string, s *string, needed bool) {
	*s = strings.TrimSpace(Clean(*s))
	switch n := utf8.RuneCountInString(*s); {
	case n == 0 && needed:
		c.bad(field, "is missing", "every item needs it")
	case n > maxIntakeName:
		c.bad(field, fmt.Sprintf("has %d characters", n), fmt.Sprintf("at most %d are taken", maxIntakeName))
	}
}

// text may have several lines.
func (c *checker) text(field string, s *string) {
	*s = strings.TrimSpace(CleanLines(*s))
	if n := utf8.RuneCountInString(*s); n > maxIntakeText {
		c.bad(field, fmt.Sprintf("has %d characters", n), fmt.Sprintf("at most %d are taken", maxIntakeText))
	}
}

func (c *checker) time(field string, t, now time.Time) {
	switch {
	case t.IsZero():
	case t.After(now.Add(intakeAhead)):
		c.bad(field, "is in the future: "+t.UTC().Format(time.RFC3339), "check the clock of the sender")
	case t.Year() < 2000:
		c.bad(field, "is before the year 2000", "leave it out if it is not known")
	}
}

func (c *checker) device(d *DeviceInput, needed bool) {
	c.name("device.name", &d.Name, false)
	c.name("device.id", &d.ID, false)
	c.name("device.aadDeviceId", &d.AADDeviceID, false)
	c.name("device.machineId", &d.MachineID, false)
	c.name("device.os", &d.OS, false)
	c.name("device.osVersion", &d.OSVersion, false)
	if needed && d.Name == "" && d.AADDeviceID == "" && d.MachineID == "" {
		c.bad("device", "has no name", "give device.name, device.aadDeviceId or device.machineId")
	}
}

func (c *checker) forensics(f Forensics) Forensics {
	if len(f) > maxForensics {
		c.bad("forensics", fmt.Sprintf("has %d entries", len(f)), fmt.Sprintf("at most %d are taken", maxForensics))
		return nil
	}
	out := Forensics{}
	for _, k := range slices.Sorted(maps.Keys(f)) {
		name, v := k, f[k]
		c.name("forensics: a name", &name, true)
		c.text("forensics."+cut(name, 40), &v)
		if v != "" {
			out[name] = v
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// size bounds the long texts together: what waits is in memory as a whole.
func (c *checker) size(in ThreatInput) {
	n := len(in.Description)
	for name, value := range in.Forensics {
		n += len(name) + len(value)
	}
	if n > maxIntakeItem {
		c.bad("description and forensics", fmt.Sprintf("have %d bytes", n), fmt.Sprintf("at most %d are taken together", maxIntakeItem))
	}
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// IndicatorTypeOf guesses the type of a value from its form: a hash by its length, an address, a URL; anything else is taken for a domain.
func IndicatorTypeOf(value string) string {
	value = strings.TrimSpace(value)
	if b, err := hex.DecodeString(value); err == nil {
		switch len(b) {
		case md5Bytes:
			return "FileMd5"
		case sha1Bytes:
			return "FileSha1"
		case sha256Bytes:
			return "FileSha256"
		}
	}
	if _, err := netip.ParseAddr(value); err == nil {
		return "IpAddress"
	}
	if strings.Contains(value, "://") {
		return "Url"
	}
	return "DomainName"
}

// Lengths of the hashes that Defender knows.
const (
	md5Bytes    = 16
	sha1Bytes   = 20
	sha256Bytes = 32
)
