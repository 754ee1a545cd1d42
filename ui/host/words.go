package host

import (
	"fmt"
	"time"

	"cordon/ui/words"
)

// clock is the time of day to the second.
func (m *Model) clock(t time.Time) string { return m.when(t, "15:04:05") }

// minute is the time of day to the minute, with the day when it is not today.
func (m *Model) minute(t time.Time) string { return m.when(t, "15:04") }

// until is a minute of another day with its weekday: Thu 14:02Z.
func (m *Model) until(t time.Time) string { return words.Zoned(t, m.zone, "Mon 15:04") }

func (m *Model) when(t time.Time, format string) string {
	if t.IsZero() {
		return words.Unknown
	}
	if m.now.IsZero() || words.SameDay(t, m.now, m.zone) {
		return words.Zoned(t, m.zone, format)
	}
	if d := m.now.Sub(t).Abs(); d < 6*24*time.Hour {
		return m.until(t)
	}
	return words.Zoned(t, m.zone, "2006-01-02 15:04")
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
