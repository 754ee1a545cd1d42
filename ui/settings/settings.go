// Package settings is the screen of the integrations: which tenants are attached and which channels lead in and out, how they are doing, and
// the forms that attach, test and change them; besides them the tokens that let programs in, and what is in force.
//
// It promises four things. A secret that was typed is drawn as stars, is never copied, and is forgotten when the form closes or the save
// succeeds; a stored one is never shown at all, and a new token is shown once. No tenant is saved that did not pass the connection test; the
// test runs in the background, shows each step as it happens, and esc ends it. A set-up step is called done only on evidence: ids that are
// typed, a token that was got, roles that were seen. And what belongs to a tenant carries its badge.
//
// The list is in list.go, the forms in edit.go (tenant.go, channel*.go, token.go), work in the background in run.go.
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

// Connector tests, saves and removes tenants, and tells what their tokens allow.
type Connector interface {
	Test(ctx context.Context, s soc.Session, draft soc.Integration, secret string, report func(soc.Step)) ([]soc.Step, error)
	Save(ctx context.Context, s soc.Session, draft soc.Integration, secret string, report func(soc.Step)) (soc.Integration, error)
	SetEnabled(ctx context.Context, s soc.Session, id soc.IntegrationID, on bool) error
	Detach(ctx context.Context, s soc.Session, id soc.IntegrationID, releaseFirst, abandon bool) error
	Permissions(ctx context.Context, id soc.IntegrationID) (soc.PermissionReport, error)
}

// Channels tests, saves and removes channels and tokens.
type Channels interface {
	Channels(ctx context.Context) ([]soc.ChannelStatus, error)
	TestChannel(ctx context.Context, s soc.Session, draft soc.Channel, secret string, report func(soc.Step)) ([]soc.Step, error)
	SaveChannel(ctx context.Context, s soc.Session, draft soc.Channel, secret string) (soc.Channel, error)
	EnableChannel(ctx context.Context, s soc.Session, id soc.ChannelID, on bool) error
	RemoveChannel(ctx context.Context, s soc.Session, id soc.ChannelID) error
	Tokens(ctx context.Context) ([]soc.Token, error)
	AddToken(ctx context.Context, s soc.Session, draft soc.Token) (soc.Token, string, error)
	RemoveToken(ctx context.Context, s soc.Session, id string) error
}

// Deps are the parts of the screen.
type Deps struct {
	Reader    Reader
	Connector Connector
	Channels  Channels // nil: this console has none
	Session   soc.Session
	Version   string
	// About are further lines of the About tab: a name and a value each, such as the path of the store.
	About [][2]string
	// History reads "30 days ago" as a moment before now; nil leaves that to the save.
	History func(text string, now time.Time) (time.Time, error)
}

// Model is the screen.
type Model struct {
	d    Deps
	th   *theme.Theme
	w, h int
	tab  tab
	top  int // first line in sight of a section that is text

	now      time.Time
	zone     *time.Location
	focused  bool
	req      int
	loaded   bool
	err      error
	list     []soc.Integration
	channels []soc.ChannelStatus
	tokens   []soc.Token
	notRead  error // channels and tokens could not be read
	policy   soc.Policy
	perms    map[soc.IntegrationID]soc.PermissionReport
	conns    map[soc.IntegrationID]soc.Conn
	grid     *grid.Grid
	tokenBox *grid.Grid

	troubles []soc.Trouble // of the machinery, worst first
	told     bool          // somebody watches the machinery

	picking bool  // the list of types is shown
	pick    int   // and this one is chosen
	perm    bool  // the permissions of the selected tenant are shown
	edit    *edit // nil while a list is shown
	job     job
	seek    ref // the row that the cursor shall be on as soon as it is there
}

// New makes the screen.
func New(d Deps, th *theme.Theme) *Model {
	m := &Model{d: d, th: th, zone: time.UTC, policy: soc.DefaultPolicy()}
	m.conns, m.perms = map[soc.IntegrationID]soc.Conn{}, map[soc.IntegrationID]soc.PermissionReport{}
	m.grid, m.tokenBox = newGrid(th), newTokenGrid(th)
	return m
}

var _ screen.Screen = (*Model)(nil)

// Title is the crumb.
func (m *Model) Title() string {
	switch in, _ := m.current(); {
	case m.edit != nil:
		return "Settings > " + m.edit.title()
	case m.picking:
		return "Settings > Add"
	case m.perm && in.tenant != nil:
		return "Settings > " + in.tenant.Name + " > Permissions"
	}
	return "Settings"
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
func (m *Model) Capturing() bool { return m.edit != nil && m.mayEdit() }

// Ticking reports that a test counts seconds, or that the next poll is counted down.
func (m *Model) Ticking() bool { return m.job.running || m.tab == tabPolling && m.edit == nil }

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
	case removeMsg:
		return m.remove(msg)
	case untokenMsg:
		return m.removeToken(msg)
	case leaveMsg:
		return m.leave()
	case screen.StaleMsg:
		if msg.Topics.Has(soc.TopicSettings|soc.TopicConn) && m.focused {
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
		m.tokenBox.Invalidate()
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
