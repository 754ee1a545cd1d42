package ui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// width classes of the frame.
const (
	midW  = 100
	wideW = 160
)

// header is line 1: where we are, and on whose behalf: the tenant with its badge, the person, the clock, the age of the data, the budget.
func (m *Model) header() string {
	left := m.th.Title.Render("cordon")
	for _, c := range m.crumbs()[1:] {
		left += m.th.Muted.Render(" > ") + m.th.Crumb.Render(c)
	}
	return theme.Ends(left, m.condition(), m.w)
}

// condition is the right part of line 1.
func (m *Model) condition() string {
	who := m.deps.Session.Actor
	switch {
	case m.w < midW:
		return strings.Join([]string{m.tenant(false), m.badge(), theme.Clip(who.Name, 12), words.Zoned(m.now, m.zone, "15:04"), m.age(false)}, " ")
	case m.w < wideW:
		return strings.Join([]string{m.named() + " " + m.badge(), whoFrom(who), m.clock(), m.age(true), m.budget(false)}, "  ")
	}
	person := whoFrom(who)
	if who.Role != "" {
		person += " (" + who.Role + ")"
	}
	clock := m.clock()
	if !m.local {
		clock = words.Clock(m.now, m.now, m.deps.Local)
	}
	return strings.Join([]string{m.named() + " " + m.badge(), person, clock, m.age(true), m.budget(true)}, "   ")
}

// named is the tenant behind its word, where there is room.
func (m *Model) named() string {
	if len(m.here()) == 0 {
		return m.tenant(true)
	}
	return "tenant " + m.tenant(true)
}

func whoFrom(a soc.Actor) string {
	at := a.From
	if at == "" {
		at = a.Via
	}
	if at == "" {
		return a.Name
	}
	return theme.Clip(a.Name, 16) + "@" + theme.Clip(at, 20)
}

// tenant is the name of the tenant, or how many there are.
func (m *Model) tenant(long bool) string {
	conns := m.here()
	if len(conns) == 0 {
		return "no tenant"
	}
	name := conns[0].Integration.Name
	if !long {
		name, _, _ = strings.Cut(name, "-")
		name = theme.Clip(name, 12)
	}
	name = theme.Clip(name, 30)
	if n := len(conns); n > 1 {
		name += fmt.Sprintf("+%d", n-1)
	}
	return name
}

// here are the tenants that the visible screen is about: that of the host, else all (T-13).
func (m *Model) here() []soc.Conn {
	if m.place.Kind == screen.Host {
		for _, c := range m.conns {
			if c.Integration.ID == m.place.Host.Integration {
				return []soc.Conn{c}
			}
		}
	}
	return m.conns
}

// badge says whether this is production and whether anything can be changed, in words and colour (C.1 4). With several tenants the most
// dangerous one counts.
func (m *Model) badge() string {
	if len(m.conns) == 0 {
		return m.th.Muted.Render("[-- ro]")
	}
	env, rw := "", false
	for _, c := range m.here() {
		if e := environment(c.Integration); env == "" || e == "PROD" {
			env = e
		}
		rw = rw || m.writable(c)
	}
	return m.envStyle(env, rw)
}

func (m *Model) envStyle(env string, rw bool) string {
	word := " ro]"
	if rw {
		word = " rw]"
	}
	if env == "PROD" {
		return m.th.Prod.Render("[" + env + word)
	}
	return m.th.Good.Render("[" + env + word)
}

// environment of a tenant; one that does not say is treated as production.
func environment(i soc.Integration) string {
	if i.Environment == "" {
		return "PROD"
	}
	return theme.Clip(strings.ToUpper(i.Environment), 8)
}

// writable reports whether this session can change anything in the tenant, as far as is known: right, switch and role of the token.
func (m *Model) writable(c soc.Conn) bool {
	if c.Integration.ReadOnly || !m.deps.Session.Can(soc.RightLockdownEdit) {
		return false
	}
	return len(c.Roles) == 0 || slices.Contains(c.Roles, "Machine.Isolate")
}

