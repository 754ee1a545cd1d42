package ui

import (
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/dialog"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// chrome is how many lines the shell draws itself: header, tabs, message, two hint lines.
const chrome = 5

func (m *Model) bodyHeight() int { return m.h - chrome - m.bannerHeight() }

// frame is the whole screen: exactly h lines of at most w cells, whatever the parts return.
func (m *Model) frame() string {
	switch {
	case m.w == 0 || m.h == 0:
		return ""
	case m.small():
		return m.tooSmall()
	case m.dialogs.Open():
		return m.join(m.withDialog())
	}
	return m.join(m.lines())
}

// lines is the frame without dialogs.
func (m *Model) lines() []string {
	out := []string{m.header()}
	if b := m.banner(); b != "" {
		out = append(out, b)
	}
	out = append(out, m.tabs())
	body := strings.Split(m.active().View(), "\n")
	for i := range m.bodyHeight() {
		if i < len(body) {
			out = append(out, body[i])
		} else {
			out = append(out, "")
		}
	}
	return append(append(out, m.message()), m.hints()...)
}

// tabs is line 2. The end of a text that is being typed stays in sight: the tabs give way, then its beginning.
func (m *Model) tabs() string {
	left, right := m.active().Tabs()
	if !m.active().Capturing() {
		return theme.Ends(left, right, m.w)
	}
	right = theme.Tail(right, m.w)
	if rest := m.w - theme.Width(right); rest > 1 {
		return theme.Fit(left, rest-1) + " " + right
	}
	return theme.FitRight(right, m.w)
}

// join makes the lines safe and exactly as wide as the screen.
func (m *Model) join(lines []string) string {
	out := make([]string, m.h)
	for i := range out {
		if i < len(lines) {
			out[i] = theme.Clip(guard(lines[i]), m.w)
		}
	}
	return strings.Join(out, "\n")
}

// withDialog draws the open dialog: alone below 100 columns, else over the faded screen.
func (m *Model) withDialog() []string {
	back, foot := make([]string, m.h), 2
	if m.w >= midW {
		back, foot = m.lines(), 3
	}
	out := make([]string, m.h)
	for i := range out {
		out[i] = m.th.Muted.Render(theme.Fit(plain(back[i]), m.w))
	}
	top := 1 + m.bannerHeight()
	m.overlay(out, back, top, m.h-top-foot)
	out[0] = m.header()
	if top > 1 {
		out[1] = m.banner()
	}
	out[m.h-foot] = m.message()
	out[m.h-foot+1] = hintLine(m.th, m.dialogs.Hints(), m.w)
	if foot == 3 {
		out[m.h-1] = ""
	}
	return out
}

// overlay puts the box of the open dialog in the middle of the lines from top on.
func (m *Model) overlay(out, back []string, top, h int) {
	box := strings.Split(m.dialogs.View(m.w, h), "\n")
	box = box[:min(len(box), h)]
	w := theme.Width(box[0])
	x, y := max(0, (m.w-w)/2), top+max(0, (h-len(box))/2)
	for i, l := range box {
		under := theme.Fit(plain(back[y+i]), m.w)
		out[y+i] = m.th.Muted.Render(cut(under, 0, x)) + l + m.th.Muted.Render(cut(under, x+w, m.w))
	}
}

// message is the line above the hints: what happened last at the left, what must not be missed at the right.
func (m *Model) message() string {
	over, due := m.alarms()
	var right []string
	if m.paused {
		right = append(right, m.th.Warn.Render("PAUSED, = goes on"))
	}
	left := m.said()
	fresh := m.fresh()
	switch {
	case len(over) > 0 && !fresh:
		left = m.th.Bad.Render("!! " + overdueText(over, m.now))
	case len(over) > 0:
		right = append(right, m.th.Bad.Render(fmt.Sprintf("!! %d OVERDUE, press T", len(over))))
	case due != nil && m.notice.text == "":
		left = m.th.Warn.Render("!  " + due.HostName + " is released in " + words.Left(due.Left(m.now)) + " (T)")
	case due != nil:
		right = append(right, m.th.Warn.Render("next release "+words.Left(due.Left(m.now))))
	}
	if m.unseen > 0 {
		word := "! " + words.Count(m.unseen, "error")
		if m.w >= midW {
			word += ", press E"
		}
		right = append(right, m.th.Bad.Render(word))
	}
	if m.asking() {
		left = m.th.Text.Render(theme.Fit(dialog.LevelWord(screen.Info), 2) + " " + askAgain)
	}
	if m.going {
		left = m.th.Strong.Render("go to: q queue  h host  t timers  a audit  r reports  s settings  (esc cancels)")
	}
	return theme.Ends(left, strings.Join(right, "  "), m.w)
}

// keptFor is how long a message stays that needs no answer. E keeps what matters.
const keptFor = 2 * time.Minute

// said is the last message with the word of its level.
func (m *Model) said() string {
	age := m.now.Sub(m.notice.at)
	if m.notice.text == "" || m.notice.level < screen.Bad && age > keptFor {
		return ""
	}
	text := theme.Fit(dialog.LevelWord(m.notice.level), 2) + " " + m.notice.text
	switch m.notice.level {
	case screen.Good:
		return m.th.Good.Render(text)
	case screen.Warn:
		return m.th.Warn.Render(text)
	case screen.Bad:
		return m.th.Bad.Render(text)
	}
	return m.th.Text.Render(text)
}

// alarms are the lockdowns that are past their release, and the next one that is due within a quarter of an hour.
func (m *Model) alarms() (over []soc.Lockdown, due *soc.Lockdown) {
	for i, l := range m.open {
		switch {
		case l.Word(m.now) == "OVERDUE" || l.Phase == soc.PhaseReleaseBlocked:
			over = append(over, l)
		case l.Phase == soc.PhaseIsolated && l.Left(m.now) < 15*time.Minute && (due == nil || l.Deadline.Before(due.Deadline)):
			due = &m.open[i]
		}
	}
	return over, due
}

// overdueText is the banner: it says which host is not free although it should be (K-08).
func overdueText(over []soc.Lockdown, now time.Time) string {
	if len(over) == 1 {
		l := over[0]
		text := l.HostName + " is past its release time"
		if !l.Deadline.IsZero() {
			text += " by " + words.Period(-l.Left(now))
		}
		if l.Phase == soc.PhaseReleaseBlocked {
			text += ": release BLOCKED, retried"
		}
		return text + " (T)"
	}
	return fmt.Sprintf("%d hosts are past their release time, %s first (T)", len(over), over[0].HostName)
}

// hints are the last two lines: the keys that work now, those of the screen first; help, back and the palette are never left out.
func (m *Model) hints() []string {
	var own []keys.Binding
	taken := map[string]bool{}
	for _, b := range m.bindings() {
		for _, k := range b.Keys {
			taken[k] = taken[k] || b.Off == ""
		}
		if b.Off == "" && !b.Hidden {
			own = append(own, b)
		}
	}
	if m.active().Capturing() { // what is left out of the first line stands in the second: esc must not get lost
		own = append([]keys.Binding{{Show: "typing:"}}, own...)
		n := fits(own, m.w)
		return []string{hintLine(m.th, own[:n], m.w), hintLine(m.th, own[n:], m.w)}
	}
	var must, more []keys.Binding
	for i, b := range globals() {
		switch {
		case taken[b.Keys[0]] || b.Hidden || b.ID == idTimers && m.place.Kind == screen.Timers:
		case i < 3:
			must = append(must, b)
		default:
			more = append(more, b)
		}
	}
	n := fits(own, m.w)
	first, rest := own[:n], own[n:]
	width := m.w - hintWidth(must) - 2
	n = fits(rest, width)
	second := append(rest[:n:n], more[:fits(more, width-hintWidth(rest[:n])-2)]...)
	return []string{hintLine(m.th, first, m.w), hintLine(m.th, append(second, must...), m.w)}
}

func hintText(b keys.Binding) string { return strings.TrimSpace(b.Label() + " " + b.Hint) }

func hintWidth(bs []keys.Binding) int {
	n := 0
	for i, b := range bs {
		if i > 0 {
			n += 2
		}
		n += theme.Width(hintText(b))
	}
	return n
}

// fits returns how many of the bindings fit side by side in w cells.
func fits(bs []keys.Binding, w int) int {
	for n := range bs {
		if hintWidth(bs[:n+1]) > w {
			return n
		}
	}
	return len(bs)
}

func hintLine(t *theme.Theme, bs []keys.Binding, w int) string {
	bs = bs[:fits(bs, w)]
	out := make([]string, len(bs))
	for i, b := range bs {
		out[i] = t.Key.Render(b.Label())
		if b.Hint != "" {
			out[i] += " " + t.Hint.Render(b.Hint)
		}
	}
	return strings.Join(out, "  ")
}

// tooSmall is the page for a terminal that can not hold a frame; the timers are still counted.
func (m *Model) tooSmall() string {
	over, _ := m.alarms()
	lines := []string{
		fmt.Sprintf("cordon needs %dx%d", minW, minH), fmt.Sprintf("this terminal is %dx%d", m.w, m.h), m.timers(len(over)),
		"make it larger; ctrl+c twice quits",
	}
	if b := m.banner(); b != "" {
		lines = append(lines, b)
	}
	out := make([]string, m.h)
	top := max(0, (m.h-len(lines))/2)
	for i, l := range lines {
		if top+i < m.h {
			out[top+i] = theme.Clip(guard(l), m.w)
		}
	}
	return strings.Join(out, "\n")
}

// timers counts the lockdowns in one line.
func (m *Model) timers(over int) string {
	if len(m.open) == 0 {
		return "no lockdowns"
	}
	s := fmt.Sprintf("%s, %d overdue", words.Count(len(m.open), "lockdown"), over)
	var next *soc.Lockdown
	for i, l := range m.open {
		if !l.Deadline.IsZero() && l.Left(m.now) >= 0 && (next == nil || l.Deadline.Before(next.Deadline)) {
			next = &m.open[i]
		}
	}
	if next != nil {
		s += ", next " + next.HostName + " " + words.Left(next.Left(m.now))
	}
	return s
}

// windowTitle is constant text and a number: nothing from outside reaches the title of the terminal.
func (m *Model) windowTitle() string {
	over, _ := m.alarms()
	if len(over) > 0 {
		return fmt.Sprintf("! %d overdue - cordon", len(over))
	}
	if m.bannerHeight() > 0 {
		return "! trouble - cordon"
	}
	return "cordon"
}
