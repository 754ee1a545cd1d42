package dialog

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/words"
)

// kept is a dialog about a lockdown that exists: another end (X), taking it back before the device confirmed, or closing it by hand. The
// three differ in their act; each names what it does on its button and starts with the focus away from it.
type kept struct {
	order
	key      soc.LockdownID
	lockdown soc.Lockdown
	missing  string // why the lockdown could not be read

	period periods
	reason Field
	word   Field
	cancel Button
	do     Button
}

// lockdownMsg brings the lockdown and what the one door says about the act.
type lockdownMsg struct {
	dialog, req int
	lockdown    soc.Lockdown
	verdict     soc.Verdict
	err         error
	at          time.Time
}

func (m lockdownMsg) to() int { return m.dialog }

// NewPeriod returns the dialog that extends or shortens a running lockdown, counted from its start (K-06).
func NewPeriod(env Env, id soc.LockdownID) Dialog { return newKept(env, soc.ActPeriod, id) }

// NewCancel returns the dialog that takes a lockdown back while it still waits for the device.
func NewCancel(env Env, id soc.LockdownID) Dialog { return newKept(env, soc.ActCancel, id) }

// NewClose returns the dialog that ends cordon's obligation by hand, with a reason and a typed word: nobody will release the host (K-08).
func NewClose(env Env, id soc.LockdownID) Dialog { return newKept(env, soc.ActClose, id) }

func newKept(env Env, act soc.Act, id soc.LockdownID) *kept {
	d := &kept{key: id}
	d.order = order{base: base{env: env}, act: act}
	d.reason = Field{Limit: 300}
	d.word = Field{Limit: 20, NoPast: true}
	d.cancel = Button{Text: "Cancel"}
	if act == soc.ActCancel {
		d.cancel.Text = "Keep it"
	}
	d.do.Off = "reading the lockdown"
	d.parts = []part{{id: "cancel", button: &d.cancel}}
	return d
}

// Init reads the lockdown.
func (d *kept) Init() tea.Cmd { return d.load() }

func (d *kept) load() tea.Cmd {
	d.req++
	d.asked = d.now
	id, req, act, key := d.id, d.req, d.act, d.key
	r, c, s, now := d.env.Reader, d.env.Commander, d.env.Session, d.env.Now
	return d.env.Run(func(ctx context.Context) tea.Msg {
		m := lockdownMsg{dialog: id, req: req, at: now()}
		if m.lockdown, m.err = r.Lockdown(ctx, key); m.err == nil {
			m.verdict = c.Check(ctx, s, act, m.lockdown.Key)
		}
		return m
	})
}

// Update handles answers, time and stale data.
func (d *kept) Update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case lockdownMsg:
		d.got(m)
	case doneMsg:
		d.sending = false
		if d.closed = m.ok; !m.ok {
			d.problem = m.notice.Text
			return d.load()
		}
	case screen.StaleMsg:
		if m.Topics.Has(soc.TopicLockdowns | soc.TopicActions | soc.TopicHosts) {
			return d.load()
		}
	case screen.TickMsg:
		if m.Now.Sub(d.asked) > recheck {
			return d.load()
		}
	}
	return nil
}

func (d *kept) got(m lockdownMsg) {
	if m.req != d.req || d.sending {
		return
	}
	if m.at.After(d.now) {
		d.now = m.at
	}
	if m.err != nil {
		d.missing = errText(m.err)
		d.judge()
		return
	}
	first := len(d.facts) == 0
	d.lockdown, d.facts, d.seenAt, d.missing = m.lockdown, []soc.Verdict{m.verdict}, m.at, ""
	d.hosts = []soc.HostKey{m.lockdown.Key}
	at := d.parts[d.at].id
	d.at, d.parts = 0, nil
	if m.verdict.Allowed {
		if d.act == soc.ActPeriod {
			d.setPeriods(m.verdict)
			d.parts = append(d.parts, part{id: "period", choice: &d.period.choice})
		}
		d.parts = append(d.parts, part{id: "reason", field: &d.reason})
		if d.act == soc.ActClose {
			d.parts = append(d.parts, part{id: "word", field: &d.word})
		}
	}
	d.parts = append(d.parts, part{id: "cancel", button: &d.cancel})
	if m.verdict.Allowed {
		d.parts = append(d.parts, part{id: "do", button: &d.do})
	}
	d.focus("cancel")
	d.focus(at)
	if first && !d.moved && m.verdict.Allowed && d.act == soc.ActPeriod {
		d.focus("period")
	}
	d.judge()
}

