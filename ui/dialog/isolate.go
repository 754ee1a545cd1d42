package dialog

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/words"
)

// IsolateOptions say what the lockdown dialog is about and what is filled in.
type IsolateOptions struct {
	Hosts   []soc.HostKey
	Because soc.AlertKey
	Reason  string
	Period  time.Duration
}

// isolate is the lockdown dialog for one host. With everything filled in the focus is on the action button, so that the opening key and
// enter isolate an ordinary host; for a protected one it is on Cancel and the name has to be typed (K-16).
type isolate struct {
	order
	because soc.AlertKey
	alert   soc.Alert

	period periods
	kind   Choice
	reason Field
	ticket Field
	name   Field
	cancel Button
	do     Button
}

// alertMsg brings the alert that led here.
type alertMsg struct {
	dialog int
	alert  soc.Alert
}

func (m alertMsg) to() int { return m.dialog }

// NewIsolate returns the lockdown dialog: the form for one host, the bulk form for several.
func NewIsolate(env Env, o IsolateOptions) Dialog {
	if len(o.Hosts) > 1 {
		return newBulk(env, soc.ActIsolate, o)
	}
	d := &isolate{because: o.Because, period: periods{want: o.Period}}
	d.order = order{base: base{env: env}, act: soc.ActIsolate, hosts: o.Hosts}
	d.reason = Field{Name: "Reason", Limit: 300}
	d.reason.Set(o.Reason)
	d.ticket = Field{Name: "Ticket", Limit: 60}
	d.name = Field{Name: "Name", Limit: 260, NoPast: true}
	d.kind = Choice{Labels: []string{"Full", "Selective (Outlook, Teams)"}}
	d.cancel = Button{Text: "Cancel"}
	d.do = Button{Text: "Isolate", Off: "reading the facts"}
	d.parts = []part{{id: "cancel", button: &d.cancel}, {id: "do", button: &d.do}}
	d.focus("do")
	return d
}

// Init reads the facts and the alert.
func (d *isolate) Init() tea.Cmd {
	if d.env.WantHost != nil {
		d.env.WantHost(d.hosts[0], false)
	}
	if d.because.IsZero() {
		return d.check()
	}
	id, key, r := d.id, d.because, d.env.Reader
	return tea.Batch(d.check(), d.env.Run(func(ctx context.Context) tea.Msg {
		a, err := r.Alert(ctx, key)
		if err != nil {
			return nil // the line stays as the id alone; the facts about the host do not depend on it
		}
		return alertMsg{id, a}
	}))
}

// Update handles answers, time and stale data.
func (d *isolate) Update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case factsMsg:
		first := len(d.facts) == 0
		if d.take(m) {
			d.fill(first)
			d.freshen()
		}
	case alertMsg:
		d.alert = m.alert
		if d.reason.Text() == "" && !d.typed {
			d.reason.Set(m.alert.Title + " (alert " + words.ShortID(m.alert.ID) + ")")
		}
		d.fill(false)
	case doneMsg:
		return d.fail(m)
	default:
		return d.stale(msg)
	}
	return nil
}

// Key handles a key.
func (d *isolate) Key(p Press) tea.Cmd {
	switch p.String() {
	case "esc":
		return d.leave(d.why())
	case "ctrl+d":
		return d.dryRun()
	}
	if d.sending || d.rereads(p) || d.warns.key(p.String()) {
		return nil
	}
	pressed := d.form.key(p)
	d.judge()
	switch pressed {
	case "cancel":
		return d.leave(d.why())
	case "do":
		return d.order1()
	}
	return nil
}

// why says in the history how far the person got.
func (d *isolate) why() string {
	v := d.verdict()
	switch {
	case len(d.facts) == 0:
		return "cancelled before the facts were read"
	case !v.Allowed:
		return "not possible: " + v.Why
	case v.TypeName != "" && !sameName(d.name.Text(), v.Host.Name):
		return "cancelled, name not typed"
	}
	return "cancelled"
}

// order1 hands the order over. It says when the facts were read, so that the one door can refuse a decision made on old ones.
func (d *isolate) order1() tea.Cmd {
	if d.do.Off != "" {
		d.note = d.do.Off
		return nil
	}
	d.sending, d.problem = true, ""
	d.judge()
	r := soc.IsolateRequest{
		Host: d.hosts[0], Period: d.period.chosen(), Type: d.isolationType(), Reason: strings.TrimSpace(d.reason.Text()),
		Ticket: strings.TrimSpace(d.ticket.Text()), Alert: d.because.ID, SeenAt: d.seenAt,
	}
	if d.verdict().TypeName != "" {
		r.Confirm = strings.TrimSpace(d.name.Text())
	}
	id, c, s, name := d.id, d.env.Commander, d.env.Session, hostName(d.verdict(), d.hosts[0])
	return d.env.Run(func(ctx context.Context) tea.Msg {
		l, err := c.Isolate(ctx, s, r)
		return isolateDone(id, name, r, l, err)
	})
}

// isolateDone says what was reached, and no more: an order that was stored is not an isolation (C-06).
func isolateDone(id int, name string, r soc.IsolateRequest, l soc.Lockdown, err error) doneMsg {
	if err != nil {
		return doneMsg{dialog: id, notice: screen.NoticeMsg{Level: screen.Bad, Text: "not isolated: " + name + ": " + errText(err), Err: err}}
	}
	text := fmt.Sprintf("PENDING %s %s requested (%s) until the device confirms", words.ShortName(name), words.Period(r.Period), l.ID)
	return doneMsg{dialog: id, ok: true, notice: screen.NoticeMsg{Level: screen.Info, Text: text}}
}

// Hints are the keys that work now.
func (d *isolate) Hints() []keys.Binding {
	do := ""
	if d.do.Off == "" {
		do = "isolate"
	}
	return append(append(d.rereadHint(), d.hints(do)...), keys.Binding{ID: "dialog.dry", Keys: []string{"ctrl+d"}, Hint: "dry run"})
}
