// Package screen is the contract between the shell and the screens.
//
// The shell owns the terminal: size, clock, navigation, dialogs, messages, header and footer. A screen owns one body: it is told its size,
// gets messages, and returns text of exactly that size. Screens never import each other and never call the network; they read from small
// interfaces they declare themselves and ask for everything else by sending one of the messages below.
//
// Pointer receivers; a command closure takes values and never touches the model; every asynchronous answer names its request and late ones
// are dropped.
package screen

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
)

// Screen is one view.
type Screen interface {
	// Title is the crumb: "Queue", or the name of the host.
	Title() string
	// Tabs is line 2: tabs or saved views with counts at the left; right is the filter or state at the right end.
	Tabs() (left, right string)
	// Resize tells the size of the body, in cells.
	Resize(w, h int) tea.Cmd
	// Focus is called when the screen becomes visible; it loads what is stale.
	Focus() tea.Cmd
	// Update handles one message. Keys arrive only while the screen is active and no dialog is open.
	Update(msg tea.Msg) tea.Cmd
	// View returns exactly h lines of at most w cells. It is pure: no clock, no I/O.
	View() string
	// Keys are the bindings of this screen as they are now, with reasons for those that are off.
	Keys() []keys.Binding
	// Capturing reports that a text field has the focus: all keys but ctrl+c belong to the screen.
	Capturing() bool
	// Ticking reports that something on screen counts seconds.
	Ticking() bool
}

// Place is somewhere to go.
type Place struct {
	Kind     string // one of the Place constants
	Host     soc.HostKey
	Alert    soc.AlertKey // on a host: the alert that led there
	Lockdown soc.LockdownID
	Tab      string
	Filter   string
}

// Places.
const (
	Queue    = "queue"
	Host     = "host"
	Timers   = "timers"
	Settings = "settings"
	Audit    = "audit"
	Reports  = "reports"
)

// Messages from the shell to every screen.
type (
	// StaleMsg says that what these topics cover may have changed. Only the visible screen gets it; the others read in Focus.
	StaleMsg struct{ Topics soc.Topic }
	// TickMsg brings the time: each second while the visible screen is Ticking, each ten seconds otherwise.
	TickMsg struct{ Now time.Time }
	// ConnsMsg brings the live condition of the integrations.
	ConnsMsg struct{ Conns []soc.Conn }
	// HoldMsg says that a dialog is open or updates are paused: rows must not move.
	HoldMsg struct{ On bool }
	// ZoneMsg says that times are shown in this zone: UTC, or the local one.
	ZoneMsg struct{ Zone *time.Location }
	// PlaceMsg tells a screen that was navigated to what to show.
	PlaceMsg struct{ Place Place }
	// TroublesMsg brings what is wrong with the machinery under the lockdowns, worst first. It is a state: an empty list means that it is over.
	TroublesMsg struct{ List []soc.Trouble }
	// ThemeMsg says that colours changed; cached rows must be drawn again.
	ThemeMsg struct{}
)

// Messages from a screen to the shell, returned by a command (see Send).
type (
	// GoMsg navigates; the place that was left is pushed on the back stack.
	GoMsg struct{ To Place }
	// BackMsg goes back one place.
	BackMsg struct{}
	// NoticeMsg is a line in the message area; errors are also kept for the E list.
	NoticeMsg struct {
		Level Level
		Text  string
		Err   error
	}
	// IsolateMsg opens the lockdown dialog for exactly these hosts.
	IsolateMsg struct {
		Hosts   []soc.HostKey
		Because soc.AlertKey
		Reason  string // proposed
	}
	// ReleaseMsg opens the release dialog.
	ReleaseMsg struct{ Hosts []soc.HostKey }
	// PeriodMsg opens the extend-or-shorten dialog.
	PeriodMsg struct{ Lockdown soc.LockdownID }
	// CancelMsg opens the dialog that takes a waiting lockdown back.
	CancelMsg struct{ Lockdown soc.LockdownID }
	// TextMsg opens a scrollable box: raw JSON, a long description, something to copy.
	TextMsg struct {
		Title string
		Text  string
		Copy  string // what y copies; empty = Text
	}
	// CopyMsg copies by OSC 52 and shows the text.
	CopyMsg struct{ What, Text string }
	// ConfirmMsg opens a small question; Yes is sent when the named button is pressed. It holds data only.
	ConfirmMsg struct {
		Title  string
		Tenant soc.IntegrationID // whose badge stands behind the title, if it is about one tenant (T-13)
		Lines  []string
		Button string // a verb with its object: "Detach contoso-prod"
		Yes    tea.Msg
		// TypeWord must be typed before the button works, if set.
		TypeWord string
	}
	// WantHostMsg asks the background client to fetch a host; Force ignores its age.
	WantHostMsg struct {
		Host  soc.HostKey
		Force bool
	}
)

// Level of a notice.
type Level int

// Levels.
const (
	Info Level = iota
	Good
	Warn
	Bad
)

// Send wraps a message as a command.
func Send(msg tea.Msg) tea.Cmd { return func() tea.Msg { return msg } }
