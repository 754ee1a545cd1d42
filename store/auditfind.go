package store

import (
	"bytes"
	"strings"
	"time"

	"cordon/store/soc"
)

// auditMatch is a prepared soc.AuditQuery.
type auditMatch struct {
	q     soc.AuditQuery
	since time.Time
	terms []auditTerm
}

// auditTerm is one word of the search: field "" searches everywhere.
type auditTerm struct {
	field, text string
	not         bool
}

// compileAudit prepares a search. Words must all be found, in any order and case; a leading minus excludes; "quotes" keep blanks together.
func compileAudit(q soc.AuditQuery, now time.Time) auditMatch {
	m := auditMatch{q: q, since: q.Since}
	for _, w := range auditWords(q.Text) {
		t := auditTerm{text: strings.ToLower(w)}
		if rest, ok := strings.CutPrefix(t.text, "-"); ok && rest != "" {
			t.text, t.not = rest, true
		}
		if field, value, ok := strings.Cut(t.text, ":"); ok && value != "" && isAuditField(field) {
			t.field, t.text = field, value
		}
		if t.field == "since" {
			if ago, err := soc.ParseAge(t.text); err == nil {
				m.since = now.Add(-ago)
				continue
			}
			t.field, t.text = "", "since:"+t.text
		}
		m.terms = append(m.terms, t)
	}
	return m
}

func isAuditField(f string) bool {
	switch f {
	case "actor", "action", "target", "host", "result", "cause", "lockdown", "tenant", "since":
		return true
	}
	return false
}

// auditWords splits at blanks outside of double quotes and drops the quotes.
func auditWords(text string) []string {
	var out []string
	var cur strings.Builder
	quoted := false
	flush := func() {
		if cur.Len() > 0 {
			out = append(out, cur.String())
			cur.Reset()
		}
	}
	for _, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case r == ' ' && !quoted:
			flush()
		default:
			cur.WriteRune(r)
		}
	}
	flush()
	return out
}

// all reports whether every entry matches.
func (m auditMatch) all() bool {
	return len(m.terms) == 0 && m.q.Lockdown == "" && m.q.Host.IsZero() && m.since.IsZero()
}

// before reports that an entry, and so every older one, is too old.
func (m auditMatch) before(e soc.AuditEntry) bool {
	return !m.since.IsZero() && !e.Time.IsZero() && e.Time.Before(m.since)
}

// raw passes over most records without decoding them.
func (m auditMatch) raw(v []byte) bool {
	if m.q.Lockdown != "" && !bytes.Contains(v, []byte(m.q.Lockdown)) {
		return false
	}
	return m.q.Host.IsZero() || bytes.Contains(v, []byte(m.q.Host.MachineID))
}

func (m auditMatch) match(e soc.AuditEntry) bool {
	if m.q.Lockdown != "" && e.Lockdown != m.q.Lockdown {
		return false
	}
	if !m.q.Host.IsZero() && (e.Host != m.q.Host.MachineID || e.Integration != m.q.Host.Integration) {
		return false
	}
	for _, t := range m.terms {
		if t.match(e) == t.not {
			return false
		}
	}
	return true
}

func (t auditTerm) match(e soc.AuditEntry) bool {
	has := func(values ...string) bool {
		for _, v := range values {
			if strings.Contains(strings.ToLower(v), t.text) {
				return true
			}
		}
		return false
	}
	switch t.field {
	case "actor":
		return has(e.Actor.Name)
	case "action":
		return has(e.Action)
	case "target":
		return has(e.Target)
	case "host":
		return has(e.Host, e.Target)
	case "result":
		return has(e.Result)
	case "cause":
		return has(string(e.Cause))
	case "lockdown":
		return has(string(e.Lockdown))
	case "tenant":
		return has(string(e.Integration))
	}
	return has(e.Actor.Name, e.Action, e.Target, e.Result, e.Detail, string(e.Lockdown), string(e.Cause))
}
