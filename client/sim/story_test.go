package sim

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// storyTitles are the titles of the story so far, oldest first, with the host.
func (r *rig) storyTitles() []string {
	var out []string
	for _, a := range r.Alerts(0, r.AlertCount()) {
		if a.IncidentID == storyIncident {
			host, _, _ := strings.Cut(a.ComputerDNSName, ".")
			out = append(out, host+": "+a.Title)
		}
	}
	slices.Reverse(out)
	return out
}

func TestN21_StoryUnfoldsFromPhishingToRansomware(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{EventEvery: 14 * time.Second})
	if got := r.storyTitles(); len(got) != 2 || !strings.HasPrefix(got[0], "WS-FIN-0142: Email messages") {
		t.Fatalf("the story begins with %q", got)
	}
	last, quiet := len(r.storyTitles()), time.Duration(0)
	for range 40 {
		r.clock.Add(10 * time.Second)
		r.Advance()
		if n := len(r.storyTitles()); n > last {
			last, quiet = n, 0
		} else if quiet += 10 * time.Second; quiet > time.Minute && n < 18 {
			t.Fatalf("nothing happened for %v after %d alerts", quiet, n)
		}
	}
	got := r.storyTitles()
	hosts := map[string]bool{}
	for _, s := range got {
		host, _, _ := strings.Cut(s, ":")
		hosts[host] = true
	}
	if len(hosts) != 5 {
		t.Errorf("the story plays on %d hosts, want 5: %v", len(hosts), hosts)
	}
	order := []string{"Office process", "LSASS", "Pass-the-hash", "DCSync", "Ransomware"}
	at := 0
	for _, s := range got {
		if at < len(order) && strings.Contains(s, order[at]) {
			at++
		}
	}
	if at != len(order) {
		t.Errorf("the story stops before %q: %q", order[at], got)
	}
}

func TestN21_StoryChangesAlertsToo(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{EventEvery: 14 * time.Second})
	var drop string
	for _, a := range r.Alerts(0, 10) {
		if strings.HasPrefix(a.Title, "Office process dropped") && a.IncidentID == storyIncident {
			drop = a.ID
		}
	}
	before, _ := r.Alert(drop)
	r.clock.Add(time.Minute)
	r.Advance()
	after, err := r.Alert(drop)
	if err != nil || before.Severity != "Medium" || after.Severity != "High" ||
		len(after.Evidence) <= len(before.Evidence) || !after.LastUpdateTime.After(before.LastUpdateTime) {
		t.Errorf("before %s with %d records, after %s with %d (%v)", before.Severity, len(before.Evidence), after.Severity, len(after.Evidence), err)
	}
}

func TestN21_IsolatingTheFirstHostEndsTheStory(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{EventEvery: 14 * time.Second})
	r.isolate(r.host(victim)).want(201)
	r.clock.Add(10 * time.Second)
	r.Advance()
	before := len(r.storyTitles())
	r.clock.Add(time.Hour)
	r.Advance()
	for _, s := range r.storyTitles()[before:] {
		if strings.HasPrefix(s, "WS-FIN-0142") || strings.HasPrefix(s, "WS-IT-0031") {
			t.Errorf("the isolated host went on: %q", s)
		}
	}
}

func TestN21_NoiseGoesOnAfterTheStory(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{EventEvery: 14 * time.Second})
	r.clock.Add(15 * time.Minute)
	r.Advance()
	count := r.AlertCount()
	since := "lastUpdateTime gt " + string(appendTick(nil, tickOf(r.Time())))
	r.clock.Add(30 * time.Minute)
	changed := len(r.list("alerts", "$filter", since).ids())
	if added := r.AlertCount() - count; added < 10 || changed <= added {
		t.Errorf("%d new alerts, %d changed; want some of both", added, changed)
	}
	r.clock.Add(10 * 365 * 24 * time.Hour) // only the last week is played
	r.Advance()
	if n := r.AlertCount(); n > 50_000 {
		t.Errorf("%d alerts after a long pause", n)
	}
}

func TestWorldS_IsQuietUnlessAsked(t *testing.T) {
	t.Parallel()
	clock := NewClock(testStart())
	quiet, live := New(Options{World: WorldS, Now: clock.Now}), New(Options{World: WorldS, Now: clock.Now, EventEvery: time.Second})
	clock.Add(time.Hour)
	quiet.Advance()
	live.Advance()
	if quiet.AlertCount() != 10_000 || live.AlertCount() < 10_500 {
		t.Errorf("quiet %d, live %d alerts", quiet.AlertCount(), live.AlertCount())
	}
}
