package audit

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/screen"
)

const (
	// scanLimit is how many of the newest lines a picked view looks at.
	scanLimit = 5000
	// graphLimit bounds the lines behind the graph of the last day.
	graphLimit = 2000
	readLimit  = 10 * time.Second
)

type (
	loadedMsg struct {
		req     int
		page    soc.AuditPage
		all     []soc.AuditEntry
		clipped bool
		hours   []int
		now     time.Time
		err     error
	}
	relatedMsg struct {
		lockdown soc.LockdownID
		entries  []soc.AuditEntry
	}
	chainMsg struct {
		req    int
		report soc.ChainReport
		err    error
	}
	dayMsg struct{ req, index int }
)

// load reads the window that the grid wants.
func (m *Model) load() tea.Cmd {
	if m.denied() || !m.focused || m.h == 0 {
		return nil
	}
	m.req++
	m.stale = false
	from, count := m.grid.Want()
	q := query{
		reader: m.d.Reader, view: m.view, text: m.filter.text(), me: m.d.Me, now: m.now, zone: m.zone,
		from: from, count: count, graph: m.graphed(),
	}
	req := m.req
	return func() tea.Msg {
		msg := q.run()
		msg.req = req
		return msg
	}
}

// query is everything that a read needs, by value.
type query struct {
	reader      Reader
	view        view
	text, me    string
	now         time.Time
	zone        *time.Location
	from, count int
	graph       bool
}

func (q query) run() (msg loadedMsg) {
	if q.now.IsZero() {
		q.now = time.Now().UTC()
	}
	msg.now = q.now
	ctx, cancel := context.WithTimeout(context.Background(), readLimit)
	defer cancel()
	aq, err := q.store()
	if err != nil {
		msg.err = err
		return msg
	}
	if keep := picks(q.view); keep != nil {
		aq.From, aq.Count = 0, scanLimit
		msg.page, msg.err = q.reader.Audit(ctx, aq)
		msg.clipped = msg.page.Matched > len(msg.page.Entries)
		msg.all = pick(msg.page.Entries, keep)
		msg.page = window(msg.all, q.from, q.count)
	} else {
		msg.page, msg.err = q.reader.Audit(ctx, aq)
	}
	if q.graph && msg.err == nil {
		msg.hours, msg.err = q.perHour(ctx)
	}
	return msg
}

// store translates the view and the filter.
func (q query) store() (soc.AuditQuery, error) {
	text, since, err := split(q.text, q.now)
	if err != nil {
		return soc.AuditQuery{}, err
	}
	aq := soc.AuditQuery{Text: text, Since: since, From: q.from, Count: q.count}
	var from time.Time
	switch q.view {
	case viewToday:
		from = dayOf(q.now, q.zone)
	case viewWeek:
		from = q.now.AddDate(0, 0, -7)
	case viewMine:
		aq.Text = "actor:" + q.me + " " + text
	}
	if from.After(aq.Since) {
		aq.Since = from
	}
	return aq, nil
}

// picks returns the rule of a view that the store can not select by itself.
func picks(v view) func(soc.AuditEntry) bool {
	switch v {
	case viewLockdowns:
		return func(e soc.AuditEntry) bool { return e.Lockdown != "" }
	case viewFailed:
		return func(e soc.AuditEntry) bool { return e.Result == soc.ResultFailed || e.Result == soc.ResultRefused }
	}
	return nil
}

func pick(in []soc.AuditEntry, keep func(soc.AuditEntry) bool) []soc.AuditEntry {
	out := []soc.AuditEntry{}
	for _, e := range in {
		if keep(e) {
			out = append(out, e)
		}
	}
	return out
}

func window(all []soc.AuditEntry, from, count int) soc.AuditPage {
	from = min(from, len(all))
	return soc.AuditPage{Entries: all[from:min(from+count, len(all))], From: from, Matched: len(all), Total: len(all)}
}

func (q query) perHour(ctx context.Context) ([]int, error) {
	p, err := q.reader.Audit(ctx, soc.AuditQuery{Since: q.now.Add(-24 * time.Hour), Count: graphLimit})
	if err != nil {
		return nil, err
	}
	hours := make([]int, 24)
	for _, e := range p.Entries {
		if h := int(q.now.Sub(e.Time) / time.Hour); h >= 0 && h < 24 {
			hours[23-h]++
		}
	}
	return hours, nil
}

func (m *Model) onLoaded(msg loadedMsg) tea.Cmd {
	if msg.req != m.req {
		return nil
	}
	m.err = msg.err
	if m.now.IsZero() {
		m.now = msg.now
	}
	if msg.err != nil {
		return nil
	}
	m.loaded, m.page, m.all, m.clipped, m.hours = true, msg.page, msg.all, msg.clipped, msg.hours
	m.grid.SetRows(msg.page.From, m.rows(msg.page.Entries), msg.page.Matched)
	return m.loadRelated()
}

// loadRelated reads the other lines of the current entry's lockdown.
func (m *Model) loadRelated() tea.Cmd {
	e, ok := m.current()
	if !ok || e.Lockdown == m.relatedTo || m.detailHeight() < 6 {
		return nil
	}
	m.relatedTo, m.related = e.Lockdown, nil
	if e.Lockdown == "" {
		return nil
	}
	reader, id := m.d.Reader, e.Lockdown
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), readLimit)
		defer cancel()
		p, err := reader.Audit(ctx, soc.AuditQuery{Lockdown: id, Count: 50})
		if err != nil {
			return nil // the list itself shows the trouble
		}
		return relatedMsg{lockdown: id, entries: p.Entries}
	}
}

func (m *Model) onRelated(msg relatedMsg) {
	if msg.lockdown == m.relatedTo {
		m.related = msg.entries
	}
}

// verify walks the chain in the background.
func (m *Model) verify() tea.Cmd {
	ctx, cancel := context.WithCancel(context.Background())
	m.checkReq++
	m.checking, m.stop, m.began = true, cancel, m.now
	m.walked, m.percent = &progress{}, ""
	reader, req, walked, by := m.d.Reader, m.checkReq, m.walked, m.d.Session.Actor
	return func() tea.Msg {
		defer cancel()
		report, err := reader.VerifyHistory(ctx, soc.VerifyOptions{By: by, Progress: walked.set})
		return chainMsg{req: req, report: report, err: err}
	}
}

func (m *Model) onChain(msg chainMsg) tea.Cmd {
	if msg.req != m.checkReq || !m.checking {
		return nil
	}
	m.checking, m.stop = false, nil
	if msg.err != nil {
		return screen.Send(screen.NoticeMsg{Level: screen.Bad, Text: "the history could not be verified: " + msg.err.Error(), Err: msg.err})
	}
	m.chain = msg.report
	if !msg.report.OK {
		return screen.Send(screen.NoticeMsg{Level: screen.Bad, Text: m.chainWord() + ": " + msg.report.Problem + "; keep the database and call whoever runs it"})
	}
	return screen.Send(screen.NoticeMsg{Level: screen.Good, Text: m.chainWord() + ", nothing was changed"})
}

// stopVerify ends a verification that runs.
func (m *Model) stopVerify() tea.Cmd {
	m.stop()
	m.checking = false
	m.checkReq++
	return screen.Send(screen.NoticeMsg{Level: screen.Info, Text: "verification stopped"})
}
