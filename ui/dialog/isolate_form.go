package dialog

import (
	"strings"

	"cordon/store/soc"
	"cordon/ui/words"
)

// fill puts new facts into the form. What a person chose or typed stays, and once the box can be seen the focus never moves onto the action
// button by itself: enter may be on its way to Close.
func (d *isolate) fill(first bool) {
	if len(d.facts) == 0 {
		return
	}
	v := d.verdict()
	if v.Allowed {
		if note := d.period.set(v); note != "" {
			d.note = note
		}
	}
	d.kind.Off, d.kind.Labels = []string{"", noSelective(v.Host)}, []string{"Full", "Selective (Outlook, Teams)"}
	if d.kind.Off[1] != "" {
		d.kind.At, d.kind.Labels[1] = 0, "Selective"
	}
	d.layout(v)
	d.judge()
	if !d.moved && (first || !d.ready) {
		d.focus(d.firstFocus(v))
	}
	if d.has("do") && v.TypeName != "" && d.do.Off != "" {
		d.focus("cancel") // the host turned out to be protected while its button had the focus
	}
}

// layout lists the parts of the form; the focus stays on its part.
func (d *isolate) layout(v soc.Verdict) {
	at := ""
	if len(d.parts) > 0 {
		at = d.parts[d.at].id
	}
	d.at, d.cancel.Text = 0, "Cancel"
	switch {
	case !v.Allowed:
		d.cancel.Text = "Close"
		d.parts = []part{{id: "cancel", button: &d.cancel}}
	default:
		d.parts = []part{
			{id: "period", choice: &d.period.choice},
			{id: "kind", choice: &d.kind},
			{id: "reason", field: &d.reason},
			{id: "ticket", field: &d.ticket},
		}
		if v.TypeName != "" {
			d.name.NoPast = typeable(v.Host.Name)
			d.parts = append(d.parts, part{id: "name", field: &d.name})
		}
		d.parts = append(d.parts, part{id: "cancel", button: &d.cancel}, part{id: "do", button: &d.do})
	}
	d.focus("cancel")
	d.focus(at)
}

func (d *isolate) firstFocus(v soc.Verdict) string {
	switch {
	case !v.Allowed, v.TypeName != "", d.opener == "enter":
		return "cancel"
	case strings.TrimSpace(d.reason.Text()) == "":
		return "reason"
	}
	return "do"
}

// judge says on the button what it does, and why it is off.
func (d *isolate) judge() {
	v := d.verdict()
	d.do.Text = "Isolate for " + words.Period(d.period.chosen())
	d.do.Off = d.notYet()
	switch {
	case d.do.Off != "":
	case strings.TrimSpace(d.reason.Text()) == "":
		d.do.Off = "needs a reason"
	case v.TypeName != "" && !sameName(d.name.Text(), v.Host.Name):
		d.do.Off = "until the name matches"
	}
}

// sameName compares a typed name with the real one as the one door does: exactly. A part of it is not enough (C-09).
func sameName(typed, name string) bool { return name != "" && strings.TrimSpace(typed) == name }

// typeable reports whether a keyboard can produce the name. One that holds marks of hostile characters may be pasted instead, because
// nobody could type it.
func typeable(name string) bool {
	for _, r := range name {
		if r < ' ' || r > '~' {
			return false
		}
	}
	return true
}

func (d *isolate) isolationType() soc.IsolationType {
	if d.kind.At == 1 {
		return soc.IsolationSelective
	}
	return soc.IsolationFull
}

// noSelective says why this host can not be isolated selectively (defender-api 3.4), empty if it can.
func noSelective(h soc.Host) string {
	os := strings.ToLower(h.OSPlatform)
	for _, l := range []string{"linux", "ubuntu", "debian", "redhat", "centos", "rhel", "suse", "fedora", "oracle", "amazon", "rocky", "alma"} {
		if strings.Contains(os, l) {
			return "not on Linux"
		}
	}
	return ""
}
