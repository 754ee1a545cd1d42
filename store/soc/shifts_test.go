package soc

import (
	"testing"
	"time"
)

func TestN18_ShiftsKnowNightsAndZones(t *testing.T) {
	for _, c := range []struct {
		text, at string
		want     bool
	}{
		{"", "2026-03-08T03:00:00Z", true},
		{"Mon-Fri 08:00-18:00", "2026-03-06T17:59:00Z", true},
		{"Mon-Fri 08:00-18:00", "2026-03-06T18:00:00Z", false},
		{"Mon-Fri 08:00-18:00", "2026-03-07T12:00:00Z", false},
		{"Mon-Fri 08:00-18:00, Sat 09:00-13:00 Europe/Berlin", "2026-03-07T08:30:00Z", true},
		{"Fri 22:00-06:00", "2026-03-07T05:59:00Z", true},
		{"Fri 22:00-06:00", "2026-03-06T05:59:00Z", false},
		{"Sat-Mon 00:00-24:00", "2026-03-08T23:59:00Z", true},
	} {
		s, err := ParseShifts(c.text)
		at, _ := time.Parse(time.RFC3339, c.at)
		if err != nil || s.Staffed(at) != c.want {
			t.Errorf("%q at %s: %v, %v", c.text, c.at, s.Staffed(at), err)
		}
	}
	for _, bad := range []string{"Mon", "Mon 8-18h", "Moo 08:00-18:00", "Mon 08:00-08:00", "Mon 08:00-18:00 Nowhere/Land", "Mon-Fri 08:00-18:00,"} {
		if _, err := ParseShifts(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
