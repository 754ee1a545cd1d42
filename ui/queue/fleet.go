package queue

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
)

// fleet is what the queue knows about all hosts and tenants.
type fleet struct {
	states    map[soc.HostKey]soc.Isolation // those that are not plainly "not isolated"
	lockdowns []soc.Lockdown                // open ones, most urgent first
	known     bool
}

type fleetMsg struct {
	req     int
	fleet   fleet
	tenants []soc.Integration
	err     error
}

func (m *Model) loadFleet() tea.Cmd {
	m.fleetReq++
	req, r := m.fleetReq, m.d.Reader
	return func() tea.Msg {
		ctx := context.Background()
		tenants, err := r.Integrations(ctx)
		if err != nil {
			return fleetMsg{req: req, err: err}
		}
		isos, err := r.Isolations(ctx)
		if err != nil {
			return fleetMsg{req: req, err: err}
		}
		locks, err := r.Lockdowns(ctx, soc.LockdownQuery{Open: true})
		f := fleet{states: map[soc.HostKey]soc.Isolation{}, lockdowns: locks, known: true}
		for _, i := range isos {
			f.states[i.Key] = i
		}
		return fleetMsg{req, f, tenants, err}
	}
}

// onFleet keeps the last good answer when a read fails; the list of alerts reports the error.
func (m *Model) onFleet(msg fleetMsg) tea.Cmd {
	if msg.req != m.fleetReq || msg.err != nil {
		return nil
	}
	was := m.tenantWidth()
	m.fleet, m.tenants = msg.fleet, msg.tenants
	if now := m.tenantWidth(); now != was {
		m.grid.SetColumns(columns(now, m.wide)...)
	}
	m.arrange()
	m.refill()
	return nil
}
