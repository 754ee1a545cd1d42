package poll

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tj/go-naturaldate"

	"cordon/store/soc"
)

// defaultHistory is how far back a first poll reaches when nothing is set.
const defaultHistory = 30 * 24 * time.Hour

var (
	countAgo = regexp.MustCompile(`^(\d{1,5}|an?) ?(minute|hour|day|week|month|year)s?( ago)?$`)
	phrase   = regexp.MustCompile(`^(yesterday|last (week|month|year|monday|tuesday|wednesday|thursday|friday|saturday|sunday))$`)
)

// ParseHistory reads the "how far back" setting: "30 days ago" and its like, "yesterday", "last week", a day "2026-01-02" or a time in
// RFC 3339. The result is UTC and lies before now. Other text and future times are KindInvalid (T-30). The empty text is 30 days.
//
// A number of units is exact ("1 day ago" is 24 hours). Only phrases that are known to be understood are handed to the phrase parser: it
// takes any words, and answers most of them with today.
func ParseHistory(text string, now time.Time) (time.Time, error) {
	now = now.UTC()
	s := strings.ToLower(strings.Join(strings.Fields(text), " "))
	if s == "" {
		return now.Add(-defaultHistory), nil
	}
	at, ok := parseAgo(s, now)
	if !ok {
		at, ok = parseISO(strings.TrimSpace(text))
	}
	if !ok && phrase.MatchString(s) {
		t, err := naturaldate.Parse(s, now, naturaldate.WithDirection(naturaldate.Past))
		at, ok = t.UTC(), err == nil
	}
	what := "the time " + strconv.Quote(soc.Clean(text))
	if !ok {
		return time.Time{}, &soc.Error{
			Kind: soc.KindInvalid, Code: "bad-history", What: what + " is not understood",
			Next: `write something like "30 days ago", 2026-01-02 or 2026-01-02T03:04:05Z`,
		}
	}
	if !at.Before(now) {
		return time.Time{}, &soc.Error{
			Kind: soc.KindInvalid, Code: "future-history", What: what + " is not in the past", Next: "give a time before now",
		}
	}
	return at, nil
}

func parseAgo(s string, now time.Time) (time.Time, bool) {
	m := countAgo.FindStringSubmatch(s)
	if m == nil {
		return time.Time{}, false
	}
	n := 1
	if m[1] != "a" && m[1] != "an" {
		n, _ = strconv.Atoi(m[1])
	}
	switch m[2] {
	case "minute":
		return now.Add(-time.Duration(n) * time.Minute), true
	case "hour":
		return now.Add(-time.Duration(n) * time.Hour), true
	case "day":
		return now.Add(-time.Duration(n) * 24 * time.Hour), true
	case "week":
		return now.Add(-time.Duration(n) * 7 * 24 * time.Hour), true
	case "month":
		return now.AddDate(0, -n, 0), true
	}
	return now.AddDate(-n, 0, 0), true
}

func parseISO(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, strings.ToUpper(s)); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
