package soc

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// severity accepts any beginning of a name; a word that cordon does not know must be quoted.
func (p *Pattern) severity(v rawValue, op Op) error {
	names := []string{"unspecified", "informational", "low", "medium", "high"}
	for rank, name := range names {
		if !p.Quoted && p.Text != "" && strings.HasPrefix(name, p.Text) {
			p.Word, p.rank = name, rank
			return nil
		}
	}
	if p.Quoted && op == OpIs {
		return nil
	}
	return FilterError{v.start, v.end, "severity is one of high, med, low, info, unsp"}
}

// status accepts any beginning of a name, with or without a separator in "in progress".
func (p *Pattern) status(v rawValue) error {
	word := squeeze(p.Text)
	if p.Text == "inpr" {
		word = "inprogress"
	}
	for _, name := range []string{"new", "inprogress", "resolved", "unknown", "open"} {
		if word != "" && strings.HasPrefix(name, word) {
			p.Word = name
			return nil
		}
	}
	if p.Quoted {
		return nil
	}
	return FilterError{v.start, v.end, "status is one of new, inpr, resolved, unknown, open"}
}

func (p *Pattern) flag(v rawValue) error {
	for _, name := range []string{wordYes, wordNo} {
		if p.Text != "" && strings.HasPrefix(name, p.Text) {
			p.Word = name
			return nil
		}
	}
	return FilterError{v.start, v.end, "say yes or no"}
}

func ageValue(v rawValue) (time.Duration, error) {
	d, err := ParseAge(v.text)
	if err != nil {
		return 0, FilterError{v.start, v.end, "an age is a number with s, m, h, d or w, as in 90m"}
	}
	return d, nil
}

// ParseAge reads a span such as 90m, 2h, 1d12h or 3w; at most ten years.
func ParseAge(text string) (time.Duration, error) {
	const most = 10 * 365 * 24 * time.Hour
	bad := &Error{Kind: KindInvalid, Code: "bad-age", What: fmt.Sprintf("%q is not a span of time", text), Next: "write 90m, 2h or 3d"}
	var sum time.Duration
	for rest := text; ; {
		n := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if n <= 0 || n > 9 {
			return 0, bad
		}
		count, err := strconv.Atoi(rest[:n])
		unit := ageUnit(rest[n])
		if err != nil || unit == 0 || time.Duration(count) > most/unit {
			return 0, bad
		}
		if sum += time.Duration(count) * unit; sum > most {
			return 0, bad
		}
		if rest = rest[n+1:]; rest == "" {
			return sum, nil
		}
	}
}

func ageUnit(c byte) time.Duration {
	switch c {
	case 's', 'S':
		return time.Second
	case 'm', 'M':
		return time.Minute
	case 'h', 'H':
		return time.Hour
	case 'd', 'D':
		return 24 * time.Hour
	case 'w', 'W':
		return 7 * 24 * time.Hour
	}
	return 0
}
