package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/pane"
	"cordon/ui/theme"
	"cordon/ui/words"
)

func newIndicatorGrid(th *theme.Theme) *grid.Grid {
	return grid.New(
		th,
		grid.Column{ID: "type", Title: "TYPE", Min: 11},
		grid.Column{ID: "value", Title: "VALUE", Min: 18, Max: 66, Grow: true},
		grid.Column{ID: "action", Title: "ACTION", Min: 8, Max: 17, Grow: true},
		grid.Column{ID: "state", Title: "STATE", Min: 18},
		grid.Column{ID: "expires", Title: "EXPIRES", Min: 10},
		grid.Column{ID: "by", Title: "BY", Min: 14, Max: 24, DropBelow: 100},
		grid.Column{ID: "test", Title: "TEST", Min: 12, Grow: true, DropBelow: 140},
	)
}

// line is one indicator: what Defender lists, what we pushed, or both.
type line struct {
	soc.Indicator
	pushed *soc.Pushed
	listed bool // Defender lists it
}

func (l line) id() string { return l.Type + "/" + l.Value }

// lines joins Defender's list of the chosen tenant with what was pushed into it. What is not in the list yet comes first.
func (m *Model) joined() []line {
	at := map[string]int{}
	var out []line
	for i, p := range m.ioc.pushed {
		if p.Indicator.Integration != m.tenant || p.State == soc.PushedDeleted {
			continue
		}
		l := line{Indicator: p.Indicator, pushed: &m.ioc.pushed[i]}
		at[l.id()] = len(out)
		out = append(out, l)
	}
	var listed []line
	for _, i := range m.ioc.list.Indicators {
		l := line{Indicator: i, listed: true}
		if n, ok := at[l.id()]; ok {
			l.pushed = out[n].pushed
			out[n].Value = ""
		}
		listed = append(listed, l)
	}
	out = slices.DeleteFunc(out, func(l line) bool { return l.Value == "" })
	return append(out, listed...)
}

// stateWords are the states of what we pushed as people read them (P-12).
func stateWord(l line) string {
	if l.pushed == nil {
		return "visible"
	}
	switch s := l.pushed.State; s {
	case soc.PushedMissed:
		return "still missed"
	case soc.PushedEarly:
		return "too early to tell"
	default:
		return string(s)
	}
}

func (m *Model) iocStyle(l line) theme.Style {
	if l.pushed == nil {
		return m.th.Muted
	}
	switch l.pushed.State {
	case soc.PushedCaught:
		return m.th.Good
	case soc.PushedMissed, soc.PushedFailed:
		return m.th.Bad
	case soc.PushedVisible:
		return m.th.Text
	}
	return m.th.Warn
}

func (m *Model) fillIndicators() {
	list := m.joined()
	m.ioc.lines, m.ioc.at = list, make(map[string]int, len(list))
	rows := make([]grid.Row, 0, len(list))
	for _, l := range list {
		m.ioc.at[l.id()] = len(rows)
		by, test := l.CreatedBy, ""
		if l.pushed != nil {
			by, test = "cordon", l.pushed.Test
		}
		rows = append(rows, grid.Row{ID: l.id(), Cells: []grid.Cell{
			{Text: typeWord(l.Type)},
			{Text: l.Value},
			{Text: l.Action},
			{Text: stateWord(l), Style: m.iocStyle(l)},
			{Text: expiry(l.Expires)},
			{Text: words.Dash(by)},
			{Text: test},
		}})
	}
	m.ioc.grid.SetRows(0, rows, len(rows))
}

// typeWord is the type as the narrow column holds it; the rule below the list has the whole name.
func typeWord(t string) string {
	if t == "CertificateThumbprint" {
		return "Certificate"
	}
	return t
}

func expiry(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02")
}

// indicator is the line under the cursor.
func (m *Model) indicator() (line, bool) {
	id, _, ok := m.ioc.grid.Cursor()
	i, known := m.ioc.at[id]
	if !ok || !known {
		return line{}, false
	}
	return m.ioc.lines[i], true
}

