package settings

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
)

const readLimit = 10 * time.Second

type loadedMsg struct {
	req    int
	list   []soc.Integration
	policy soc.Policy
	now    time.Time
	err    error
}

func (m *Model) load() tea.Cmd {
	if m.denied() {
		return nil
	}
	m.req++
	req, reader, now := m.req, m.d.Reader, m.now
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), readLimit)
		defer cancel()
		if now.IsZero() {
			now = time.Now().UTC()
		}
		msg := loadedMsg{req: req, now: now}
		if msg.list, msg.err = reader.Integrations(ctx); msg.err == nil {
			msg.policy, msg.err = reader.Policy(ctx)
		}
		for i := range msg.list {
			msg.list[i].Sealed = nil // not ours to hold
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
	m.loaded, m.list, m.policy = true, msg.list, msg.policy
	m.fill()
}
