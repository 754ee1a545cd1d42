package dialog

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/words"
)

// bulk isolates or releases several hosts, each by its exact id. Protected hosts are left out: they need a dialog of their own. The number
// of devices is typed, the focus starts on Cancel, and every host gets its own result.
type bulk struct {
	order
	o IsolateOptions

	period periods
	reason Field
	count  Field
	cancel Button
	do     Button

	results []result
	from    int // first line of the list shown
}

// result is what became of one host.
type result struct {
	name string
	text string
	err  error
}

// bulkMsg is the end of a bulk order.
type bulkMsg struct {
	dialog  int
	results []result
	text    string
}

func (m bulkMsg) to() int { return m.dialog }

func newBulk(env Env, act soc.Act, o IsolateOptions) *bulk {
	d := &bulk{o: o}
	d.order = order{base: base{env: env}, act: act, hosts: o.Hosts}
	d.period.want = o.Period
	d.reason = Field{Limit: 300}
	d.reason.Set(o.Reason)
	d.count = Field{Limit: 6, NoPast: true}
	d.cancel = Button{Text: "Cancel"}
	d.do = Button{Off: "reading the facts"}
	d.parts = []part{{id: "cancel", button: &d.cancel}}
	return d
}

// Init reads the facts about every host.
func (d *bulk) Init() tea.Cmd { return d.check() }

// Update handles answers, time and stale data.
func (d *bulk) Update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case factsMsg:
		if d.results == nil && d.take(m) {
			d.fill()
			d.freshen()
		}
	case bulkMsg:
		d.sending, d.results, d.from = false, m.results, 0
		d.cancel.Text = "Close"
		d.parts = []part{{id: "cancel", button: &d.cancel}}
		d.at = 0
	default:
		if d.results == nil {
			return d.stale(msg)
		}
	}
	return nil
}

// will splits the hosts: those that the order goes to, and those left out.
func (d *bulk) will() (do, out []int) {
	for i, v := range d.facts {
		if v.Allowed && d.need(v) == "" {
			do = append(do, i)
		} else {
			out = append(out, i)
		}
	}
	return do, out
}

// need says why a host needs a dialog of its own.
func (d *bulk) need(v soc.Verdict) string {
	if d.act == soc.ActRelease {
		return mustType(v)
	}
	return v.TypeName
}

func (d *bulk) fill() {
	do, _ := d.will()
	if len(do) > 0 {
		d.note = d.period.set(d.facts[do[0]])
	}
	at := d.parts[d.at].id
	d.at, d.parts = 0, nil
	if len(do) > 0 {
		if d.act == soc.ActIsolate {
			d.parts = append(d.parts, part{id: "period", choice: &d.period.choice})
		}
		d.parts = append(d.parts, part{id: "reason", field: &d.reason}, part{id: "count", field: &d.count})
	}
	d.parts = append(d.parts, part{id: "cancel", button: &d.cancel})
	if len(do) > 0 {
		d.parts = append(d.parts, part{id: "do", button: &d.do})
	}
	d.focus("cancel")
	d.focus(at)
	d.judge()
}

func (d *bulk) judge() {
	do, _ := d.will()
	d.do.Text = "Release " + strconv.Itoa(len(do))
	if d.act == soc.ActIsolate {
		d.do.Text = "Isolate " + strconv.Itoa(len(do)) + " for " + words.Period(d.period.chosen())
	}
	switch {
	case d.sending:
		d.do.Off = "storing the orders"
	case len(do) == 0:
		d.do.Off = "no device is left"
	case strings.TrimSpace(d.reason.Text()) == "":
		d.do.Off = "needs a reason"
	case strings.TrimSpace(d.count.Text()) != strconv.Itoa(len(do)):
		d.do.Off = "until the number matches"
	default:
		d.do.Off = ""
	}
}

// Key handles a key.
func (d *bulk) Key(p Press) tea.Cmd {
	switch p.String() {
	case "esc":
		return d.close()
	case "pgdown":
		d.from = min(d.from+5, len(d.hosts))
		return nil
	case "pgup":
		d.from = max(0, d.from-5)
		return nil
	}
	if d.sending || d.results == nil && d.rereads(p) {
		return nil
	}
	pressed := d.form.key(p)
	if d.results != nil {
		if pressed == "cancel" {
			d.closed = true
		}
		return nil
	}
	d.judge()
	switch pressed {
	case "cancel":
		return d.close()
	case "do":
		return d.send()
	}
	return nil
}

func (d *bulk) close() tea.Cmd {
	if d.results != nil {
		d.closed = true
		return nil
	}
	return d.leave("cancelled, bulk of " + strconv.Itoa(len(d.hosts)))
}

// send hands over one order per host. One that is refused does not stop the others.
func (d *bulk) send() tea.Cmd {
	if d.do.Off != "" {
		d.note = d.do.Off
		return nil
	}
	d.sending = true
	do, _ := d.will()
	type job struct {
		key  soc.HostKey
		name string
	}
	jobs := make([]job, len(do))
	for i, at := range do {
		jobs[i] = job{d.hosts[at], hostName(d.facts[at], d.hosts[at])}
	}
	id, c, s, isolate := d.id, d.env.Commander, d.env.Session, d.act == soc.ActIsolate
	period, reason, seen, alert := d.period.chosen(), strings.TrimSpace(d.reason.Text()), d.seenAt, d.o.Because
	return d.env.Run(func(ctx context.Context) tea.Msg {
		m, word := bulkMsg{dialog: id}, "RELEASING"
		if isolate {
			word = "PENDING"
		}
		failed := 0
		for _, j := range jobs {
			r := result{name: j.name}
			if isolate {
				req := soc.IsolateRequest{Host: j.key, Period: period, Type: soc.IsolationFull, Reason: reason, SeenAt: seen}
				if alert.Integration == j.key.Integration {
					req.Alert = alert.ID
				}
				_, r.err = c.Isolate(ctx, s, req)
			} else {
				_, r.err = c.Release(ctx, s, soc.ReleaseRequest{Host: j.key, Reason: reason})
			}
			r.text = word + " until the device confirms"
			if r.err != nil {
				r.text = errText(r.err)
				failed++
			}
			m.results = append(m.results, r)
		}
		m.text = fmt.Sprintf("%s %d of %s requested, until each confirms", word, len(jobs)-failed, words.Count(len(jobs), "device"))
		return m
	})
}

func (m bulkMsg) note() screen.NoticeMsg {
	n := screen.NoticeMsg{Level: screen.Info, Text: m.text}
	for _, r := range m.results {
		if r.err != nil {
			n.Level, n.Err = screen.Bad, r.err
		}
	}
	return n
}

// Hints are the keys that work now.
func (d *bulk) Hints() []keys.Binding {
	if d.results != nil {
		return []keys.Binding{{ID: "dialog.close", Keys: []string{"esc"}, Hint: "close"}, {ID: "dialog.page", Keys: []string{"pgup", "pgdown"}, Hint: "scroll"}}
	}
	do := ""
	if d.do.Off == "" {
		do = strings.ToLower(d.do.Text)
	}
	return append(d.rereadHint(), d.hints(do)...)
}
