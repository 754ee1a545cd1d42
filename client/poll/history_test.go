package poll

import (
	"testing"
	"time"

	"cordon/store/soc"
)

func TestT30_HistoryIsUnderstoodOrRefused(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 31, 12, 30, 0, 0, time.FixedZone("CET", 3600))
	day := 24 * time.Hour
	for text, want := range map[string]time.Time{
		"":                          now.Add(-30 * day),
		"30 days ago":               now.Add(-30 * day),
		" 1  Day ago ":              now.Add(-day),
		"a week ago":                now.Add(-7 * day),
		"90 minutes ago":            now.Add(-90 * time.Minute),
		"6 hours":                   now.Add(-6 * time.Hour),
		"an hour ago":               now.Add(-time.Hour),
		"1 year ago":                now.UTC().AddDate(-1, 0, 0),
		"2026-01-02":                time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
		"2026-01-02T03:04:05Z":      time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		"2026-01-02t03:04:05+02:00": time.Date(2026, 1, 2, 1, 4, 5, 0, time.UTC),
		"2026-01-02 03:04":          time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC),
		"yesterday":                 time.Date(2026, 3, 30, 0, 0, 0, 0, time.UTC),
		"last week":                 time.Date(2026, 3, 24, 0, 0, 0, 0, time.UTC),
	} {
		got, err := ParseHistory(text, now)
		if err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q = %v, %v, want %v", text, got, err, want.UTC())
		}
	}
	for _, text := range []string{
		"soon", "now", "today", "tomorrow", "in 3 days", "next week", "blah 3 days ago blah", "30 days ago; rm", "-5 days ago", "999999 days ago",
		"0 days ago", "2027-01-01", "2026-03-31T11:30:00Z", "2026-13-01", "12", "\x1b[2J", "d", "ago",
	} {
		if got, err := ParseHistory(text, now); soc.KindOf(err) != soc.KindInvalid {
			t.Errorf("%q = %v, %v, want it refused", text, got, err)
		}
	}
}
