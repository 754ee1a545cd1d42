package form

import (
	"fmt"
	"slices"
	"strings"

	"cordon/ui/theme"
)

// labelWidth is the column of the labels.
const labelWidth = 14

// Lines draws at most h lines of w cells around the field that has the focus. editable is false for somebody who may only look.
func (f *Form) Lines(th *theme.Theme, w, h int, editable bool) []string {
	shown := f.Visible()
	at := max(0, slices.Index(shown, f.Focused()))
	h = min(h, len(shown))
	from := max(0, min(at-h+2, len(shown)-h))
	var out []string
	for i := from; i < min(from+h, len(shown)); i++ {
		x := shown[i]
		wrong := f.Wrong(x) != ""
		sign, label := " ", th.Text
		switch {
		case i == at:
			sign, label = th.Glyph.Cursor, th.Strong
		case wrong:
			sign, label = "!", th.Bad
		}
		value := x.view(th, max(4, w-labelWidth-3), i == at && editable, wrong)
		out = append(out, label.Render(sign+" "+theme.Fit(x.Label, labelWidth))+" "+value+f.remark(th, x, w-labelWidth-3-theme.Width(value)))
	}
	return out
}

// remark stands behind the value where there is room for a useful part of it.
func (f *Form) remark(th *theme.Theme, x *Field, w int) string {
	if x.Remark == nil || w < 12 || f.check(x) != "" {
		return ""
	}
	text := x.Remark(f)
	if text == "" {
		return ""
	}
	return "  " + th.Muted.Render(theme.Clip(text, w-2))
}

// Where says which field of how many has the focus: "field 3 of 21".
func (f *Form) Where() string {
	shown := f.Visible()
	return fmt.Sprintf("field %d of %d", 1+max(0, slices.Index(shown, f.Focused())), len(shown))
}

// view draws the value in at most w cells.
func (x *Field) view(th *theme.Theme, w int, focused, wrong bool) string {
	style := th.Field
	switch {
	case wrong:
		style = th.Invalid
	case focused:
		style = th.FieldFocus
	}
	switch x.Kind {
	case Choice:
		return style.Render(theme.Clip("< "+x.value+" >", w))
	case Switch:
		box := th.Glyph.Off
		if x.value == on {
			box = th.Glyph.On
		}
		return style.Render(theme.Clip(box+" "+x.Empty, w))
	case Set:
		return x.setView(th, w, focused)
	case Secret, Block:
		return x.hidden(th, style, w, focused)
	}
	text := x.input.Value()
	switch {
	case text == "" && !focused:
		return th.Muted.Render(theme.Clip(x.Empty, w))
	case text == "":
		return emptyAt(th, x.Empty, w)
	case !focused:
		return style.Render(theme.Clip(text, w))
	}
	return x.withCursor(th, style, text, w)
}

// emptyAt draws the cursor on the first letter of the text that an empty field shows, so that the text stands where a value would.
func emptyAt(th *theme.Theme, text string, w int) string {
	runes := []rune(theme.Clip(text, w))
	if len(runes) == 0 {
		return th.Cursor.Render(" ")
	}
	return th.Cursor.Render(string(runes[0])) + th.Muted.Render(string(runes[1:]))
}

// hidden draws a secret as stars and a block as its size. Neither tells anything else of what it holds.
func (x *Field) hidden(th *theme.Theme, style theme.Style, w int, focused bool) string {
	cursor := ""
	if focused {
		cursor = th.Cursor.Render(" ")
	}
	switch n := len(x.raw); {
	case n == 0 && focused:
		return emptyAt(th, x.Empty, w)
	case n == 0:
		return th.Muted.Render(theme.Clip(x.Empty, w))
	case x.Kind == Block:
		return style.Render(theme.Clip(blockNote(string(x.raw)), w-1)) + cursor
	case n <= min(w-1, 48):
		return style.Render(strings.Repeat("*", n)) + cursor
	default:
		return style.Render(theme.Clip(fmt.Sprintf("******** (%d characters)", n), w-1)) + cursor
	}
}

func (x *Field) setView(th *theme.Theme, w int, focused bool) string {
	have := Split(x.value)
	var all []string
	for i, c := range x.Choices {
		box := th.Glyph.Off
		if slices.Contains(have, c) {
			box = th.Glyph.On
		}
		text := box + " " + c
		if focused && i == x.at {
			text = th.Cursor.Render(text)
		}
		all = append(all, text)
	}
	from := 0
	if focused { // keep the member under the cursor in sight
		for from < x.at && theme.Width(strings.Join(all[from:x.at+1], "  ")) > w-2 {
			from++
		}
	}
	lead := ""
	if from > 0 {
		lead = "~ "
	}
	if !focused && len(have) > 0 && theme.Width(strings.Join(all, "  ")) > w {
		return theme.Clip(strings.Join(have, ", "), w)
	}
	return theme.Clip(lead+strings.Join(all[from:], "  "), w)
}

// withCursor draws the part of the text around the cursor, and the cursor itself in reverse.
func (x *Field) withCursor(th *theme.Theme, style theme.Style, text string, w int) string {
	runes := append([]rune(text), ' ')
	at := min(x.input.Position(), len(runes)-1)
	from := 0
	for from < at && theme.Width(string(runes[from:at+1])) > w {
		from++
	}
	to := at + 1
	for to < len(runes) && theme.Width(string(runes[from:to+1])) <= w {
		to++
	}
	return style.Render(string(runes[from:at])) + th.Cursor.Render(string(runes[at])) + style.Render(string(runes[at+1:to]))
}
