package soc

import (
	"strings"
	"time"
)

// Match reports whether the term, without its minus, holds for the row.
func (t Term) Match(r AlertRow) bool {
	switch t.Field {
	case FieldText:
		return t.MatchValue(FieldTitle, r.Title) || t.MatchValue(FieldHost, r.HostName) || t.MatchValue(FieldUser, r.User) ||
			t.MatchValue(FieldOwner, r.Owner) || t.MatchValue(FieldCategory, r.Category) ||
			t.MatchValue(FieldTechnique, r.Technique) || t.MatchValue(FieldID, r.Key.ID)
	case FieldAge:
		return t.MatchCreated(r.Created)
	case FieldReopened:
		return t.MatchFlag(r.Reopened)
	case FieldLate:
		return t.MatchFlag(r.Late)
	}
	return t.MatchValue(t.Field, r.value(t.Field))
}

func (r AlertRow) value(f Field) string {
	switch f {
	case FieldSeverity:
		return string(r.Severity)
	case FieldStatus:
		return string(r.Status)
	case FieldHost:
		return r.HostName
	case FieldUser:
		return r.User
	case FieldOwner:
		return r.Owner
	case FieldCategory:
		return r.Category
	case FieldTitle:
		return r.Title
	case FieldTechnique:
		return r.Technique
	case FieldID:
		return r.Key.ID
	case FieldTenant:
		return string(r.Key.Integration)
	}
	return ""
}

// MatchValue reports whether the term holds for a value of the field. For a plain word the field is the one that is searched. It is the
// whole meaning of text terms: an index that keeps distinct values asks once per value instead of once per row.
func (t Term) MatchValue(field Field, value string) bool {
	low := Fold(field, value)
	for _, p := range t.Values {
		if t.matchOne(field, low, p) {
			return true
		}
	}
	return false
}

// Fold is the form in which a value of the field is compared: lower case; ids only fold ASCII letters, so that their length stays.
func Fold(field Field, value string) string {
	if field == FieldID {
		return foldASCII(value)
	}
	return strings.ToLower(value)
}

func foldASCII(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

func (t Term) matchOne(field Field, low string, p Pattern) bool {
	switch {
	case p.Word == wordAll:
		return true
	case t.Field == FieldText:
		return strings.Contains(low, p.Text)
	case field == FieldSeverity:
		return t.matchSeverity(low, p)
	case field == FieldStatus:
		return matchStatus(low, p)
	case p.Word == wordEmpty:
		return low == ""
	case p.Word == wordMe && p.Text == "":
		return false
	case field == FieldTechnique:
		for part := range strings.SplitSeq(low, " ") { // a row may carry several
			if p.matchText(field, part) {
				return true
			}
		}
		return false
	}
	return p.matchText(field, low)
}

func (p Pattern) matchText(field Field, low string) bool {
	if p.Head || p.Tail {
		return p.glob(low)
	}
	return p.plain(field, low)
}

// glob compares with the stars at the ends.
func (p Pattern) glob(low string) bool {
	switch {
	case p.Head && p.Tail:
		return strings.Contains(low, p.Text)
	case p.Head:
		return strings.HasSuffix(low, p.Text)
	}
	return strings.HasPrefix(low, p.Text)
}

// plain compares without stars, in the way that suits the field.
func (p Pattern) plain(field Field, low string) bool {
	if low == p.Text {
		return true
	}
	switch field {
	case FieldTitle:
		return strings.Contains(low, p.Text)
	case FieldTechnique, FieldHost:
		return strings.HasPrefix(low, p.Text) && low[len(p.Text)] == '.'
	case FieldUser, FieldOwner:
		name, _, _ := strings.Cut(low[strings.LastIndexByte(low, '\\')+1:], "@")
		return name == p.Text
	case FieldCategory:
		return squeeze(low) == squeeze(p.Text)
	}
	return false
}

// squeeze drops what people write between words: "defense evasion" is DefenseEvasion.
func squeeze(s string) string { return squeezer.Replace(s) }

var squeezer = strings.NewReplacer(" ", "", "-", "", "_", "")

func (t Term) matchSeverity(low string, p Pattern) bool {
	rank := Severity(low).Rank()
	switch t.Op {
	case OpLess:
		return rank < p.rank
	case OpAtMost:
		return rank <= p.rank
	case OpMore:
		return rank > p.rank
	case OpAtLeast:
		return rank >= p.rank
	}
	if p.Word == "" { // a raw word in quotes
		return low == p.Text
	}
	if p.rank == 0 {
		return low == "" || low == "unspecified"
	}
	return rank == p.rank
}

func matchStatus(low string, p Pattern) bool {
	switch p.Word {
	case "":
		return low == p.Text
	case "open":
		return low != "resolved"
	case "unknown":
		return low == "" || low == "unknown"
	}
	return low == p.Word
}

// MatchCreated reports whether an age term holds for an alert of that time. One without a time is older than anything.
func (t Term) MatchCreated(created time.Time) bool {
	c := created.Compare(t.Cut)
	switch t.Op {
	case OpLess:
		return c > 0
	case OpAtMost:
		return c >= 0
	case OpMore:
		return c < 0
	}
	return c <= 0
}

// MatchFlag reports whether a yes/no term holds.
func (t Term) MatchFlag(flag bool) bool {
	for _, p := range t.Values {
		if p.Word == wordAll || (p.Word == wordYes) == flag {
			return true
		}
	}
	return false
}
