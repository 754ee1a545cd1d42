package settings

import (
	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/theme"
)

// offer is a type of integration that can be added (M-11).
type offer struct {
	name, what string
	channel    soc.ChannelType // "" = a tenant
}

// types are what can be added here.
func (m *Model) types() []offer {
	out := []offer{{"Defender tenant", "read alerts and hosts of a tenant, isolate and release", ""}}
	if m.d.Channels == nil {
		return out
	}
	texts := map[soc.ChannelType]string{
		soc.ChannelThreats: "reports of mobile threats become alerts of a tenant",
		soc.ChannelProbes:  "tests that got through become indicators of a tenant",
		soc.ChannelMail:    "tell people about lockdowns, releases, failed starts",
		soc.ChannelSyslog:  "lines for a log collector: UDP, TCP, TLS or a socket",
		soc.ChannelWebhook: "signed messages to a program of yours",
	}
	for _, t := range soc.ChannelTypes() {
		out = append(out, offer{typeName(t), texts[t], t})
	}
	return out
}

// add starts something new: in the list it asks for a type first, among the tokens there is only one.
func (m *Model) add() {
	if m.tab == tabTokens {
		m.open(m.newToken())
		return
	}
	m.picking, m.pick = true, 0
}

// choose opens the form of the chosen type.
func (m *Model) choose() {
	o := m.types()[m.pick]
	if o.channel == "" {
		m.open(m.newTenant(soc.Integration{}))
		return
	}
	m.open(m.newChannel(soc.ChannelStatus{Channel: soc.Channel{Type: o.channel}}))
}

func (m *Model) pickKeys() []keys.Binding {
	return []keys.Binding{
		{ID: idDown, Keys: []string{"j", "down", "tab"}, Show: "j k", Hint: "move", Help: "go to the next type"},
		{ID: idUp, Keys: []string{"k", "up", "shift+tab"}, Help: "go to the type before", Hidden: true},
		{ID: idChoose, Keys: []string{"enter"}, Hint: "choose", Help: "open the form of this type"},
		{ID: idBack, Keys: []string{"esc"}, Hint: "cancel", Help: "go back to the list"},
	}
}

func (m *Model) pickLines() []string {
	out := []string{"", " What do you want to add?", ""}
	for i, o := range m.types() {
		sign, style := " ", m.th.Text
		if i == m.pick {
			sign, style = m.th.Glyph.Cursor, m.th.Strong
		}
		out = append(out, " "+sign+" "+style.Render(theme.Fit(o.name, 18))+" "+m.th.Muted.Render(o.what))
	}
	if m.d.Channels == nil {
		out = append(out, "", " This console knows no channels; a tenant can be attached.")
	}
	return out
}
