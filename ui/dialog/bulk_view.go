package dialog

import (
	"fmt"
	"strings"

	"cordon/store/soc"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// View draws the form, or the results.
func (d *bulk) View(w, h int) string {
	bw := min(maxPalette, w)
	t := d.env.Theme
	title := d.title("Release")
	if d.act == soc.ActIsolate {
		title = d.title("Lockdown")
	}
	foot := "tab move  pgup pgdown list  esc cancel"
	if d.results != nil {
		return draw(t, title, "pgup pgdown scroll  esc close", d.done(bw-4, h-2), bw, 0)
	}
	return draw(t, title, foot, d.lines(bw-4, h-2), bw, 0)
}

func (d *bulk) lines(w, h int) []string {
	t := d.env.Theme
	verb, tail := "Isolate ", " from the network"
	if d.act != soc.ActIsolate {
		verb, tail = "Release ", ""
	}
	head := []string{t.Strong.Render(verb + words.Count(len(d.hosts), "device") + tail), ""}
	if len(d.facts) == 0 {
		return append(append(head, "reading the facts..", ""), d.buttons(t, d.ready, w)...)
	}
	do, left := d.will()
	head = append(head, theme.Clip(d.classes(do), w), fmt.Sprintf("so: %d now, %d left out", len(do), len(left)), "")
	var foot []string
	if len(do) > 0 {
		if d.act == soc.ActIsolate {
			end := d.now.Add(d.period.chosen())
			foot = append(foot, "", label(t, "Duration", d.line(t, "period", w-11)),
				label(t, "", t.Muted.Render("each starts once confirmed; if now, ends ")+words.Clock(end, d.now, d.env.Local)))
		}
		foot = append(foot, label(t, "Reason *", d.line(t, "reason", w-11)),
			t.Warn.Render("To go on, type the number of devices: ")+d.line(t, "count", 8))
	}
	foot = append(append(foot, ""), d.buttons(t, d.ready, w)...)
	if s := d.status(); s != "" {
		foot = append(foot, t.Warn.Render(theme.Clip(s, w)))
	}
	return append(append(head, d.list(w, h-len(head)-len(foot))...), foot...)
}

// classes counts what would be hit.
func (d *bulk) classes(do []int) string {
	n := map[string]int{}
	wait := 0
	for _, i := range do {
		n[d.facts[i].Host.Role()]++
		if !d.facts[i].Host.Reachable() {
			wait++
		}
	}
	var out []string
	for _, r := range []string{"workstation", "server", "domain controller", ""} {
		if n[r] > 0 {
			name := r
			if r == "" {
				name = "unknown"
			}
			out = append(out, words.Count(n[r], name))
		}
	}
	if wait > 0 {
		out = append(out, fmt.Sprintf("%d of them do not answer (Defender keeps trying for 3 days)", wait))
	}
	return strings.Join(out, "   ")
}

// list names every host with its id: first those left out, with the reason.
func (d *bulk) list(w, h int) []string {
	t := d.env.Theme
	do, left := d.will()
	var rows []string
	for _, i := range left {
		v := d.facts[i]
		why := v.Why
		if v.Allowed {
			why = d.need(v) + ": needs its own dialog"
		}
		rows = append(rows, t.Muted.Render(theme.Clip("left out  "+theme.Fit(hostName(v, d.hosts[i]), 26)+" "+why, w)))
	}
	for _, i := range do {
		v := d.facts[i]
		rows = append(rows, theme.Clip("          "+theme.Fit(hostName(v, d.hosts[i]), 26)+" "+words.ShortID(d.hosts[i].MachineID)+"  "+words.Dash(v.Host.Health), w))
	}
	if d.act == soc.ActIsolate {
		rows = append(warnLines(t, distinctWarnings(d.facts, do), w), rows...)
	}
	return window(rows, d.from, max(1, h))
}

func (d *bulk) done(w, h int) []string {
	t := d.env.Theme
	var rows []string
	for _, r := range d.results {
		mark, style := "ok ", t.Good
		if r.err != nil {
			mark, style = "NO ", t.Bad
		}
		rows = append(rows, style.Render(mark)+theme.Clip(theme.Fit(r.name, 26)+" "+r.text, w-3))
	}
	foot := append([]string{""}, d.buttons(t, d.ready, w)...)
	return append(append([]string{t.Strong.Render("Result per device"), ""}, window(rows, d.from, max(1, h-4))...), foot...)
}

// window cuts h rows out, from the given one on, and says how many follow.
func window(rows []string, from, h int) []string {
	from = max(0, min(from, len(rows)-h))
	out := rows[from:min(len(rows), from+h)]
	if rest := len(rows) - from - len(out); rest > 0 && len(out) > 0 {
		out = append(out[:len(out)-1:len(out)-1], fmt.Sprintf("%d more below", rest+1))
	}
	return out
}
