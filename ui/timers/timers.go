// Package timers is the list of everything that is isolated: our lockdowns with the time that is left, the ones that are late, and the
// hosts that somebody else isolated.
//
// It promises three things. The time left comes from the stored deadline and the last TickMsg, so it never drifts and keeps counting when
// the connection is lost. A tick changes only the cells that count. And nothing is prettier than it is: a release is done when Defender
// said so, a host that was isolated from outside has no timer, and what is not known reads "unknown".
//
// A Model belongs to one session and is not safe for use by several goroutines. Its keys only open dialogs; whether they may is the answer
// of Deps.Commander.
package timers

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/screen"
	"cordon/ui/theme"
)

// Reader is what the screen reads; none of it touches the network.
type Reader interface {
	Host(ctx context.Context, key soc.HostKey) (soc.Host, error)
	Lockdowns(ctx context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error)
	Isolations(ctx context.Context) ([]soc.Isolation, error)
	Actions(ctx context.Context, key soc.HostKey) ([]soc.MachineAction, time.Time, error)
	Audit(ctx context.Context, q soc.AuditQuery) (soc.AuditPage, error)
}

// Commander answers whether a person may do something.
type Commander interface {
	Check(ctx context.Context, s soc.Session, act soc.Act, key soc.HostKey) soc.Verdict
}

// Deps is what the screen needs from outside.
type Deps struct {
	Reader    Reader
	Commander Commander
	Session   soc.Session
	Me        string // whose lockdowns the view "Mine" shows
	Shifts    soc.Shifts
}

// Model is the screen.
type Model struct {
	d  Deps
	th *theme.Theme

	view   view
	order  order
	filter string
	before string // filter to go back to when typing is cancelled
	typing bool

	f       facts
	loaded  bool
	err     error
	req     int // number of the newest load; older answers are dropped
	loading bool
	again   bool // something changed meanwhile, or while rows were held
	held    bool

	rows   []row // of the view, filtered and sorted
	hidden int   // rows of the view that the filter hides
	wantID string
	counts [viewCount]int
	detail detail
	detReq int // number of the newest load of the detail

	conns   []soc.Conn
	stopped soc.Trouble // why the records are not the present; zero while they are
	now     time.Time
	zone    *time.Location

	w, h int
	lay  layout
	grid *grid.Grid // timers
	iso  *grid.Grid // isolated now
}

var _ screen.Screen = (*Model)(nil)

// New returns the screen on its first view.
func New(d Deps, th *theme.Theme) *Model {
	return &Model{d: d, th: th, zone: time.UTC, grid: timerGrid(th, 0, stateCells), iso: isolatedGrid(th)}
}

// Title is the crumb.
func (m *Model) Title() string { return "Lockdowns" }

// Resize sets the size of the body.
func (m *Model) Resize(w, h int) tea.Cmd {
	m.w, m.h = w, h
	m.arrange()
	return nil
}

// Focus reads everything again.
func (m *Model) Focus() tea.Cmd {
	if m.denied() {
		return nil
	}
	if m.loading {
		m.again = true // asked before the screen was hidden; what changed since is read when that ends
		return nil
	}
	return m.load()
}

// Capturing reports that the filter is being typed.
func (m *Model) Capturing() bool { return m.typing }

// Ticking reports that a row on screen is counting.
func (m *Model) Ticking() bool {
	if m.view == viewIsolated && m.lay.side == 0 {
		return false // it shows since when, not how long still
	}
	for _, r := range m.rows {
		if r.counts() {
			return true
		}
	}
	return false
}

func (m *Model) denied() bool { return !m.d.Session.Can(soc.RightLockdownView) }

// Update handles one message.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return m.press(msg)
	case tea.PasteMsg:
		return m.paste(msg.Content)
	case screen.PlaceMsg:
		return m.place(msg.Place)
	case screen.StaleMsg:
		return m.stale(msg.Topics)
	case screen.TickMsg:
		m.now = msg.Now
		m.fill()
	case screen.ConnsMsg:
		m.conns = msg.Conns
		m.fill()
	case screen.TroublesMsg:
		m.stopped, _ = screen.NotCurrent(msg.List)
		m.arrange()
	case screen.HoldMsg:
		return m.hold(msg.On)
	case screen.ZoneMsg:
		m.setZone(msg.Zone)
	case screen.ThemeMsg:
		m.fill()
		m.grid.Invalidate()
		m.iso.Invalidate()
	case loadedMsg:
		return m.take(msg)
	case detailMsg:
		m.takeDetail(msg)
	}
	return nil
}

// place goes to a view, and to a lockdown if the place names one.
func (m *Model) place(p screen.Place) tea.Cmd {
	if p.Kind != "" && p.Kind != screen.Timers {
		return nil
	}
	if v, ok := viewNamed(p.Tab); ok {
		m.view = v
	}
	m.filter, m.wantID = p.Filter, string(p.Lockdown)
	if m.denied() {
		return nil
	}
	return m.load()
}

func (m *Model) stale(t soc.Topic) tea.Cmd {
	if m.denied() || !t.Has(soc.TopicLockdowns|soc.TopicActions|soc.TopicHosts|soc.TopicAudit) {
		return nil
	}
	if !m.loaded && !m.loading && m.err == nil {
		return nil // nobody looked yet; Focus reads
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

func (m *Model) setZone(z *time.Location) {
	if z == nil {
		z = time.UTC
	}
	m.zone = z
	m.fill()
}
