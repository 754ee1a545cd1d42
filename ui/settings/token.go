package settings

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/form"
	"cordon/ui/grid"
	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// Ids of the fields of a token; the name is that of a tenant.
const (
	fScopes = "scopes"
	fFor    = "for"
)

func scopes() []string {
	return []string{soc.ScopeLockdowns, soc.ScopeThreats, soc.ScopeProbes, soc.ScopeMetrics}
}

// anyChannel is the choice of a token that belongs to no channel.
const anyChannel = "(none)"

func newTokenGrid(th *theme.Theme) *grid.Grid {
	return grid.New(
		th,
		grid.Column{ID: "name", Title: "NAME", Min: 14, Max: 32, Grow: true},
		grid.Column{ID: "scopes", Title: "MAY", Min: 18, Max: 40, Grow: true},
		grid.Column{ID: "channel", Title: "CHANNEL", Min: 12, Max: 24},
		grid.Column{ID: "expires", Title: "EXPIRES", Min: 11},
		grid.Column{ID: "used", Title: "LAST USED", Min: 9},
		grid.Column{ID: "created", Title: "CREATED", Min: 10, DropBelow: 100},
	)
}

func (m *Model) fillTokens() {
	rows := make([]grid.Row, 0, len(m.tokens))
	for _, t := range m.tokens {
		expires := grid.Cell{Text: "never"}
		if !t.Expires.IsZero() {
			expires.Text = t.Expires.UTC().Format("2006-01-02")
			if !m.now.IsZero() && !t.Expires.After(m.now) {
				expires = grid.Cell{Text: "EXPIRED", Style: m.th.Bad}
			}
		}
		rows = append(rows, grid.Row{ID: t.ID, Cells: []grid.Cell{
			{Text: t.Name},
			{Text: strings.Join(t.Scopes, ", ")},
			{Text: words.Dash(m.channelName(t.Channel))},
			expires,
			{Text: m.ago(t.LastUsed)},
			{Text: t.Created.UTC().Format("2006-01-02")},
		}})
	}
	m.tokenBox.SetRows(0, rows, len(rows))
}

func (m *Model) channelName(id soc.ChannelID) string {
	for _, c := range m.channels {
		if c.Channel.ID == id {
			return c.Channel.Name
		}
	}
	return string(id)
}

func (m *Model) token() (soc.Token, bool) {
	id, _, ok := m.tokenBox.Cursor()
	for _, t := range m.tokens {
		if ok && t.ID == id {
			return t, true
		}
	}
	return soc.Token{}, false
}

// newToken is the form of a new token. A token is never changed: it is removed and another one made.
func (m *Model) newToken() *edit {
	names := []string{anyChannel}
	for _, c := range m.channels {
		if !c.Channel.Type.Out() {
			names = append(names, c.Channel.Name)
		}
	}
	return &edit{what: editToken, form: form.New(
		form.NewText(fName, "Name", "", "who will use it: mdm-gateway").Checked(func(f *form.Form) string {
			name := f.Get(fName)
			if name == "" {
				return "give it a name; it stands in the history as the sender"
			}
			for _, t := range m.tokens {
				if strings.EqualFold(t.Name, name) {
					return name + " is taken; names are unique"
				}
			}
			return ""
		}),
		form.NewSet(fScopes, "May", nil, scopes()...).Checked(func(f *form.Form) string {
			if f.Get(fScopes) == "" {
				return "choose what it may do: < > moves, space chooses"
			}
			return ""
		}),
		form.NewChoice(fFor, "Channel", anyChannel, names...).Checked(m.tokenChannel),
		form.NewText(fExpiry, "Expires on", "", "never, or a date such as 2027-03-01").Checked(func(f *form.Form) string {
			t, ok := day(strings.TrimPrefix(f.Get(fExpiry), "never"))
			switch {
			case !ok:
				return "write never, or a date such as 2027-03-01"
			case !t.IsZero() && !m.now.IsZero() && !t.After(m.now):
				return "is over already; write a later date"
			}
			return ""
		}),
	)}
}

// tokenChannel demands the channel of a sender, and that it is of the sender's kind.
func (m *Model) tokenChannel(f *form.Form) string {
	want := map[string]soc.ChannelType{soc.ScopeThreats: soc.ChannelThreats, soc.ScopeProbes: soc.ChannelProbes}
	for _, s := range form.Split(f.Get(fScopes)) {
		t, need := want[s]
		if !need {
			continue
		}
		for _, c := range m.channels {
			if c.Channel.Name == f.Get(fFor) && c.Channel.Type == t {
				need = false
			}
		}
		if need {
			return fmt.Sprintf("choose a channel of the type %s: a sender of %s belongs to one", typeName(t), s)
		}
	}
	return ""
}

func (m *Model) tokenDraft() soc.Token {
	f := m.edit.form
	t := soc.Token{Name: f.Get(fName), Scopes: form.Split(f.Get(fScopes))}
	t.Expires, _ = day(strings.TrimPrefix(f.Get(fExpiry), "never"))
	for _, c := range m.channels {
		if c.Channel.Name == f.Get(fFor) {
			t.Channel = c.Channel.ID
		}
	}
	return t
}

// tokenLines are the tokens.
func (m *Model) tokenLines() []string {
	switch {
	case m.d.Channels == nil:
		return []string{"", "  This console has no tokens: it is not connected to a server with the HTTP listener."}
	case m.notRead != nil:
		return append([]string{"", "  " + m.th.Bad.Render("The tokens can not be read.")}, m.indented(m.notRead.Error())...)
	case len(m.tokens) == 0:
		return append([]string{"", "  There are no tokens, so no program is let in over HTTP."},
			m.indented("A token lets one program send threat reports or probe results, read the list of lockdowns, or read the figures of the "+
				"service. a makes one; its value is shown once. Programs are heard while cordon serve --http 127.0.0.1:8460 runs, or a "+
				"console with http.listen in its configuration.")...)
	}
	m.tokenBox.Resize(m.w, max(2, min(len(m.tokens)+1, m.h-3)))
	out := strings.Split(m.tokenBox.View(), "\n")
	return append(append(out, ""), m.indented("Only a hash of each value is stored: a value that is lost can not be shown again. Remove the "+
		"token and make another.")...)
}

// showToken shows the value of a new token, once.
func showToken(t soc.Token, value string) tea.Cmd {
	return screen.Send(screen.TextMsg{
		Title: "Token " + t.Name + ": shown once",
		Text: value + "\n\nThis is the only time that it is shown; y copies it.\nThe program sends it in the header:  Authorization: Bearer VALUE\n" +
			"It may: " + strings.Join(t.Scopes, ", "),
		Copy: value,
	})
}

func confirmToken(t soc.Token) screen.ConfirmMsg {
	return screen.ConfirmMsg{
		Title:  "Remove token " + t.Name,
		Lines:  []string{"The program that uses it is refused from now on.", "What it sent before stays."},
		Button: "Remove token " + t.Name, Yes: untokenMsg{id: t.ID, name: t.Name},
	}
}
