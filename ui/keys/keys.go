// Package keys holds key bindings as data: which keys, what they do in a few words, whether they change a device, and why they are off
// right now. Hint lines, the help overlay, the palette and the key table of the README are all made from these values, so that they can
// not disagree (ux rule B.3.10).
//
// Lower case reads, or changes what can be undone. Capital L, U and X change a device, and only ever open a dialog.
package keys

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// Binding is one action and the keys that start it.
type Binding struct {
	ID   string   // stable name of the action: "alert.assign"
	Keys []string // as tea.Key.String() spells them: "enter", "space", "ctrl+d", "L"
	Show string   // how the keys are printed: "ctrl+d/u"; empty = Keys joined by space
	Hint string   // two words for the hint line: "lockdown"
	Help string   // a sentence for the help overlay: "isolate this device for a while..."
	// Danger marks what changes a device; such actions open a dialog.
	Danger bool
	// Off is why the key does nothing now: the missing right, the state, the age of the data. Empty = on.
	Off string
	// Hidden keeps a twin (arrow keys, F-keys) out of hint lines.
	Hidden bool
}

// Matches reports whether the key press starts b, whether or not it is off: a caller that finds Off set says why instead of acting.
func (b Binding) Matches(k tea.KeyPressMsg) bool { return slices.Contains(b.Keys, k.String()) }

// Label is the keys as people read them.
func (b Binding) Label() string {
	if b.Show != "" {
		return b.Show
	}
	return strings.Join(b.Keys, " ")
}

// Find returns the first binding that the key press starts.
func Find(k tea.KeyPressMsg, bindings []Binding) (Binding, bool) {
	for _, b := range bindings {
		if b.Matches(k) {
			return b, true
		}
	}
	return Binding{}, false
}

// Clash returns an error that names two bindings sharing a key in one scope, nil if there are none.
func Clash(bindings []Binding) error {
	seen := map[string]string{}
	for _, b := range bindings {
		for _, k := range b.Keys {
			if other, ok := seen[k]; ok {
				return fmt.Errorf("key %q starts both %s and %s", k, other, b.ID)
			}
			seen[k] = b.ID
		}
	}
	return nil
}

// Untrustworthy returns why a key can not be relied on over SSH or in tmux, empty if it can (ux B.2).
func Untrustworthy(key string) string {
	reasons := map[string]string{
		"ctrl+a": "screen and tmux use it as their prefix", "ctrl+b": "tmux uses it as its prefix", "ctrl+space": "input methods use it",
		"ctrl+\\": "it quits the process", "ctrl+i": "it is tab", "ctrl+m": "it is enter", "ctrl+h": "it is backspace",
		"ctrl+j": "it is enter", "ctrl+[": "it is esc", "~": "ssh uses it as its escape", "ctrl+q": "it may be flow control",
		" ": "the key is called space",
	}
	return reasons[key]
}
