package dialog

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/theme"
)

// Scope is a group of bindings with a name: "HERE: Queue", "EVERYWHERE".
type Scope struct {
	Name     string
	Bindings []keys.Binding
}

// help is the key sheet, made from the bindings themselves: filter by name, by key with @, run the selected one.
type help struct {
	base
	list
	scopes []Scope
	total  int
}

// NewHelp returns the key sheet of these scopes.
func NewHelp(env Env, scopes []Scope) Dialog {
	d := &help{base: base{env: env}, scopes: scopes}
	for _, s := range scopes {
		d.total += len(s.Bindings)
	}
	d.refresh()
	return d
}

func (d *help) refresh() {
	var rows []row
	for _, s := range d.scopes {
		var in []row
		for _, b := range s.Bindings {
			if matches(b, d.filter.Text()) {
				in = append(in, row{cells: []string{b.Label(), sentence(b)}, tail: remark(b), off: b.Off, id: s.Name + b.ID})
			}
		}
		if len(in) > 0 {
			rows = append(append(rows, row{cells: []string{s.Name}, heading: true}), in...)
		}
	}
	d.set(rows)
}

// matches looks for the filter in what a binding does, or with @ in front in its keys.
func matches(b keys.Binding, filter string) bool {
	filter = strings.TrimSpace(filter)
	if key, ok := strings.CutPrefix(filter, "@"); ok {
		for _, k := range b.Keys {
			if strings.HasPrefix(k, key) {
				return true
			}
		}
		return strings.Contains(b.Label(), key)
	}
	return strings.Contains(strings.ToLower(b.Hint+" "+b.Help+" "+b.ID), strings.ToLower(filter))
}

func sentence(b keys.Binding) string {
	if b.Help != "" {
		return b.Help
	}
	return b.Hint
}

func remark(b keys.Binding) string {
	switch {
	case b.Off != "":
		return "off: " + b.Off
	case b.Danger:
		return "! asks first"
	}
	return ""
}

func (d *help) Paste(s string) bool {
	d.filter.paste(s)
	d.refresh()
	return true
}

// Key filters, moves and runs.
func (d *help) Key(p Press) tea.Cmd {
	switch p.String() {
	case "esc":
		d.closed = true
		return nil
	case "enter":
		return d.run(p)
	}
	if d.key(p, 10) {
		d.refresh()
	}
	return nil
}

func (d *help) run(p Press) tea.Cmd {
	r, ok := d.cur()
	switch {
	case !ok || p.Repeat:
		return nil
	case r.off != "":
		return nil // why is written below the list
	}
	for _, s := range d.scopes {
		for _, b := range s.Bindings {
			if s.Name+b.ID == r.id && len(b.Keys) > 0 {
				d.closed = true
				return screen.Send(RunMsg{b.Keys[0]})
			}
		}
	}
	return nil
}

// View draws the sheet: scopes side by side when nothing is filtered and there is room, else one below the other.
func (d *help) View(w, h int) string {
	t, bw := d.env.Theme, min(maxForm+2, w)
	wide := w >= 100
	if wide {
		bw = min(maxHelp, w)
	}
	in := bw - 4
	n := 0
	for _, r := range d.rows {
		if !r.heading {
			n++
		}
	}
	top := theme.Ends("filter: "+d.filter.view(t, true, 20), fmt.Sprintf("%d of %d keys", n, d.total), in)
	lines := []string{top, ""}
	foot := append([]string{""}, d.whole(in)...)
	foot = append(foot, t.Muted.Render(theme.Clip("type to filter by name, @ by key; ! changes a device, asks first", in)))
	room := h - 2 - len(lines) - len(foot)
	if wide && d.filter.Text() == "" {
		lines = append(lines, d.columns(in, room)...)
	} else {
		lines = append(lines, d.list.view(t, []int{14}, in, room)...)
	}
	if len(d.rows) == 0 {
		lines = append(lines, t.Muted.Render("no key does that here"))
	}
	return draw(t, "Keys", "up/down  enter run  esc close", append(lines, foot...), bw, min(h, max(24, len(lines)+len(foot)+2)))
}

// whole is the selected line in full, in two lines: the sheet cuts what does not fit.
func (d *help) whole(w int) []string {
	r, ok := d.cur()
	if !ok {
		return []string{"", ""}
	}
	text, style := r.cells[len(r.cells)-1], d.env.Theme.Text
	if r.off != "" {
		text, style = r.cells[0]+" is off: "+r.off, d.env.Theme.Warn
	}
	out := []string{"", ""}
	for i, l := range theme.Wrap(text, w) {
		if i < len(out) {
			out[i] = style.Render(theme.Clip(l, w))
		}
	}
	return out
}

// columns puts the scopes next to each other.
func (d *help) columns(w, h int) []string {
	t := d.env.Theme
	n := max(1, len(d.scopes))
	cw := w/n - 1
	cols := make([][]string, n)
	focus, at := 0, -1
	for i, r := range d.rows {
		if r.heading {
			at++
		}
		c := max(0, at)
		if i == d.at {
			focus = len(cols[c])
		}
		cols[c] = append(cols[c], d.draw(t, r, i == d.at, []int{min(14, cw/3)}, cw))
	}
	out := make([]string, 0, h)
	from := max(0, focus-h+2)
	for i := from; i < from+h; i++ {
		var line []string
		some := false
		for _, c := range cols {
			cell := ""
			if i < len(c) {
				cell, some = c[i], true
			}
			line = append(line, theme.Fit(cell, cw))
		}
		if !some {
			break
		}
		out = append(out, strings.Join(line, " "))
	}
	return out
}

// Hints are the keys that work now.
func (d *help) Hints() []keys.Binding { return listHints("run") }

func listHints(enter string) []keys.Binding {
	return []keys.Binding{
		{ID: "dialog.close", Keys: []string{"esc"}, Hint: "close"},
		{ID: "list.move", Keys: []string{"up", "down"}, Hint: "move"},
		{ID: "list.enter", Keys: []string{"enter"}, Hint: enter},
		{ID: "list.type", Show: "type", Hint: "filter"},
	}
}
