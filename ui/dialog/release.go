package dialog

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// release ends the isolation of one host. For our own lockdown of an ordinary host the focus is on the button; an isolation from outside
// and a protected host need the typed name (K-04, K-16).
type release struct {
	order
	reason Field
	name   Field
	cancel Button
	byHand Button
	do     Button
}

// NewRelease returns the release dialog: the form for one host, the bulk form for several.
func NewRelease(env Env, hosts []soc.HostKey) Dialog {
	if len(hosts) > 1 {
		return newBulk(env, soc.ActRelease, IsolateOptions{Hosts: hosts, Reason: "released by hand"})
	}
	d := &release{}
	d.order = order{base: base{env: env}, act: soc.ActRelease, hosts: hosts}
	d.reason = Field{Limit: 300}
	d.reason.Set("released by hand")
	d.name = Field{Limit: 260, NoPast: true}
	d.cancel = Button{Text: "Cancel"}
	d.byHand = Button{Text: "Close by hand.."}
	d.do = Button{Text: "Release", Off: "reading the facts"}
	d.parts = []part{{id: "cancel", button: &d.cancel}, {id: "do", button: &d.do}}
	d.focus("do")
	return d
}

// mustType says why the name has to be typed, empty if it need not. An isolation from outside always needs it (K-04).
func mustType(v soc.Verdict) string {
	if v.TypeName == "" && v.Current == nil && v.State.InForce() {
		return soc.IsolatedOutside
	}
	return v.TypeName
}

// Init reads the facts.
func (d *release) Init() tea.Cmd {
	if d.env.WantHost != nil {
		d.env.WantHost(d.hosts[0], false)
	}
	return d.check()
}

// Update handles answers, time and stale data.
func (d *release) Update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case factsMsg:
		first := len(d.facts) == 0
		if d.take(m) {
			d.fill(first)
		}
	case doneMsg:
		return d.fail(m)
	default:
		return d.stale(msg)
	}
	return nil
}

func (d *release) fill(first bool) {
	v := d.verdict()
	at := d.parts[d.at].id
	d.at, d.parts = 0, nil
	d.cancel.Text = "Close"
	if v.Allowed {
		d.cancel.Text = "Cancel"
		d.parts = append(d.parts, part{id: "reason", field: &d.reason})
		if mustType(v) != "" {
			d.name.NoPast = typeable(hostName(v, d.hosts[0]))
			d.parts = append(d.parts, part{id: "name", field: &d.name})
		}
	}
	d.parts = append(d.parts, part{id: "cancel", button: &d.cancel})
	if stuck(v.Current) {
		d.parts = append(d.parts, part{id: "byhand", button: &d.byHand})
	}
	if v.Allowed {
		d.parts = append(d.parts, part{id: "do", button: &d.do})
	}
	d.focus("cancel")
	d.focus(at)
	d.judge()
	switch start := !d.moved && (first || !d.ready); {
	case start && v.Allowed && mustType(v) == "" && d.opener != "enter":
		d.focus("do")
	case start, d.has("do") && d.do.Off != "":
		d.focus("cancel")
	}
}

// stuck reports that a release does not come through, so that a person may have to end the obligation (K-08).
func stuck(l *soc.Lockdown) bool {
	return l != nil && (l.Phase == soc.PhaseReleaseBlocked || l.Phase == soc.PhaseNeedsHuman)
}

func (d *release) judge() {
	v := d.verdict()
	d.do.Text = "Release " + hostName(v, d.hosts[0])
	d.do.Off = d.notYet()
	if d.do.Off == "" && mustType(v) != "" && !sameName(d.name.Text(), hostName(v, d.hosts[0])) {
		d.do.Off = "until the name matches"
	}
}

// Key handles a key.
func (d *release) Key(p Press) tea.Cmd {
	if p.String() == "esc" {
		return d.leave(d.why())
	}
	if d.sending || d.warns.key(p.String()) {
		return nil
	}
	pressed := d.form.key(p)
	d.judge()
	switch pressed {
	case "cancel":
		return d.leave(d.why())
	case "byhand":
		d.closed = true
		return screen.Send(CloseMsg{d.verdict().Current.ID})
	case "do":
		return d.send()
	}
	return nil
}

