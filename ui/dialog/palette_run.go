package dialog

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/ui/screen"
)

// named goes on when exactly one host has the name; several are shown to choose from, none is said (C-09, C-10, C-17).
func (d *palette) named(m namedMsg) tea.Cmd {
	switch {
	case m.err != nil:
		d.note = errText(m.err)
	case len(m.hosts) == 0:
		d.note = "no host is called " + m.line.name + "; choose one from the list"
	case len(m.hosts) == 1:
		d.closed = true
		return tea.Batch(screen.Send(PastMsg{d.filter.Text()}), screen.Send(m.line.order(m.hosts[0].Key)))
	default:
		d.closed = true
		return tea.Batch(screen.Send(PastMsg{d.filter.Text()}), screen.Send(OpenMsg{newPick(d.env, m.line, m.hosts)}))
	}
	return nil
}

func (d *palette) run() tea.Cmd {
	l := parse(d.filter.Text())
	cur, ok := d.cur()
	switch {
	case l.bad != "":
		d.note = l.bad
		return nil
	case l.wantsHost() && !d.moved:
		return d.resolve(l)
	case !ok:
		d.note = "nothing to run"
		return nil
	}
	return d.runRow(cur, l)
}

func (d *palette) runRow(r row, l line) tea.Cmd {
	kind, id, _ := strings.Cut(r.id, ":")
	past := screen.Send(PastMsg{d.filter.Text()})
	switch kind {
	case "line":
		d.closed = true
		to := screen.Place{Kind: screen.Queue, Filter: l.name}
		if l.verb == "audit" {
			to.Kind = screen.Audit
		}
		return tea.Batch(past, screen.Send(screen.GoMsg{To: to}))
	case "host":
		for _, h := range d.hosts {
			if h.Key.String() == id {
				d.closed = true
				return tea.Batch(past, screen.Send(l.order(h.Key)))
			}
		}
	case "verb":
		d.filter.Set(id + " ")
		return d.edited()
	case "past":
		d.filter.Set(id)
		return d.edited()
	case "cmd":
		return d.runEntry(r.id)
	}
	return nil
}

func (d *palette) runEntry(id string) tea.Cmd {
	for _, e := range d.entries {
		if "cmd:"+e.Title+e.Scope != id {
			continue
		}
		if e.Off != "" {
			d.note = "off: " + e.Off
			return nil
		}
		d.closed = true
		return screen.Send(e.Msg)
	}
	return nil
}

// resolve asks for the hosts of exactly this name in every tenant.
func (d *palette) resolve(l line) tea.Cmd {
	if l.name == "" {
		d.note = l.verb + " needs the name of a host"
		return nil
	}
	d.req++
	id, req, r := d.id, d.req, d.env.Reader
	return d.env.Run(func(ctx context.Context) tea.Msg {
		m := namedMsg{dialog: id, req: req, line: l}
		all, err := r.Integrations(ctx)
		if err != nil {
			m.err = err
			return m
		}
		for _, i := range all {
			hosts, err := r.HostsNamed(ctx, i.ID, l.name)
			if err != nil {
				m.err = err
				return m
			}
			m.hosts = append(m.hosts, hosts...)
		}
		return m
	})
}
