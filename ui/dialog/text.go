package dialog

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/theme"
)

// Sizes of what a text box shows and copies, in bytes. Many terminals drop a clipboard write that is much larger than copyCap, some of them
// silently; it is said when something was left out.
const (
	copyCap = 4 << 10
	textCap = 256 << 10
)

// text is a scrollable box: raw JSON, a long description, something to select by hand.
type text struct {
	base
	title, copy string
	raw         string
	cutFrom     int // bytes that are not shown
	wrap        bool

	from, page int
	lines      []string // of width
	width      int
}

// NewText returns a text box. y copies what, or the text itself when what is empty.
func NewText(env Env, title, s, what string) Dialog {
	d := &text{base: base{env: env}, title: title, copy: what, wrap: true, page: 10}
	if what == "" {
		d.copy = s
	}
	if len(s) > textCap {
		d.cutFrom = len(s) - textCap
		s = s[:textCap]
	}
	d.raw = soc.CleanLines(s)
	return d
}

// Clipboard returns the command that copies s by OSC 52, and what to say about it.
func Clipboard(what, s string) (tea.Cmd, screen.NoticeMsg) {
	n := screen.NoticeMsg{Level: screen.Good, Text: "copied " + what + " (if the terminal allows it)"}
	if len(s) > copyCap {
		s = strings.ToValidUTF8(s[:copyCap], "")
		n.Level = screen.Warn
		n.Text = fmt.Sprintf("copied the first %d KiB of %s only; terminals refuse more", copyCap>>10, what)
	}
	return tea.SetClipboard(s), n
}

// Key scrolls, wraps, copies and closes.
func (d *text) Key(p Press) tea.Cmd {
	switch p.String() {
	case "esc", "q", "enter":
		d.closed = !p.Repeat
	case "y":
		cmd, n := Clipboard(d.title, d.copy)
		return tea.Batch(cmd, screen.Send(n))
	case "w":
		d.wrap, d.lines, d.from = !d.wrap, nil, 0
	case "j", "down":
		d.from++
	case "k", "up":
		d.from--
	case "ctrl+d", "pgdown", "space":
		d.from += d.page
	case "ctrl+u", "pgup":
		d.from -= d.page
	case "g", "home":
		d.from = 0
	case "G", "end":
		d.from = strings.Count(d.raw, "\n") + len(d.raw)
	}
	d.clamp()
	return nil
}

func (d *text) clamp() {
	d.from = max(0, min(d.from, len(d.lines)-d.page))
}

// layout breaks the text for a width and remembers the result, because drawing happens far more often than resizing.
func (d *text) layout(w, page int) {
	d.page = max(1, page)
	if d.lines != nil && d.width == w {
		return
	}
	d.width, d.lines = w, nil
	for _, l := range strings.Split(d.raw, "\n") {
		if !d.wrap || theme.Width(l) <= w {
			d.lines = append(d.lines, l)
			continue
		}
		d.lines = append(d.lines, theme.Wrap(l, w)...)
	}
	if d.cutFrom > 0 {
		d.lines = append(d.lines, fmt.Sprintf("-- %d bytes more are not shown --", d.cutFrom))
	}
}

// View draws the part of the text in sight.
func (d *text) View(w, h int) string {
	bw := min(maxText, w)
	d.layout(bw-4, h-2)
	from := max(0, min(d.from, len(d.lines)-d.page))
	show := d.lines[from:min(len(d.lines), from+d.page)]
	where := ""
	if len(d.lines) > d.page {
		where = fmt.Sprintf("%d-%d of %d  ", from+1, from+len(show), len(d.lines))
	}
	return draw(d.env.Theme, d.title, where+"y copy  w wrap  esc close", show, bw, 0)
}

// Hints are the keys that work now.
func (d *text) Hints() []keys.Binding {
	return []keys.Binding{
		{ID: "dialog.close", Keys: []string{"esc"}, Hint: "close"},
		{ID: "text.copy", Keys: []string{"y"}, Hint: "copy"},
		{ID: "text.wrap", Keys: []string{"w"}, Hint: "wrap"},
		{ID: "text.page", Keys: []string{"pgup", "pgdown"}, Hint: "scroll"},
		{ID: "text.ends", Keys: []string{"g", "G"}, Hint: "top/bottom"},
	}
}
