package settings

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
)

const readLimit = 10 * time.Second

type loadedMsg struct {
	req      int
	list     []soc.Integration
	policy   soc.Policy
	perms    map[soc.IntegrationID]soc.PermissionReport
	channels []soc.ChannelStatus
	tokens   []soc.Token
	notRead  error
	now      time.Time
	err      error
}

// load reads everything that the sections show. Nothing of it asks Defender.
func (m *Model) load() tea.Cmd {
	if m.denied() {
		return nil
	}
	m.req++
	req, d, now := m.req, m.d, m.now
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), readLimit)
		defer cancel()
		if now.IsZero() {
			now = time.Now().UTC()
		}
		msg := loadedMsg{req: req, now: now, perms: map[soc.IntegrationID]soc.PermissionReport{}}
		if msg.list, msg.err = d.Reader.Integrations(ctx); msg.err == nil {
			msg.policy, msg.err = d.Reader.Policy(ctx)
		}
		for i, in := range msg.list {
			msg.list[i].Sealed = nil // not ours to hold
			if p, err := d.Connector.Permissions(ctx, in.ID); err == nil {
				msg.perms[in.ID] = p
			}
		}
		if d.Channels != nil {
			if msg.channels, msg.notRead = d.Channels.Channels(ctx); msg.notRead == nil {
				msg.tokens, msg.notRead = d.Channels.Tokens(ctx)
			}
		}
		return msg
	}
}

func (m *Model) onLoaded(msg loadedMsg) {
	if msg.req != m.req {
		return
	}
	m.err = msg.err
	if m.now.IsZero() {
		m.now = msg.now
	}
	if msg.err != nil {
		return
	}
	m.loaded, m.list, m.policy, m.perms = true, msg.list, msg.policy, msg.perms
	m.notRead = msg.notRead
	if msg.notRead == nil {
		m.channels, m.tokens = msg.channels, msg.tokens
	}
	m.fill()
}
