// Package queue is the alert queue: the screen where an analyst decides what to do next.
//
// It promises that nothing moves under the cursor. The cursor and the marks follow ids; while something is marked, a dialog is open or the
// list is paused, new rows are held and only counted. It promises that nothing is hidden in silence: the line under the list always says
// how many of how many alerts pass the filter, and how old the data is when it is not fresh. And it acts on exact machine ids of rows that
// somebody saw, never on a name, a filter or an empty selection (C17); all it ever does is to ask the shell for a dialog.
//
// The rows come in windows from the index; the full alert under the cursor is read on demand. Every answer names its request, and late ones
// are dropped.
package queue

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/screen"
	"cordon/ui/theme"
)

// Reader is what the queue reads. No call touches the network.
type Reader interface {
	Alerts(ctx context.Context, q soc.Query) (soc.AlertPage, error)
	Alert(ctx context.Context, key soc.AlertKey) (soc.Alert, error)
	AlertRaw(ctx context.Context, key soc.AlertKey) ([]byte, error)
	Host(ctx context.Context, key soc.HostKey) (soc.Host, error)
	Isolations(ctx context.Context) ([]soc.Isolation, error)
	OpenLockdown(ctx context.Context, key soc.HostKey) (soc.Lockdown, error)
	Lockdowns(ctx context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error)
	Integrations(ctx context.Context) ([]soc.Integration, error)
}

// Deps is what the queue needs from outside.
type Deps struct {
	Reader Reader
	// Check judges an act on a host before a key is pressed; nil leaves that to the dialog.
	Check   func(ctx context.Context, s soc.Session, act soc.Act, key soc.HostKey) soc.Verdict
	Session soc.Session
	Me      string // who owner:me is
	// Parse checks a filter; nil is soc.ParseFilter.
	Parse func(text, me string, now time.Time) (soc.Filter, error)
	// Refresh asks for a poll now; nil reads the store again only.
	Refresh func()
	// Now is the time until the first TickMsg arrives.
	Now time.Time
}

// Model is the screen.
type Model struct {
	d    Deps
	th   *theme.Theme
	w, h int
	now  time.Time
	zone *time.Location

	grid    *grid.Grid
	rows    map[string]soc.AlertRow // the loaded window, by grid id
	marked  map[string]soc.AlertRow // rows as they were when they were marked
	tenants []soc.Integration
	conns   []soc.Conn

	views  []view
	view   int
	filter string           // in force: the last valid one
	edit   *field           // open while the filter is typed
	fault  *soc.FilterError // of what is being typed
	sort   []soc.SortKey
	sorter bool // the sort menu is open

	page   soc.AlertPage // the last answer; Rows are in the grid
	loaded bool
	err    error
	req    int    // of the newest load
	busy   bool   // a load is under way
	again  bool   // something changed while it was
	hold   bool   // a dialog is open, or updates are paused
	pin    uint64 // revision whose rows are on screen; used while held

	wide      bool   // the list has room for whole words
	whole     int    // the load that brings the first whole list, after a first sync
	touched   bool   // a key was pressed: the cursor belongs to the person
	opening   bool   // enter was typed ahead of the rows: open the first one when they come
	seek      string // id of an alert to put the cursor on when rows come
	revealing bool   // the load under way was asked for by the key that shows held rows

	counting, recount bool // view counts: under way, wanted again
	fleet             fleet
	fleetReq          int
	details           map[soc.AlertKey]detail
	detailReq         int
	wanted            map[soc.HostKey]time.Time // hosts asked of Defender, when

	preview preview
	facets  facetPane
}

// New returns the queue with its first saved view.
func New(d Deps, th *theme.Theme) *Model {
	if d.Parse == nil {
		d.Parse = soc.ParseFilter
	}
	m := &Model{
		d: d, th: th, now: d.Now, zone: time.UTC, views: savedViews(),
		sort:    []soc.SortKey{{Field: "severity", Desc: true}, {Field: "time", Desc: true}},
		rows:    map[string]soc.AlertRow{},
		marked:  map[string]soc.AlertRow{},
		details: map[soc.AlertKey]detail{}, wanted: map[soc.HostKey]time.Time{},
		preview: preview{on: true},
	}
	m.filter = m.views[0].Filter
	m.grid = grid.New(th, columns(0, false)...)
	m.grid.SetSort(m.sort)
	return m
}

