package reports

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
)

const (
	readLimit = 10 * time.Second
	askLimit  = 2 * time.Minute
	mostRows  = 2000 // reports that are listed; the rest is said to be there
)

// threats is the section of threat reports.
type threats struct {
	grid    *grid.Grid
	req     int
	loaded  bool
	err     error
	list    []soc.Threat
	level   bool // ordered by level, not by time
	managed int  // index in managedChoices
}

// iocs is the section of indicators.
type iocs struct {
	grid    *grid.Grid
	req     int
	pushed  []soc.Pushed
	lines   []line         // both, joined
	at      map[string]int // index in lines, by id
	list    soc.IndicatorList
	asked   time.Time // when Defender answered
	since   time.Time // when it was asked
	loading bool
	err     error
}

type ready struct {
	req    int
	loaded bool
	list   []soc.Readiness
	err    error
}

type (
	loadedMsg struct {
		req     int
		threats []soc.Threat
		pushed  []soc.Pushed
		err     error
	}
	// listedMsg and readyMsg name the tenant that they are about.
	listedMsg struct {
		req    int
		tenant soc.IntegrationID
		list   soc.IndicatorList
		at     time.Time
		err    error
	}
	readyMsg struct {
		req    int
		tenant soc.IntegrationID
		list   []soc.Readiness
		err    error
	}
)

// load reads what the store holds. Nothing of it asks Defender.
func (m *Model) load() tea.Cmd {
	m.stale = false
	if m.denied() || m.d.Service == nil {
		return nil
	}
	m.threats.req++
	req, s, managed := m.threats.req, m.d.Service, managedChoices()[m.threats.managed].query
	read := func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), readLimit)
		defer cancel()
		msg := loadedMsg{req: req}
		if msg.threats, msg.err = s.Threats(ctx, soc.ThreatQuery{Managed: managed, Count: mostRows + 1}); msg.err == nil {
			msg.pushed, msg.err = s.Pushed(ctx)
		}
		return msg
	}
	return tea.Batch(read, m.enter())
}

func (m *Model) onLoaded(msg loadedMsg) {
	if msg.req != m.threats.req {
		return
	}
	if m.threats.err = msg.err; msg.err != nil {
		return
	}
	m.threats.loaded, m.threats.list, m.ioc.pushed = true, msg.threats, msg.pushed
	m.fill()
}

// enter asks for what the visible section needs and does not have yet.
func (m *Model) enter() tea.Cmd {
	switch {
	case m.denied() || m.d.Service == nil || m.tenant == "":
	case m.tab == tabIndicators && m.ioc.asked.IsZero() && !m.ioc.loading && m.ioc.err == nil:
		return m.ask()
	case m.tab == tabReady && !m.ready.loaded && m.ready.err == nil:
		return m.askReady()
	}
	return nil
}

// ask asks Defender for the indicators of the chosen tenant.
func (m *Model) ask() tea.Cmd {
	m.ioc.req++
	m.ioc.loading, m.ioc.since = true, m.now
	req, s, who, id, now := m.ioc.req, m.d.Service, m.d.Session, m.tenant, m.now
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), askLimit)
		defer cancel()
		list, err := s.Indicators(ctx, who, id)
		return listedMsg{req, id, list, now, err}
	}
}

// onListed drops answers about a tenant that is not shown any more: nothing mixes.
func (m *Model) onListed(msg listedMsg) tea.Cmd {
	if msg.req != m.ioc.req || msg.tenant != m.tenant {
		return nil
	}
	m.ioc.loading, m.ioc.err = false, msg.err
	if msg.err == nil {
		m.ioc.list, m.ioc.asked = msg.list, msg.at
	}
	m.fill()
	return nil
}

func (m *Model) askReady() tea.Cmd {
	m.ready.req++
	req, s, id := m.ready.req, m.d.Service, m.tenant
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), askLimit)
		defer cancel()
		list, err := s.Readiness(ctx, id)
		return readyMsg{req, id, list, err}
	}
}

func (m *Model) onReady(msg readyMsg) {
	if msg.req != m.ready.req || msg.tenant != m.tenant {
		return
	}
	m.ready.loaded, m.ready.list, m.ready.err = msg.err == nil, msg.list, msg.err
}
