package dialog

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/ui/keys"
	"cordon/ui/screen"
)

// Problem is one remembered message.
type Problem struct {
	At    time.Time
	Level screen.Level
	Text  string
}

// problems is the list of errors and messages of the session, newest first.
type problems struct {
	base
	list
	items []Problem
}

// NewErrors returns the list; items come newest first.
func NewErrors(env Env, items []Problem) Dialog {
	d := &problems{base: base{env: env}, items: items}
	var rows []row
	for _, p := range items {
		rows = append(rows, row{cells: []string{p.At.UTC().Format("15:04:05Z"), LevelWord(p.Level), p.Text}})
	}
	d.set(rows)
	return d
}

// LevelWord is the sign of a level, so that colour never carries it alone.
func LevelWord(l screen.Level) string {
	switch l {
	case screen.Good:
		return "OK"
	case screen.Warn:
		return "!"
	case screen.Bad:
		return "!!"
	}
	return "i"
}

// Key moves, shows and copies.
func (d *problems) Key(p Press) tea.Cmd {
	switch p.String() {
	case "esc", "q":
		d.closed = true
	case "j":
		d.move(1)
	case "k":
		d.move(-1)
	case "enter", "y":
		if d.at >= len(d.items) {
			return nil
		}
		it := d.items[d.at]
		s := it.At.UTC().Format(time.RFC3339) + " " + it.Text
		if p.String() == "y" {
			cmd, n := Clipboard("the message", s)
			return tea.Batch(cmd, screen.Send(n))
		}
		return screen.Send(OpenMsg{NewText(d.env, "Message", s, "")})
	default:
		d.key(p, 10)
	}
	return nil
}

// View draws the list.
func (d *problems) View(w, h int) string {
	t, bw := d.env.Theme, min(maxHelp, w)
	lines := d.view(t, []int{10, 3}, bw-4, h-2)
	if len(d.items) == 0 {
		lines = []string{"", t.Muted.Render("nothing went wrong in this session"), ""}
	}
	return draw(t, "Errors and messages", "enter whole text  y copy  esc close", lines, bw, 0)
}

// Hints are the keys that work now.
func (d *problems) Hints() []keys.Binding {
	return []keys.Binding{
		{ID: "dialog.close", Keys: []string{"esc"}, Hint: "close"},
		{ID: "list.move", Keys: []string{"up", "down"}, Hint: "move"},
		{ID: "list.enter", Keys: []string{"enter"}, Hint: "whole text"},
		{ID: "list.copy", Keys: []string{"y"}, Hint: "copy"},
	}
}
