package soc

import (
	"fmt"
	"strings"
	"time"
)

// Shifts are the hours when somebody is on duty (N-18). The zero value knows no shifts: somebody is always there.
type Shifts struct {
	text string
	zone *time.Location
	list []shift
}

// shift is a span of minutes of a day, on days of the week.
type shift struct {
	days       [7]bool
	start, end int
}

// ParseShifts reads "Mon-Fri 08:00-18:00, Sat 09:00-13:00 Europe/Paris": days, hours, and the zone at the end, UTC when it is left out. A
// shift that ends before it starts goes on into the next day. The empty text is no shifts.
func ParseShifts(text string) (Shifts, error) {
	s := Shifts{text: strings.TrimSpace(text), zone: time.UTC}
	if s.text == "" {
		return Shifts{}, nil
	}
	for i, part := range strings.Split(s.text, ",") {
		f := strings.Fields(part)
		if len(f) == 3 && i == strings.Count(s.text, ",") {
			zone, err := time.LoadLocation(f[2])
			if err != nil {
				return Shifts{}, fmt.Errorf("%q is no time zone", f[2])
			}
			s.zone, f = zone, f[:2]
		}
		if len(f) != 2 {
			return Shifts{}, fmt.Errorf(`want "Mon-Fri 08:00-18:00", not %q`, strings.TrimSpace(part))
		}
		one, err := parseShift(f[0], f[1])
		if err != nil {
			return Shifts{}, err
		}
		s.list = append(s.list, one)
	}
	return s, nil
}

func parseShift(days, hours string) (s shift, err error) {
	from, to, span := strings.Cut(days, "-")
	first, ok := weekday(from)
	last := first
	if span && ok {
		last, ok = weekday(to)
	}
	if !ok {
		return s, fmt.Errorf("%q are no days; want Mon, or Mon-Fri", days)
	}
	for d := first; ; d = (d + 1) % 7 {
		s.days[d] = true
		if d == last {
			break
		}
	}
	start, end, _ := strings.Cut(hours, "-")
	if s.start, ok = minutes(start); ok {
		s.end, ok = minutes(end)
	}
	if !ok || s.start == s.end {
		return s, fmt.Errorf("%q are no hours; want 08:00-18:00", hours)
	}
	return s, nil
}

func weekday(name string) (int, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(name, d.String()[:3]) {
			return int(d), true
		}
	}
	return 0, false
}

func minutes(text string) (int, bool) {
	if text == "24:00" {
		return 24 * 60, true
	}
	t, err := time.Parse("15:04", text)
	return t.Hour()*60 + t.Minute(), err == nil
}

// None reports that no shifts are known.
func (s Shifts) None() bool { return len(s.list) == 0 }

// String is the text that was parsed.
func (s Shifts) String() string { return s.text }

// Staffed reports whether somebody is on duty at t; always when no shifts are known.
func (s Shifts) Staffed(t time.Time) bool {
	if s.None() {
		return true
	}
	t = t.In(s.zone)
	at, today := t.Hour()*60+t.Minute(), int(t.Weekday())
	yesterday := (today + 6) % 7
	for _, one := range s.list {
		switch {
		case one.start < one.end && one.days[today] && at >= one.start && at < one.end,
			one.start > one.end && one.days[today] && at >= one.start,
			one.start > one.end && one.days[yesterday] && at < one.end:
			return true
		}
	}
	return false
}

// Local writes t in the zone of the shifts.
func (s Shifts) Local(t time.Time) string {
	zone := s.zone
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format("Mon 15:04 MST")
}
