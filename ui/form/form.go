// Package form is a column of fields that a person fills in: texts, secrets, choices, sets and switches, each with its own check.
//
// It promises three things. A secret is drawn as stars, whatever it holds, and is a plain slice that Forget overwrites with zeroes; nothing
// of it reaches a frame, a hint or the list of changes. A field whose value can not be taken says at once what to change, as soon as
// somebody has typed into it. And a field that does not apply (the secret of an app that signs in with a certificate) is not there: it is
// neither drawn nor checked nor reached by tab.
//
// A form belongs to one screen and knows nothing of what it edits; screens fill it and read it by the ids of its fields.
package form

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// Form is the fields and the one that has the focus.
type Form struct {
	Fields []*Field
	at     int
	saved  map[string]string // values when the form was filled, for Changed
	all    bool              // somebody tried to save: every problem is shown
}

// New returns a form with the focus on its first field. What the fields hold now counts as unchanged.
func New(fields ...*Field) *Form {
	f := &Form{Fields: fields, saved: map[string]string{}}
	for _, x := range fields {
		f.saved[x.ID] = x.Get()
	}
	return f
}

// Field returns the field of that id; an unknown id is a mistake of the programmer and returns an empty field.
func (f *Form) Field(id string) *Field {
	if i := slices.IndexFunc(f.Fields, func(x *Field) bool { return x.ID == id }); i >= 0 {
		return f.Fields[i]
	}
	return &Field{}
}

// Get is the value of a field without surrounding blanks; the empty text while the field does not apply.
func (f *Form) Get(id string) string {
	x := f.Field(id)
	if !f.shows(x) {
		return ""
	}
	return x.Get()
}

// On reports whether a switch is on.
func (f *Form) On(id string) bool { return f.Get(id) == on }

// Set replaces a value; it does not count as typed.
func (f *Form) Set(id, value string) { f.Field(id).Set(value) }

// Has reports whether the form has that field and it applies.
func (f *Form) Has(id string) bool {
	x := f.Field(id)
	return x.ID != "" && f.shows(x)
}

func (f *Form) shows(x *Field) bool { return x.When == nil || x.When(f) }

// Visible are the fields that apply now.
func (f *Form) Visible() []*Field {
	out := make([]*Field, 0, len(f.Fields))
	for _, x := range f.Fields {
		if f.shows(x) {
			out = append(out, x)
		}
	}
	return out
}

// Focused is the field that has the focus.
func (f *Form) Focused() *Field {
	if len(f.Fields) == 0 {
		return &Field{}
	}
	return f.Fields[f.at]
}

// Move goes to another field, over those that do not apply.
func (f *Form) Move(by int) {
	shown := f.Visible()
	if len(shown) == 0 {
		return
	}
	i := max(0, slices.Index(shown, f.Focused()))
	f.at = slices.Index(f.Fields, shown[(i+by+len(shown))%len(shown)])
	f.Focused().enter()
}

// GoTo puts the focus on a field.
func (f *Form) GoTo(id string) {
	if i := slices.IndexFunc(f.Fields, func(x *Field) bool { return x.ID == id }); i >= 0 {
		f.at = i
		f.Focused().enter()
	}
}

// Key types into the field that has the focus. It returns the field when its value changed.
func (f *Form) Key(k tea.KeyPressMsg) *Field { return f.after(func(x *Field) { x.key(k) }) }

// Paste puts pasted text into the field that has the focus. It returns the field when its value changed. A private key that lands in a field
// which is shown is not taken.
func (f *Form) Paste(text string) *Field {
	if x := f.Focused(); x.Kind == Text && strings.Contains(text, "PRIVATE KEY-----") {
		x.refused = "a private key was not pasted here, where it would be seen; it belongs into a field for secrets"
		return nil
	}
	return f.after(func(x *Field) { x.paste(text) })
}

// Turn moves a choice, a switch or the cursor of a set by one. It returns the field when its value changed.
func (f *Form) Turn(by int) *Field { return f.after(func(x *Field) { x.turn(by) }) }

// Toggle flips a switch or the member under the cursor of a set, and takes the next value of a choice.
func (f *Form) Toggle() *Field { return f.after(func(x *Field) { x.toggle() }) }

func (f *Form) after(do func(*Field)) *Field {
	x := f.Focused()
	before := x.Get()
	do(x)
	if x.Get() == before {
		return nil
	}
	x.typed, x.refused = true, ""
	return x
}

// Revert goes back to what the form was filled with.
func (f *Form) Revert() {
	for _, x := range f.Fields {
		x.Set(f.saved[x.ID])
		x.typed, x.refused = false, ""
	}
	f.all = false
	if !f.shows(f.Focused()) {
		f.Move(1)
	}
}

// Forget overwrites the secrets of the form.
func (f *Form) Forget() {
	for _, x := range f.Fields {
		if x.Kind == Secret {
			x.forget()
		}
	}
}

// Problem returns the first field whose value can not be taken, and why; nil when there is none. From then on all problems are shown.
func (f *Form) Problem() (*Field, string) {
	f.all = true
	for _, x := range f.Visible() {
		if why := f.check(x); why != "" {
			f.GoTo(x.ID)
			return x, why
		}
	}
	return nil, ""
}

// Refuse marks a field that somebody else refused and goes there; the mark goes as soon as the field is changed.
func (f *Form) Refuse(id, why string) {
	f.Field(id).refused = why
	f.GoTo(id)
}

func (f *Form) check(x *Field) string {
	switch {
	case x.refused != "":
		return x.refused
	case x.Check == nil:
		return ""
	}
	return x.Check(f)
}

// Wrong is why the value of a field can not be taken, for fields that somebody typed into or tried to save; "" otherwise.
func (f *Form) Wrong(x *Field) string {
	if !x.typed && !f.all && x.refused == "" {
		return ""
	}
	return f.check(x)
}

// Said is what to say below the form: the problem of the field that has the focus, else the first problem; "" when there is none.
func (f *Form) Said() string {
	if why := f.Wrong(f.Focused()); why != "" {
		return f.Focused().Label + ": " + why
	}
	for _, x := range f.Visible() {
		if why := f.Wrong(x); why != "" {
			return x.Label + ": " + why
		}
	}
	return ""
}

// Change is a field that differs from what was stored.
type Change struct{ Label, From, To string }

// Changed lists what was changed, as it may be shown: of a secret only that it is new.
func (f *Form) Changed() []Change {
	var out []Change
	for _, x := range f.Visible() {
		was, is := f.saved[x.ID], x.Get()
		switch {
		case was == is:
		case x.Kind == Secret:
			out = append(out, Change{x.Label, "", "a new one"})
		case x.Kind == Block:
			out = append(out, Change{x.Label, blockNote(was), blockNote(is)})
		default:
			out = append(out, Change{x.Label, was, is})
		}
	}
	return out
}

// Labels of changes, joined.
func Labels(list []Change) string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.Label
	}
	return strings.Join(names, ", ")
}
