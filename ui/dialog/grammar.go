package dialog

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/screen"
)

// line is what was typed, taken apart.
type line struct {
	verb, name string
	period     time.Duration
	bad        string // why it can not be run
}

// verbs of the grammar, the same as the commands outside.
func verbs() [][2]string {
	return [][2]string{
		{"host", "<name>  open a host"},
		{"lockdown", "<name> <duration>  opens the dialog, never runs it"},
		{"release", "<name>  opens the dialog, never runs it"},
		{"queue", "<filter>  show alerts"},
		{"audit", "<filter>  show the history"},
	}
}

func parse(s string) line {
	if rest, ok := strings.CutPrefix(s, "@"); ok {
		s = "host " + rest
	}
	verb, rest, ok := strings.Cut(strings.TrimLeft(s, " "), " ")
	if !ok {
		return line{}
	}
	l := line{verb: strings.ToLower(verb), name: strings.TrimSpace(rest)}
	switch l.verb {
	case "isolate":
		l.verb = "lockdown"
	case "host", "lockdown", "release", "queue", "audit":
	default:
		return line{}
	}
	if l.verb == "lockdown" {
		l.split()
	}
	return l
}

// split cuts a duration off the end of the name.
func (l *line) split() {
	at := strings.LastIndex(l.name, " ")
	if at < 0 {
		return
	}
	d, err := time.ParseDuration(l.name[at+1:])
	if err != nil || d <= 0 {
		l.bad = l.name[at+1:] + " is not a duration; write 4h"
		return
	}
	l.name, l.period = strings.TrimSpace(l.name[:at]), d
}

// wantsHost reports that the line names a host.
func (l line) wantsHost() bool {
	return l.verb == "host" || l.verb == "lockdown" || l.verb == "release"
}

// order is the message that the line stands for, aimed at one exact host. None of them acts by itself.
func (l line) order(key soc.HostKey) tea.Msg {
	switch l.verb {
	case "lockdown":
		return OrderMsg{Act: soc.ActIsolate, Hosts: []soc.HostKey{key}, Period: l.period}
	case "release":
		return OrderMsg{Act: soc.ActRelease, Hosts: []soc.HostKey{key}}
	}
	return screen.GoMsg{To: screen.Place{Kind: screen.Host, Host: key}}
}
