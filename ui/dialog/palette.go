package dialog

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/theme"
)

// Entry is one command of the palette. It is chosen by its title; what it does is a message to the shell.
type Entry struct {
	Title, Keys, Scope string
	Off                string
	Msg                tea.Msg
}

// palette finds commands, hosts and views. It never acts: verbs that change a device open their dialog, filled in.
type palette struct {
	base
	list
	entries []Entry
	recent  []string
	moved   bool // the cursor was moved by hand: enter means that row

	req   int
	hosts []soc.Host
	word  map[soc.HostKey]soc.IsolationWord
}

// hostsMsg brings the hosts whose name starts with what was typed.
type hostsMsg struct {
	dialog, req int
	hosts       []soc.Host
	word        map[soc.HostKey]soc.IsolationWord
	err         error
}

func (m hostsMsg) to() int { return m.dialog }

// namedMsg brings the hosts of exactly this name.
type namedMsg struct {
	dialog, req int
	line        line
	hosts       []soc.Host
	err         error
}

func (m namedMsg) to() int { return m.dialog }

// NewPalette returns the palette over these commands; recent lines come newest first.
func NewPalette(env Env, entries []Entry, recent []string) Dialog {
	d := &palette{base: base{env: env}, entries: entries, recent: recent}
	d.refresh()
	return d
}

// refresh builds the rows for what is typed.
func (d *palette) refresh() {
	text := strings.TrimSpace(d.filter.Text())
	l := parse(d.filter.Text())
	var rows []row
	section := func(name string, in []row) {
		if len(in) > 0 {
			rows = append(append(rows, row{cells: []string{name}, heading: true}), in...)
		}
	}
	if l.verb == "queue" || l.verb == "audit" {
		section("RUN", []row{{cells: []string{l.verb + " " + l.name}, id: "line"}})
	}
	if text == "" {
		section("RECENT", d.recentRows())
	}
	section("HOSTS", d.hostRows())
	if text == "" {
		section("GRAMMAR", grammarRows(text))
	}
	if !l.wantsHost() {
		section("COMMANDS", d.commandRows(text))
	}
	if text != "" {
		section("GRAMMAR", grammarRows(text))
	}
	if d.moved {
		d.set(rows)
	} else {
		d.reset(rows) // what enter runs is always the best fit
	}
}

func (d *palette) Paste(s string) bool {
	d.filter.paste(s)
	d.refresh()
	return true
}

// Key types, moves, completes and runs.
func (d *palette) Key(p Press) tea.Cmd {
	switch p.String() {
	case "esc":
		d.closed = true
		return nil
	case "enter":
		if p.Repeat {
			return nil
		}
		return d.run()
	case "tab":
		d.complete()
		return d.edited()
	case "up", "down", "pgup", "pgdown":
		d.moved = true
	}
	if d.key(p, 10) {
		return d.edited()
	}
	return nil
}

// edited looks hosts up again after the line changed.
func (d *palette) edited() tea.Cmd {
	d.moved = false
	l, text := parse(d.filter.Text()), strings.TrimSpace(d.filter.Text())
	prefix := ""
	switch {
	case l.wantsHost():
		prefix = l.name
	case l.verb == "" && len(text) >= 2 && !strings.Contains(text, " "):
		prefix = text
	}
	d.req++
	d.hosts = nil
	d.refresh()
	if prefix == "" {
		return nil
	}
	id, req, r := d.id, d.req, d.env.Reader
	return d.env.Run(func(ctx context.Context) tea.Msg {
		m := hostsMsg{dialog: id, req: req, word: map[soc.HostKey]soc.IsolationWord{}}
		if m.hosts, m.err = r.FindHosts(ctx, prefix, 8); m.err != nil {
			return m
		}
		isolated, err := r.Isolations(ctx)
		if err != nil {
			m.err = err
			return m
		}
		for _, i := range isolated {
			m.word[i.Key] = i.Word
		}
		return m
	})
}

// Update handles what was looked up.
func (d *palette) Update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case hostsMsg:
		if m.req != d.req {
			return nil
		}
		if m.err != nil {
			d.note = errText(m.err)
		}
		d.hosts, d.word = m.hosts, m.word
		d.refresh()
	case namedMsg:
		if m.req == d.req {
			return d.named(m)
		}
	}
	return nil
}

// complete fills in the host or the verb under the cursor.
func (d *palette) complete() {
	l := parse(d.filter.Text())
	cur, _ := d.cur()
	kind, id, _ := strings.Cut(cur.id, ":")
	switch {
	case kind == "host" && l.wantsHost():
		d.filter.Set(l.verb + " " + cur.cells[0])
	case kind == "host":
		d.filter.Set("host " + cur.cells[0])
	case kind == "verb" || kind == "past":
		d.filter.Set(id + " ")
	}
}

// View draws the palette.
func (d *palette) View(w, h int) string {
	t, bw := d.env.Theme, min(maxForm, w)
	if w >= 100 {
		bw = min(maxPalette, w)
	}
	in := bw - 4
	lines := []string{"> " + d.filter.view(t, true, in-2), ""}
	room := min(h, 22) - 2 - len(lines) - 2
	body := d.list.view(t, []int{max(16, in/4), 12}, in, room)
	if len(d.rows) == 0 {
		body = []string{t.Muted.Render("nothing fits; host <name> opens a host")}
	}
	for len(body) < room {
		body = append(body, "")
	}
	last := t.Muted.Render("@host   host, lockdown, release, queue, audit take arguments")
	if d.note != "" {
		last = t.Warn.Render(theme.Clip(d.note, in))
	}
	return draw(t, "Command", "tab complete  enter run  esc close", append(append(lines, body...), "", last), bw, 0)
}

// Hints are the keys that work now.
func (d *palette) Hints() []keys.Binding {
	return append(listHints("run"), keys.Binding{ID: "palette.tab", Keys: []string{"tab"}, Hint: "complete"})
}
