package store

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cordon/store/soc"
)

// model is the naive queue that the index is compared with: a map, a loop, a sort.
type model map[soc.AlertKey]soc.AlertRow

func (m model) sorted(f soc.Filter, machine soc.HostKey, keys []soc.SortKey) []soc.AlertRow {
	var out []soc.AlertRow
	for _, r := range m {
		if f.Match(r) && (machine.IsZero() || r.MachineID == machine.MachineID && r.Key.Integration == machine.Integration) {
			out = append(out, r)
		}
	}
	if len(keys) == 0 {
		keys = []soc.SortKey{{Field: "severity", Desc: true}, {Field: "time", Desc: true}}
	}
	slices.SortFunc(out, func(a, b soc.AlertRow) int {
		for _, k := range keys[:min(2, len(keys))] {
			d := modelCompare(k.Field, a, b)
			if k.Desc {
				d = -d
			}
			if d != 0 {
				return d
			}
		}
		return cmp.Or(strings.Compare(a.Key.ID, b.Key.ID), cmp.Compare(a.Key.Integration, b.Key.Integration))
	})
	return out
}

func modelCompare(field string, a, b soc.AlertRow) int {
	fold := func(x, y string) int { return strings.Compare(strings.ToLower(x), strings.ToLower(y)) }
	switch field {
	case "severity":
		return cmp.Compare(a.Severity.Rank(), b.Severity.Rank())
	case "time":
		return a.Created.Compare(b.Created)
	case "update":
		return a.LastUpdate.Compare(b.LastUpdate)
	case "title":
		return fold(a.Title, b.Title)
	case "host":
		return fold(a.HostName, b.HostName)
	case "owner":
		return fold(a.Owner, b.Owner)
	case "user":
		return fold(a.User, b.User)
	case "technique":
		return fold(a.Technique, b.Technique)
	case "evidence":
		return cmp.Compare(a.Evidence, b.Evidence)
	case "status":
		place := map[string]int{"new": 0, "inprogress": 1, "resolved": 3}
		of := func(r soc.AlertRow) int {
			if n, ok := place[strings.ToLower(string(r.Status))]; ok {
				return n
			}
			return 2
		}
		return cmp.Compare(of(a), of(b))
	}
	return 0
}

// facets counts with the terms of the counted field left out.
func (m model) facets(f soc.Filter, machine soc.HostKey) soc.Facets {
	out := soc.Facets{Severity: map[soc.Severity]int{}, Status: map[soc.AlertStatus]int{}, Owner: map[string]int{}, Category: map[string]int{}}
	without := func(field soc.Field) []soc.AlertRow {
		var g soc.Filter
		for _, t := range f.Terms {
			if t.Field != field {
				g.Terms = append(g.Terms, t)
			}
		}
		return m.sorted(g, machine, nil)
	}
	for _, r := range without(soc.FieldSeverity) {
		out.Severity[r.Severity]++
	}
	for _, r := range without(soc.FieldStatus) {
		out.Status[r.Status]++
	}
	for _, r := range without(soc.FieldOwner) {
		out.Owner[r.Owner]++
	}
	for _, r := range without(soc.FieldCategory) {
		out.Category[r.Category]++
	}
	return out
}

func genAlert(t *rapid.T) soc.Alert {
	pick := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
	n := rapid.IntRange(0, 40).Draw(t, "id")
	return soc.Alert{
		ID: fmt.Sprintf(pick("form", "da%d_x", "ID-%d", "%d"), n), Title: pick("title", "Credential dumping", "credential theft", "Ünïcode title", "", "a,b\nc"),
		Severity: soc.Severity(pick("sev", "High", "Medium", "Low", "Informational", "UnSpecified", "Critical", "")),
		Status:   soc.AlertStatus(pick("status", "New", "InProgress", "Resolved", "Unknown", "Queued")),
		Category: pick("cat", "Malware", "DefenseEvasion", ""), MachineID: pick("machine", "m1", "m2", strings.Repeat("0f", 20), ""),
		HostName: pick("host", "PC1", "PC10", "pc1.corp", "DC-1", ""), AssignedTo: pick("owner", "alice", "Bob@x", ""),
		RelatedUser: &soc.UserRef{Name: pick("user", "svc", "SYSTEM")}, Techniques: strings.Fields(pick("tech", "T1003.001 T1059", "T1003", "")),
		Evidence:   make([]soc.Evidence, rapid.IntRange(0, 3).Draw(t, "ev")),
		Created:    at(-time.Duration(rapid.IntRange(0, 5).Draw(t, "age")) * time.Hour),
		LastUpdate: at(time.Duration(rapid.IntRange(0, 50).Draw(t, "update")) * time.Minute),
	}
}

