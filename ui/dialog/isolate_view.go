package dialog

import (
	"slices"
	"strings"

	"cordon/store/soc"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// View draws the form, with the pre-flight card beside it where there is room.
func (d *isolate) View(w, h int) string {
	t, fw := d.env.Theme, min(maxForm, w)
	title, foot := d.title("Lockdown"), d.foot()+"  ctrl+d dry run"
	lines := d.lines(fw-4, h-2)
	if w < fw+1+cardWidth || len(d.facts) == 0 {
		return draw(t, title, foot, lines, fw, 0)
	}
	card := d.card(cardWidth - 4)
	n := min(h, max(len(lines), len(card))+2)
	return beside(draw(t, title, foot, lines, fw, n), draw(t, "Pre-flight", "", card, cardWidth, n))
}

// beside puts two boxes of the same height next to each other.
func beside(a, b string) string {
	al, bl := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range al {
		if i < len(bl) {
			al[i] += " " + bl[i]
		}
	}
	return strings.Join(al, "\n")
}

// lines is the text of the form, at most h lines: what carries the decision stays, blank lines and then warnings go.
func (d *isolate) lines(w, h int) []string {
	t, v := d.env.Theme, d.verdict()
	var head, foot []string
	head = append(head, t.Strong.Render("Isolate 1 device from the network"), "")
	head = append(head, d.about(w)...)
	if len(d.facts) > 0 && v.Allowed {
		head = append(head, "")
		head = append(head, d.fields(w)...)
		if v.TypeName != "" {
			ask := "To go on, type the device name (" + v.TypeName + "):"
			foot = append(foot, "", t.Warn.Render(theme.Clip(ask, w)), "  "+d.line(t, "name", w-2))
		}
	}
	foot = append(append(foot, ""), d.buttons(t, d.ready, w)...)
	if s := d.status(); s != "" {
		foot = append(foot, t.Warn.Render(theme.Clip(s, w)))
	}
	warn := d.warnings(w)
	if len(warn) > 0 {
		warn = append([]string{""}, warn...)
	}
	return d.warns.fit(t, head, warn, foot, h)
}

// about says which device this is.
func (d *isolate) about(w int) []string {
	t, v, key := d.env.Theme, d.verdict(), d.hosts[0]
	if len(d.facts) == 0 {
		return []string{label(t, "Id", key.MachineID), label(t, "State", "reading the facts..")}
	}
	out := []string{
		label(t, "Device", deviceLine(t, v, key, w-11)), label(t, "Id", key.MachineID+"  seen "+words.Since(d.now, v.Host.LastSeen)),
		label(t, "State", theme.Clip(stateLine(v, d.now)+"   sensor "+words.Dash(v.Host.Health), w-11)),
	}
	if !v.Allowed {
		return append(out, append([]string{""}, refusal(t, v, w)...)...)
	}
	out = append(out, label(t, "Logged on", theme.Clip(loggedOn(v.Host), w-11)))
	if !d.because.IsZero() {
		out = append(out, label(t, "Because", theme.Clip(d.becauseText(), w-11)))
	}
	return out
}

// deviceLine is name, PROTECTED and role. The word is never cut: a long name gives way.
func deviceLine(t *theme.Theme, v soc.Verdict, key soc.HostKey, w int) string {
	const word = "PROTECTED"
	name := hostName(v, key)
	if v.Host.Protected() == "" && v.TypeName == "" {
		return theme.Clip(t.Strong.Render(name)+"   "+v.Host.Role(), w)
	}
	name = t.Strong.Render(theme.Clip(name, w-len(word)-2))
	return theme.Clip(name+"  "+t.Bad.Render(word)+"  "+v.Host.Role(), w)
}

// refusal says why not and what to do instead.
func refusal(t *theme.Theme, v soc.Verdict, w int) []string {
	out := []string{t.Bad.Render("NOT POSSIBLE NOW")}
	out = append(out, wrapped("", v.Why, w)...)
	if v.Code == "stale-facts" {
		out = append(out, "", t.Key.Render("R")+" asks Defender for fresh facts; this box follows them.")
	}
	if v.Current != nil {
		out = append(out, "", label(t, "Lockdown", string(v.Current.ID)+"  "+words.Period(v.Current.Period)+" by "+v.Current.By.Name))
		out = append(out, t.Muted.Render("after Close: U releases it; T shows its timer, X moves its end"))
	}
	return out
}

func (d *isolate) becauseText() string {
	if d.alert.ID == "" {
		return "alert " + words.ShortID(d.because.ID)
	}
	return d.alert.Severity.Word() + " " + d.alert.Title + "  " + words.ShortID(d.alert.ID)
}

func (d *isolate) fields(w int) []string {
	t := d.env.Theme
	end := d.now.Add(d.period.chosen())
	out := []string{
		label(t, "Duration", d.line(t, "period", w-11)),
		label(t, "", t.Muted.Render("clock starts when the device confirms; if confirmed")),
		label(t, "", t.Muted.Render("now ends ")+words.Clock(end, d.now, d.env.Local)+t.Muted.Render(", then auto-release")),
		label(t, "Type", theme.Clip(d.kind.radio(t, d.has("kind")), w-11)),
	}
	if why := d.kind.off(1); why != "" {
		out[3] = label(t, "Type", theme.Clip(d.kind.radio(t, d.has("kind"))+t.Muted.Render(": "+why), w-11))
	}
	return append(out, label(t, "Reason *", d.line(t, "reason", w-11)), label(t, "Ticket", d.line(t, "ticket", w-11)))
}

// status is the last line: what the last key did, or why the order failed.
func (b *order) status() string {
	switch {
	case b.sending:
		return "storing the order.. (esc closes this box, the order stays)"
	case b.problem != "":
		return b.problem
	}
	return b.note
}

// warnings are facts to weigh. The first ones hold for every isolation (V-32, V-33, F84).
func (d *isolate) warnings(w int) []string {
	v := d.verdict()
	if len(d.facts) == 0 || !v.Allowed {
		return nil
	}
	var out []string
	for _, s := range isolateWarnings(v) {
		out = append(out, "! "+s)
	}
	return warnLines(d.env.Theme, out, w)
}

// warnLines breaks warnings into lines; what follows the sign is indented.
func warnLines(t *theme.Theme, warnings []string, w int) []string {
	var out []string
	for _, s := range warnings {
		sign := ""
		if strings.HasPrefix(s, "! ") {
			sign, s = "! ", s[2:]
		}
		for _, l := range wrapped(sign, s, w) {
			out = append(out, t.Warn.Render(l))
		}
	}
	return out
}

// isolateWarnings are what the one door found about this host (that it does not answer, that other machines have its name, that nobody is
// there when it ends), and below them the facts that hold for every isolation (V-32, V-33, F84).
func isolateWarnings(v soc.Verdict) []string {
	out := slices.Clone(v.Warnings)
	if v.Host.Role() == "domain controller" {
		out = append(out, "AD, DNS and logon that it serves go down.")
	}
	out = append(out, "Open sessions drop; Defender tells the user on Windows.")
	if !slices.ContainsFunc(v.Warnings, func(w string) bool { return strings.Contains(w, "web proxy") }) {
		out = append(out, "Behind a web proxy or full VPN it may not come back by itself.")
	}
	return out
}

func loggedOn(h soc.Host) string {
	switch {
	case h.UsersErr != "":
		return "not known: " + h.UsersErr
	case h.UsersAt.IsZero():
		return "not fetched yet"
	case len(h.Users) == 0:
		return "nobody"
	}
	var out []string
	for _, u := range h.Users {
		s := u.Name
		if u.DomainAdmin {
			s += " (domain admin)"
		} else if u.LogonTypes != "" {
			s += " (" + strings.ToLower(u.LogonTypes) + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// fitLines joins two groups in h lines: blank lines go first, then the end of the upper one.
func fitLines(head, foot []string, h int) []string { return scroll{}.fit(nil, head, nil, foot, h) }

func dropBlank(lines []string, over int) ([]string, int) {
	var out []string
	for _, l := range lines {
		if l == "" && over > 0 {
			over--
			continue
		}
		out = append(out, l)
	}
	return out, over
}
