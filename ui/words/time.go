package words

import (
	"fmt"
	"strings"
	"time"
)

// Span prints the time left as 1:12:09; none is left of a negative one.
func Span(d time.Duration) string {
	s := int64(max(d, 0).Round(time.Second) / time.Second)
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// Overdue counts up: +00:03:12.
func Overdue(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	return fmt.Sprintf("+%02d:%02d:%02d", s/3600, s/60%60, s%60)
}

// Left is the Span until a deadline, or how long it is Overdue.
func Left(d time.Duration) string {
	if d < 0 {
		return Overdue(-d)
	}
	return Span(d)
}

// Period prints a length as presets are named: 30s, 2m, 4h, 1h30m.
func Period(d time.Duration) string {
	s := d.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Age says how long ago t was, in one unit: 3s, 4m, 2h, 5d; "?" when either time is not known.
func Age(now, t time.Time) string {
	if now.IsZero() || t.IsZero() {
		return "?"
	}
	return age(max(now.Sub(t), 0), time.Minute, time.Hour)
}

// Since is Age for facts that are about to be relied on: it counts in the finer unit until there are two of the coarser, 119s rather than
// 1m. A zero time is "never".
func Since(now, t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return age(max(now.Sub(t), 0), 2*time.Minute, 2*time.Hour)
}

// age counts in minutes and hours from these lengths on, and in days from the second.
func age(d, minutes, hours time.Duration) string {
	switch {
	case d < minutes:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < hours:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}

// Zoned prints a time with its zone: Z behind it for UTC (and for no zone at all), else the name.
func Zoned(t time.Time, z *time.Location, layout string) string {
	if z == nil || z == time.UTC {
		return t.UTC().Format(layout) + "Z"
	}
	return t.In(z).Format(layout + " MST")
}

// SameDay reports whether two moments are on the same day in a zone.
func SameDay(a, b time.Time, z *time.Location) bool {
	ay, am, ad := a.In(z).Date()
	by, bm, bd := b.In(z).Date()
	return ay == by && am == bm && ad == bd
}

// Clock prints a time in UTC and, if it differs, in the local zone: 16:41:07Z = 17:41 BST. Another day than today is named.
func Clock(at, now time.Time, local *time.Location) string {
	layout := "15:04:05"
	if !SameDay(at, now, time.UTC) {
		layout = "Jan 2 15:04:05"
	}
	s := Zoned(at, time.UTC, layout)
	if local == nil {
		return s
	}
	l := at.In(local)
	if _, off := l.Zone(); off == 0 && l.Format("MST") == "UTC" {
		return s
	}
	return s + " = " + l.Format("15:04 MST")
}
