package dialog

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/ui/keys"
	"cordon/ui/screen"
)

// Times of the guard against keys that were not meant for the dialog.
const (
	// Grace is how long a new dialog takes no keys but esc: longer than type-ahead, shorter than reading one word.
	Grace = 300 * time.Millisecond
	// hold is how soon the same key again counts as held down: longer than the delay before a keyboard starts to repeat, because most
	// terminals do not tell repeats from presses.
	hold = 700 * time.Millisecond
	// quiet is the pause that ends a run of keys typed too early.
	quiet = 150 * time.Millisecond
)

// Stack holds the open dialogs; the top one gets the keys. The zero value is not ready: use NewStack.
type Stack struct {
	now   func() time.Time
	items []Dialog
	next  int

	lastKey string
	lastAt  time.Time
	early   bool // a key came too early
}

// NewStack returns an empty stack; now is the wall clock.
func NewStack(now func() time.Time) *Stack { return &Stack{now: now} }

// Open reports whether a dialog is open.
func (s *Stack) Open() bool { return len(s.items) > 0 }

// Len returns how many are open.
func (s *Stack) Len() int { return len(s.items) }

// Top returns the dialog that gets the keys, nil if there is none.
func (s *Stack) Top() Dialog {
	if len(s.items) == 0 {
		return nil
	}
	return s.items[len(s.items)-1]
}

// Saw tells the stack about a key that went elsewhere, so that it knows which key opened the next dialog.
func (s *Stack) Saw(k tea.KeyPressMsg) { s.lastKey, s.lastAt = k.String(), s.now() }

// Push opens a dialog.
func (s *Stack) Push(d Dialog) tea.Cmd {
	s.next++
	b := d.frame()
	b.id, b.opener, b.now = s.next, s.lastKey, s.now()
	s.items = append(s.items, d)
	return tea.Batch(d.Init(), wait(b.id, Grace))
}

// Clear closes everything without asking.
func (s *Stack) Clear() { s.items = nil }

func wait(id int, d time.Duration) tea.Cmd {
	return tea.Tick(d, func(time.Time) tea.Msg { return readyMsg{id} })
}

// Key hands a key to the top dialog, unless it was not meant for it.
func (s *Stack) Key(k tea.KeyPressMsg) tea.Cmd {
	d := s.Top()
	if d == nil {
		return nil
	}
	b, t := d.frame(), s.now()
	held := k.IsRepeat || (k.String() == s.lastKey && t.Sub(s.lastAt) < hold)
	s.lastKey, s.lastAt = k.String(), t
	b.now = t
	switch {
	case k.String() == "esc" && !k.IsRepeat:
	case !b.ready:
		s.early = true
		return nil
	case held && k.String() == b.opener:
		return nil
	}
	if k.String() != b.opener {
		b.opener = ""
	}
	b.note = ""
	if held && k.String() == "enter" {
		b.note = "enter looks held down: let go, then press it once"
	}
	return s.settle(d.Key(Press{k, held}))
}

// Paste hands pasted text to the top dialog; false means that nothing took it.
func (s *Stack) Paste(text string) bool {
	d := s.Top()
	return d != nil && d.frame().ready && d.Paste(text)
}

// Update hands everything that is not a key to the dialogs.
func (s *Stack) Update(msg tea.Msg) tea.Cmd {
	if m, ok := msg.(readyMsg); ok {
		return s.becomeReady(m.dialog)
	}
	var cmds []tea.Cmd
	if m, ok := msg.(noticer); ok {
		cmds = append(cmds, screen.Send(m.note()))
	}
	for _, d := range s.items {
		if a, ok := msg.(answer); ok && a.to() != d.frame().id {
			continue
		}
		if t, ok := msg.(screen.TickMsg); ok {
			d.frame().now = t.Now
		}
		cmds = append(cmds, d.Update(msg))
	}
	return s.settle(tea.Batch(cmds...))
}

// becomeReady lets keys in, unless one of them is still held down.
func (s *Stack) becomeReady(id int) tea.Cmd {
	for _, d := range s.items {
		b := d.frame()
		if b.id != id || b.ready {
			continue
		}
		if s.early && s.now().Sub(s.lastAt) < quiet {
			return wait(id, quiet)
		}
		if s.early {
			b.note = "keys typed before this box could be seen were ignored"
		}
		b.ready, s.early = true, false
	}
	return nil
}

// settle removes what has closed.
func (s *Stack) settle(cmd tea.Cmd) tea.Cmd {
	kept := s.items[:0]
	for _, d := range s.items {
		if !d.Closed() {
			kept = append(kept, d)
		}
	}
	clear(s.items[len(kept):])
	s.items = kept
	return cmd
}

// Ticking reports whether the top dialog counts seconds.
func (s *Stack) Ticking() bool { return s.Open() && s.Top().Ticking() }

// Hints are the keys of the top dialog.
func (s *Stack) Hints() []keys.Binding {
	if !s.Open() {
		return nil
	}
	return s.Top().Hints()
}

// View draws the top dialog in at most w by h cells.
func (s *Stack) View(w, h int) string {
	if !s.Open() {
		return ""
	}
	return s.Top().View(w, h)
}
