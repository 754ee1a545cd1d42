package queue

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
)

// loadedMsg answers a windowed read. pin is the revision that was asked for, 0 = the newest.
type loadedMsg struct {
	req  int
	pin  uint64
	page soc.AlertPage
	err  error
}

// countsMsg brings the number of matches of each saved view; -1 where it is not known.
type countsMsg struct{ counts []int }

// loadRows reads the window that the grid needs. While one read is under way the next waits for it, so that a burst of wake-ups costs one
// read at a time; a changed question (filter, sort, position) is asked at once, and the old answer is dropped when it comes.
func (m *Model) loadRows() tea.Cmd {
	if m.held() {
		return m.loadAt(m.pin)
	}
	return m.loadAt(0)
}

// showHeld brings in the rows that were held; from then on newer ones are held again.
func (m *Model) showHeld() tea.Cmd {
	m.revealing = true
	return m.loadAt(0)
}

func (m *Model) loadAt(pin uint64) tea.Cmd {
	m.req++
	m.busy, m.again = true, false
	from, count := m.grid.Want()
	q := soc.Query{
		Filter: m.filter, Me: m.d.Me, Now: m.now, Sort: append([]soc.SortKey(nil), m.sort...), From: from, Count: max(count, 50),
		Facets: m.facets.shown(m.w), Pin: pin,
	}
	id, _, _ := m.grid.Cursor()
	if m.seek != "" {
		id = m.seek
	}
	return readRows(m.d.Reader, m.req, q, id)
}

// reload reads again after a wake-up.
func (m *Model) reload() tea.Cmd {
	if m.busy {
		m.again = true
		return nil
	}
	return m.loadRows()
}

// wider are the windows tried in turn when the row under the cursor was pushed out of the usual one by a burst.
var wider = [...]int{1000, 10000}

func readRows(r Reader, req int, q soc.Query, cursor string) tea.Cmd {
	return func() tea.Msg {
		page, err := r.Alerts(context.Background(), q)
		if err != nil || cursor == "" || has(page, cursor) {
			return loadedMsg{req, q.Pin, page, err}
		}
		for _, n := range wider {
			far := q
			far.From, far.Count = max(0, q.From-n), q.Count+2*n
			if p, err := r.Alerts(context.Background(), far); err == nil && has(p, cursor) {
				return loadedMsg{req, q.Pin, p, nil}
			}
			if q.Count+2*n > page.Matched {
				break
			}
		}
		return loadedMsg{req, q.Pin, page, nil}
	}
}

func has(p soc.AlertPage, id string) bool {
	for _, r := range p.Rows {
		if r.Key.String() == id {
			return true
		}
	}
	return false
}

func (m *Model) onLoaded(msg loadedMsg) tea.Cmd {
	if msg.req != m.req {
		return nil
	}
	m.busy = false
	m.err = msg.err
	if msg.err != nil {
		return nil // the last good rows stay on screen (N12)
	}
	if m.held() && msg.pin == 0 && m.pin != 0 && !m.revealing {
		return m.loadRows() // asked before something was marked: the rows may not move now
	}
	m.revealing, m.seek = false, ""
	m.loaded = true
	m.page = msg.page
	if msg.pin == 0 {
		m.pin = msg.page.Revision
	}
	m.rows = make(map[string]soc.AlertRow, len(msg.page.Rows))
	for _, r := range msg.page.Rows {
		m.rows[r.Key.String()] = r
	}
	m.arrange()
	m.fill(msg.page.From, msg.page.Rows)
	if m.opening {
		m.opening = false
		return tea.Batch(m.open(), m.loadDetail(false))
	}
	if m.again {
		return tea.Batch(m.loadRows(), m.loadDetail(false))
	}
	return m.loadDetail(false)
}

// fill hands the window to the grid.
func (m *Model) fill(from int, rows []soc.AlertRow) {
	out := make([]grid.Row, len(rows))
	for i, r := range rows {
		out[i] = m.row(r)
	}
	m.grid.SetRows(from, out, m.page.Matched)
	if from == 0 && !m.touched && (m.syncing() || m.req == m.whole) {
		m.grid.SetCursor(0) // alerts of a first sync come in any order; nobody has chosen a row yet
	}
}

// syncing reports whether the list is still being filled for the first time.
func (m *Model) syncing() bool {
	return m.page.Building || slices.ContainsFunc(m.conns, func(c soc.Conn) bool { return c.Phase != "" || c.LastOK.IsZero() })
}

// refill draws the same window anew: ages and tenants may have changed.
func (m *Model) refill() {
	if m.loaded {
		m.fill(m.page.From, m.page.Rows)
	}
}

// loadCounts counts the matches of the saved views, one count at a time.
func (m *Model) loadCounts() tea.Cmd {
	if m.counting {
		m.recount = true
		return nil
	}
	m.counting, m.recount = true, false
	r, me, now := m.d.Reader, m.d.Me, m.now
	filters := make([]string, len(m.views))
	for i, v := range m.views {
		filters[i] = v.Filter
	}
	return func() tea.Msg {
		counts := make([]int, len(filters))
		for i, f := range filters {
			counts[i] = -1
			if p, err := r.Alerts(context.Background(), soc.Query{Filter: f, Me: me, Now: now}); err == nil {
				counts[i] = p.Matched
			}
		}
		return countsMsg{counts}
	}
}

func (m *Model) onCounts(msg countsMsg) tea.Cmd {
	m.counting = false
	for i := range msg.counts {
		m.views[i].count, m.views[i].known = msg.counts[i], msg.counts[i] >= 0
	}
	if m.recount {
		return m.loadCounts()
	}
	return nil
}

// onStale reads again what may have changed.
func (m *Model) onStale(t soc.Topic) tea.Cmd {
	if m.denied() {
		return nil
	}
	var cmds []tea.Cmd
	if t.Has(soc.TopicAlerts | soc.TopicSettings) {
		cmds = append(cmds, m.reload(), m.loadCounts())
	}
	if t.Has(soc.TopicLockdowns | soc.TopicActions | soc.TopicHosts | soc.TopicSettings) {
		cmds = append(cmds, m.loadFleet())
	}
	if t.Has(soc.TopicAlerts | soc.TopicHosts | soc.TopicActions | soc.TopicLockdowns | soc.TopicSettings) {
		m.expireDetails()
		cmds = append(cmds, m.loadDetail(true))
	}
	return tea.Batch(cmds...)
}

// current is the row under the cursor.
func (m *Model) current() (soc.AlertRow, bool) {
	id, _, ok := m.grid.Cursor()
	if !ok {
		return soc.AlertRow{}, false
	}
	r, ok := m.rows[id]
	return r, ok
}

func hostOf(r soc.AlertRow) soc.HostKey {
	if r.MachineID == "" {
		return soc.HostKey{}
	}
	return soc.HostKey{Integration: r.Key.Integration, MachineID: r.MachineID}
}
