package host

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
)

// limits of one load: more than this many rows of a kind are counted, not listed.
const (
	maxAlerts   = 200
	loadTimeout = 10 * time.Second
)

// facts is everything that one load read. Parts that could not be read carry their error; the rest is shown all the same.
type facts struct {
	host    soc.Host
	known   bool // a record is stored; false = not fetched yet, or Defender never had it
	actions []soc.MachineAction
	iso     soc.Isolation
	locks   []soc.Lockdown // newest first
	drift   []soc.AuditEntry
	alerts  []soc.AlertRow
	matched int        // alerts in all, of which alerts are the newest
	same    []soc.Host // other records with this name (C-10)
	raw     []string   // lines of the alert that led here, as received
	record  []string   // lines of the host record
	may     map[soc.Act]soc.Verdict

	actionsErr, locksErr, alertsErr error
}

// loadedMsg answers a load.
type loadedMsg struct {
	req int
	f   facts
	err error
}

// request is what a load command takes along: values only.
type request struct {
	n     int
	d     Deps
	key   soc.HostKey
	alert soc.AlertKey
	now   time.Time
}

func (m *Model) load() tea.Cmd {
	m.req++
	m.loading, m.again = true, false
	r := request{n: m.req, d: m.d, key: m.key, alert: m.alert, now: m.now}
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
		defer cancel()
		f, err := r.read(ctx)
		return loadedMsg{req: r.n, f: f, err: err}
	}
}

func (r request) read(ctx context.Context) (facts, error) {
	var f facts
	h, err := r.d.Reader.Host(ctx, r.key)
	if err != nil && !errors.Is(err, soc.ErrNotFound) {
		return f, err
	}
	f.host, f.known, f.record = h, err == nil, pretty(encode(h))
	f.readActions(ctx, r)
	f.readAlerts(ctx, r)
	if r.d.Session.Can(soc.RightLockdownView) {
		f.locks, f.locksErr = r.d.Reader.Lockdowns(ctx, soc.LockdownQuery{Host: r.key})
		slices.SortStableFunc(f.locks, func(a, b soc.Lockdown) int { return b.RequestedAt.Compare(a.RequestedAt) })
	}
	f.readDrift(ctx, r)
	if f.host.Name != "" {
		same, _ := r.d.Reader.HostsNamed(ctx, r.key.Integration, f.host.Name)
		f.same = slices.DeleteFunc(same, func(h soc.Host) bool { return h.Key == r.key })
	}
	f.may = map[soc.Act]soc.Verdict{}
	for _, act := range []soc.Act{soc.ActIsolate, soc.ActRelease, soc.ActPeriod, soc.ActCancel} {
		f.may[act] = r.d.Commander.Check(ctx, r.d.Session, act, r.key)
	}
	return f, nil
}

func (f *facts) readActions(ctx context.Context, r request) {
	as, at, err := r.d.Reader.Actions(ctx, r.key)
	if err != nil && !errors.Is(err, soc.ErrNotFound) {
		f.actionsErr = err
	}
	f.actions = as
	f.iso = soc.DeriveIsolation(r.key, as, at)
}

// driftLines is how far back in the history of a host drift is looked for.
const driftLines = 200

// readDrift reads what others did to the host, or what became of its record, as the background client noted it (N-20). Without the lines
// the page is not wrong, only shorter; the history shows why they can not be read.
func (f *facts) readDrift(ctx context.Context, r request) {
	if !r.d.Session.Can(soc.RightLockdownView) {
		return
	}
	page, err := r.d.Reader.Audit(ctx, soc.AuditQuery{Host: r.key, Count: driftLines})
	if err != nil {
		return
	}
	for _, e := range page.Entries {
		if strings.HasPrefix(e.Action, "drift-") || e.Action == "external" || e.Action == "late-isolate" {
			f.drift = append(f.drift, e)
		}
	}
}

func (f *facts) readAlerts(ctx context.Context, r request) {
	if !r.d.Session.Can(soc.RightAlertsView) {
		return
	}
	page, err := r.d.Reader.Alerts(ctx, soc.Query{
		Machine: r.key, Me: r.d.Me, Now: r.now, Sort: []soc.SortKey{{Field: "time", Desc: true}}, Count: maxAlerts,
	})
	f.alerts, f.matched, f.alertsErr = page.Rows, page.Matched, err
	if !r.alert.IsZero() {
		if raw, err := r.d.Reader.AlertRaw(ctx, r.alert); err == nil {
			f.raw = pretty(raw)
		}
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
		m.errAt = m.now
		return nil
	}
	if m.held && m.loaded {
		m.again = true
		return nil
	}
	m.f, m.loaded = msg.f, true
	m.fill()
	if m.again {
		return m.load()
	}
	return nil
}

// open is the lockdown that is not over, nil if there is none.
func (f *facts) open() *soc.Lockdown {
	for i := range f.locks {
		if !f.locks[i].Phase.Final() {
			return &f.locks[i]
		}
	}
	return nil
}

// last is the lockdown that ended last, nil if there is none.
func (f *facts) last() *soc.Lockdown {
	var out *soc.Lockdown
	for i := range f.locks {
		l := &f.locks[i]
		if l.Phase.Final() && (out == nil || l.EndedAt.After(out.EndedAt)) {
			out = l
		}
	}
	return out
}

func (f *facts) openAlerts() (open, high int) {
	for _, a := range f.alerts {
		if !a.Status.Open() {
			continue
		}
		open++
		if a.Severity.Rank() == 4 {
			high++
		}
	}
	return open, high
}

func (f *facts) alertRow(id string) (soc.AlertRow, bool) {
	for _, a := range f.alerts {
		if a.Key.ID == id {
			return a, true
		}
	}
	return soc.AlertRow{}, false
}
