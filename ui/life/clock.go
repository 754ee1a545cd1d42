package life

import (
	"time"

	"cordon/ui/words"
)

// Second is the time of day to the second; another day shows its name and the minute.
func (c Clock) Second(t time.Time) string { return c.when(t, "15:04:05") }

// Minute is the time of day to the minute, with the day when it is not today.
func (c Clock) Minute(t time.Time) string { return c.when(t, "15:04") }

// Until is a minute with its weekday: Thu 14:02Z.
func (c Clock) Until(t time.Time) string { return words.Zoned(t, c.Zone, "Mon 15:04") }

func (c Clock) when(t time.Time, format string) string {
	switch zone := c.zone(); {
	case t.IsZero():
		return words.Unknown
	case c.Now.IsZero() || words.SameDay(t, c.Now, zone):
		return words.Zoned(t, zone, format)
	case c.Now.Sub(t).Abs() < 6*24*time.Hour:
		return c.Until(t)
	default:
		return words.Zoned(t, zone, "2006-01-02 15:04")
	}
}

func (c Clock) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// In says how far away a moment is: "in 12s", "now" once it has come, "unknown" when nobody set it.
func (c Clock) In(t time.Time) string {
	switch {
	case t.IsZero() || c.Now.IsZero():
		return words.Unknown
	case !t.After(c.Now):
		return "now"
	case t.Sub(c.Now) < 10*time.Minute:
		return "in " + words.Period(t.Sub(c.Now).Round(time.Second))
	}
	return "at " + c.Minute(t)
}
