package dialog

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/screen"
)

// recheck is how old the facts in an open dialog may get before they are read again.
const recheck = 30 * time.Second

// order is what the dialogs that change devices share: the hosts by exact id, the facts about them, and the way out.
type order struct {
	base
	form
	act   soc.Act
	hosts []soc.HostKey

	req    int
	facts  []soc.Verdict // one per host, empty until they were read
	seenAt time.Time     // when the facts on screen were read
	asked  time.Time     // when they were last asked for

	reasked bool // Defender was asked for fresh facts, because the old ones were too old

	warns   scroll
	sending bool
	problem string // why the last try failed
}

// factsMsg brings what the one door answered about every host.
type factsMsg struct {
	dialog, req int
	facts       []soc.Verdict
	at          time.Time
}

func (m factsMsg) to() int { return m.dialog }

// check asks the one door about every host.
func (o *order) check() tea.Cmd {
	o.req++
	o.asked = o.now
	id, req, act, hosts := o.id, o.req, o.act, o.hosts
	c, s, now := o.env.Commander, o.env.Session, o.env.Now
	return o.env.Run(func(ctx context.Context) tea.Msg {
		at := now()
		facts := make([]soc.Verdict, len(hosts))
		for i, h := range hosts {
			facts[i] = c.Check(ctx, s, act, h)
		}
		return factsMsg{id, req, facts, at}
	})
}

// take keeps an answer if it is the newest one, and reports whether it did.
func (o *order) take(m factsMsg) bool {
	if m.req != o.req || o.sending {
		return false
	}
	o.facts, o.seenAt = m.facts, m.at
	if m.at.After(o.now) {
		o.now = m.at
	}
	return true
}

// verdict is the answer about the first host, which is the only one in the dialogs for one; nothing before it was read.
func (o *order) verdict() soc.Verdict {
	if len(o.facts) == 0 {
		return soc.Verdict{}
	}
	return o.facts[0]
}

// notYet is why nothing can be ordered, whatever else the form still needs; empty when an order may be given.
func (o *order) notYet() string {
	switch v := o.verdict(); {
	case o.sending:
		return "storing the order"
	case len(o.facts) == 0:
		return "reading the facts"
	case !v.Allowed:
		return v.Why
	}
	return ""
}

// stale asks again when what the facts are made of changed, or when they got old.
func (o *order) stale(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case screen.StaleMsg:
		if m.Topics.Has(soc.TopicHosts | soc.TopicActions | soc.TopicLockdowns | soc.TopicSettings | soc.TopicConn) {
			return o.check()
		}
	case screen.TickMsg:
		if len(o.facts) > 0 && m.Now.Sub(o.asked) > recheck {
			return o.check()
		}
	}
	return nil
}

// freshen is reread, once by itself; R asks again.
func (o *order) freshen() {
	if !o.reasked {
		o.reasked = o.reread()
	}
}

// reread asks Defender for new facts about the hosts that are refused because the old ones are too old; the answer wakes the dialog. It
// reports whether there was anything to ask.
func (o *order) reread() bool {
	n := 0
	for i, v := range o.facts {
		if !v.Allowed && v.Code == "stale-facts" && o.env.WantHost != nil {
			o.env.WantHost(o.hosts[i], true)
			n++
		}
	}
	if n > 0 {
		o.note = "asked Defender for fresh facts; this box follows them"
	}
	return n > 0
}

// rereads reports that a key press means reread: no text field has the focus.
func (o *order) rereads(p Press) bool {
	switch p.String() {
	case "R", "r", "f5", "ctrl+r":
		return !o.typing() && !o.sending && o.reread()
	}
	return false
}

// rereadHint is the key of reread, while it does something.
func (o *order) rereadHint() []keys.Binding {
	for _, v := range o.facts {
		if !v.Allowed && v.Code == "stale-facts" && !o.typing() {
			return []keys.Binding{{ID: "dialog.reread", Keys: []string{"R"}, Hint: "read the facts again"}}
		}
	}
	return nil
}

// leave closes the dialog and writes into the history that nothing was ordered (Z20). An order that was already handed over is not
// cancelled by closing the box.
func (o *order) leave(why string) tea.Cmd {
	o.closed = true
	if o.sending {
		return nil
	}
	act, hosts, c, s := o.act, o.hosts, o.env.Commander, o.env.Session
	return o.env.Run(func(ctx context.Context) tea.Msg {
		for _, h := range hosts {
			if err := c.Dismiss(ctx, s, act, h, why); err != nil {
				return screen.NoticeMsg{Level: screen.Warn, Text: "nothing was sent, but the history could not be written: " + errText(err), Err: err}
			}
		}
		return nil
	})
}

// fail shows why an order was refused and reads the facts again.
func (o *order) fail(m doneMsg) tea.Cmd {
	o.sending = false
	if m.ok {
		o.closed = true
		return nil
	}
	o.problem = m.notice.Text
	return o.check()
}

func (o *order) Paste(s string) bool { return o.form.paste(s) }
func (o *order) Ticking() bool       { return true }

// title is what is done and in which tenants: every one of them, for a choice may reach over several (T-13).
func (o *order) title(what string) string {
	seen := map[soc.IntegrationID]bool{}
	for _, h := range o.hosts {
		if o.env.Badge != nil && !seen[h.Integration] {
			seen[h.Integration] = true
			what += "  " + o.env.Badge(h.Integration)
		}
	}
	return what
}

// out is the word for leaving the box, as its button says it.
func (o *order) out() string {
	for _, p := range o.parts {
		if p.id == "cancel" && p.button != nil {
			return strings.ToLower(p.button.Text)
		}
	}
	return "cancel"
}

// foot is the lower border of a form.
func (o *order) foot() string {
	if len(o.parts) < 2 {
		return "esc " + o.out()
	}
	return "tab move  esc " + o.out()
}

// hints are the keys of every form.
func (o *order) hints(do string) []keys.Binding {
	out := o.out()
	h := []keys.Binding{{ID: "dialog.cancel", Keys: []string{"esc"}, Hint: out}}
	if !o.ready {
		return h
	}
	switch {
	case o.has("do") && do != "":
		h = append(h, keys.Binding{ID: "dialog.do", Keys: []string{"enter"}, Hint: do})
	case o.has("cancel"):
		h = append(h, keys.Binding{ID: "dialog.cancel2", Keys: []string{"enter"}, Hint: out})
	case o.typing():
		h = append(h, keys.Binding{ID: "dialog.next", Keys: []string{"enter"}, Hint: "next (typing)"})
	case o.has("period"):
		h = append(h, keys.Binding{ID: "dialog.choose", Keys: []string{"left", "right"}, Show: "left/right 1-9", Hint: "duration"})
	}
	if len(o.parts) < 2 {
		return h
	}
	return append(h, keys.Binding{ID: "dialog.tab", Keys: []string{"tab"}, Hint: "next field"},
		keys.Binding{ID: "dialog.back", Keys: []string{"shift+tab"}, Hint: "previous"})
}