func (d *release) why() string {
	v := d.verdict()
	switch {
	case len(d.facts) > 0 && !v.Allowed:
		return "not possible: " + v.Why
	case mustType(v) != "" && !sameName(d.name.Text(), hostName(v, d.hosts[0])):
		return "cancelled, name not typed"
	}
	return "cancelled"
}

func (d *release) send() tea.Cmd {
	if d.do.Off != "" {
		d.note = d.do.Off
		return nil
	}
	d.sending, d.problem = true, ""
	d.judge()
	r := soc.ReleaseRequest{Host: d.hosts[0], Reason: strings.TrimSpace(d.reason.Text())}
	if mustType(d.verdict()) != "" {
		r.Confirm = strings.TrimSpace(d.name.Text())
	}
	id, c, s, name := d.id, d.env.Commander, d.env.Session, hostName(d.verdict(), d.hosts[0])
	return d.env.Run(func(ctx context.Context) tea.Msg {
		if _, err := c.Release(ctx, s, r); err != nil {
			return doneMsg{dialog: id, notice: screen.NoticeMsg{Level: screen.Bad, Text: "not released: " + name + ": " + errText(err), Err: err}}
		}
		text := "RELEASING " + words.ShortName(name) + " requested; stays isolated until the device confirms (T)"
		return doneMsg{dialog: id, ok: true, notice: screen.NoticeMsg{Level: screen.Info, Text: text}}
	})
}

// View draws the form.
func (d *release) View(w, h int) string {
	bw := min(maxForm, w)
	return draw(d.env.Theme, d.title("Release"), d.foot(), d.lines(bw-4, h-2), bw, 0)
}

func (d *release) lines(w, h int) []string {
	t, v, key := d.env.Theme, d.verdict(), d.hosts[0]
	head := []string{t.Strong.Render("Release 1 device from isolation"), ""}
	if len(d.facts) == 0 {
		return append(append(head, label(t, "Id", key.MachineID), "reading the facts..", ""), d.buttons(t, d.ready, w)...)
	}
	head = append(head, label(t, "Device", deviceLine(t, v, key, w-11)), label(t, "Id", key.MachineID+"  seen "+words.Since(d.now, v.Host.LastSeen)),
		label(t, "State", theme.Clip(stateLine(v, d.now)+"   sensor "+words.Dash(v.Host.Health), w-11)))
	if l := v.Current; l != nil {
		head = append(head, lockdownLines(t, *l, d.now, d.env, w)...)
	}
	foot := append([]string{""}, d.buttons(t, d.ready, w)...)
	if !v.Allowed {
		head = append(append(head, ""), t.Bad.Render("NOT POSSIBLE NOW"))
		head = append(head, wrapped("", v.Why, w)...)
		return fitLines(head, foot, h)
	}
	head = append(head, "", label(t, "Reason", d.line(t, "reason", w-11)))
	if mustType(v) != "" {
		foot = append([]string{"", t.Warn.Render(theme.Clip("To go on, type the device name ("+mustType(v)+"):", w)), "  " + d.line(t, "name", w-2)}, foot...)
	}
	if s := d.status(); s != "" {
		foot = append(foot, t.Warn.Render(theme.Clip(s, w)))
	}
	return d.warns.fit(t, head, d.warnings(w), foot, h)
}

func (d *release) warnings(w int) []string {
	v := d.verdict()
	out := []string{"", "! The network opens as soon as the device confirms."}
	if v.Current == nil {
		out = append(out, "! Somebody else isolated it, not cordon: ask them first.")
	}
	if !v.Host.Reachable() {
		out = append(out, "! Device does not answer: it stays isolated until it does.")
	}
	for _, s := range v.Warnings {
		out = append(out, "! "+s)
	}
	return warnLines(d.env.Theme, out, w)
}

// Hints are the keys that work now.
func (d *release) Hints() []keys.Binding {
	do := ""
	if d.do.Off == "" {
		do = "release"
	}
	return d.hints(do)
}
