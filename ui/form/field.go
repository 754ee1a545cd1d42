package form

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// Kind says how a field is edited.
type Kind int

// The kinds of fields.
const (
	Text   Kind = iota
	Secret      // text that is never drawn; several lines can be pasted
	Block       // text of several lines, such as certificates: pasted as a whole
	Choice      // one of Choices
	Set         // any of Choices; the value is their names joined by commas
	Switch      // on or off
)

const (
	on       = "on"
	off      = "off"
	maxText  = 4 << 10
	maxBlock = 64 << 10
)

// Field is one line of a form.
type Field struct {
	ID, Label string
	Kind      Kind
	Empty     string   // shown while nothing is typed; beside a switch, what it does
	Choices   []string // of a choice or a set
	// Check returns why the value can not be taken and what to change; "" when it is fine. Nil takes everything.
	Check func(f *Form) string
	// When reports whether the field applies; nil means always.
	When func(f *Form) bool
	// Remark is said about a value that can be taken: the moment that "30 days ago" is, the days that a secret has left. It is never asked
	// about a field that is wrong.
	Remark func(f *Form) string

	value   string // of a choice, a set or a switch
	input   textinput.Model
	raw     []rune // of a secret or a block
	at      int    // cursor in a set
	typed   bool
	refused string
}

// NewText returns a text field.
func NewText(id, label, value, empty string) *Field {
	f := &Field{ID: id, Label: label, Empty: empty, input: textinput.New()}
	f.input.Prompt, f.input.CharLimit = "", maxText
	f.input.SetVirtualCursor(false)
	_ = f.input.Focus() // its command would blink a cursor that we draw ourselves; only the field with the focus gets keys
	f.Set(value)
	return f
}

// NewSecret returns an empty secret field. What is stored is never put into it.
func NewSecret(id, label, empty string) *Field {
	return &Field{ID: id, Label: label, Kind: Secret, Empty: empty}
}

// NewBlock returns a field for pasted text of several lines.
func NewBlock(id, label, value, empty string) *Field {
	return &Field{ID: id, Label: label, Kind: Block, Empty: empty, raw: []rune(value)}
}

// NewChoice returns a field that holds one of the choices.
func NewChoice(id, label, value string, choices ...string) *Field {
	return &Field{ID: id, Label: label, Kind: Choice, Choices: choices, value: value}
}

// NewSet returns a field that holds any of the choices.
func NewSet(id, label string, chosen []string, choices ...string) *Field {
	f := &Field{ID: id, Label: label, Kind: Set, Choices: choices}
	f.Set(strings.Join(chosen, ","))
	return f
}

// NewSwitch returns a switch; note says what it does.
func NewSwitch(id, label string, isOn bool, note string) *Field {
	f := &Field{ID: id, Label: label, Kind: Switch, Empty: note, value: off}
	if isOn {
		f.value = on
	}
	return f
}

// Checked sets the check and returns the field, for lists of fields.
func (x *Field) Checked(check func(f *Form) string) *Field { x.Check = check; return x }

// Shown sets when the field applies and returns it.
func (x *Field) Shown(when func(f *Form) bool) *Field { x.When = when; return x }

// Remarked sets the remark and returns the field.
func (x *Field) Remarked(remark func(f *Form) string) *Field { x.Remark = remark; return x }

// Get is the value without surrounding blanks, which come along when something is pasted.
func (x *Field) Get() string {
	switch x.Kind {
	case Text:
		return strings.TrimSpace(x.input.Value())
	case Secret, Block:
		return strings.TrimSpace(string(x.raw))
	}
	return x.value
}

// Set replaces the value.
func (x *Field) Set(v string) {
	switch x.Kind {
	case Text:
		x.input.SetValue(v)
		x.input.CursorEnd()
	case Secret, Block:
		x.forget()
		x.raw = []rune(v)
	case Set:
		x.value = x.ordered(strings.Split(v, ","))
	default:
		x.value = v
	}
}

// Typing reports that keys go into the field as text.
func (x *Field) Typing() bool { return x.Kind == Text || x.Kind == Secret || x.Kind == Block }

// List splits the value of a text or a set at commas and blanks.
func List(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) })
}

func (x *Field) enter() {
	if x.Kind == Text {
		x.input.CursorEnd()
	}
}

func (x *Field) forget() {
	clear(x.raw)
	x.raw = nil
}

func (x *Field) key(k tea.KeyPressMsg) {
	switch {
	case x.Kind == Text:
		x.input, _ = x.input.Update(k)
	case !x.Typing():
	case k.String() == "backspace" && len(x.raw) > 0:
		x.raw[len(x.raw)-1] = 0
		x.raw = x.raw[:len(x.raw)-1]
	case k.String() == "ctrl+u":
		x.forget()
	case k.Text != "":
		x.add(k.Text)
	}
}

func (x *Field) paste(text string) {
	switch x.Kind {
	case Text:
		x.input, _ = x.input.Update(tea.PasteMsg{Content: text})
	case Secret, Block:
		x.add(text)
	}
}

// add puts text at the end. Lines end in \n, as files of certificates have it.
func (x *Field) add(text string) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	more := []rune(text)
	grown := make([]rune, 0, len(x.raw)+len(more))
	grown = append(append(grown, x.raw...), more[:min(len(more), maxBlock-len(x.raw))]...)
	clear(x.raw) // the old copy of a secret does not stay behind
	clear(more)
	x.raw = grown
}

func (x *Field) turn(by int) {
	switch x.Kind {
	case Choice:
		if n := len(x.Choices); n > 0 {
			x.value = x.Choices[(max(0, slices.Index(x.Choices, x.value))+by+n)%n]
		}
	case Set:
		if n := len(x.Choices); n > 0 {
			x.at = (x.at + by + n) % n
		}
	case Switch:
		x.toggle()
	}
}

func (x *Field) toggle() {
	switch x.Kind {
	case Choice:
		x.turn(1)
	case Switch:
		x.value = map[bool]string{true: off, false: on}[x.value == on]
	case Set:
		if x.at >= len(x.Choices) {
			return
		}
		name, have := x.Choices[x.at], Split(x.value)
		if i := slices.Index(have, name); i >= 0 {
			have = slices.Delete(have, i, i+1)
		} else {
			have = append(have, name)
		}
		x.value = x.ordered(have)
	}
}

// ordered joins the members of a set in the order of its choices, so that the same set is the same text. What is no choice is kept.
func (x *Field) ordered(names []string) string {
	var out []string
	for _, c := range x.Choices {
		if slices.Contains(names, c) {
			out = append(out, c)
		}
	}
	for _, n := range names {
		if n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return strings.Join(out, ",")
}

// blockNote says how much text a block holds.
func blockNote(s string) string {
	if s == "" {
		return ""
	}
	if n := strings.Count(s, "-----BEGIN CERTIFICATE-----"); n > 0 {
		return fmt.Sprintf("%d in PEM, %d characters", n, len(s))
	}
	return fmt.Sprintf("%d characters", len(s))
}

// Split takes the value of a set apart; the names of its choices may hold blanks.
func Split(value string) []string {
	var out []string
	for _, v := range strings.Split(value, ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}
