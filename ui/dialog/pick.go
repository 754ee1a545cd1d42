package dialog

import (
	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// pick shows all records of one host name, because a name is not an identity: rebuilt and merged machines leave several (C-10).
type pick struct {
	base
	list
	line  line
	hosts []soc.Host
}

func newPick(env Env, l line, hosts []soc.Host) *pick {
	d := &pick{base: base{env: env}, line: l, hosts: hosts}
	var rows []row
	for _, h := range hosts {
		rows = append(rows, row{cells: []string{h.Key.MachineID, "", ""}, id: h.Key.String()})
	}
	d.set(rows)
	return d
}

// Init puts ages on the rows, now that the time is known.
func (d *pick) Init() tea.Cmd {
	for i, h := range d.hosts {
		state := words.Dash(h.Health) + ", seen " + words.Since(d.now, h.LastSeen) + " ago"
		if h.MergedInto != "" {
			state += ", merged into " + words.ShortID(h.MergedInto)
		}
		if h.Gone {
			state += ", gone"
		}
		if d.env.Badge != nil {
			state += "  " + d.env.Badge(h.Key.Integration)
		}
		d.rows[i].cells[2] = state
	}
	return nil
}

// Key moves and chooses.
func (d *pick) Key(p Press) tea.Cmd {
	switch p.String() {
	case "esc", "q":
		d.closed = true
	case "j":
		d.move(1)
	case "k":
		d.move(-1)
	case "enter":
		if p.Repeat || d.at >= len(d.hosts) {
			return nil
		}
		d.closed = true
		return screen.Send(d.line.order(d.hosts[d.at].Key))
	default:
		d.key(p, 10)
	}
	return nil
}

// View draws the list.
func (d *pick) View(w, h int) string {
	t, bw := d.env.Theme, min(maxPalette, w)
	in := bw - 4
	head := []string{
		theme.Clip(words.Count(len(d.hosts), "device")+" have the name "+d.line.name+". Which one?", in),
		t.Muted.Render("the id decides, not the name; the one seen last is usually the living one"), "",
	}
	return draw(t, "Which device", "up/down  enter choose  esc cancel", append(head, d.view(t, []int{42, 1}, in, h-5)...), bw, 0)
}

// Hints are the keys that work now.
func (d *pick) Hints() []keys.Binding {
	return []keys.Binding{
		{ID: "dialog.cancel", Keys: []string{"esc"}, Hint: "cancel"},
		{ID: "list.move", Keys: []string{"up", "down"}, Hint: "move"},
		{ID: "list.enter", Keys: []string{"enter"}, Hint: "choose"},
	}
}
