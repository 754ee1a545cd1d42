package dialog

import (
	"encoding/json"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// cardWidth is the width of the pre-flight card beside the form.
const cardWidth = 46

// card is the pre-flight card (N-03): the facts that decide, each with its verdict in words.
func (d *isolate) card(w int) []string {
	t, v := d.env.Theme, d.verdict()
	h := v.Host
	row := func(name, value, mark string) string {
		style := t.Warn
		if mark == "ok" {
			style = t.Good
		}
		return theme.Clip(label(t, name, theme.Clip(value, w-15))+"  "+style.Render(mark), w)
	}
	out := []string{t.Strong.Render(hostName(v, d.hosts[0])) + ", " + words.Since(d.now, h.FetchedAt) + " ago", ""}
	out = append(out,
		row("role", words.Dash(h.Role()), warnIf(v.TypeName != "")),
		row("group", orNone(h.Group), ""),
		row("tags", orNone(strings.Join(h.Tags, ", ")), ""),
		row("OS", words.Dash(strings.TrimSpace(h.OSPlatform+" "+h.OSVersion)), ""),
		row("types", types(h), okIf(noSelective(h) == "")),
		row("sensor", words.Dash(h.Health)+", seen "+words.Since(d.now, h.LastSeen), okIf(h.Reachable())),
		row("VPN/proxy", "not known to Defender", ""),
		row("pending", openAction(v), okIf(v.State.Open == nil)),
		row("same name", sameNames(v), okIf(len(v.SameName) == 0)),
		row("admins on", admins(h), warnIf(adminsOn(h))),
		row("budget", strings.Replace(orNone(v.Budget), " calls this minute", " this minute", 1), ""), "")
	for _, l := range d.post() {
		out = append(out, theme.Wrap(l, w)...)
	}
	return append(out, "", t.Muted.Render("the history is written before the call"))
}

// post is the request as it would be sent: path and body. The id of the lockdown exists only once it is stored.
func (d *isolate) post() []string {
	c := soc.OrderComment{
		Lockdown: "LK-(new)", Token: "LK-(new).1", Verb: soc.VerbIsolate, Mode: soc.ModeManual, Period: d.period.chosen(),
		By: d.env.Session.Actor.Name, Via: d.env.Session.Actor.Via, Ticket: strings.TrimSpace(d.ticket.Text()), Alert: d.because.ID,
		Reason: strings.TrimSpace(d.reason.Text()),
	}
	body, err := json.Marshal(struct{ Comment, IsolationType string }{c.String(), string(d.isolationType())})
	if err != nil {
		body = []byte(err.Error())
	}
	return []string{"POST /api/machines/" + d.hosts[0].MachineID + "/isolate", string(body)}
}

// dryRun shows everything that is known and would be sent, and writes into the history that nothing was.
func (d *isolate) dryRun() tea.Cmd {
	if len(d.facts) == 0 || d.sending {
		return nil
	}
	v := d.verdict()
	var b strings.Builder
	b.WriteString("DRY RUN: nothing is sent.\n\n")
	result := "dry run: would be sent"
	switch {
	case !v.Allowed:
		result = "dry run: would be refused: " + v.Why
	case d.do.Off != "":
		result = "dry run: not yet: " + d.do.Off
	}
	b.WriteString(result + "\n\n")
	for _, l := range append(d.about(98), d.card(98)...) {
		b.WriteString(strip(l) + "\n")
	}
	b.WriteString("\nWARNINGS\n")
	for _, w := range isolateWarnings(v) {
		b.WriteString("! " + w + "\n")
	}
	box := NewText(d.env, "Dry run", b.String(), "")
	return tea.Batch(func() tea.Msg { return OpenMsg{box} }, d.audit(result))
}

// audit writes a line about a dialog that ordered nothing.
func (o *order) audit(what string) tea.Cmd {
	was := o.closed
	cmd := o.leave(what)
	o.closed = was
	return cmd
}

func types(h soc.Host) string {
	if why := noSelective(h); why != "" {
		return "Full only"
	}
	return "Full, Selective"
}

func openAction(v soc.Verdict) string {
	if v.State.Open == nil {
		return "no action in progress"
	}
	return string(v.State.Open.Type) + " " + string(v.State.Open.Status)
}

func sameNames(v soc.Verdict) string {
	if len(v.SameName) == 0 {
		return "1 device only"
	}
	var out []string
	for _, h := range v.SameName {
		out = append(out, words.ShortID(h.Key.MachineID)+" "+words.Dash(h.Health))
	}
	return words.Count(len(v.SameName), "more") + ": " + strings.Join(out, ", ")
}

func adminsOn(h soc.Host) bool {
	for _, u := range h.Users {
		if u.DomainAdmin {
			return true
		}
	}
	return false
}

func admins(h soc.Host) string {
	if h.UsersAt.IsZero() || h.UsersErr != "" {
		return "not known"
	}
	var out []string
	for _, u := range h.Users {
		if u.DomainAdmin {
			out = append(out, u.Name)
		}
	}
	return orNone(strings.Join(out, ", "))
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func okIf(ok bool) string {
	if ok {
		return "ok"
	}
	return "!"
}

func warnIf(bad bool) string {
	if bad {
		return "!"
	}
	return ""
}
