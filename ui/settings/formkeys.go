package settings

import (
	"cmp"

	tea "charm.land/bubbletea/v2"

	"cordon/ui/form"
	"cordon/ui/keys"
	"cordon/ui/screen"
)

// formKeys are the keys of an open form. What changes something is not there for somebody who may only look (V-12).
func (m *Model) formKeys() []keys.Binding {
	back := keys.Binding{ID: idBack, Keys: []string{"esc"}, Hint: "back", Help: "go back to the list"}
	if m.job.running {
		back = keys.Binding{ID: idStop, Keys: []string{"esc"}, Hint: "stop", Help: "stop; what was saved before stays in force"}
	}
	out := form.Moves()
	if !m.mayEdit() {
		return append(out, back)
	}
	f := m.edit.form
	if !m.job.running {
		out = append(out, f.Keys()...)
	}
	busy, same := "", ""
	if m.job.running {
		busy = "a step is under way; esc stops it"
	}
	if len(f.Changed()) == 0 {
		same = "nothing was changed"
	}
	save := keys.Binding{ID: idSave, Keys: []string{"ctrl+s"}, Hint: "test+save", Help: "test, and save if the test passes", Off: busy}
	switch m.edit.what {
	case editChannel:
		save.Hint, save.Help = "save", "check and save"
	case editToken:
		save.Hint, save.Help = "make it", "make the token and show its value once"
	}
	if m.edit.what != editToken {
		out = append(out, keys.Binding{ID: idTest, Keys: []string{"ctrl+t"}, Hint: "test", Help: "test what is typed, without saving", Off: busy})
	}
	out = append(out, save, back, keys.Binding{ID: idRevert, Keys: []string{"ctrl+z"}, Hint: "revert", Help: "take back what was " +
		"typed", Off: cmp.Or(busy, same)})
	if f.Focused().ID == fSigning {
		out = append(out, keys.Binding{ID: idMake, Keys: []string{"ctrl+g"}, Hint: "make one", Help: "make a signing secret and show it once", Off: busy})
	}
	if m.fix() != "" {
		copyFix := keys.Binding{ID: idCopy, Keys: []string{"ctrl+y"}, Hint: "copy fix", Help: "copy what to do about the failed step"}
		if !f.Focused().Typing() {
			copyFix.Keys = append(copyFix.Keys, "y")
		}
		out = append(out, copyFix)
	}
	return out
}

// formAct does what a key of the form says.
func (m *Model) formAct(id string) tea.Cmd {
	if changed, ok := m.edit.form.Act(id); ok {
		m.edited(changed)
		return nil
	}
	switch id {
	case idTest:
		return m.test()
	case idSave:
		return m.save()
	case idStop:
		return m.stop()
	case idBack:
		return m.back()
	case idRevert:
		m.edit.form.Revert()
	case idCopy:
		return screen.Send(screen.CopyMsg{What: "what to do", Text: m.fix()})
	case idMake:
		v := newSigning()
		m.edit.form.Focused().Set("")
		m.edited(m.edit.form.Paste(v))
		return screen.Send(screen.TextMsg{
			Title: "Signing secret: shown once", Text: v + "\n\nGive it to the receiver; it is not shown again. y copies it.", Copy: v,
		})
	}
	return nil
}
