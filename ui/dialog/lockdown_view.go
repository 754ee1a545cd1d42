package dialog

import (
	"time"

	"cordon/store/soc"
	"cordon/ui/life"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// View draws the form.
func (d *kept) View(w, h int) string {
	bw := min(maxForm, w)
	titles := map[soc.Act]string{soc.ActPeriod: "Extend or shorten", soc.ActCancel: "Take back", soc.ActClose: "Close by hand"}
	return draw(d.env.Theme, d.title(titles[d.act]), d.foot(), d.lines(bw-4, h-2), bw, 0)
}

func (d *kept) lines(w, h int) []string {
	t := d.env.Theme
	foot := append([]string{""}, d.buttons(t, d.ready, w)...)
	if s := d.status(); s != "" {
		foot = append(foot, t.Warn.Render(theme.Clip(s, w)))
	}
	if len(d.facts) == 0 {
		what := "reading the lockdown.."
		if d.missing != "" {
			what = "can not read the lockdown: " + d.missing
		}
		return fitLines(wrapped("", what, w), foot, h)
	}
	v := d.facts[0]
	head := []string{label(t, "Device", theme.Clip(t.Strong.Render(d.name()), w-11)), label(t, "Id", d.lockdown.Key.MachineID)}
	head = append(head, lockdownLines(t, d.lockdown, d.now, d.env, w)...)
	if !v.Allowed {
		head = append(append(head, "", t.Bad.Render("NOT POSSIBLE NOW")), wrapped("", v.Why, w)...)
		return fitLines(head, foot, h)
	}
	head = append(append(head, ""), d.ask(w)...)
	var warn []string
	for _, s := range append(d.meaning(), v.Warnings...) {
		warn = append(warn, warnLines(t, []string{"! " + s}, w)...)
	}
	if len(warn) > 0 {
		warn = append([]string{""}, warn...)
	}
	return d.warns.fit(t, head, warn, foot, h)
}

func (d *kept) ask(w int) []string {
	t := d.env.Theme
	var out []string
	need := "Reason *"
	switch d.act {
	case soc.ActPeriod:
		end := "counted from the confirmed isolation"
		if !d.lockdown.EnforcedAt.IsZero() {
			end = "ends " + words.Clock(d.start().Add(d.period.chosen()), d.now, d.env.Local) + ", then auto-release"
		}
		out = append(out, label(t, "From start", d.line(t, "period", w-11)), label(t, "", end))
	case soc.ActCancel:
		need = "Reason"
	}
	out = append(out, label(t, need, d.line(t, "reason", w-11)))
	if d.act == soc.ActClose {
		out = append(out, "", t.Warn.Render("To go on, type the word close: ")+d.line(t, "word", 12))
	}
	return out
}

// meaning says what the act means for the host.
func (d *kept) meaning() []string {
	switch d.act {
	case soc.ActCancel:
		return []string{"If the device got the order already, cordon releases it."}
	case soc.ActClose:
		return []string{
			"cordon will stop trying: NOBODY releases this host afterwards.",
			"Only when it is proved free, or somebody else took it over.",
		}
	}
	return nil
}

// lockdownLines tell the state of a lockdown, never more than Defender confirmed (N-05).
func lockdownLines(t *theme.Theme, l soc.Lockdown, now time.Time, env Env, w int) []string {
	word := l.Word(now)
	line := t.State(word).Render(word)
	if !l.Deadline.IsZero() {
		line += "  " + left(l.Left(now)) + "  ends " + words.Clock(l.Deadline, now, env.Local)
	} else if !l.Phase.Final() {
		line += "  the clock of " + words.Period(l.Period) + " starts when the device confirms"
	}
	out := []string{
		label(t, "Lockdown", theme.Clip(string(l.ID)+"  "+words.Period(l.Period)+" by "+l.By.Name+", asked "+words.Since(now, l.RequestedAt)+" ago", w-11)),
		label(t, "", theme.Clip(line, w-11)),
	}
	if l.Reason != "" {
		out = append(out, label(t, "Because", theme.Clip(l.Reason, w-11)))
	}
	if l.Trouble != "" {
		out = append(out, label(t, "Trouble", t.Bad.Render(theme.Clip(life.Why(l), w-11))))
	}
	return out
}
