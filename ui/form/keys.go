package form

import "cordon/ui/keys"

// Ids of the keys of every form.
const (
	IDNext   = "form.next"
	IDPrev   = "form.prev"
	IDLess   = "form.choice.less"
	IDMore   = "form.choice.more"
	IDToggle = "form.choice.toggle"
)

// Moves are the keys that go from field to field.
func Moves() []keys.Binding {
	return []keys.Binding{
		{ID: IDNext, Keys: []string{"tab", "down", "enter"}, Show: "tab", Hint: "next", Help: "go to the next field"},
		{ID: IDPrev, Keys: []string{"shift+tab", "up"}, Show: "shift+tab", Hint: "prev", Help: "go to the field before"},
	}
}

// Keys are those that change the field that has the focus, unless it takes them as text.
func (f *Form) Keys() []keys.Binding {
	less := keys.Binding{ID: IDLess, Keys: []string{"left", "<"}, Show: "< >", Hint: "choose", Help: "take the value before"}
	more := keys.Binding{ID: IDMore, Keys: []string{"right", ">"}, Hint: "next value", Help: "take the next value", Hidden: true}
	toggle := keys.Binding{ID: IDToggle, Keys: []string{"space"}, Hint: "toggle", Help: "switch it on or off"}
	switch f.Focused().Kind {
	case Choice:
		more.Keys = append(more.Keys, "space")
		return []keys.Binding{less, more}
	case Switch:
		toggle.Keys, toggle.Show = append(toggle.Keys, "left", "right", "<", ">"), "space"
		return []keys.Binding{toggle}
	case Set:
		less.Hint, less.Help, more.Help = "move", "go to the entry before", "go to the next entry"
		return []keys.Binding{less, more, toggle}
	}
	return nil
}

// Act does what a key of Moves or Keys says. changed is the field whose value is new, nil if there is none; ok is false for other ids.
func (f *Form) Act(id string) (changed *Field, ok bool) {
	switch id {
	case IDNext:
		f.Move(1)
	case IDPrev:
		f.Move(-1)
	case IDLess:
		return f.Turn(-1), true
	case IDMore:
		return f.Turn(1), true
	case IDToggle:
		return f.Toggle(), true
	default:
		return nil, false
	}
	return nil, true
}