func genFilter(t *rapid.T) string {
	terms := []string{
		"cred", "CREDENTIAL theft", `"l d"`, "ü", "id", "x", "sev>=med", "sev:high,low", "-sev:info", `sev:"critical"`, "status:new,inpr", "-status:resolved",
		"status:open", "host:pc1", "host:pc*", "-host:-", "user:svc", "owner:me", "owner:-", "-owner:-", "cat:malware", "age<2h", "age>=3h", "title:cred",
		`-title:"theft"`, "tech:T1003", "tech:t1059", "id:da*", "id:id-3", "reopened:yes", "-late:yes", "tenant:i1", "nothing",
	}
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(terms), 0, 3).Draw(t, "filter"), " ")
}

func genQuery(t *rapid.T) soc.Query {
	fields := []string{"severity", "time", "update", "title", "host", "status", "owner", "user", "technique", "evidence"}
	q := soc.Query{Filter: genFilter(t), Me: "alice", Now: testNow, From: rapid.IntRange(0, 20).Draw(t, "from"), Count: rapid.IntRange(-1, 20).Draw(t, "count"), Facets: true}
	for range rapid.IntRange(0, 2).Draw(t, "keys") {
		q.Sort = append(q.Sort, soc.SortKey{Field: rapid.SampledFrom(fields).Draw(t, "field"), Desc: rapid.Bool().Draw(t, "desc")})
	}
	if rapid.IntRange(0, 4).Draw(t, "machine?") == 0 {
		q.Machine = soc.HostKey{Integration: "i1", MachineID: rapid.SampledFrom([]string{"m1", "unknown"}).Draw(t, "machine")}
	}
	return q
}

// put feeds the model and returns the alert for the store.
func (m model) put(a soc.Alert, id soc.IntegrationID) {
	rec := recOf(&a, 0)
	rec.Key.Integration = id
	old, ok := m[rec.Key]
	if ok && old.LastUpdate.After(rec.LastUpdate) {
		return
	}
	rec.Reopened = ok && (old.Reopened || !old.Status.Open() && rec.Status.Open())
	m[rec.Key] = rec.AlertRow
}

// The index and the naive model agree on every filter, order, window and facet, while alerts come, change, and the store is reopened; and a
// pinned revision stays what it was.
func TestIndex_EqualsNaiveModel(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		path := filepath.Join(dir, fmt.Sprintf("%d.db", n))
		s := must(Open(t.Context(), path, Options{Now: fixedClock}))
		defer func() { finish(t, s) }()
		m := model{}
		var pin uint64
		var pinned model
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0:
				finish(t, s)
				s = must(Open(t.Context(), path, Options{Now: fixedClock}))
				if err := s.idx.wait(t.Context()); err != nil {
					rt.Fatal(err)
				}
				pin = 0
			case 1:
				pin, pinned = must(s.Alerts(t.Context(), soc.Query{})).Revision, maps.Clone(m)
			default:
				id := rapid.SampledFrom([]soc.IntegrationID{"i1", "i2"}).Draw(rt, "tenant")
				var raws []soc.RawAlert
				for range rapid.IntRange(1, 15).Draw(rt, "alerts") {
					a := genAlert(rt)
					m.put(a, id)
					raws = append(raws, soc.RawAlert{Alert: a})
				}
				if _, err := s.PutAlerts(t.Context(), id, raws, soc.PollState{}); err != nil {
					rt.Fatal(err)
				}
			}
			for range 3 {
				q := genQuery(rt)
				comparePage(t, rt, s, m, q)
				if pin != 0 {
					q.Pin = pin
					comparePinned(t, rt, s, m, pinned, q)
				}
			}
		}
	})
}

