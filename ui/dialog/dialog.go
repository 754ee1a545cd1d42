// Package dialog is everything that opens on top of a screen: the lockdown, release and period dialogs, questions, text boxes, help and the
// command palette, and the stack that they live on.
//
// It promises three things. While a dialog is open no key reaches the screen below. No key that is still repeating, and none that was typed
// before the dialog could be seen, presses a button: for a moment after it opens (Grace) a dialog takes no keys but esc, and a key that is
// held down extends that moment. And a dialog holds data only: ids, verbs, periods. Whatever it orders is judged again by the one door at
// the moment of pressing, and every answer is checked against the facts that were on screen.
//
// Dialogs read and order through the small interfaces below. They import the vocabulary because they show what the one door answered.
package dialog

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/theme"
)

// Commander is the one door, as far as dialogs need it.
type Commander interface {
	Check(ctx context.Context, s soc.Session, act soc.Act, key soc.HostKey) soc.Verdict
	Isolate(ctx context.Context, s soc.Session, r soc.IsolateRequest) (soc.Lockdown, error)
	Release(ctx context.Context, s soc.Session, r soc.ReleaseRequest) (soc.Lockdown, error)
	SetPeriod(ctx context.Context, s soc.Session, r soc.PeriodRequest) (soc.Lockdown, error)
	CancelLockdown(ctx context.Context, s soc.Session, id soc.LockdownID, reason string) (soc.Lockdown, error)
	CloseLockdown(ctx context.Context, s soc.Session, id soc.LockdownID, reason string) (soc.Lockdown, error)
	Dismiss(ctx context.Context, s soc.Session, act soc.Act, key soc.HostKey, why string) error
}

// Reader is what dialogs look up.
type Reader interface {
	Alert(ctx context.Context, key soc.AlertKey) (soc.Alert, error)
	Lockdown(ctx context.Context, id soc.LockdownID) (soc.Lockdown, error)
	FindHosts(ctx context.Context, prefix string, limit int) ([]soc.Host, error)
	HostsNamed(ctx context.Context, id soc.IntegrationID, name string) ([]soc.Host, error)
	Integrations(ctx context.Context) ([]soc.Integration, error)
	Isolations(ctx context.Context) ([]soc.Isolation, error)
}

// Env is what every dialog of one session shares.
type Env struct {
	Theme     *theme.Theme
	Session   soc.Session
	Commander Commander
	Reader    Reader
	// Run makes a command that ends with the program.
	Run func(func(ctx context.Context) tea.Msg) tea.Cmd
	// Now is the wall clock; it is asked when something happens, never while drawing.
	Now func() time.Time
	// Local is the zone shown beside UTC.
	Local *time.Location
	// Badge names a tenant with its environment: "contoso-prod [PROD]". It is part of the title of everything that changes a device.
	Badge func(soc.IntegrationID) string
	// WantHost asks for fresh facts in the background.
	WantHost func(key soc.HostKey, force bool)
}

// Dialog is one box.
type Dialog interface {
	// Init starts what the dialog must know first.
	Init() tea.Cmd
	// Key handles a key press; keys within the grace period never get here.
	Key(p Press) tea.Cmd
	// Update handles everything that is not a key: its own answers, the time, stale data.
	Update(msg tea.Msg) tea.Cmd
	// Paste offers pasted text; false means that no text field took it.
	Paste(text string) bool
	// View draws the box in at most w by h cells. It is pure.
	View(w, h int) string
	// Hints are the keys that work now.
	Hints() []keys.Binding
	// Closed reports that the dialog is done.
	Closed() bool
	// Ticking reports that something in it counts seconds.
	Ticking() bool
	frame() *base
}

// Press is a key press with what the stack knows about it.
type Press struct {
	tea.KeyPressMsg
	// Repeat is set when the key is held down: it moves and types, but it presses no button.
	Repeat bool
}

// base is the part that all dialogs have.
type base struct {
	env    Env
	id     int
	now    time.Time // of the last message
	ready  bool      // the grace period is over
	opener string    // key that opened it
	closed bool
	note   string // a line about the last key: why it did nothing
}

func (b *base) frame() *base           { return b }
func (b *base) Closed() bool           { return b.closed }
func (b *base) Init() tea.Cmd          { return nil }
func (b *base) Update(tea.Msg) tea.Cmd { return nil }
func (b *base) Paste(string) bool      { return false }
func (b *base) Ticking() bool          { return false }

// Messages from dialogs to the shell.
type (
	// RunMsg asks the shell to act as if the key had been pressed on the screen below.
	RunMsg struct{ Key string }
	// OrderMsg opens the dialog of a verb for exactly these hosts. Nothing is ordered yet.
	OrderMsg struct {
		Act    soc.Act
		Hosts  []soc.HostKey
		Period time.Duration // preset to select, 0 = the default one
	}
	// CloseMsg opens the dialog that ends an obligation by hand (K-08). Screens may send it.
	CloseMsg struct{ Lockdown soc.LockdownID }
	// OpenMsg puts another dialog on the stack.
	OpenMsg struct{ Dialog Dialog }
	// ErrorsMsg opens the list of errors.
	ErrorsMsg struct{}
	// QuitMsg ends the console; everything was asked.
	QuitMsg struct{}
	// PastMsg remembers a line that was entered in the palette.
	PastMsg struct{ Line string }
)

// answer is an asynchronous result; it carries the address of the dialog that asked.
type answer interface{ to() int }

// doneMsg is the end of an order. The notice is shown whether or not its dialog is still open.
type doneMsg struct {
	dialog int
	notice screen.NoticeMsg
	ok     bool
}

func (m doneMsg) to() int                { return m.dialog }
func (m doneMsg) note() screen.NoticeMsg { return m.notice }

// noticer is an answer that a person must hear of even if its dialog is gone.
type noticer interface{ note() screen.NoticeMsg }

// readyMsg ends the grace period of a dialog.
type readyMsg struct{ dialog int }
