package timers

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
)

const (
	loadTimeout = 10 * time.Second
	// doneFor is how long a lockdown that is over stays in the list.
	doneFor = 24 * time.Hour
	// historyLines is how much of a lockdown's audit history the detail may show.
	historyLines = 40
)

// facts is what one load read.
type facts struct {
	open []soc.Lockdown
	done []soc.Lockdown
	isos []soc.Isolation
	// old are lockdowns of ours that left the list long ago, on hosts that are still isolated: they may be why.
	old []soc.Lockdown

	// doubt is why the isolation of a host can not be verified (F53).
	doubt map[soc.HostKey]string

	isosErr error
}

// loadedMsg answers a load.
type loadedMsg struct {
	req int
	f   facts
	err error
}

func (m *Model) load() tea.Cmd {
	m.req++
	m.loading, m.again = true, false
	d, req, now := m.d, m.req, m.now
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
		defer cancel()
		f, err := read(ctx, d, now)
		return loadedMsg{req: req, f: f, err: err}
	}
}

func read(ctx context.Context, d Deps, now time.Time) (facts, error) {
	var f facts
	open, err := d.Reader.Lockdowns(ctx, soc.LockdownQuery{Open: true})
	if err != nil {
		return f, err
	}
	f.open = open
	var q soc.LockdownQuery
	if !now.IsZero() {
		q.Since = now.Add(-doneFor - soc.MaxPeriod) // by order time; what ended today may have been ordered yesterday
	}
	recent, err := d.Reader.Lockdowns(ctx, q)
	if err != nil {
		return f, err
	}
	for _, l := range recent {
		if l.Phase.Final() && (now.IsZero() || now.Sub(l.EndedAt) <= doneFor) {
			f.done = append(f.done, l)
		}
	}
	f.isos, f.isosErr = d.Reader.Isolations(ctx)
	f.readDoubt(ctx, d)
	for _, iso := range f.isos {
		if !cutOff(iso) || f.past(iso) != nil || slices.ContainsFunc(f.open, func(l soc.Lockdown) bool { return l.Key == iso.Key }) {
			continue
		}
		all, err := d.Reader.Lockdowns(ctx, soc.LockdownQuery{Host: iso.Key})
		if err != nil {
			return f, err
		}
		f.old = append(f.old, all...)
	}
	return f, nil
}

// readDoubt asks for the host of every isolation that is or may be in force. A host without a record raises no doubt of its own.
func (f *facts) readDoubt(ctx context.Context, d Deps) {
	f.doubt = map[soc.HostKey]string{}
	look := func(key soc.HostKey) {
		if h, err := d.Reader.Host(ctx, key); err == nil && soc.Unverifiable(h) != "" {
			f.doubt[key] = soc.Unverifiable(h)
		}
	}
	for _, l := range f.open {
		look(l.Key)
	}
	for _, iso := range f.isos {
		look(iso.Key)
	}
}

// take accepts the answer of the newest load and drops all others.
func (m *Model) take(msg loadedMsg) tea.Cmd {
	if msg.req != m.req {
		return nil
	}
	m.loading = false
	m.err = msg.err
	if msg.err != nil {
		return nil
	}
	if m.held && m.loaded {
		m.again = true
		return nil
	}
	m.f, m.loaded = msg.f, true
	m.fill()
	m.goTo()
	if m.again {
		return m.load()
	}
	return m.loadDetail()
}

// goTo puts the cursor on the lockdown that a place named.
func (m *Model) goTo() {
	if m.wantID == "" {
		return
	}
	for i, r := range m.rows {
		if r.id == m.wantID {
			m.table().SetCursor(i)
		}
	}
	m.wantID = ""
}

// detail is what the pane below or beside the list tells about one row.
type detail struct {
	id      string
	history []soc.AuditEntry // newest first
	iso     soc.Isolation    // what the device's own action list says
	may     map[soc.Act]soc.Verdict
	err     error
}

// detailMsg answers a load of the detail.
type detailMsg struct {
	req int
	d   detail
}

// loadDetail reads the history of the row under the cursor, what its action list says, and what may be done about it.
func (m *Model) loadDetail() tea.Cmd {
	r, ok := m.current()
	m.detReq++
	if !ok {
		return nil
	}
	d, req := m.d, m.detReq
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
		defer cancel()
		return detailMsg{req: req, d: readDetail(ctx, d, r)}
	}
}

func readDetail(ctx context.Context, d Deps, r row) detail {
	out := detail{id: r.id, may: map[soc.Act]soc.Verdict{}}
	q := soc.AuditQuery{Host: r.key, Count: historyLines}
	if r.lock != nil {
		q = soc.AuditQuery{Lockdown: r.lock.ID, Count: historyLines}
	}
	page, err := d.Reader.Audit(ctx, q)
	out.history, out.err = page.Entries, err
	if as, at, err := d.Reader.Actions(ctx, r.key); err == nil {
		out.iso = soc.DeriveIsolation(r.key, as, at)
	}
	for _, act := range []soc.Act{soc.ActRelease, soc.ActPeriod, soc.ActCancel} {
		out.may[act] = d.Commander.Check(ctx, d.Session, act, r.key)
	}
	return out
}

func (m *Model) takeDetail(msg detailMsg) {
	if msg.req == m.detReq {
		m.detail = msg.d
	}
}
