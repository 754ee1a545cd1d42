package queue

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/screen"
)

// detail is what the preview shows and what L and U may do, for one alert.
type detail struct {
	alert    soc.Alert
	err      error
	host     soc.Host
	hostErr  error
	isolate  soc.Verdict
	release  soc.Verdict
	judged   bool // the verdicts were asked for
	lockdown *soc.Lockdown
	old      bool // something changed since; shown until the new one is here
}

type detailMsg struct {
	req int
	key soc.AlertKey
	d   detail
}

// restMsg says that the cursor did not move for a moment.
type restMsg struct{ key soc.AlertKey }

const rest = 300 * time.Millisecond

// loadDetail reads the alert under the cursor unless it is cached. Wake-ups force it.
func (m *Model) loadDetail(force bool) tea.Cmd {
	row, ok := m.current()
	if !ok {
		return nil
	}
	if d, ok := m.details[row.Key]; ok && !d.old && !force {
		return nil
	}
	m.detailReq++
	key := row.Key
	return tea.Batch(
		readDetail(m.d, m.detailReq, row),
		tea.Tick(rest, func(time.Time) tea.Msg { return restMsg{key} }),
	)
}

func readDetail(d Deps, req int, row soc.AlertRow) tea.Cmd {
	return func() tea.Msg {
		ctx := context.Background()
		var out detail
		out.alert, out.err = d.Reader.Alert(ctx, row.Key)
		out.alert.Description = strings.Clone(head(out.alert.Description)) // it may have megabytes; J shows all of it
		host := hostOf(row)
		if host.IsZero() {
			return detailMsg{req, row.Key, out}
		}
		out.host, out.hostErr = d.Reader.Host(ctx, host)
		if l, err := d.Reader.OpenLockdown(ctx, host); err == nil {
			out.lockdown = &l
		}
		if d.Check != nil {
			out.isolate = d.Check(ctx, d.Session, soc.ActIsolate, host)
			out.release = d.Check(ctx, d.Session, soc.ActRelease, host)
			out.judged = true
		}
		return detailMsg{req, row.Key, out}
	}
}

// detailLimit bounds the cache; an alert may carry a description of megabytes.
const detailLimit = 32

func (m *Model) onDetail(msg detailMsg) tea.Cmd {
	if msg.req != m.detailReq {
		return nil
	}
	if len(m.details) >= detailLimit {
		clear(m.details)
	}
	m.details[msg.key] = msg.d
	return nil
}

func (m *Model) expireDetails() {
	for k, d := range m.details {
		d.old = true
		m.details[k] = d
	}
}

// hostTTL is how old a host may be before resting on its row asks Defender for it again.
const hostTTL = 10 * time.Minute

// onRest asks for the host of the row that the cursor rests on, if it is missing or old. Scrolling past costs no call.
func (m *Model) onRest(msg restMsg) tea.Cmd {
	row, ok := m.current()
	d, have := m.details[msg.key]
	host := hostOf(row)
	if !ok || !have || row.Key != msg.key || host.IsZero() || m.now.Sub(d.host.FetchedAt) < hostTTL {
		return nil
	}
	if last, asked := m.wanted[host]; asked && m.now.Sub(last) < hostTTL {
		return nil
	}
	m.wanted[host] = m.now
	return screen.Send(screen.WantHostMsg{Host: host})
}
