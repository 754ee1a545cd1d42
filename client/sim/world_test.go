package sim

import (
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"
)

func share(part, all int) float64 { return float64(part) / float64(all) }

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s = %.4f, want %.4f ± %.4f", what, got, want, tolerance)
	}
}

func odd(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII || unicode.IsControl(r) }) || strings.ContainsAny(s, " %_'")
}

func TestWorldS_AlertDistributions(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{World: WorldS})
	severity, titles, equal, big, oddTitles := map[string]int{}, map[string]int{}, 0, 0, 0
	all := r.Alerts(0, 10_000)
	if len(all) != 10_000 {
		t.Fatalf("%d alerts", len(all))
	}
	for i, a := range all {
		severity[a.Severity]++
		plain := true
		for _, tail := range oddTexts() {
			plain = plain && !strings.HasSuffix(a.Title, tail)
		}
		if plain {
			titles[a.Title]++
		} else {
			oddTitles++
		}
		if len(a.Evidence) >= 20 {
			big++
		}
		if i > 0 && a.AlertCreationTime.Equal(all[i-1].AlertCreationTime) {
			equal++
		}
		if a.LastUpdateTime.Before(a.AlertCreationTime) || a.LastUpdateTime.After(testStart()) {
			t.Fatalf("created %v, updated %v", a.AlertCreationTime, a.LastUpdateTime)
		}
	}
	for name, want := range map[string]float64{"High": .08, "Medium": .25, "Low": .42, "Informational": .25} {
		near(t, name, share(severity[name], len(all)), want, .02)
	}
	near(t, "odd titles", share(oddTitles, len(all)), .02, .005)
	near(t, "alerts with 20 or more evidence records", share(big, len(all)), .10, .015)
	near(t, "share of the most common fifth of titles", commonShare(titles), .80, .05)
	if equal < 500 {
		t.Errorf("only %d neighbours share a timestamp", equal)
	}
}

// commonShare is the share of the alerts that the most common fifth of the
// titles has.
func commonShare(titles map[string]int) float64 {
	var counts []int
	total := 0
	for _, n := range titles {
		counts = append(counts, n)
		total += n
	}
	sum := 0
	for range (len(counts) + 4) / 5 {
		best := 0
		for i := range counts {
			if counts[i] > counts[best] {
				best = i
			}
		}
		sum += counts[best]
		counts[best] = 0
	}
	return share(sum, total)
}

func TestWorldS_MachineDistributions(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{World: WorldM, Hosts: 20_000, Alerts: 1})
	names, ids := map[string]int{}, map[string]bool{}
	copies, merged, offline, oddNames := 0, 0, 0, 0
	all := r.Machines()
	for _, m := range all {
		ids[m.ID] = true
		if names[m.ComputerDNSName]++; names[m.ComputerDNSName] > 1 {
			copies++
		}
		if m.MergedIntoMachineID != "" {
			merged++
			if !ids[m.MergedIntoMachineID] {
				t.Fatal("merged into a machine that does not exist")
			}
		} else if !m.Online {
			offline++
		}
		if odd(m.ComputerDNSName) {
			oddNames++
		}
	}
	if len(ids) != len(all) {
		t.Errorf("%d ids for %d machines", len(ids), len(all))
	}
	near(t, "duplicate names", share(copies, len(all)), .03, .005)
	near(t, "merged", share(merged, len(all)), .01, .003)
	near(t, "offline", share(offline, len(all)), .005, .002)
	near(t, "odd names", share(oddNames, len(all)), .02, .005)
}

