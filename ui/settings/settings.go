// Package settings is the screen of the integrations: which tenants are attached, how they are doing, and the form that attaches, tests and
// changes one.
//
// It promises three things. A secret that was typed is drawn as stars, is never copied, and is forgotten when the form closes or the save
// succeeds; a stored one is never shown at all. Nothing is saved that did not pass the connection test; the test runs in the background,
// shows each step as it happens, and esc ends it. And a set-up step is called done only on evidence: ids that are typed, a token that was
// got, roles that were seen.
package settings

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/screen"
	"cordon/ui/theme"
)

// Reader is what the screen reads.
type Reader interface {
	Integrations(ctx context.Context) ([]soc.Integration, error)
	Policy(ctx context.Context) (soc.Policy, error)
}

// Connector tests, saves and removes integrations.
type Connector interface {
	Test(ctx context.Context, s soc.Session, draft soc.Integration, secret string, report func(soc.Step)) ([]soc.Step, error)
	Save(ctx context.Context, s soc.Session, draft soc.Integration, secret string, report func(soc.Step)) (soc.Integration, error)
	SetEnabled(ctx context.Context, s soc.Session, id soc.IntegrationID, on bool) error
	Detach(ctx context.Context, s soc.Session, id soc.IntegrationID, releaseFirst, abandon bool) error
}

// Deps are the parts of the screen.
type Deps struct {
	Reader    Reader
	Connector Connector
	Session   soc.Session
	Version   string
	// About are further lines of the About tab: a name and a value each, such as the path of the store.
	About [][2]string
}

// tab is a section.
type tab int

const (
	tabDefender tab = iota
	tabPolling
	tabPolicy
	tabAbout
)

// Model is the screen.
type Model struct {
	d    Deps
	th   *theme.Theme
	w, h int
	tab  tab

	now     time.Time
	zone    *time.Location
	focused bool
	req     int
	loaded  bool
	err     error
	list    []soc.Integration
	policy  soc.Policy
	conns   map[soc.IntegrationID]soc.Conn
	grid    *grid.Grid

	troubles []soc.Trouble // of the machinery, worst first
	told     bool          // somebody watches the machinery

	form *form // nil while the list is shown
	job  job
}

// New makes the screen.
func New(d Deps, th *theme.Theme) *Model {
	m := &Model{d: d, th: th, zone: time.UTC, conns: map[soc.IntegrationID]soc.Conn{}, policy: soc.DefaultPolicy()}
	m.grid = newGrid(th)
	return m
}

var _ screen.Screen = (*Model)(nil)

// Title is the crumb.
func (m *Model) Title() string {
	switch {
	case m.form == nil:
		return "Settings"
	case m.form.orig.ID == "":
		return "Settings > New connection"
	}
	return "Settings > " + m.form.orig.Name
}

// Resize sets the size of the body; nothing that was typed is lost.
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
func (m *Model) Capturing() bool { return m.form != nil && m.tab == tabDefender && m.may() }

// Ticking reports that a test counts seconds, or that the next poll is counted down.
func (m *Model) Ticking() bool { return m.job.running || m.tab == tabPolling && m.form == nil }

// may reports whether the person may change settings.
func (m *Model) may() bool { return m.d.Session.Can(soc.RightSettingsEdit) }

func (m *Model) denied() bool { return !m.d.Session.Can(soc.RightSettingsView) }

// Update handles one message.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return m.key(msg)
	case tea.PasteMsg:
		return m.paste(msg)
	case loadedMsg:
		m.onLoaded(msg)
	case stepMsg:
		return m.onStep(msg)
	case doneMsg:
		return m.onDone(msg)
	case detachMsg:
		return m.detach(msg)
	case leaveMsg:
		return m.leave()
	case screen.StaleMsg:
		if msg.Topics.Has(soc.TopicSettings) && m.focused {
			return m.load()
		}
	case screen.TroublesMsg:
		m.troubles, m.told = msg.List, true
	case screen.ConnsMsg:
		m.onConns(msg.Conns)
	case screen.PlaceMsg:
		return m.load()
	case screen.TickMsg:
		m.now = msg.Now
		m.fill()
	case screen.ZoneMsg:
		m.zone = msg.Zone
		m.fill()
	case screen.ThemeMsg:
		m.grid.Invalidate()
	}
	return nil
}

func (m *Model) onConns(conns []soc.Conn) {
	clear(m.conns)
	for _, c := range conns {
		m.conns[c.Integration.ID] = c
	}
	m.fill()
}

// current is the integration under the cursor.
func (m *Model) current() (soc.Integration, bool) {
	id, _, ok := m.grid.Cursor()
	if !ok {
		return soc.Integration{}, false
	}
	for _, in := range m.list {
		if string(in.ID) == id {
			return in, true
		}
	}
	return soc.Integration{}, false
}