func comparePage(t *testing.T, rt *rapid.T, s *Store, m model, q soc.Query) {
	t.Helper()
	page, err := s.Alerts(t.Context(), q)
	if err != nil {
		rt.Fatalf("Alerts(%+v): %v", q, err)
	}
	f := must(soc.ParseFilter(q.Filter, q.Me, q.Now))
	want := m.sorted(f, q.Machine, q.Sort)
	if page.Matched != len(want) || page.Total != len(m) || page.Newer != 0 {
		rt.Fatalf("%+v: matched %d of %d newer %d, want %d of %d", q, page.Matched, page.Total, page.Newer, len(want), len(m))
	}
	compareRows(rt, q, page, want)
	if facets := m.facets(f, q.Machine); fmt.Sprint(facets) != fmt.Sprint(page.Facets) {
		rt.Fatalf("%+v: facets %v, want %v", q, page.Facets, facets)
	}
}

func comparePinned(t *testing.T, rt *rapid.T, s *Store, m, pinned model, q soc.Query) {
	t.Helper()
	page := must(s.Alerts(t.Context(), q))
	f := must(soc.ParseFilter(q.Filter, q.Me, q.Now))
	want := pinned.sorted(f, q.Machine, q.Sort)
	if page.Matched != len(want) || page.Revision != q.Pin {
		rt.Fatalf("%+v: pinned %d rows at %d, want %d", q, page.Matched, page.Revision, len(want))
	}
	compareRows(rt, q, page, want)
	shown := map[soc.AlertKey]bool{}
	for _, r := range want {
		shown[r.Key] = true
	}
	newer := 0
	for _, r := range m.sorted(f, q.Machine, q.Sort) {
		if !shown[r.Key] {
			newer++
		}
	}
	if page.Newer != newer {
		rt.Fatalf("%+v: newer %d, want %d", q, page.Newer, newer)
	}
}

func compareRows(rt *rapid.T, q soc.Query, page soc.AlertPage, want []soc.AlertRow) {
	from := min(q.From, len(want))
	want = want[from:]
	if q.Count >= 0 && q.Count < len(want) {
		want = want[:q.Count]
	}
	if page.From != from || !slices.Equal(page.Rows, want) {
		rt.Fatalf("%+v: rows from %d\n%v\nwant from %d\n%v", q, page.From, page.Rows, from, want)
	}
}

// filled builds an index of n synthetic rows without a disk.
func filled(n int) *index {
	x := newIndex()
	r := rand.New(rand.NewPCG(1, uint64(n)))
	x.mu.Lock()
	for i := range n {
		x.add(&entry{rec: synthetic(r, i, n), seq: uint64(i + 1)})
	}
	x.publish(false)
	x.mu.Unlock()
	close(x.ready)
	x.warm()
	return x
}

// synthetic follows the shape of the benchmark sets: 20 % of the titles make 80 % of the alerts, two alerts per machine, bursts of equal
// times, 2 % odd names.
func synthetic(r *rand.Rand, i, n int) alertRec {
	title := r.IntN(2000)
	if r.IntN(10) < 8 {
		title = r.IntN(400)
	}
	machine := r.IntN(n/2 + 1)
	host := fmt.Sprintf("WS-%s-%05d.corp.example", []string{"FIN", "ENG", "HR", "DEV"}[machine%4], machine)
	if machine%50 == 0 {
		host = fmt.Sprintf("bürö-%d", machine)
	}
	sev := []soc.Severity{soc.SeverityHigh, soc.SeverityMedium, soc.SeverityLow, soc.SeverityInformational}
	pick := r.IntN(100)
	rank := 3
	for k, limit := range []int{8, 33, 75} {
		if pick < limit {
			rank = k
			break
		}
	}
	owner := ""
	if r.IntN(4) == 0 {
		owner = fmt.Sprintf("analyst%d@contoso.example", r.IntN(40))
	}
	created := testNow.Add(-time.Duration(i/3) * 13 * time.Second)
	return alertRec{FirstSeen: testNow, hash: r.Uint64(), AlertRow: soc.AlertRow{
		Key:      soc.AlertKey{Integration: "contoso", ID: fmt.Sprintf("da6374%014d_%d", r.Int64N(1e14), r.Int32())},
		Severity: sev[rank], Status: []soc.AlertStatus{soc.StatusNew, soc.StatusInProgress, soc.StatusResolved, soc.StatusResolved}[r.IntN(4)],
		Title:    fmt.Sprintf("%s activity number %d on the device", []string{"Suspicious", "Credential", "PowerShell", "Ransomware"}[title%4], title),
		HostName: host, MachineID: fmt.Sprintf("%040x", uint64(machine)*0x9e3779b97f4a7c15), Owner: owner, User: fmt.Sprintf("user%d", r.IntN(5000)),
		Technique: fmt.Sprintf("T1%03d.%03d", r.IntN(600), r.IntN(12)), Category: []string{"Execution", "CredentialAccess", "Malware", "LateralMovement"}[r.IntN(4)],
		Evidence: r.IntN(12), Created: created, LastUpdate: created.Add(time.Duration(r.IntN(1000)) * time.Second),
	}}
}