func TestWorld_IsTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	one, two, other := newRig(t, Options{World: WorldS}), newRig(t, Options{World: WorldS}), newRig(t, Options{World: WorldS, Seed: 2})
	for _, path := range []string{"alerts?$top=200&$expand=evidence", "machines?$top=200", "alerts?$top=50&$filter=category+eq+'Malware'"} {
		a, b := strings.ReplaceAll(one.get(path).body, one.url, ""), strings.ReplaceAll(two.get(path).body, two.url, "")
		if a != b {
			t.Errorf("%s differs between two tenants of one seed", path)
		}
		if c := strings.ReplaceAll(other.get(path).body, other.url, ""); a == c {
			t.Errorf("%s is the same for another seed", path)
		}
	}
}

func TestWorld_EveryListedIDCanBeFetched(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{World: WorldS, Behaviour: Behaviour{NoQuota: true}})
	for _, set := range []string{"alerts", "machines"} {
		for _, id := range r.list(set, "$top", "300", "$skip", "4000").ids() {
			if got := r.get(set + "/" + id).want(200).str("id"); got != id {
				t.Fatalf("%s/%s answered %s", set, id, got)
			}
		}
	}
}

func TestWorld_FilterEqualsScan(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{World: WorldS})
	since := testStart().Add(-20 * 24 * time.Hour)
	want := 0
	for _, a := range r.Alerts(0, 10_000) {
		if !a.LastUpdateTime.Before(since) && a.Status != "Resolved" {
			want++
		}
	}
	filter := "lastUpdateTime ge " + string(appendTick(nil, tickOf(since))) + " and status ne 'Resolved'"
	for _, order := range []string{"", "lastUpdateTime asc", "alertCreationTime desc", "severity asc,lastUpdateTime desc"} {
		rows := r.list("alerts", "$filter", filter, "$orderby", order).rows()
		if len(rows) != want {
			t.Errorf("order %q: %d rows, want %d", order, len(rows), want)
		}
	}
}

func TestWorldXL_IsCompactAndPagesQuickly(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a million alerts")
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r := newRig(t, Options{World: WorldXL})
	runtime.GC()
	runtime.ReadMemStats(&after)
	if mib := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) >> 20; mib > 300 {
		t.Errorf("the world takes %d MiB, want at most 300", mib)
	}
	deep := r.list("alerts", "$top", "1000", "$skip", "990000", "$orderby", "lastUpdateTime asc")
	if got := len(deep.ids()); got != 1000 {
		t.Errorf("%d rows on a deep page", got)
	}
	if got := len(r.list("machines", "$top", "1000", "$skip", "499500").ids()); got != 500 {
		t.Errorf("%d machines on the last page", got)
	}
	last := r.list("machines", "$top", "1", "$skip", "499999").rows()[0]
	r.get("machines/" + last["id"].(string)).want(200)
	runtime.KeepAlive(r)
}

func TestWorld_CanBeEmpty(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Hosts: -1, Alerts: -1, EventEvery: time.Minute})
	r.clock.Add(time.Hour)
	if hosts, alerts := len(r.get("machines").rows()), len(r.list("alerts", "$filter", "status eq 'New'", "$top", "0").rows()); hosts != 0 || alerts != 0 {
		t.Errorf("%d machines, %d alerts", hosts, alerts)
	}
	for _, a := range r.get("alerts").rows() {
		if a["machineId"] != nil {
			t.Errorf("an alert names machine %v of a tenant without any", a["machineId"])
		}
	}
}

func BenchmarkAlertPage(b *testing.B) {
	t := New(Options{World: WorldS, Now: NewClock(testStart()).Now})
	var e enc
	var scratch Alert
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e.b = e.b[:0]
		h := int32(i % 10_000)
		e.alert(t.viewAlert(h, &scratch, true), t.opt.TenantID, true)
	}
}

func BenchmarkNewXL(b *testing.B) {
	for b.Loop() {
		New(Options{World: WorldXL, Now: NewClock(testStart()).Now})
	}
}

func BenchmarkMachinePage(b *testing.B) {
	t := New(Options{World: WorldS, Now: NewClock(testStart()).Now})
	var e enc
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e.b = e.b[:0]
		e.machine(t.viewHost(int32(i % 5_000)))
	}
}
