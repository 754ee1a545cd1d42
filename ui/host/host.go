// Package host is the page of one machine: what Defender knows about it, its alerts, one timeline of everything that happened to it, and
// the lockdown widget with the honest state line.
//
// It promises three things. Nothing is guessed: a field that Defender did not send reads "unknown", and the isolation word, which Defender
// does not have, is derived from the action list and says so with its age. Nothing waits for the network: the page shows what the store
// has at once and asks the background client for more (WantHostMsg). And the time left always comes from the stored deadline and the last
// TickMsg, never from counting ticks.
//
// A Model belongs to one session and is not safe for use by several goroutines. The keys that change a device only send messages that open
// a dialog; whether they may is the answer of Deps.Commander, the same function that judges the order itself.
package host

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// Reader is what the page reads; none of it touches the network.
type Reader interface {
	Alerts(ctx context.Context, q soc.Query) (soc.AlertPage, error)
	Alert(ctx context.Context, key soc.AlertKey) (soc.Alert, error)
	AlertRaw(ctx context.Context, key soc.AlertKey) ([]byte, error)
	Host(ctx context.Context, key soc.HostKey) (soc.Host, error)
	HostsNamed(ctx context.Context, id soc.IntegrationID, name string) ([]soc.Host, error)
	Actions(ctx context.Context, key soc.HostKey) ([]soc.MachineAction, time.Time, error)
	Lockdowns(ctx context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error)
	Audit(ctx context.Context, q soc.AuditQuery) (soc.AuditPage, error)
}

// Commander answers whether a person may do something; the page shows the answer beside the key.
type Commander interface {
	Check(ctx context.Context, s soc.Session, act soc.Act, key soc.HostKey) soc.Verdict
}

// Deps is what the page needs from outside.
type Deps struct {
	Reader    Reader
	Commander Commander
	Session   soc.Session
	Me        string // who "mine" is
}

// Model is the page.
type Model struct {
	d  Deps
	th *theme.Theme

	key   soc.HostKey
	alert soc.AlertKey // that led here, if any
	tab   tab
	conns []soc.Conn
	conn  soc.Conn // of the host's integration; zero until told
	// stopped is why the records are not the present; zero while they are.
	stopped soc.Trouble

	f       facts
	loaded  bool // f holds an answer for key
	err     error
	errAt   time.Time
	req     int  // number of the newest load; older answers are dropped
	loading bool // the newest load is under way
	again   bool // something changed meanwhile, or while rows were held
	held    bool // a dialog is open: rows stay where they are

	now  time.Time
	zone *time.Location

	w, h   int
	lay    layout
	grids  map[tab]*grid.Grid
	top    map[tab]int // first line of the tabs that are text
	filter string      // of the timeline
	before string      // filter to go back to when typing is cancelled
	typing bool
	hidden int // timeline entries that the filter hides
	shown  []entry
}

var _ screen.Screen = (*Model)(nil)

// New returns a page without a host; a PlaceMsg names one.
func New(d Deps, th *theme.Theme) *Model {
	m := &Model{d: d, th: th, zone: time.UTC, tab: tabOverview, top: map[tab]int{}}
	m.grids = newGrids(th)
	return m
}

// Title is the name of the host, or what is known of its id.
func (m *Model) Title() string {
	if m.f.host.Name != "" {
		return words.ShortName(m.f.host.Name)
	}
	if m.key.IsZero() {
		return "Host"
	}
	return words.ShortID(m.key.MachineID)
}

// Resize sets the size of the body.
func (m *Model) Resize(w, h int) tea.Cmd {
	m.w, m.h = w, h
	m.arrange()
	return nil
}

// Focus loads the host again and asks Defender for what is older than its time to live (V-01).
func (m *Model) Focus() tea.Cmd {
	if m.key.IsZero() {
		return nil
	}
	if m.loading {
		m.again = true // asked before the screen was hidden; what changed since is read when that ends
		return nil
	}
	return m.ask()
}

// Capturing reports that the filter is being typed.
func (m *Model) Capturing() bool { return m.typing }

// Ticking reports that a lockdown of this host is counting.
func (m *Model) Ticking() bool {
	l := m.f.open()
	return l != nil && !l.Deadline.IsZero() && m.d.Session.Can(soc.RightLockdownView)
}

// Update handles one message.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return m.press(msg)
	case tea.PasteMsg:
		m.paste(msg.Content)
	case screen.PlaceMsg:
		return m.place(msg.Place)
	case screen.StaleMsg:
		return m.stale(msg.Topics)
	case screen.TickMsg:
		m.now = msg.Now
		m.fill()
	case screen.ConnsMsg:
		m.conns = msg.Conns
		m.pickConn()
	case screen.TroublesMsg:
		m.stopped, _ = screen.NotCurrent(msg.List)
		m.fill()
	case screen.HoldMsg:
		return m.hold(msg.On)
	case screen.ZoneMsg:
		m.setZone(msg.Zone)
	case screen.ThemeMsg:
		m.rebuild()
	case loadedMsg:
		return m.take(msg)
	case textMsg:
		return m.takeText(msg)
	}
	return nil
}

// place shows a host. The tab is kept when the same host is shown again, unless the place names one.
func (m *Model) place(p screen.Place) tea.Cmd {
	if p.Kind != "" && p.Kind != screen.Host || p.Host.IsZero() {
		return nil
	}
	if p.Host != m.key {
		*m = Model{
			d: m.d, th: m.th, key: p.Host, tab: tabOverview, conns: m.conns, stopped: m.stopped, req: m.req, held: m.held, now: m.now, zone: m.zone,
			w: m.w, h: m.h, top: map[tab]int{}, grids: newGrids(m.th),
		}
		m.pickConn()
	}
	m.alert = p.Alert
	if t, ok := tabNamed(p.Tab); ok {
		m.tab = t
	}
	if p.Filter != "" {
		m.filter, m.tab = p.Filter, tabTimeline
	}
	m.arrange()
	return m.ask()
}

// ask reads the host and asks Defender for what is too old; without the right to see it, neither.
func (m *Model) ask() tea.Cmd {
	if !m.d.Session.Can(soc.RightAlertsView) {
		return nil
	}
	return tea.Batch(m.load(), m.want(false))
}

func (m *Model) want(force bool) tea.Cmd {
	return screen.Send(screen.WantHostMsg{Host: m.key, Force: force})
}

func (m *Model) stale(t soc.Topic) tea.Cmd {
	if m.key.IsZero() || !m.d.Session.Can(soc.RightAlertsView) || !t.Has(soc.TopicAlerts|soc.TopicHosts|soc.TopicActions|soc.TopicLockdowns|soc.TopicSettings|soc.TopicAudit) {
		return nil
	}
	if m.loading || m.held {
		m.again = true
		return nil
	}
	return m.load()
}

func (m *Model) hold(on bool) tea.Cmd {
	m.held = on
	if on || !m.again || m.loading {
		return nil
	}
	return m.load()
}

func (m *Model) pickConn() {
	m.conn = soc.Conn{}
	for _, c := range m.conns {
		if c.Integration.ID == m.key.Integration {
			m.conn = c
		}
	}
}

func (m *Model) setZone(z *time.Location) {
	if z == nil {
		z = time.UTC
	}
	m.zone = z
	m.fill()
}

// rebuild draws everything again in new colours; the grids hold the theme by pointer, so their cached rows must go.
func (m *Model) rebuild() {
	m.fill()
	for _, g := range m.grids {
		g.Invalidate()
	}
}
