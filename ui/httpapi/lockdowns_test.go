package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"cordon/store/soc"
)

func lock(id soc.LockdownID, name string, phase soc.Phase, since time.Duration, edit ...func(*soc.Lockdown)) soc.Lockdown {
	l := soc.Lockdown{
		ID: id, Key: soc.HostKey{Integration: "one", MachineID: "m-" + name}, HostName: name, By: soc.Actor{Name: "admin"}, Phase: phase,
		EnforcedAt: noon.Add(-since), Deadline: noon.Add(-since + 4*time.Hour), Period: 4 * time.Hour,
	}
	for _, f := range edit {
		f(&l)
	}
	return l
}

// everyPhase is one lockdown in each phase, and the record of a release of somebody else's isolation.
func everyPhase() []soc.Lockdown {
	notYet := func(l *soc.Lockdown) { l.EnforcedAt, l.Deadline = time.Time{}, time.Time{} }
	return []soc.Lockdown{
		lock("LK-01", "requested", soc.PhaseRequested, 0, notYet),
		lock("LK-02", "submitting", soc.PhaseSubmitting, 0, notYet),
		lock("LK-03", "pending", soc.PhasePending, 0, notYet),
		lock("LK-04", "def-1", soc.PhaseIsolated, time.Hour, func(l *soc.Lockdown) {
			// a time with a fraction and a zone: the answer has neither (V-37)
			l.EnforcedAt = l.EnforcedAt.Add(987654321).In(time.FixedZone("east", 3*3600))
			l.By.Name = `O"Neil <b>`
		}),
		lock("LK-05", "owed", soc.PhaseReleaseRequested, 5*time.Hour),
		lock("LK-06", "releasing", soc.PhaseReleasing, 6*time.Hour),
		lock("LK-07", "blocked", soc.PhaseReleaseBlocked, 7*time.Hour),
		lock("LK-08", "doubt", soc.PhaseNeedsHuman, 8*time.Hour),
		lock("LK-09", "doubt-never", soc.PhaseNeedsHuman, 0, notYet),
		lock("LK-10", "released", soc.PhaseReleased, 9*time.Hour),
		lock("LK-11", "failed", soc.PhaseFailed, 9*time.Hour),
		lock("LK-12", "cancelled", soc.PhaseCancelled, 9*time.Hour),
		lock("LK-13", "superseded", soc.PhaseSuperseded, 9*time.Hour),
		lock("LK-14", "outside", soc.PhaseReleasing, 2*time.Hour, func(l *soc.Lockdown) { l.TakenOver = true }),
	}
}

func TestV37_Golden(t *testing.T) {
	g := newRig(t)
	g.store.locks = everyPhase()
	a := g.ask(http.MethodGet, pathLockdowns, "reader", "")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Fatalf("%d %s %s", a.status, a.header.Get("Content-Type"), a.body)
	}
	path := filepath.Join("testdata", "lockdowns.golden")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(a.body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || a.body != string(want) {
		t.Errorf("%v\ngot  %s\nwant %s", err, a.body, want)
	}
	date := `"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"`
	fields := regexp.MustCompile(
		`^\{"host_id":[1-9][0-9]*,"locked_by":"(\\.|[^"\\])*","unlock_date":` + date + `,"host_name":"[^"]+","lock_date":` + date + `\}$`)
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(a.body), &list); err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		if !fields.Match(one) {
			t.Errorf("fields, order or form: %s", one)
		}
	}
	// An empty list is a list.
	g.store.locks = nil
	if a := g.ask(http.MethodGet, pathLockdowns, "reader", ""); a.body != "[]\n" {
		t.Errorf("no lockdowns: %q", a.body)
	}
}

// V-37, V-38: the hosts that cordon holds, and nothing else.
func TestV38_OnlyWhatCordonHolds(t *testing.T) {
	var names []string
	ids := map[uint64]bool{}
	for _, h := range lockedHosts(everyPhase()) {
		names = append(names, h.HostName)
		ids[h.HostID] = true
	}
	want := []string{"doubt", "blocked", "releasing", "owed", "def-1"}
	if len(names) != len(want) || len(ids) != len(want) {
		t.Fatalf("%v with %d different ids, want %v", names, len(ids), want)
	}
	for i := range want {
		if names[i] != want[i] {
			t.Errorf("%v, want %v", names, want)
		}
	}
}

func TestV36_NothingCanBeWritten(t *testing.T) {
	g := newRig(t)
	g.store.locks = everyPhase()
	before := len(g.store.locks)
	for _, m := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "LOCK"} {
		a := g.ask(m, pathLockdowns, "reader", "")
		if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "GET, HEAD" || a.problem(t).Next == "" {
			t.Errorf("%s: %d, Allow %q", m, a.status, a.header.Get("Allow"))
		}
	}
	for _, p := range []string{
		pathLockdowns + "/1", pathLockdowns + "/", "/api/v2.1/lockdown", "/api/v2.1/lockdown/host/../host", "/api/v2.1/lockdown%2Fhost",
		"//" + pathLockdowns,
	} {
		if a := g.ask(http.MethodDelete, p, "reader", ""); a.status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", p, a.status)
		}
	}
	if len(g.store.locks) != before || g.store.saves > 1 { // one save is the note of the token's last use
		t.Errorf("%d lockdowns, %d saves", len(g.store.locks), g.store.saves)
	}
	get, head := g.ask(http.MethodGet, pathLockdowns, "reader", ""), g.ask(http.MethodHead, pathLockdowns, "reader", "")
	if head.status != http.StatusOK || head.body != "" || head.header.Get("Content-Length") != get.header.Get("Content-Length") {
		t.Errorf("HEAD: %d %q, length %s, want %s", head.status, head.body, head.header.Get("Content-Length"), get.header.Get("Content-Length"))
	}
	if a := g.ask(http.MethodGet, pathLockdowns, "reader", "{}"); a.status != http.StatusBadRequest {
		t.Errorf("GET with a body: %d", a.status)
	}
}

func TestV36_AStoreThatFailsIsNoEmptyList(t *testing.T) {
	g := newRig(t)
	g.store.fail = errors.New("secret text of the disk")
	a := g.ask(http.MethodGet, pathLockdowns, "reader", "")
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || a.problem(t).Code != "store" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if regexp.MustCompile("secret text").MatchString(a.body) {
		t.Errorf("leaks what failed: %s", a.body)
	}
}
