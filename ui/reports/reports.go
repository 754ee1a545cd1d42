// Package reports is the screen of what other security products tell us and what we tell Defender in turn: threat reports of mobile
// devices, and indicators of compromise.
//
// It promises three things. A report never disappears: one that Defender can not take stays in the list with the reason. Nothing here is
// called blocked because Defender took it: an indicator is submitted, then visible, and only a test that was run again says caught or
// missed. And the indicators of one tenant are never shown or changed as those of another: list, count, form and question carry the badge of
// the tenant, and an answer that comes after another tenant was chosen is dropped.
//
// Threat reports and what was pushed are read from the store. The indicators of a tenant are asked of Defender, in the background, when the
// section is opened and when R is pressed.
package reports

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/form"
	"cordon/ui/screen"
	"cordon/ui/theme"
)

// Service answers and orders. Methods whose comments say so ask Defender and are slow.
type Service interface {
	Threats(ctx context.Context, q soc.ThreatQuery) ([]soc.Threat, error)
	ResolveThreat(ctx context.Context, s soc.Session, key string) (soc.Threat, error)
	Pushed(ctx context.Context) ([]soc.Pushed, error)
	// Indicators asks Defender.
	Indicators(ctx context.Context, s soc.Session, id soc.IntegrationID) (soc.IndicatorList, error)
	// AddIndicators asks Defender.
	AddIndicators(ctx context.Context, s soc.Session, id soc.IntegrationID, list []soc.Indicator) ([]soc.ItemResult, error)
	// DeleteIndicator asks Defender.
	DeleteIndicator(ctx context.Context, s soc.Session, id soc.IntegrationID, indicator string) error
	Readiness(ctx context.Context, id soc.IntegrationID) ([]soc.Readiness, error)
}

// Deps are the parts of the screen.
type Deps struct {
	Service Service // nil: this console has no reports
	Session soc.Session
}

// tab is a section.
type tab int

const (
	tabThreats tab = iota
	tabIndicators
	tabReady
)

// Model is the screen.
type Model struct {
	d    Deps
	th   *theme.Theme
	w, h int
	tab  tab
	top  int // first line in sight of the checklist

	now     time.Time
	zone    *time.Location
	focused bool
	held    bool
	stale   bool
	conns   []soc.Conn
	tenant  soc.IntegrationID // whose indicators are shown

	threats threats
	ioc     iocs
	ready   ready
	form    *form.Form // of new indicators
	job     job
}

// New makes the screen.
func New(d Deps, th *theme.Theme) *Model {
	m := &Model{d: d, th: th, zone: time.UTC}
	m.threats.grid, m.ioc.grid = newThreatGrid(th), newIndicatorGrid(th)
	return m
}

var _ screen.Screen = (*Model)(nil)

// Title is the crumb.
func (m *Model) Title() string {
	if m.form != nil {
		return "Reports > New indicators"
	}
	return "Reports"
}

// Resize sets the size of the body.
func (m *Model) Resize(w, h int) tea.Cmd {
	m.w, m.h = w, h
	m.layout()
	return nil
}

// Focus loads what is stale.
func (m *Model) Focus() tea.Cmd {
	m.focused = true
	return m.load()
}

// Capturing reports that the form has the keys.
func (m *Model) Capturing() bool { return m.form != nil }

// Ticking reports that something counts seconds.
func (m *Model) Ticking() bool { return m.job.running || m.ioc.loading }

func (m *Model) denied() bool { return !m.d.Session.Can(soc.RightAlertsView) }

// Update handles one message.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return m.key(msg)
	case tea.PasteMsg:
		if m.form != nil && !m.job.running {
			m.form.Paste(msg.Content)
		}
	case loadedMsg:
		m.onLoaded(msg)
	case listedMsg:
		return m.onListed(msg)
	case readyMsg:
		m.onReady(msg)
	case doneMsg:
		return m.onDone(msg)
	case resolveMsg:
		return m.resolve(msg)
	case deleteMsg:
		return m.remove(msg)
	case leaveMsg:
		m.form = nil
	case screen.StaleMsg:
		return m.onStale(msg)
	case screen.HoldMsg:
		m.held = msg.On
		if !m.held && m.stale {
			return m.load()
		}
	case screen.ConnsMsg:
		return m.onConns(msg.Conns)
	case screen.PlaceMsg:
		return m.load()
	case screen.TickMsg:
		m.now = msg.Now
		m.fill()
	case screen.ZoneMsg:
		m.zone = msg.Zone
		m.fill()
	case screen.ThemeMsg:
		m.threats.grid.Invalidate()
		m.ioc.grid.Invalidate()
	}
	return nil
}

// onStale reads again, unless rows must not move just now.
func (m *Model) onStale(msg screen.StaleMsg) tea.Cmd {
	if !m.focused || !msg.Topics.Has(soc.TopicReports|soc.TopicSettings) {
		return nil
	}
	if m.held {
		m.stale = true
		return nil
	}
	return m.load()
}

// onConns keeps the chosen tenant as long as it is attached; else the first one is chosen.
func (m *Model) onConns(conns []soc.Conn) tea.Cmd {
	m.conns = conns
	for _, c := range conns {
		if c.Integration.ID == m.tenant {
			m.fill()
			return nil
		}
	}
	before := m.tenant
	m.tenant = ""
	if len(conns) > 0 {
		m.tenant = conns[0].Integration.ID
	}
	if m.tenant == before {
		return nil
	}
	return m.changed()
}

// changed forgets what belongs to the tenant that was shown before.
func (m *Model) changed() tea.Cmd {
	m.ioc.req++
	m.ready.req++
	m.ioc.list, m.ioc.asked, m.ioc.loading, m.ioc.err = soc.IndicatorList{}, time.Time{}, false, nil
	m.ready.list, m.ready.loaded, m.ready.err = nil, false, nil
	m.fill()
	if !m.focused {
		return nil
	}
	return m.enter()
}

// conn is the chosen tenant.
func (m *Model) conn() (soc.Conn, bool) {
	for _, c := range m.conns {
		if c.Integration.ID == m.tenant {
			return c, true
		}
	}
	return soc.Conn{}, false
}
