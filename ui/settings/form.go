package settings

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/words"
)

// Ids of the fields.
const (
	fName     = "name"
	fEnv      = "environment"
	fTenant   = "tenant"
	fClient   = "client"
	fSecret   = "secret"
	fCloud    = "cloud"
	fAPI      = "api"
	fLogin    = "login"
	fScope    = "scope"
	fCustom   = "custom"
	fCA       = "ca"
	fInterval = "interval"
	fHistory  = "history"
	fEnabled  = "enabled"
)

// form edits one integration, or makes a new one.
type form struct {
	orig    soc.Integration // as stored; ID "" = new
	fields  []*field
	at      int
	invalid string // id of the field that was refused
	problem string // why, for people
}

func newForm(in soc.Integration) *form {
	if in.ID == "" {
		c := clouds()[0]
		in.Cloud, in.API, in.Login, in.Environment, in.Enabled = c.name, c.api, c.login, "PROD", true
		in.PollInterval, in.MaxHistory = time.Minute, "30 days ago"
	}
	f := &form{orig: in}
	f.build(in)
	f.fields[0].focus()
	return f
}

func (f *form) build(in soc.Integration) {
	kept := "paste the secret's Value"
	if in.ID != "" {
		kept = "(stored; empty keeps it)"
	}
	onHost, onEnabled := switchField(fCustom, "Custom host", in.Custom), switchField(fEnabled, "Enabled", in.Enabled)
	onHost.empty, onEnabled.empty = "hosts that are not Microsoft's", "new isolations (off: reads and releases go on)"
	f.fields = []*field{
		textField(fName, "Name", in.Name, "contoso-prod"),
		choiceField(fEnv, "Environment", in.Environment, "PROD", "TEST"),
		textField(fTenant, "Tenant ID", in.TenantID, "Directory (tenant) ID"),
		textField(fClient, "Client ID", in.ClientID, "Application (client) ID"),
		secretField(fSecret, "App Secret", kept),
		choiceField(fCloud, "Cloud", in.Cloud, cloudNames()...),
		textField(fAPI, "API base URL", in.API, "https://host"),
		textField(fLogin, "Login URL", in.Login, "https://host"),
		textField(fScope, "Token scope", in.Scope, "(from the cloud)"),
		onHost,
		textField(fCA, "CA file", in.CAFile, "(none)"),
		textField(fInterval, "Poll interval", span(in.PollInterval), "1m"),
		textField(fHistory, "Max history", in.MaxHistory, "30 days ago"),
		onEnabled,
	}
}

func (f *form) field(id string) *field {
	i := slices.IndexFunc(f.fields, func(x *field) bool { return x.id == id })
	return f.fields[i]
}

func (f *form) get(id string) string { return f.field(id).get() }

// draft is the integration as typed, without the secret.
func (f *form) draft() soc.Integration {
	in := f.orig
	in.Type, in.Auth = "defender", "secret"
	in.Name, in.Environment, in.TenantID, in.ClientID = f.get(fName), f.get(fEnv), f.get(fTenant), f.get(fClient)
	in.Cloud, in.API, in.Login, in.Scope = f.get(fCloud), f.get(fAPI), f.get(fLogin), f.get(fScope)
	in.Custom, in.CAFile, in.MaxHistory, in.Enabled = f.field(fCustom).on(), f.get(fCA), f.get(fHistory), f.field(fEnabled).on()
	if d, err := time.ParseDuration(f.get(fInterval)); err == nil {
		in.PollInterval = d
	}
	return in
}

// changed lists the labels of fields that differ from what is stored.
func (f *form) changed() []string {
	saved := &form{orig: f.orig}
	saved.build(f.orig)
	var out []string
	for i, x := range f.fields {
		if x.get() != saved.fields[i].get() {
			out = append(out, x.label)
		}
	}
	return out
}

// revert goes back to what is stored.
func (f *form) revert() {
	f.build(f.orig)
	f.invalid, f.problem = "", ""
	f.fields[f.at].focus()
}

// move goes to another field.
func (f *form) move(by int) {
	f.fields[f.at].blur()
	f.at = (f.at + by + len(f.fields)) % len(f.fields)
	f.fields[f.at].focus()
}

func (f *form) goTo(id string) {
	f.move(slices.IndexFunc(f.fields, func(x *field) bool { return x.id == id }) - f.at)
}

// edited keeps fields that depend on each other together.
func (f *form) edited(x *field) {
	if x.id == f.invalid {
		f.invalid, f.problem = "", ""
	}
	switch x.id {
	case fCloud:
		f.preset(x.get())
	case fCustom:
		if x.on() {
			f.field(fCloud).set(custom)
		} else {
			f.field(fCloud).set(clouds()[0].name)
			f.preset(clouds()[0].name)
		}
	}
}

func (f *form) preset(name string) {
	f.field(fCustom).set(map[bool]string{true: "on", false: "off"}[name == custom])
	for _, c := range clouds() {
		if c.name == name {
			f.field(fAPI).set(c.api)
			f.field(fLogin).set(c.login)
		}
	}
}

// key types into the field that has the focus.
func (f *form) key(k tea.KeyPressMsg) {
	x := f.fields[f.at]
	x.update(k)
	f.edited(x)
}

// turn moves the choice or the switch that has the focus.
func (f *form) turn(by int) {
	x := f.fields[f.at]
	x.turn(by)
	f.edited(x)
}

// hint is a remark on what is typed, none of them a refusal.
func (f *form) hint() string {
	switch {
	case guid(f.get(fSecret)):
		return "this looks like the secret ID, not its value: copy the column Value"
	case f.field(fCustom).on():
		return "custom host: sign-in and orders go to exactly these two addresses"
	}
	return ""
}

func (m *Model) paste(msg tea.PasteMsg) tea.Cmd {
	if m.Capturing() && !m.job.running {
		x := m.form.fields[m.form.at]
		x.update(msg)
		m.form.edited(x)
	}
	return nil
}

// refuse names the field that can not be saved and goes there.
func (m *Model) refuse(id, why string) tea.Cmd {
	f := m.form
	f.goTo(id)
	f.invalid, f.problem = id, f.field(id).label+": "+why
	return screen.Send(screen.NoticeMsg{Level: screen.Bad, Text: "not saved: " + f.problem})
}

// span prints a duration without zero parts: 1m, not 1m0s.
func span(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return words.Period(d)
}
