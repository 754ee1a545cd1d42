package settings

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/words"
)

// The orders of this screen: what each key starts in the background. Rights are judged again by whoever carries an order out.

// test tries what is typed in the form, or what is stored of the selected row.
func (m *Model) test() tea.Cmd {
	row, _ := m.current()
	tenant, channel, secret := soc.Integration{}, soc.Channel{}, ""
	out := row.channel != nil
	switch {
	case m.edit != nil:
		if cmd := m.refused("not tested"); cmd != nil {
			return cmd
		}
		out = m.edit.what == editChannel
		if out {
			channel, secret = m.channelDraft(), channelSecret(m.edit.form)
		} else {
			tenant, secret = m.edit.tenantDraft(), m.edit.secret()
		}
	case out:
		channel = row.channel.Channel
	case row.tenant != nil:
		tenant = *row.tenant
	}
	d := m.d
	if out {
		return m.start(taskTest, channelRef(channel.ID), func(ctx context.Context, report func(soc.Step)) doneMsg {
			steps, err := d.Channels.TestChannel(ctx, d.Session, channel, secret, report)
			return doneMsg{steps: steps, err: err}
		})
	}
	return m.start(taskTest, tenantRef(tenant.ID), func(ctx context.Context, report func(soc.Step)) doneMsg {
		steps, err := d.Connector.Test(ctx, d.Session, tenant, secret, report)
		return doneMsg{steps: steps, err: err}
	})
}

// secret is what was typed as the credential of a tenant: a client secret, a certificate in PEM, or a PFX in base64 with its password behind
// a blank.
func (e *edit) secret() string {
	cert, password := e.form.Get(fCert), e.form.Get(fPFX)
	if cert == "" || password == "" {
		return or(e.form.Get(fSecret), cert)
	}
	return strings.Join(strings.Fields(cert), "") + " " + password
}

// save stores the form: a tenant if its test passes, a channel if it is accepted, a token at once.
func (m *Model) save() tea.Cmd {
	if cmd := m.refused(map[bool]string{true: "no token was made", false: "not saved"}[m.edit.what == editToken]); cmd != nil {
		return cmd
	}
	d, e := m.d, m.edit
	switch e.what {
	case editToken:
		draft := m.tokenDraft()
		return m.start(taskMakeToken, "k:", func(ctx context.Context, _ func(soc.Step)) doneMsg {
			t, value, err := d.Channels.AddToken(ctx, d.Session, draft)
			return doneMsg{token: t, value: value, err: err}
		})
	case editChannel:
		draft, secret := m.channelDraft(), channelSecret(e.form)
		return m.start(taskSave, e.ref(), func(ctx context.Context, _ func(soc.Step)) doneMsg {
			saved, err := d.Channels.SaveChannel(ctx, d.Session, draft, secret)
			return doneMsg{channel: saved, err: err}
		})
	}
	draft, secret := e.tenantDraft(), e.secret()
	return m.start(taskSave, e.ref(), func(ctx context.Context, report func(soc.Step)) doneMsg {
		saved, err := d.Connector.Save(ctx, d.Session, draft, secret, report)
		return doneMsg{tenant: saved, err: err}
	})
}

// enable switches new isolations of a tenant, or a channel, the other way (Z-16).
func (m *Model) enable(e entry) tea.Cmd {
	d, name, on := m.d, e.name(), !e.enabled()
	if e.channel != nil {
		id := e.channel.Channel.ID
		what := name + map[bool]string{true: " is on", false: " is off; what comes now is not sent"}[on]
		return m.start(taskEnable, e.ref(), func(ctx context.Context, _ func(soc.Step)) doneMsg {
			return doneMsg{err: d.Channels.EnableChannel(ctx, d.Session, id, on), what: what}
		})
	}
	if e.tenant == nil {
		return nil
	}
	id := e.tenant.ID
	return m.start(taskEnable, e.ref(), func(ctx context.Context, _ func(soc.Step)) doneMsg {
		what := name + ": new isolations are on"
		if !on {
			what = name + ": new isolations are off; it is still read, running lockdowns still release"
		}
		return doneMsg{err: d.Connector.SetEnabled(ctx, d.Session, id, on), what: what}
	})
}

// asker is a connector that can sign in anew, so that what was consented a moment ago shows (Z-09).
type asker interface {
	PermissionsNow(ctx context.Context, by soc.Session, id soc.IntegrationID) (soc.PermissionReport, error)
}

func (m *Model) askPermissions(e entry) tea.Cmd {
	a, ok := m.d.Connector.(asker)
	if !ok || e.tenant == nil {
		return nil
	}
	s, id, name := m.d.Session, e.tenant.ID, e.tenant.Name
	return m.start(taskOther, tenantRef(id), func(ctx context.Context, _ func(soc.Step)) doneMsg {
		_, err := a.PermissionsNow(ctx, s, id)
		return doneMsg{err: err, what: "the permissions of " + name + " are what its newest token says"}
	})
}

func (m *Model) detach(msg detachMsg) tea.Cmd {
	d := m.d
	return m.start(taskDetach, tenantRef(msg.id), func(ctx context.Context, _ func(soc.Step)) doneMsg {
		return doneMsg{
			err: d.Connector.Detach(ctx, d.Session, msg.id, msg.releaseFirst, false), tenant: soc.Integration{ID: msg.id, Name: msg.name},
			what: msg.name + " is detached; its credentials are removed",
		}
	})
}

func (m *Model) remove(msg removeMsg) tea.Cmd {
	d := m.d
	return m.start(taskOther, channelRef(msg.id), func(ctx context.Context, _ func(soc.Step)) doneMsg {
		return doneMsg{err: d.Channels.RemoveChannel(ctx, d.Session, msg.id), what: msg.name + " is removed"}
	})
}

func (m *Model) removeToken(msg untokenMsg) tea.Cmd {
	d := m.d
	return m.start(taskOther, "k:", func(ctx context.Context, _ func(soc.Step)) doneMsg {
		return doneMsg{err: d.Channels.RemoveToken(ctx, d.Session, msg.id), what: "token " + msg.name + " is removed; its program is refused now"}
	})
}

// confirmDetach asks before a tenant or a channel goes.
func (m *Model) confirmDetach(e entry) screen.ConfirmMsg {
	if e.channel != nil {
		c := e.channel.Channel
		lines := []string{"Its settings and its secret are removed; the history stays."}
		if e.channel.Waiting > 0 {
			lines = append(lines, "Waiting, and dropped with it: "+words.Count(int(e.channel.Waiting), "message")+".")
		}
		return screen.ConfirmMsg{
			Title: "Remove " + typeName(c.Type) + " " + c.Name, Lines: lines, Button: "Remove " + c.Name, Yes: removeMsg{id: c.ID, name: c.Name},
		}
	}
	in := soc.Integration{}
	if e.tenant != nil {
		in = *e.tenant
	}
	return screen.ConfirmMsg{
		Title: "Detach " + in.Name, Tenant: in.ID,
		Lines: []string{
			"Its credentials, alerts and host data are removed from this machine; the history stays.",
			"Defender itself is not changed. With live lockdowns this is refused.",
		},
		Button: "Detach " + in.Name, Yes: detachMsg{id: in.ID, name: in.Name}, TypeWord: in.Name,
	}
}