// badgeOf names a tenant for the title of a dialog.
func (m *Model) badgeOf(id soc.IntegrationID) string {
	for _, c := range m.conns {
		if c.Integration.ID == id {
			return theme.Clip(c.Integration.Name, 24) + " " + m.envStyle(environment(c.Integration), m.writable(c))
		}
	}
	return string(id)
}

func (m *Model) clock() string {
	return words.Zoned(m.now, m.zone, "15:04:05")
}

// age says how old the data is and when it will be renewed; what is wrong is a word. The oldest tenant counts.
func (m *Model) age(long bool) string {
	c, ok := m.worst()
	if !ok {
		return m.th.Muted.Render("no data")
	}
	word, style := m.state(c)
	if c.LastOK.IsZero() {
		return style.Render(first(c, word, long))
	}
	old := words.Since(m.now, c.LastOK)
	if !long {
		return style.Render(word + " " + old + "/" + words.Period(c.Interval))
	}
	text := "data " + old + " old"
	if next := c.NextPoll.Sub(m.now); word == "ok" && next > 0 {
		text += ", next " + words.Period(next)
		if m.w >= wideW {
			text = strings.Replace(text, ", next ", ", next poll ", 1)
		}
	}
	if word != "ok" {
		text = word + " " + text
	}
	if c.Total > 0 {
		text = fmt.Sprintf("%s %d of %d", cmp.Or(c.Phase, "loading"), c.Done, c.Total)
	}
	return style.Render(text)
}

// first is what there is to say before a tenant was ever read: how far the first read is, or what keeps it from succeeding.
func first(c soc.Conn, word string, long bool) string {
	switch {
	case word != "first sync" && long:
		return word + ", no data yet"
	case word == "first sync" && long && c.Total > 0:
		return fmt.Sprintf("first sync %d of %d", c.Done, c.Total)
	}
	return word
}

// worst is the tenant whose data is oldest.
func (m *Model) worst() (soc.Conn, bool) {
	var out soc.Conn
	for i, c := range m.conns {
		if i == 0 || c.LastOK.Before(out.LastOK) {
			out = c
		}
	}
	return out, len(m.conns) > 0
}

// state is the word for a connection: its own, or STALE when the data is more than two intervals old, red from five on.
func (m *Model) state(c soc.Conn) (string, theme.Style) {
	if c.State != "" && c.State != "ok" && !(c.State == "connecting" && c.LastOK.IsZero()) {
		word := strings.ToUpper(c.State)
		return word, m.th.State(word)
	}
	age := m.now.Sub(c.LastOK)
	switch {
	case c.LastOK.IsZero() && c.Problem != "":
		return "NO CONTACT", m.th.Bad
	case c.LastOK.IsZero():
		return "first sync", m.th.Accent
	case c.Interval <= 0 || age <= 2*c.Interval:
		return "ok", m.th.Good
	case age <= 5*c.Interval:
		return "STALE", m.th.Warn
	}
	return "STALE", m.th.Bad
}

// budget is what is used of the API quota of the busiest tenant.
func (m *Model) budget(hour bool) string {
	var c soc.Conn
	for _, o := range m.conns {
		if o.MinuteUsed*max(1, c.MinuteLimit) >= c.MinuteUsed*max(1, o.MinuteLimit) {
			c = o
		}
	}
	if c.MinuteLimit == 0 {
		return "api -"
	}
	s := fmt.Sprintf("api %d/%d", c.MinuteUsed, c.MinuteLimit)
	if hour {
		s += fmt.Sprintf(" min %d/%d h", c.HourUsed, c.HourLimit)
	}
	if c.MinuteUsed*10 >= c.MinuteLimit*9 {
		return m.th.Warn.Render(s)
	}
	return s
}
