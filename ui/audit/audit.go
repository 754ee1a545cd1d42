// Package audit is the history screen: every order, refusal and observation, newest first, with the proof that nothing was changed.
//
// It promises that it only reads. The list is a window on the store and can be long; the views that pick lines by a rule (lockdowns,
// failed) look through the newest lines up to a limit and say so when there are more. Verifying walks the whole chain in the background,
// shows that it is at work, and esc stops it.
package audit

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/theme"
)

// Reader is what the screen reads.
type Reader interface {
	Audit(ctx context.Context, q soc.AuditQuery) (soc.AuditPage, error)
	AuditAfter(ctx context.Context, seq uint64, limit int) ([]soc.AuditEntry, error)
	VerifyHistory(ctx context.Context, o soc.VerifyOptions) (soc.ChainReport, error)
}

// Deps are the parts of the screen.
type Deps struct {
	Reader  Reader
	Session soc.Session
	Me      string // whose lines "Mine" shows
}

// view is a saved selection.
type view int

const (
	viewToday view = iota
	viewWeek
	viewLockdowns
	viewFailed
	viewMine
)

// Model is the screen.
type Model struct {
	d    Deps
	th   *theme.Theme
	grid *grid.Grid
	w, h int

	now     time.Time
	zone    *time.Location
	view    view
	filter  field
	focused bool
	held    bool
	stale   bool

	req     int // of the newest load; older answers are dropped
	loaded  bool
	err     error
	page    soc.AuditPage
	all     []soc.AuditEntry // the whole list of a picked view
	clipped bool             // a picked view has not looked at everything
	hours   []int            // lines per hour, oldest first

	relatedTo soc.LockdownID
	related   []soc.AuditEntry

	chain    soc.ChainReport
	checking bool
	stop     context.CancelFunc
	checkReq int
	began    time.Time
	walked   *progress // of the verification; written by it, read with the time
	percent  string
}

// New makes the screen.
func New(d Deps, th *theme.Theme) *Model {
	m := &Model{d: d, th: th, zone: time.UTC}
	m.filter = newField()
	m.build()
	return m
}

var _ screen.Screen = (*Model)(nil)

// Title is the crumb.
func (m *Model) Title() string { return "History" }

// Resize sets the size of the body.
func (m *Model) Resize(w, h int) tea.Cmd {
	was := m.wide()
	m.w, m.h = w, h
	if was != m.wide() {
		m.columns()
	}
	m.layout()
	return m.load()
}

// Focus loads what is stale.
func (m *Model) Focus() tea.Cmd {
	m.focused = true
	return m.load()
}

// Capturing reports that the filter has the focus.
func (m *Model) Capturing() bool { return m.filter.on }

// Ticking reports that a verification counts seconds.
func (m *Model) Ticking() bool { return m.checking }

// Update handles one message.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return m.key(msg)
	case tea.PasteMsg:
		if m.filter.on {
			return m.filtered(m.filter.update(msg))
		}
	case loadedMsg:
		return m.onLoaded(msg)
	case relatedMsg:
		m.onRelated(msg)
	case dayMsg:
		return m.onDay(msg)
	case chainMsg:
		return m.onChain(msg)
	case screen.StaleMsg:
		return m.onStale(msg)
	case screen.PlaceMsg:
		return m.onPlace(msg.Place)
	case screen.TickMsg:
		m.now = msg.Now
		m.percent = m.walked.String()
	case screen.HoldMsg:
		return m.onHold(msg.On)
	case screen.ZoneMsg:
		m.zone = msg.Zone
		m.columns()
		return m.load()
	case screen.ThemeMsg:
		m.grid.Invalidate()
	}
	return nil
}

func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	if m.filter.on {
		return m.typing(k)
	}
	b, ok := keys.Find(k, m.Keys())
	switch {
	case !ok:
		return nil
	case b.Off != "":
		return screen.Send(screen.NoticeMsg{Level: screen.Warn, Text: b.Hint + ": " + b.Off})
	case strings.HasPrefix(b.ID, "grid."):
		return m.move(k)
	}
	return m.act(b.ID)
}

func (m *Model) move(k tea.KeyPressMsg) tea.Cmd {
	handled, need := m.grid.Update(k)
	switch {
	case need:
		return m.load()
	case handled:
		return m.loadRelated()
	}
	return nil
}

// denied reports that the person may not see the history.
func (m *Model) denied() bool { return !m.d.Session.Can(soc.RightLockdownView) }

// current is the entry under the cursor.
func (m *Model) current() (soc.AuditEntry, bool) {
	_, i, ok := m.grid.Cursor()
	if !ok {
		return soc.AuditEntry{}, false
	}
	if i -= m.page.From; i < 0 || i >= len(m.page.Entries) {
		return soc.AuditEntry{}, false
	}
	return m.page.Entries[i], true
}

func (m *Model) onStale(msg screen.StaleMsg) tea.Cmd {
	if !msg.Topics.Has(soc.TopicAudit) {
		return nil
	}
	if m.held || !m.focused {
		m.stale = true
		return nil
	}
	return m.load()
}

func (m *Model) onHold(on bool) tea.Cmd {
	m.held = on
	if on || !m.stale {
		return nil
	}
	return m.load()
}

// onPlace shows the lines that another screen asked for.
func (m *Model) onPlace(p screen.Place) tea.Cmd {
	if p.Filter == "" {
		return m.load()
	}
	m.view = viewWeek
	m.filter.set(p.Filter)
	m.build()
	return m.load()
}