func query(x *index, q soc.Query) soc.AlertPage {
	q.Now = testNow
	return x.query(q, must(soc.ParseFilter(q.Filter, q.Me, q.Now)))
}

// Large enough for several chunks, kept orders, merging and radix passes.
func TestIndex_LargeEqualsNaiveModel(t *testing.T) {
	const n = chunkRows + 1500
	x := filled(n)
	m := model{}
	r := rand.New(rand.NewPCG(1, n))
	recs := make([]alertRec, n)
	for i := range n {
		recs[i] = synthetic(r, i, n)
		m[recs[i].Key] = recs[i].AlertRow
	}
	filters := []string{"", "sev>=med status:new", "credential -status:resolved", "host:ws-fin-0001*", "age<2d"}
	check := func() { // the naive model sorts for a second per filter and order: a third of the pairs at a time
		t.Helper()
		filters = append(filters[2:], filters[:2]...)
		for i, filter := range filters {
			for j, keys := range [][]soc.SortKey{nil, {{Field: "host"}}, {{Field: "status"}, {Field: "update", Desc: true}}} {
				if i%3 != j {
					continue
				}
				want := m.sorted(must(soc.ParseFilter(filter, "", testNow)), soc.HostKey{}, keys)
				page := query(x, soc.Query{Filter: filter, Sort: keys, From: len(want) / 2, Count: 50})
				if page.Matched != len(want) || page.Total != len(m) {
					t.Fatalf("%q %v: matched %d of %d, want %d of %d", filter, keys, page.Matched, page.Total, len(want), len(m))
				}
				if got, want := page.Rows, want[len(want)/2:]; !slices.Equal(got, want[:min(50, len(want))]) {
					t.Fatalf("%q %v: rows differ", filter, keys)
				}
			}
		}
	}
	check()
	pin := query(x, soc.Query{}).Revision
	before := query(x, soc.Query{Filter: "credential", Count: -1})
	for round := range 60 { // enough changes to empty and drop chunks
		var batch []entry
		for i := range 1000 {
			k := (round*1000 + i) % n
			recs[k].Status, recs[k].LastUpdate = soc.StatusInProgress, recs[k].LastUpdate.Add(time.Hour)
			m[recs[k].Key] = recs[k].AlertRow
			batch = append(batch, entry{rec: recs[k], seq: uint64(k + 1)})
		}
		x.apply(batch)
		if round == 30 {
			check()
		}
	}
	check()
	held := query(x, soc.Query{Filter: "credential", Count: -1, Pin: pin})
	if !slices.Equal(held.Rows, before.Rows) || held.Newer != 0 || held.Revision != pin {
		t.Errorf("pinned rows moved: %d of %d, newer %d", len(held.Rows), len(before.Rows), held.Newer)
	}
	for range pinsKept + 2 {
		x.apply([]entry{{rec: recs[0], seq: 1}})
	}
	check()
	if sn := x.snap.Load(); sn.views[0].c != nil || sn.minPin == 0 {
		t.Error("no chunk was dropped")
	}
	if late := query(x, soc.Query{Pin: pin}); late.Revision == pin || late.Newer != 0 {
		t.Errorf("a pin that is gone is answered with %d", late.Revision)
	}
}

func TestIndex_ReadersAndWritersAtOnce(t *testing.T) {
	x := filled(chunkRows + 500)
	r := rand.New(rand.NewPCG(9, 9))
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for k := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				q := soc.Query{Filter: []string{"", "credential", "sev>=med", "host:ws*"}[(k+n)%4], Count: 40, Facets: k == 0, Sort: []soc.SortKey{{Field: []string{"host", "time"}[n%2]}}}
				if k == 1 {
					q.Pin = loadRev
				}
				page := query(x, q)
				if page.Matched < len(page.Rows) || page.Total < page.Matched {
					t.Errorf("page = %+v", page)
					return
				}
				x.lookup(page.Rows[0].Key)
			}
		})
	}
	for i := range 60 {
		var batch []entry
		for j := range 50 {
			batch = append(batch, entry{rec: synthetic(r, i*50+j, 1000), seq: uint64(i*50 + j)})
		}
		x.apply(batch)
	}
	close(stop)
	wg.Wait()
}