// count says how full the tenant's list is; grouped writes 15,000 as people do.
func (m *Model) count() string {
	l := m.ioc.list
	limit := l.Cap
	if limit == 0 {
		limit = 15_000
	}
	text := fmt.Sprintf("%s of %s indicators", grouped(len(l.Indicators)), grouped(limit))
	switch {
	case m.ioc.loading:
		return fmt.Sprintf("asking Defender, %d s", max(0, int(m.now.Sub(m.ioc.since)/time.Second)))
	case m.ioc.asked.IsZero() && m.ioc.err != nil:
		return "no answer from Defender (R asks again)"
	case m.ioc.asked.IsZero():
		return "Defender was not asked yet (R asks)"
	case len(l.Indicators) >= limit:
		return m.th.Bad.Render(text + ": FULL, no more can be added")
	case len(l.Indicators)*10 >= limit*9:
		return m.th.Warn.Render(text + ", nearly full")
	}
	return text + ", asked " + words.Age(m.now, m.ioc.asked) + " ago"
}

func grouped(n int) string {
	s := fmt.Sprint(n)
	if len(s) > 3 {
		return s[:len(s)-3] + "," + s[len(s)-3:]
	}
	return s
}

// indicatorLines are the list, its count, and the indicator under the cursor.
func (m *Model) indicatorLines() []string {
	c, ok := m.conn()
	if !ok {
		return []string{"", "  No tenant is attached, so there are no indicators."}
	}
	out := []string{" " + m.badge(c) + "  " + m.count()}
	if m.ioc.err != nil {
		out = append(out, pane.Pad(pane.Wrap("! the list can not be read: "+m.ioc.err.Error(), m.w-2))...)
	}
	if p := m.ioc.list.Partial; p != "" {
		out = append(out, m.th.Warn.Render(" ! the list may not be whole: "+p))
	}
	list := m.ioc.lines
	if len(list) == 0 {
		if m.ioc.err == nil && !m.ioc.loading {
			out = append(out, "", "  This tenant has no indicators. a adds some.")
		}
		return out
	}
	h := max(2, min(len(list)+1, (m.h-len(out))*3/5))
	m.ioc.grid.Resize(m.w, h)
	out = append(out, strings.Split(m.ioc.grid.View(), "\n")...)
	l, ok := m.indicator()
	if !ok {
		return out
	}
	out = append(out, pane.Rule(m.th, m.th.Border.Render(l.Type), m.w))
	return append(out, pane.Pad(m.about(l))...)
}

// about is everything about an indicator that its row has no room for.
func (m *Model) about(l line) []string {
	does := words.Or(l.Action) + ", severity " + words.Or(l.Severity) + ", ends " + expiry(l.Expires)
	out := append(m.labelled("Value", l.Value), label("Does", does), label("Title", words.Or(l.Title)))
	p := l.pushed
	if p == nil {
		return append(out, label("Made", m.clock(l.CreatedAt)+" by "+words.Or(l.CreatedBy)), label("Portal", m.portalText()))
	}
	state := stateWord(l)
	if p.Reason != "" {
		state += ": " + p.Reason
	}
	out = append(out, label("State", m.iocStyle(l).Render(theme.Clip(state, m.w-14))), label("Way", m.way(*p)))
	if p.Test != "" {
		out = append(out, label("Test", p.Test))
	}
	return append(out, label("Portal", m.portalText()))
}

// way is how far an indicator came, with the times (P-12).
func (m *Model) way(p soc.Pushed) string {
	out := "not submitted yet"
	if !p.Submitted.IsZero() {
		out = "submitted " + m.short(p.Submitted)
	}
	if !p.Visible.IsZero() {
		out += " > visible " + m.short(p.Visible)
	}
	if !p.Retested.IsZero() {
		out += " > tested again " + m.short(p.Retested)
	}
	return out
}

func (m *Model) short(t time.Time) string { return words.Zoned(t, m.zone, "15:04:05") }

// portalText is the link, or why there is none.
func (m *Model) portalText() string {
	if at := m.portal(); at != "" {
		return at
	}
	return "not known for a custom cloud"
}

// portal is where the tenant's indicators are seen in the portal of its cloud (P-04).
func (m *Model) portal() string {
	c, _ := m.conn()
	base := map[string]string{"gcc-high": "https://security.microsoft.us", "dod": "https://security.apps.mil", "custom": ""}
	at, special := base[c.Integration.Cloud]
	if !special {
		at = "https://security.microsoft.com"
	}
	if at == "" || c.Integration.TenantID == "" {
		return ""
	}
	return at + "/securitysettings/endpoints/custom_ti_indicators?tid=" + c.Integration.TenantID
}
