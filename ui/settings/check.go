package settings

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/form"
	"cordon/ui/words"
)

// The checks say at once, and with the field, what the connector would refuse too (Z-05). Each answers what to change; "" = fine.

// named checks the name of a tenant or channel: unique over both (T-12, M-13).
func (m *Model) named(id string, tenant soc.IntegrationID, channel soc.ChannelID) func(*form.Form) string {
	return func(f *form.Form) string {
		name := f.Get(id)
		switch {
		case name == "":
			return "give it a name; it is how people will call it"
		case len(name) > 64:
			return "at most 64 characters"
		case soc.Clean(name) != name:
			return "has characters that can not be shown; write it anew"
		}
		for _, in := range m.list {
			if in.ID != tenant && strings.EqualFold(in.Name, name) {
				return name + " is taken; names are unique"
			}
		}
		for _, c := range m.channels {
			if c.Channel.ID != channel && strings.EqualFold(c.Channel.Name, name) {
				return name + " is taken by a channel; names are unique"
			}
		}
		return ""
	}
}

// identifier checks a GUID that is copied from the app's overview.
func identifier(id, source string) func(*form.Form) string {
	return func(f *form.Form) string {
		switch v := f.Get(id); {
		case v == "":
			return "is missing; copy the " + source + " from the app's overview"
		case guid(v):
			return ""
		case len(v) == 36:
			return "is not a GUID (0-9, a-f and dashes); copy the " + source + " from the app's overview"
		default:
			return fmt.Sprintf("is not a GUID (%d of 36 characters); copy the %s from the app's overview", len(v), source)
		}
	}
}

// crossed reports that another connection has the two ids the other way round.
func (m *Model) crossed(f *form.Form, self soc.IntegrationID) bool {
	tenant, client := f.Get(fTenant), f.Get(fClient)
	for _, in := range m.list {
		if in.ID != self && (strings.EqualFold(in.ClientID, tenant) || strings.EqualFold(in.TenantID, client)) {
			return true
		}
	}
	return false
}

// guid reports whether s is written as a GUID that is not all zeroes.
func guid(s string) bool {
	if len(s) != 36 || strings.Trim(s, "0-") == "" {
		return false
	}
	for i, c := range []byte(strings.ToLower(s)) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !strings.ContainsRune("0123456789abcdef", rune(c)) {
			return false
		}
	}
	return true
}

// interval reads a poll interval: a number is minutes (T-31), else a length such as 30s.
func interval(text string) (time.Duration, bool) {
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(n) * time.Minute, n > 0 && n <= 24*60
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d > 0
}

func pollCheck(f *form.Form) string {
	d, ok := interval(f.Get(fInterval))
	least := 10 * time.Second
	if f.On(fCustom) {
		least = time.Second
	}
	if !ok || d < least || d > 24*time.Hour {
		return "write whole minutes from 1 on, or a length from " + words.Period(least) + " to 24h such as 30s"
	}
	return ""
}

// lifetime reads how long something lives: "30 days", "12h", "never" or nothing (for ever).
func lifetime(text string) (time.Duration, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "" || text == "never" {
		return 0, true
	}
	num, unit, _ := strings.Cut(strings.ReplaceAll(text, "d", " d"), " ")
	if n, err := strconv.Atoi(num); err == nil && strings.HasPrefix(strings.TrimSpace(unit), "d") {
		return time.Duration(n) * 24 * time.Hour, n > 0 && n <= 3650
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d > 0
}

func days(d time.Duration) string {
	switch {
	case d == 0:
		return "never"
	case d%(24*time.Hour) == 0:
		return words.Count(int(d/(24*time.Hour)), "day")
	}
	return words.Period(d)
}

// day reads a date or a moment; the empty text is the zero time.
func day(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04Z", time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func dayText(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case t.Equal(t.Truncate(24 * time.Hour)):
		return t.UTC().Format(time.DateOnly)
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

func file(id, what string) func(*form.Form) string {
	return func(f *form.Form) string {
		if v := f.Get(id); v != "" && !filepath.IsAbs(v) {
			return "write the whole path of the " + what + ", from / on"
		}
		return ""
	}
}

func proxyCheck(f *form.Form) string {
	v := f.Get(fProxy)
	if v == "" || v == "none" {
		return ""
	}
	u, err := url.Parse(v)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "write http://host:port, or none"
	case u.User != nil:
		return "must not hold a password; it would be stored in the clear"
	case strings.Trim(u.Path, "/") != "":
		return "write http://host:port without a path"
	}
	return ""
}