// Title is the crumb.
func (m *Model) Title() string { return "Queue" }

// Resize sets the size of the body and loads what a taller list needs.
func (m *Model) Resize(w, h int) tea.Cmd {
	m.w, m.h = w, h
	m.arrange()
	if !m.loaded {
		return nil
	}
	return m.loadRows()
}

// Focus reads everything again: the queue may have been hidden for an hour.
func (m *Model) Focus() tea.Cmd {
	if m.denied() {
		return nil
	}
	m.expireDetails()
	return tea.Batch(m.loadRows(), m.loadCounts(), m.loadFleet())
}

// Capturing reports that keys are text: the filter or the sort menu is open.
func (m *Model) Capturing() bool { return m.edit != nil || m.sorter }

// Ticking reports that seconds count down on screen: in the strip of lockdowns or in the preview.
func (m *Model) Ticking() bool {
	if m.strip() && len(m.fleet.lockdowns) > 0 {
		return true
	}
	row, ok := m.current()
	return ok && m.preview.on && m.details[row.Key].lockdown != nil
}

// Update handles one message.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return m.key(msg)
	case tea.PasteMsg:
		return m.paste(msg.Content)
	case loadedMsg:
		return m.onLoaded(msg)
	case countsMsg:
		return m.onCounts(msg)
	case fleetMsg:
		return m.onFleet(msg)
	case detailMsg:
		return m.onDetail(msg)
	case restMsg:
		return m.onRest(msg)
	case screen.StaleMsg:
		return m.onStale(msg.Topics)
	case screen.TickMsg:
		return m.onTick(msg.Now)
	case screen.ConnsMsg:
		return m.onConns(msg.Conns)
	case screen.ZoneMsg:
		m.zone = msg.Zone
	case screen.HoldMsg:
		return m.onHold(msg.On)
	case screen.PlaceMsg:
		return m.onPlace(msg.Place)
	case screen.ThemeMsg:
		m.grid.Invalidate()
		m.refill()
	}
	return nil
}

func (m *Model) denied() bool { return !m.d.Session.Can(soc.RightAlertsView) }

// onTick moves the ages on. Rows whose text did not change are not drawn again.
func (m *Model) onTick(now time.Time) tea.Cmd {
	first := m.now.IsZero()
	m.now = now
	m.arrange()
	m.refill()
	if m.loaded && (first || m.timeBound()) && !m.denied() {
		return m.reload() // rows come and go as time passes
	}
	return nil
}

// onConns reads the list once more when a first sync has just ended: that answer is the first whole one.
func (m *Model) onConns(conns []soc.Conn) tea.Cmd {
	was := m.syncing()
	m.conns = conns
	m.arrange()
	if !was || m.syncing() || m.touched || m.denied() {
		return nil
	}
	cmd := m.loadRows()
	m.whole = m.req
	return cmd
}

func (m *Model) onHold(on bool) tea.Cmd {
	was := m.held()
	m.hold = on
	return m.unheld(was)
}

// onPlace shows what a palette or another screen asked for: a filter, or an alert to put the cursor on.
func (m *Model) onPlace(p screen.Place) tea.Cmd {
	if p.Kind != screen.Queue || m.denied() {
		return nil
	}
	if !p.Alert.IsZero() {
		m.seek = p.Alert.String()
		m.grid.KeepCursor(m.seek)
	}
	if p.Filter == "" {
		return m.loadRows()
	}
	m.edit, m.fault = nil, m.check(p.Filter)
	if m.fault != nil {
		m.edit = newField(p.Filter)
		return nil
	}
	return m.setFilter(p.Filter)
}

// held reports whether rows must not move: something is marked, a dialog is open, or updates are paused.
func (m *Model) held() bool {
	return m.hold || m.grid.Marked() > 0 || m.grid.Ranging()
}

// unheld catches up after whatever held the rows ended.
func (m *Model) unheld(was bool) tea.Cmd {
	if was && !m.held() {
		return m.loadRows()
	}
	return nil
}
