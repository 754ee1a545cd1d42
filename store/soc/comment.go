package soc

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Sizes of a comment in bytes. Defender's own limit is not documented; cordon stays under 1,000.
const (
	MaxOrderComment = 960
	maxCommentField = 96
)

const commentMagic = "cordon/1"

// OrderComment is what cordon writes into Defender's Comment with every order (K-12): enough for a person in the portal to see who and
// why, and for cordon to find its own orders again after a lost answer, a crash, or the loss of its database. It is one line:
//
//	cordon/1 id=LK-7QX2M9AB token=LK-7QX2M9AB.1 verb=isolate period=4h0m0s until=2026-02-03T10:00:00Z by=alice via=ssh ticket=INC-7 reason="beacons to c2"
//
// Keys may be missing and unknown keys are skipped, so that later versions can add some. Every value is either a bare word or quoted, with
// \" and \\ inside; therefore no reason, however hostile, can pose as another key.
type OrderComment struct {
	Lockdown LockdownID
	Token    string
	Verb     Verb
	Mode     Mode
	Period   time.Duration
	Deadline time.Time // UTC, whole seconds; zero until the clock runs
	By       string
	Via      string
	Ticket   string
	Alert    string
	Reason   string
}

// String writes the line, at most MaxOrderComment bytes: characters that do not print become spaces, long values are cut with "…", the
// reason last.
func (c OrderComment) String() string {
	var b strings.Builder
	b.WriteString(commentMagic)
	word := func(key, val string) {
		if val = printable(val); val != "" {
			b.WriteString(" " + key + "=" + quoteValue(val, maxCommentField))
		}
	}
	word("id", string(c.Lockdown))
	word("token", c.Token)
	word("verb", string(c.Verb))
	word("mode", string(c.Mode))
	if c.Period > 0 {
		word("period", c.Period.String())
	}
	if !c.Deadline.IsZero() {
		word("until", c.Deadline.UTC().Format(time.RFC3339))
	}
	word("by", c.By)
	word("via", c.Via)
	word("ticket", c.Ticket)
	word("alert", c.Alert)
	reason := printable(c.Reason)
	if left := MaxOrderComment - b.Len() - len(` reason=""`); reason != "" && left > 0 {
		b.WriteString(" reason=" + quoteValue(reason, left))
	}
	return b.String()
}

// ParseOrderComment reads a line that String wrote. It reports false for everything else: comments of people, other tools, other versions.
func ParseOrderComment(s string) (OrderComment, bool) {
	rest, ok := strings.CutPrefix(s, commentMagic+" ")
	if !ok {
		return OrderComment{}, false
	}
	var c OrderComment
	for rest != "" {
		key, val, tail, ok := nextPair(rest)
		if !ok || !c.set(key, val) {
			return OrderComment{}, false
		}
		rest = tail
	}
	if c.Lockdown == "" || c.Token == "" || c.Verb == "" {
		return OrderComment{}, false
	}
	return c, true
}

func (c *OrderComment) set(key, val string) bool {
	var err error
	switch key {
	case "id":
		c.Lockdown = LockdownID(val)
	case "token":
		c.Token = val
	case "verb":
		c.Verb = Verb(val)
	case "mode":
		c.Mode = Mode(val)
	case "period":
		c.Period, err = time.ParseDuration(val)
	case "until":
		c.Deadline, err = time.Parse(time.RFC3339, val)
	case "by":
		c.By = val
	case "via":
		c.Via = val
	case "ticket":
		c.Ticket = val
	case "alert":
		c.Alert = val
	case "reason":
		c.Reason = val
	}
	return err == nil
}

// nextPair cuts one key=value off the front.
func nextPair(s string) (key, val, rest string, ok bool) {
	key, s, ok = strings.Cut(s, "=")
	if !ok || key == "" || strings.ContainsAny(key, ` "`) {
		return "", "", "", false
	}
	if strings.HasPrefix(s, `"`) {
		val, rest, ok = unquoteValue(s[1:])
	} else {
		val, rest, _ = strings.Cut(s, " ")
		return key, val, rest, val != "" && !strings.ContainsAny(val, `"\`)
	}
	if !ok || (rest != "" && rest[0] != ' ') {
		return "", "", "", false
	}
	return key, val, strings.TrimPrefix(rest, " "), true
}

func unquoteValue(s string) (val, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			i++
			if i == len(s) || (s[i] != '"' && s[i] != '\\') {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// quoteValue writes val in at most limit bytes between the quotes.
func quoteValue(val string, limit int) string {
	var b strings.Builder
	for i, r := range val {
		piece := string(r)
		if r == '"' || r == '\\' {
			piece = `\` + piece
		}
		rest := len(val) - i - utf8.RuneLen(r)
		if b.Len()+len(piece) > limit || (rest > 0 && b.Len()+len(piece)+len("…") > limit) {
			b.WriteString("…")
			break
		}
		b.WriteString(piece)
	}
	out := b.String()
	if strings.ContainsAny(out, ` "\=`) {
		return `"` + out + `"`
	}
	return out
}

// printable makes one line of s: cleaned as text from outside is, so that it comes back as it was sent; what does not print becomes a
// space, invalid bytes too, and runs of spaces become one.
func printable(s string) string {
	s = Clean(s)
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	return Clean(strings.Join(strings.Fields(s), " "))
}
