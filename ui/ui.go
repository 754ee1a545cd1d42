// Package ui is the console: one Bubble Tea model per person. It owns the terminal (size, clock, navigation, dialogs, messages, header and
// footer) and hands the middle of the screen to one screen at a time.
//
// It promises that Update never waits: every read and every order runs as a command whose answer comes back as a message. It draws exactly
// the cells it has, whatever a screen returns, and lets nothing but colours through to the terminal. Everything it starts ends with the
// context that New was given, so a session that drops leaves no goroutine and no subscription behind; the caller cancels that context after
// the program has run.
//
// The routing order is in route.go, the frame in frame.go, the wake-ups of the store in feed.go.
package ui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/dialog"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/theme"
)

// Sizes of the terminal, in cells. A client may claim any size; drawing millions of cells would take the memory of the server with it.
const (
	minW, minH = 80, 24
	maxW, maxH = 500, 200
)

// Model is the console of one session.
type Model struct {
	deps Deps
	th   *theme.Theme
	env  dialog.Env
	run  func(func(ctx context.Context) tea.Msg) tea.Cmd

	w, h    int
	started bool
	now     time.Time
	zone    *time.Location
	local   bool // zone is the local one
	blurred bool
	paused  bool
	held    bool // what the screens were told last

	screens map[string]screen.Screen
	sized   map[string][2]int
	place   screen.Place
	trail   []visit // places to go back to
	last    screen.Place
	shown   map[string]screen.Place
	going   bool // the go-to key was pressed

	dialogs *dialog.Stack
	feed    *feed
	tick    ticker

	conns []soc.Conn
	open  []soc.Lockdown // not final
	reqs  struct{ conns, open int }

	outcomes outcomes
	troubles []soc.Trouble           // of the machinery, worst first
	rung     map[soc.LockdownID]bool // the bell was rung for them

	notice   notice
	problems []dialog.Problem // newest first
	unseen   int
	recent   []string // palette lines, newest first

	interrupted time.Time // of the first ctrl+c
	leaving     bool      // the live lockdowns are being read
	leaveBox    dialog.Dialog
}

// notice is the message line.
type notice struct {
	level screen.Level
	text  string
	at    time.Time
}

// New builds the console. Everything that it starts ends when ctx does.
func New(ctx context.Context, deps Deps) *Model {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Local == nil {
		deps.Local = time.Local
	}
	m := &Model{
		deps: deps, zone: time.UTC, now: deps.Now(), sized: map[string][2]int{}, shown: map[string]screen.Place{},
		place: screen.Place{Kind: screen.Queue}, th: theme.New(theme.Kind(deps.Look.Theme), true, deps.Look.ASCII, deps.Look.NoColor),
	}
	m.run = func(f func(context.Context) tea.Msg) tea.Cmd { return func() tea.Msg { return f(ctx) } }
	m.env = dialog.Env{
		Theme: m.th, Session: deps.Session, Commander: deps.Commander, Reader: deps.Reader, Run: m.run, Now: deps.Now,
		Local: deps.Local, Badge: m.badgeOf, WantHost: deps.Connector.WantHost,
	}
	m.dialogs = dialog.NewStack(deps.Now)
	m.screens = build(deps, m.th)
	m.feed = newFeed(ctx, deps.Reader.Watch())
	if deps.Troubles != nil {
		m.troubles = deps.Troubles()
	}
	return m
}

// Init asks for the background colour and starts the clock and the feed. The first screen loads when the size is known.
func (m *Model) Init() tea.Cmd {
	return tea.Batch(tea.RequestBackgroundColor, m.feed.wait(0), m.loadConns(), m.loadOpen(), m.loadOutcomes())
}

// Update routes one message; see route.go for the order.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := m.route(msg)
	return m, tea.Batch(cmd, m.holds(), m.ticks(), m.refit())
}

// active is the visible screen.
func (m *Model) active() screen.Screen { return m.screens[m.place.Kind] }

// bindings are the keys of the visible screen as they are now.
func (m *Model) bindings() []keys.Binding { return m.active().Keys() }

// everywhere hands a message to all screens and dialogs.
func (m *Model) everywhere(msg tea.Msg) tea.Cmd {
	cmds := []tea.Cmd{m.dialogs.Update(msg)}
	for _, kind := range places() {
		cmds = append(cmds, m.screens[kind].Update(msg))
	}
	return tea.Batch(cmds...)
}

// holds tells the screens when their rows must not move.
func (m *Model) holds() tea.Cmd {
	on := m.paused || m.dialogs.Open()
	if on == m.held {
		return nil
	}
	m.held = on
	return m.everywhere(screen.HoldMsg{On: on})
}

// say puts a line into the message area. Warnings and errors are kept for the E list.
func (m *Model) say(n screen.NoticeMsg) {
	text := n.Text
	if text == "" && n.Err != nil {
		text = n.Err.Error()
	}
	m.notice = notice{n.Level, soc.Clean(text), m.deps.Now()}
	switch {
	case n.Err != nil:
		m.keep(max(n.Level, screen.Bad), m.notice.text)
	case n.Level >= screen.Warn:
		m.keep(n.Level, m.notice.text)
	}
}

// keep puts a line into the E list; one that is bad counts as unseen.
func (m *Model) keep(level screen.Level, text string) {
	if level == screen.Bad {
		m.unseen++
	}
	m.problems = append([]dialog.Problem{{At: m.deps.Now(), Level: level, Text: soc.Clean(text)}}, m.problems...)
	m.problems = m.problems[:min(len(m.problems), 200)]
}

// fresh reports that the last message came so lately that it may not have been read yet.
func (m *Model) fresh() bool { return m.notice.text != "" && m.now.Sub(m.notice.at) < 8*time.Second }

func (m *Model) info(text string) { m.say(screen.NoticeMsg{Level: screen.Info, Text: text}) }

// View draws the frame. The alternate screen is asked for on every view, the empty one too.
func (m *Model) View() tea.View {
	v := tea.NewView(m.frame())
	v.AltScreen, v.ReportFocus = true, true
	v.WindowTitle = m.windowTitle()
	return v
}
