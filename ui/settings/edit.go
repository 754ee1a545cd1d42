package settings

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/form"
	"cordon/ui/screen"
)

// what is edited.
type what int

const (
	editTenant what = iota
	editChannel
	editToken
)

// edit is an open form: of a tenant, a channel or a new token.
type edit struct {
	what    what
	form    *form.Form
	tenant  soc.Integration // as stored; ID "" = new
	channel soc.Channel
	fixed   string // why nothing can be changed here
}

// ref names what a job or a row is about: a tenant, a channel, or something new.
type ref string

func tenantRef(id soc.IntegrationID) ref { return ref("t:" + id) }
func channelRef(id soc.ChannelID) ref    { return ref("c:" + id) }

func (e *edit) ref() ref {
	if e.what == editChannel {
		return channelRef(e.channel.ID)
	}
	return tenantRef(e.tenant.ID)
}

func (e *edit) title() string {
	switch {
	case e.what == editToken:
		return "New token"
	case e.what == editChannel && e.channel.ID == "":
		return "New " + typeName(e.channel.Type)
	case e.what == editChannel:
		return e.channel.Name
	case e.tenant.ID == "":
		return "New tenant"
	}
	return e.tenant.Name
}

// noun is what the form is of, for sentences.
func (e *edit) noun() string { return [...]string{"connection", "channel", "token"}[e.what] }

// mayEdit reports whether the open form takes keys that change it.
func (m *Model) mayEdit() bool { return m.may() && (m.edit == nil || m.edit.fixed == "") }

// open shows the form of a row.
func (m *Model) open(e *edit) {
	if m.job.of != e.ref() || !m.job.running {
		m.job = job{req: m.job.req}
	}
	m.picking, m.perm, m.top, m.edit = false, false, 0, e
}

// edited keeps fields that depend on each other together.
func (m *Model) edited(x *form.Field) {
	switch {
	case x == nil:
	case m.edit.what == editTenant:
		tenantEdited(m.edit.form, x)
	case m.edit.what == editChannel:
		channelEdited(m.edit.form, x)
	}
}

// hint is a remark on what is typed, none of them a refusal.
func (m *Model) hint() string {
	f := m.edit.form
	switch {
	case m.edit.what == editTenant && guid(f.Get(fSecret)):
		return "App Secret: this looks like the Secret ID; copy the column Value instead"
	case m.edit.what == editTenant && !m.admitsMe():
		return "Who may use it: you (" + m.d.Session.Actor.Name + ") are not among them, so you will not isolate there; releases go on"
	case m.edit.what == editTenant && f.On(fCustom) && len(f.Changed()) == 0:
		return "custom host: sign-in and orders go to exactly these two addresses"
	}
	return ""
}

// admitsMe reports that the person at the form may use the tenant as typed (T-16). Changing the settings stays possible.
func (m *Model) admitsMe() bool {
	return soc.Integration{Allowed: form.List(m.edit.form.Get(fAllowed))}.Admits(m.d.Session.Actor)
}

// expiring is what is to be said about the end of the secret in the form, if it is near.
func (m *Model) expiring() string {
	if m.edit.what != editTenant {
		return ""
	}
	if text, level := secretAge(expires(m.edit.form, m.edit.tenant), m.now); level > 0 {
		return "the secret " + strings.ToLower(text[:1]) + text[1:]
	}
	return ""
}

func (m *Model) paste(msg tea.PasteMsg) tea.Cmd {
	if m.Capturing() && !m.job.running {
		m.edited(m.edit.form.Paste(msg.Content))
	}
	return nil
}

// refused says which field keeps something from being done ("not saved") and goes there; nil when all are fine.
func (m *Model) refused(not string) tea.Cmd {
	x, why := m.edit.form.Problem()
	if x == nil {
		return nil
	}
	return screen.Send(screen.NoticeMsg{Level: screen.Bad, Text: not + ": " + x.Label + ": " + why})
}

// back leaves the form; typed text is only dropped after a question.
func (m *Model) back() tea.Cmd {
	changed := m.edit.form.Changed()
	if len(changed) == 0 || !m.mayEdit() {
		return m.leave()
	}
	return screen.Send(screen.ConfirmMsg{
		Title: "Leave without saving?", Lines: []string{"Not saved: " + form.Labels(changed)}, Button: "Drop the changes", Yes: leaveMsg{},
	})
}

// leave closes the form and forgets what was typed.
func (m *Model) leave() tea.Cmd {
	if m.edit != nil {
		m.edit.form.Forget()
	}
	m.edit, m.picking, m.perm, m.top = nil, false, false, 0
	if m.job.done && m.job.err == nil && failed(m.job.steps) == 0 {
		m.job.away = true // a test that passed leaves with its form: the list shows the condition again
	}
	m.layout()
	m.fill()
	return m.load()
}

// entry is a row of the list: a tenant or a channel.
type entry struct {
	tenant  *soc.Integration
	channel *soc.ChannelStatus
}

func (e entry) ref() ref {
	switch {
	case e.tenant != nil:
		return tenantRef(e.tenant.ID)
	case e.channel != nil:
		return channelRef(e.channel.Channel.ID)
	}
	return ""
}

func (e entry) name() string {
	switch {
	case e.tenant != nil:
		return e.tenant.Name
	case e.channel != nil:
		return e.channel.Channel.Name
	}
	return ""
}

func (e entry) enabled() bool {
	return e.tenant != nil && e.tenant.Enabled || e.channel != nil && e.channel.Channel.Enabled
}

// current is the row under the cursor.
func (m *Model) current() (entry, bool) {
	id, _, ok := m.grid.Cursor()
	if !ok {
		return entry{}, false
	}
	for i, in := range m.list {
		if string(tenantRef(in.ID)) == id {
			return entry{tenant: &m.list[i]}, true
		}
	}
	for i, c := range m.channels {
		if string(channelRef(c.Channel.ID)) == id {
			return entry{channel: &m.channels[i]}, true
		}
	}
	return entry{}, false
}

// tenantOf is an attached tenant by its id.
func (m *Model) tenantOf(id soc.IntegrationID) (soc.Integration, bool) {
	i := slices.IndexFunc(m.list, func(in soc.Integration) bool { return in.ID == id })
	if i < 0 {
		return soc.Integration{}, false
	}
	return m.list[i], true
}
