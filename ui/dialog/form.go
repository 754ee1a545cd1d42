package dialog

import (
	"strings"

	"cordon/ui/theme"
)

// Button is one button. Its text is a verb with its object, never "yes" (ux rule B.3.5).
type Button struct {
	Text string
	// Off is why it can not be pressed now, empty if it can.
	Off string
}

// Choice is one of several values; digits choose only while it has the focus (B.3.7).
type Choice struct {
	Labels []string
	Off    []string // per label: why it is not offered, empty = offered
	At     int
}

// part is one place of a form where the focus can be: exactly one of the pointers is set.
type part struct {
	id     string
	field  *Field
	choice *Choice
	button *Button
}

// form moves the focus among its parts and feeds them keys.
type form struct {
	parts []part
	at    int
	moved bool // a person moved the focus; it stays where it is put
	typed bool // something was typed or chosen
}

func (f *form) focus(id string) {
	for i, p := range f.parts {
		if p.id == id {
			f.at = i
		}
	}
}

func (f *form) has(id string) bool { return len(f.parts) > 0 && f.parts[f.at].id == id }

// typing reports whether a text field has the focus.
func (f *form) typing() bool { return len(f.parts) > 0 && f.parts[f.at].field != nil }

func (f *form) move(by int) {
	f.moved = true
	f.at = (f.at + by + len(f.parts)) % len(f.parts)
}

func (f *form) paste(s string) bool {
	return f.typing() && f.parts[f.at].field.paste(s)
}

// key handles a key. It returns the id of the button that was pressed; enter on a field goes to the next part, and past the last field to
// the last button if it can be pressed.
func (f *form) key(p Press) (pressed string) {
	if len(f.parts) == 0 {
		return ""
	}
	cur := f.parts[f.at]
	switch k := p.String(); {
	case k == "tab" || k == "down":
		f.move(1)
	case k == "shift+tab" || k == "up":
		f.move(-1)
	case k == "enter" && cur.button != nil:
		if !p.Repeat {
			return cur.id
		}
	case k == "enter":
		f.enter()
	case cur.field != nil:
		if cur.field.key(p) {
			f.moved, f.typed = true, true
		}
	case cur.choice != nil:
		if cur.choice.key(k) {
			f.moved, f.typed = true, true
		}
	case k == "left":
		f.move(-1)
	case k == "right":
		f.move(1)
	default:
		f.typeOver(p)
	}
	return ""
}

// typeOver takes text that is typed while a button has the focus to the field that asks for a word before the button works: nobody who
// types the name of a device means the button. Nothing is pressed by it.
func (f *form) typeOver(p Press) {
	if p.Repeat || p.Text == "" || p.Text == " " {
		return
	}
	for i, q := range f.parts {
		if q.field != nil && (q.id == "name" || q.id == "word" || q.id == "count") && q.field.key(p) {
			f.at, f.moved, f.typed = i, true, true
			return
		}
	}
}

func (f *form) enter() {
	f.move(1)
	if f.parts[f.at].button == nil {
		return
	}
	if last := len(f.parts) - 1; f.parts[last].button != nil && f.parts[last].button.Off == "" {
		f.at = last
	}
}

// key chooses with left, right, h, l, < and >, or with the digit of a place.
func (c *Choice) key(k string) bool {
	switch k {
	case "left", "h", "<":
		return c.step(-1)
	case "right", "l", ">", "space":
		return c.step(1)
	}
	if len(k) == 1 && k[0] >= '1' && k[0] <= '9' {
		if i := int(k[0] - '1'); i < len(c.Labels) && c.off(i) == "" {
			c.At = i
		}
		return true
	}
	return false
}

func (c *Choice) step(by int) bool {
	for i := c.At + by; i >= 0 && i < len(c.Labels); i += by {
		if c.off(i) == "" {
			c.At = i
			break
		}
	}
	return true
}

func (c *Choice) off(i int) string {
	if i < len(c.Off) {
		return c.Off[i]
	}
	return ""
}

// view draws the values: [ 1h] is chosen, ( 2h) is not, - 8h- is not offered.
func (c *Choice) view(t *theme.Theme, focus bool) string {
	out := make([]string, len(c.Labels))
	for i, l := range c.Labels {
		switch {
		case i == c.At && focus:
			out[i] = t.ButtonFocus.Render("[" + l + "]")
		case i == c.At:
			out[i] = t.Strong.Render("[" + l + "]")
		case c.off(i) != "":
			out[i] = t.ButtonOff.Render("-" + l + "-")
		default:
			out[i] = t.Button.Render("(" + l + ")")
		}
	}
	return strings.Join(out, " ")
}

// radio draws the values with radio marks.
func (c *Choice) radio(t *theme.Theme, focus bool) string {
	out := make([]string, len(c.Labels))
	for i, l := range c.Labels {
		mark, style := t.Glyph.RadioOff, t.Button
		if i == c.At {
			mark = t.Glyph.RadioOn
			style = t.Strong
			if focus {
				style = t.ButtonFocus
			}
		}
		if c.off(i) != "" {
			style = t.ButtonOff
		}
		out[i] = style.Render(mark + " " + l)
	}
	return strings.Join(out, "   ")
}

// buttons draws all buttons of the form in one line, with the reason behind one that is off, or below when there is no room. The focus is a
// sign as well as a colour.
func (f *form) buttons(t *theme.Theme, ready bool, w int) []string {
	var out, reasons []string
	for i, p := range f.parts {
		if p.button == nil {
			continue
		}
		style, mark := t.Button, " "
		if i == f.at {
			style, mark = t.ButtonFocus, ">"
		}
		l, r, why := "[", "]", p.button.Off
		if why == "" && !ready && p.id == "do" {
			why = "one moment"
		}
		if why != "" {
			l, r = "(", ")"
			style = t.ButtonOff
			reasons = append(reasons, "off: "+why)
		}
		out = append(out, style.Render(l+mark+p.button.Text+" "+r))
	}
	line, why := strings.Join(out, "   "), strings.Join(reasons, "; ")
	switch {
	case why == "":
		return []string{theme.Clip(line, w)}
	case theme.Width(line)+2+theme.Width(why) <= w:
		return []string{line + "  " + t.Muted.Render(why)}
	}
	return []string{theme.Clip(line, w), t.Muted.Render(theme.Clip(why, w))}
}

// line draws one part by its id: a field in w cells, or a choice.
func (f *form) line(t *theme.Theme, id string, w int) string {
	for i, p := range f.parts {
		switch {
		case p.id != id:
		case p.field != nil:
			return p.field.view(t, i == f.at, w)
		case p.choice != nil:
			return p.choice.view(t, i == f.at)
		}
	}
	return ""
}