func TestAlerts_BuildingShowsNewestFirst(t *testing.T) {
	s := fresh(t)
	var raws []soc.RawAlert
	for i := range 3 * loadFirst {
		raws = append(raws, rawAlert(fmt.Sprintf("%05d", i), nil))
	}
	put(t, s, soc.PollState{}, raws...)
	finish(t, s)

	s2 := &Store{path: s.path, opt: Options{commit: s.opt.commit}, now: fixedClock, idx: newIndex(), blocks: newBlockBook()}
	o, err := openFile(s.path, s2.opt)
	if err != nil {
		t.Fatal(err)
	}
	s2.db, s2.file = newBase(o.db), o.info
	defer o.db.Close()
	part := &loading{id: "i1", next: ^uint64(0)}
	if err := s2.loadPart(t.Context(), part, loadFirst); err != nil {
		t.Fatal(err)
	}
	s2.idx.grown(true)
	page := must(s2.Alerts(t.Context(), soc.Query{Count: 1, Sort: []soc.SortKey{{Field: "time"}}}))
	if !page.Building || page.Total != loadFirst || page.Rows[0].Key.ID != fmt.Sprintf("%05d", 2*loadFirst) {
		t.Errorf("first screen = %+v", page)
	}
	if err := s2.loadIndex(t.Context()); err != nil {
		t.Fatal(err)
	}
	page = must(s2.Alerts(t.Context(), soc.Query{Count: 1}))
	if page.Building || page.Total != len(raws) {
		t.Errorf("complete = %+v", page)
	}
}

func TestAlerts_InvalidFilterIsMarked(t *testing.T) {
	s := fresh(t)
	_, err := s.Alerts(t.Context(), soc.Query{Filter: "sev>=x"})
	fe, ok := err.(soc.FilterError)
	if !ok || fe.Start != 5 || fe.End != 6 {
		t.Errorf("error = %#v", err)
	}
}

// Two columns too wide for one number are sorted one after the other; long runs of equal first columns must keep the second.
func TestIndex_TwoWideColumnsWithLongTies(t *testing.T) {
	x := newIndex()
	r := rand.New(rand.NewPCG(4, 4))
	m := model{}
	var batch []entry
	for i := range 600 {
		rec := synthetic(r, i, 600)
		rec.Created = testNow.AddDate(-90*(i%2), 0, 0)
		rec.LastUpdate = testNow.AddDate(-r.IntN(90), 0, 0)
		m[rec.Key] = rec.AlertRow
		batch = append(batch, entry{rec: rec, seq: uint64(i + 1)})
	}
	x.apply(batch)
	keys := []soc.SortKey{{Field: "time"}, {Field: "update", Desc: true}}
	if got := query(x, soc.Query{Sort: keys, Count: -1}).Rows; !slices.Equal(got, m.sorted(soc.Filter{}, soc.HostKey{}, keys)) {
		t.Error("order differs from the model's")
	}
}

// TestIndex_NewerCountsAMachineThatCameLater: the reader pinned a revision in which the machine had no alert and no name yet.
func TestIndex_NewerCountsAMachineThatCameLater(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{Now: fixedClock})
	one := func(id, machine string) soc.RawAlert {
		return soc.RawAlert{Alert: soc.Alert{ID: id, MachineID: machine, Severity: soc.SeverityHigh, Created: testNow, LastUpdate: testNow}}
	}
	put(t, s, soc.PollState{}, one("a", "m2"))
	q := soc.Query{Machine: soc.HostKey{Integration: "i1", MachineID: "m1"}, Pin: must(s.Alerts(t.Context(), soc.Query{})).Revision, Count: 5}
	put(t, s, soc.PollState{}, one("b", "m1"))
	if page := must(s.Alerts(t.Context(), q)); page.Newer != 1 || page.Matched != 0 {
		t.Errorf("newer %d of %d rows, want 1 of none", page.Newer, page.Matched)
	}
}
