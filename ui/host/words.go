package host

import (
	"fmt"
	"strings"
	"time"
)

// unknown stands for every value that Defender did not send (V-02).
const unknown = "unknown"

func or(s string) string {
	if strings.TrimSpace(s) == "" {
		return unknown
	}
	return s
}

// none stands for what Defender says there is not: an alert without an owner.
func none(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// short is the head of an id, enough to recognise it; the whole is in the detail and in the clipboard.
func short(id string) string {
	if len(id) <= 10 {
		return id
	}
	return id[:8] + ".."
}

// span prints the time left as 1:12:09.
func span(d time.Duration) string {
	s := int64(max(d, 0).Round(time.Second) / time.Second)
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// overdue counts up: +00:03:12.
func overdue(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	return fmt.Sprintf("+%02d:%02d:%02d", s/3600, s/60%60, s%60)
}

// period prints a lockdown's length: 4h, 1h30m, 30s.
func period(d time.Duration) string {
	s := d.String()
	s = strings.TrimSuffix(s, "0s")
	if s == "" {
		return "0s"
	}
	if strings.HasSuffix(s, "h0m") {
		return strings.TrimSuffix(s, "0m")
	}
	if strings.HasSuffix(s, "m") || strings.HasSuffix(s, "h") {
		return s
	}
	return d.String()
}

// age says how long ago t was, in one unit: 3s, 4m, 2h, 5d; "?" when either time is not known.
func age(now, t time.Time) string {
	if now.IsZero() || t.IsZero() {
		return "?"
	}
	d := max(now.Sub(t), 0)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}

// zoned prints a time with its zone: Z for UTC, else its name.
func zoned(t time.Time, z *time.Location, format string) string {
	t = t.In(z)
	if z == time.UTC {
		return t.Format(format) + "Z"
	}
	return t.Format(format + " MST")
}

// clock is the time of day to the second.
func (m *Model) clock(t time.Time) string { return m.when(t, "15:04:05") }

// minute is the time of day to the minute, with the day when it is not today.
func (m *Model) minute(t time.Time) string { return m.when(t, "15:04") }

// until is a minute of another day with its weekday: Thu 14:02Z.
func (m *Model) until(t time.Time) string { return zoned(t, m.zone, "Mon 15:04") }

func (m *Model) when(t time.Time, format string) string {
	if t.IsZero() {
		return unknown
	}
	if m.now.IsZero() || sameDay(t, m.now, m.zone) {
		return zoned(t, m.zone, format)
	}
	if d := m.now.Sub(t).Abs(); d < 6*24*time.Hour {
		return zoned(t, m.zone, "Mon 15:04")
	}
	return zoned(t, m.zone, "2006-01-02 15:04")
}

func sameDay(a, b time.Time, z *time.Location) bool {
	ay, am, ad := a.In(z).Date()
	by, bm, bd := b.In(z).Date()
	return ay == by && am == bm && ad == bd
}

// explain says what an action's errorHResult means; Defender documents none, two are known from the wire (API 3.5).
func explain(code int64) string {
	switch int32(code) {
	case 0:
		return ""
	case -2145844840:
		return "timed out waiting for the device"
	case -2147467260:
		return "cancelled"
	}
	return fmt.Sprintf("error 0x%08X, not documented", uint32(code))
}

// plain tells the look without box characters.
func (m *Model) plain() bool { return m.th.Glyph.H == "-" }

func (m *Model) dot() string {
	if m.plain() {
		return " - "
	}
	return " · "
}

func (m *Model) arrow() string {
	if m.plain() {
		return " -> "
	}
	return " → "
}
