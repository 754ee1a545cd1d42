package dialog

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/screen"
)

// Problem is one remembered message.
type Problem struct {
	At    time.Time
	Level screen.Level
	Text  string
}

// problems is what is wrong now, and below it the errors and messages of the session, newest first. What is wrong now is a state: it goes
// from the list when it is over, while the messages stay.
type problems struct {
	base
	list
	troubles []soc.Trouble
	items    []Problem
}

// NewErrors returns the list; troubles come worst first, items newest first.
func NewErrors(env Env, troubles []soc.Trouble, items []Problem) Dialog {
	d := &problems{base: base{env: env}, troubles: troubles, items: items}
	d.build()
	return d
}

// Update follows the troubles.
func (d *problems) Update(msg tea.Msg) tea.Cmd {
	if m, ok := msg.(screen.TroublesMsg); ok {
		d.troubles = m.List
		d.build()
	}
	return nil
}

// build makes the rows. A trouble takes three of them, because what it means and what to do must be readable without a key.
func (d *problems) build() {
	var rows []row
	add := func(id, at, sign, text string) {
		rows = append(rows, row{id: id, cells: []string{at, sign, text}})
	}
	if len(d.troubles) > 0 {
		rows = append(rows, row{heading: true, cells: []string{"WRONG NOW"}})
	}
	for _, t := range d.troubles {
		add(t.Code, stamp(t.Since), LevelWord(screen.TroubleLevel(t.Level)), t.What)
		if t.Means != "" {
			add(t.Code+"/means", "", "", "means: "+t.Means)
		}
		if t.Next != "" {
			add(t.Code+"/next", "", "", "next: "+t.Next)
		}
	}
	if len(d.troubles) > 0 && len(d.items) > 0 {
		rows = append(rows, row{heading: true, cells: []string{"THIS SESSION"}})
	}
	for i, p := range d.items {
		add(fmt.Sprintf("session/%d", i), stamp(p.At), LevelWord(p.Level), p.Text)
	}
	d.set(rows)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("15:04:05Z")
}

// text is everything about the row under the cursor.
func (d *problems) text() (string, bool) {
	r, ok := d.cur()
	if !ok {
		return "", false
	}
	code, _, _ := strings.Cut(r.id, "/")
	for _, t := range d.troubles {
		if t.Code == code {
			return TroubleText(t), true
		}
	}
	for i, p := range d.items {
		if r.id == fmt.Sprintf("session/%d", i) {
			return p.At.UTC().Format(time.RFC3339) + " " + p.Text, true
		}
	}
	return "", false
}

// TroubleText is a trouble in whole sentences, one a line.
func TroubleText(t soc.Trouble) string {
	out := t.What
	if !t.Since.IsZero() {
		out += "\nsince " + t.Since.UTC().Format(time.RFC3339)
	}
	if t.Means != "" {
		out += "\nmeans: " + t.Means
	}
	if t.Next != "" {
		out += "\nnext: " + t.Next
	}
	return out + "\n(" + t.Code + ")"
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
		s, ok := d.text()
		if !ok {
			return nil
		}
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
	if len(d.items)+len(d.troubles) == 0 {
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