// start is what the period counts from: the confirmed isolation, or the order while it waits.
func (d *kept) start() time.Time {
	if !d.lockdown.EnforcedAt.IsZero() {
		return d.lockdown.EnforcedAt
	}
	return d.now
}

// setPeriods offers the presets; those that would end in the past are off: that is a release, which has its own key.
func (d *kept) setPeriods(v soc.Verdict) {
	if len(d.period.values) == 0 {
		d.period.want = d.lockdown.Period
	}
	d.period.set(v)
	d.period.choice.Off = make([]string, len(d.period.values))
	for i, p := range d.period.values {
		if !d.start().Add(p).After(d.now) {
			d.period.choice.Off[i] = "already past; U releases"
		}
	}
}

func (d *kept) name() string {
	if d.lockdown.HostName != "" {
		return d.lockdown.HostName
	}
	return d.lockdown.Key.MachineID
}

func (d *kept) judge() {
	switch d.act {
	case soc.ActPeriod:
		d.do.Text = "Change"
		switch p := d.period.chosen(); {
		case p > d.lockdown.Period:
			d.do.Text = "Extend to " + words.Period(p)
		case p < d.lockdown.Period:
			d.do.Text = "Shorten to " + words.Period(p)
		}
	case soc.ActCancel:
		d.do.Text = "Take back " + d.name()
	default:
		d.do.Text = "Close " + string(d.lockdown.ID)
	}
	d.do.Off = d.off()
}

func (d *kept) off() string {
	switch {
	case d.sending:
		return "storing the order"
	case d.missing != "":
		return d.missing
	case len(d.facts) == 0:
		return "reading the lockdown"
	case !d.facts[0].Allowed:
		return d.facts[0].Why
	case d.act == soc.ActPeriod && d.period.chosen() == d.lockdown.Period:
		return "that is its period now"
	case d.act == soc.ActPeriod && d.period.choice.off(d.period.choice.At) != "":
		return d.period.choice.off(d.period.choice.At)
	case d.act != soc.ActCancel && strings.TrimSpace(d.reason.Text()) == "":
		return "needs a reason"
	case d.act == soc.ActClose && !strings.EqualFold(strings.TrimSpace(d.word.Text()), "close"):
		return "until the word is typed"
	}
	return ""
}

// Key handles a key.
func (d *kept) Key(p Press) tea.Cmd {
	if p.String() == "esc" {
		return d.leave("cancelled")
	}
	if d.sending || d.warns.key(p.String()) {
		return nil
	}
	pressed := d.form.key(p)
	d.judge()
	switch pressed {
	case "cancel":
		return d.leave("cancelled")
	case "do":
		return d.send()
	}
	return nil
}

func (d *kept) send() tea.Cmd {
	if d.do.Off != "" {
		d.note = d.do.Off
		return nil
	}
	d.sending, d.problem = true, ""
	id, act, l, name := d.id, d.act, d.lockdown, d.name()
	c, s, reason, period := d.env.Commander, d.env.Session, strings.TrimSpace(d.reason.Text()), d.period.chosen()
	d.judge()
	return d.env.Run(func(ctx context.Context) tea.Msg {
		var err error
		var text string
		switch act {
		case soc.ActPeriod:
			_, err = c.SetPeriod(ctx, s, soc.PeriodRequest{ID: l.ID, Revision: l.Revision, Period: period, Reason: reason})
			text = "lockdown of " + name + " is now " + words.Period(period) + " from its start"
		case soc.ActCancel:
			_, err = c.CancelLockdown(ctx, s, l.ID, reason)
			text = "requested: take back the lockdown of " + name + "; the device may still have got it, T shows what happens"
		default:
			_, err = c.CloseLockdown(ctx, s, l.ID, reason)
			text = "closed " + string(l.ID) + " by hand: cordon will not release " + name
		}
		if err != nil {
			return doneMsg{dialog: id, notice: screen.NoticeMsg{Level: screen.Bad, Text: "nothing changed for " + name + ": " + errText(err), Err: err}}
		}
		return doneMsg{dialog: id, ok: true, notice: screen.NoticeMsg{Level: screen.Info, Text: text}}
	})
}

// Hints are the keys that work now.
func (d *kept) Hints() []keys.Binding {
	do := ""
	if d.do.Off == "" {
		do = strings.ToLower(d.do.Text)
	}
	return d.hints(do)
}
