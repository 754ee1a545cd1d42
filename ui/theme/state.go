package theme

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// State returns the style of a state word (ISOLATED, PENDING, OVERDUE, …). The word itself always stands beside the colour.
func (t *Theme) State(word string) lipgloss.Style {
	switch strings.ToUpper(word) {
	case "ISOLATED", "RELEASING":
		return t.Isolated
	case "OVERDUE", "FAILED", "UNREACHABLE", "REFUSED", "SEALED":
		return t.Bad
	case "PENDING", "DRIFT", "EXTERNAL", "UNKNOWN", "STALE", "THROTTLED", "CONNECTING", "DISABLED":
		return t.Warn
	case "RELEASED", "OK":
		return t.Good
	}
	return t.Text
}

// Style is how a piece of text looks. It has this name so that packages which only pass styles on need not import the library.
type Style = lipgloss.Style
