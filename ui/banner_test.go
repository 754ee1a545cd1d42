package ui

import (
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/uitest"
)

// machinery is a list of troubles that a test changes while the console runs.
type machinery struct {
	mu   sync.Mutex
	list []soc.Trouble
}

func (m *machinery) set(list ...soc.Trouble) {
	m.mu.Lock()
	defer m.mu.Unlock()
	soc.SortTroubles(list)
	m.list = list
}

func (m *machinery) troubles() []soc.Trouble {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.list
}

func watched(m *machinery) option { return func(d *Deps) { d.Troubles = m.troubles } }

func storeFailed() soc.Trouble {
	return soc.Trouble{
		Code: "store-failed", Level: soc.LevelBad, Since: uitest.Now().Add(-7 * time.Minute), What: "the store can not be written: input/output error",
		Means: "no order is given, isolated hosts stay isolated", Next: "check the disk; cordon opens the store again by itself",
	}
}

func clockHeld() soc.Trouble {
	return soc.Trouble{
		Code: "clock-held", Level: soc.LevelWarn, Since: uitest.Now().Add(-time.Minute), What: "the clock of this machine jumped 3 h ahead",
		Means: "releases wait until Defender's time confirms them", Next: "check the time service",
	}
}

// everyPlace runs f on every screen of a console at both sizes.
func everyPlace(t *testing.T, f func(t *testing.T, c *console, kind string), opts ...option) {
	t.Helper()
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		inConsole(t, uitest.NewWorld(), size[0], size[1], func(t *testing.T, c *console) {
			for _, kind := range places() {
				to := screen.Place{Kind: kind}
				if kind == screen.Host {
					to.Host = c.host("SRV-FILE-03")
				}
				c.send(screen.GoMsg{To: to})
				f(t, c, kind)
			}
		}, opts...)
	}
}

// TestF66_F67_N01_TroubleStandsOnEveryScreen in a line of its own, worst first, beside the line of the overdue hosts, and goes when it is
// over. The control is the same console whose machinery nobody watches.
func TestF66_F67_N01_TroubleStandsOnEveryScreen(t *testing.T) {
	m := &machinery{}
	m.set(clockHeld(), storeFailed())
	everyPlace(t, func(t *testing.T, c *console, kind string) {
		c.wait(10 * time.Second)
		c.has("!! the store can not be written: input/output error", "and 1 more (E)", "release time", "(T)")
		if line := strings.Split(c.view(), "\n")[1]; !strings.HasPrefix(line, "!! the store") {
			t.Errorf("%s: line 2 is %q, want the banner", kind, line)
		}
	}, watched(m))
	everyPlace(t, func(_ *testing.T, c *console, _ string) { c.hasNot("can not be written") })
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.golden("banner-store-80x24")
		c.key("`", "h")
		m.set(clockHeld())
		c.wait(10 * time.Second)
		c.has("!  the clock of this machine jumped 3 h ahead: releases wait")
		c.hasNot("can not be written", " more (E)")
		m.set()
		c.w.Publish(soc.TopicConn) // whoever changes says so; the tick would follow
		c.wait(time.Second)
		c.hasNot("clock of this machine")
		if n := strings.Count(c.view(), "\n") + 1; n != 24 {
			t.Errorf("%d lines, want 24", n)
		}
	}, watched(m))
}

// TestF66_F67_TroublesAreAStateInTheList: E shows them above the messages with what they mean and what to do; they vanish when over.
func TestF66_F67_TroublesAreAStateInTheList(t *testing.T) {
	for name, size := range map[string][2]int{"80x24": {80, 24}, "120x40": {120, 40}} {
		m := &machinery{}
		m.set(clockHeld(), storeFailed())
		inConsole(t, uitest.NewWorld(), size[0], size[1], func(_ *testing.T, c *console) {
			c.send(screen.NoticeMsg{Level: screen.Bad, Text: "an order was refused"})
			c.key("E")
			c.has("WRONG NOW", "means: no order is given, isolated hosts stay isolated", "next: check the disk", "THIS SESSION", "an order was refused")
			c.golden("dialog-troubles-" + name)
			m.set()
			c.wait(20 * time.Second)
			c.hasNot("WRONG NOW", "can not be written")
			c.has("an order was refused")
		}, watched(m))
	}
}

// TestF66_AboutListsTheTroubles with what they mean and what to do.
func TestF66_AboutListsTheTroubles(t *testing.T) {
	m := &machinery{}
	inConsole(t, uitest.NewWorld(), 80, 24, func(_ *testing.T, c *console) {
		c.send(screen.GoMsg{To: screen.Place{Kind: screen.Settings}})
		c.key("6")
		c.has("Machinery         ok")
		m.set(storeFailed())
		c.wait(10 * time.Second)
		c.has("1 trouble now", "the store can not be written: input/output error (since 12:34:07Z)", "means: no order is given", "next: check the disk")
		c.hasNot("Machinery")
	}, watched(m), func(d *Deps) { d.Session = uitest.NewWorld().Session("admin") })
}

// TestF66_OldRecordsAreNotThePresent: while the store can not be written, states on timers and host carry a question mark and a date; the
// countdown goes on, because deadlines are ours. The control is the same frame with a writable store.
func TestF66_OldRecordsAreNotThePresent(t *testing.T) {
	m := &machinery{}
	for name, size := range map[string][2]int{"80x24": {80, 24}, "120x40": {120, 40}} {
		m.set()
		inConsole(t, uitest.NewWorld(), size[0], size[1], func(_ *testing.T, c *console) {
			c.send(screen.GoMsg{To: screen.Place{Kind: screen.Timers}})
			c.has("RELEASING ", "ISOLATED ")
			c.hasNot("ISOLATED?", "store not writable")
			m.set(storeFailed())
			c.wait(time.Second)
			c.has("RELEASING?", "OVERDUE?", "as of 12:34Z, store not writable: a state with ? may have changed", "E shows what to do: check the disk")
			c.golden("timers-unwritable-" + name)
			c.send(screen.GoMsg{To: screen.Place{Kind: screen.Host, Host: c.host("WS-FIN-0142")}})
			c.has("ISOLATED? (as of 12:34Z, store not writable)", "ISOLATED? 1:12:0", "as of 12:34Z, store not writable: ")
			c.golden("host-unwritable-" + name)
			m.set()
			c.wait(time.Second)
			c.hasNot("ISOLATED?", "store not writable")
		}, watched(m))
	}
}

// loud makes the release of a host fail n times.
func loud(w *uitest.World, n int) *soc.Lockdown {
	l := &w.LockdownList[0]
	l.Failures = n
	return l
}

func rings(c *console) int {
	n := 0
	for _, m := range c.seen {
		if raw, ok := m.(tea.RawMsg); ok && raw.Msg == "\a" {
			n++
		}
	}
	return n
}

func bell(on bool) option { return func(d *Deps) { d.Look.Bell = on } }

// TestK08_TheThirdFailureIsLoudUntilItIsOver: the second is not, the third rings once and stays on every screen before any other trouble,
// until the host is released.
func TestK08_TheThirdFailureIsLoudUntilItIsOver(t *testing.T) {
	const banner = "!! STILL ISOLATED: SRV-FILE-03, its release failed 3 times"
	m := &machinery{}
	m.set(storeFailed())
	w := uitest.NewWorld()
	inConsole(t, w, 80, 24, func(t *testing.T, c *console) {
		c.hasNot("STILL ISOLATED")
		if rings(c) != 0 {
			t.Error("two failures rang the bell")
		}
		l := loud(w, soc.LoudAfter)
		c.w.Publish(soc.TopicLockdowns)
		c.wait(10 * time.Second)
		c.has(banner, "1 trouble (E)")
		for range 5 {
			c.w.Publish(soc.TopicLockdowns)
			c.wait(time.Minute)
		}
		for _, kind := range []string{"`t", "`a", "`s", "`q"} {
			c.key(strings.Split(kind, "")...)
			c.has(banner)
		}
		if n := rings(c); n != 1 {
			t.Errorf("the bell rang %d times, want once", n)
		}
		c.golden("banner-loud-80x24")
		l.Phase, l.Failures, l.EndedAt, l.Cause = soc.PhaseReleased, 0, uitest.Now(), soc.CauseTimer
		c.w.Publish(soc.TopicLockdowns)
		c.wait(10 * time.Second)
		c.hasNot("STILL ISOLATED")
		c.has("!! the store can not be written")
	}, watched(m), bell(true))
	quiet := uitest.NewWorld()
	loud(quiet, 7)
	inConsole(t, quiet, 120, 40, func(t *testing.T, c *console) {
		c.has("its release failed 7 times and is tried until it works (T)")
		if rings(c) != 0 {
			t.Error("the bell rang although it is switched off")
		}
	}, bell(false))
}

// TestK08_TheBannerStandsBehindADialogAndOnATinyTerminal.
func TestK08_TheBannerStandsBehindADialogAndOnATinyTerminal(t *testing.T) {
	w := uitest.NewWorld()
	loud(w, 4)
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		inConsole(t, w, size[0], size[1], func(_ *testing.T, c *console) {
			c.key("?")
			c.has("STILL ISOLATED: SRV-FILE-03")
			c.send(tea.WindowSizeMsg{Width: 60, Height: 10})
			c.has("STILL ISOLATED: SRV-FILE-03")
		})
	}
}

// TestBanner_ATickDrawsNothingThatDidNotChange: the banner holds no counter.
func TestBanner_ATickDrawsNothingThatDidNotChange(t *testing.T) {
	m := &machinery{}
	m.set(storeFailed())
	w := uitest.NewWorld()
	loud(w, 3)
	inConsole(t, w, 80, 24, func(t *testing.T, c *console) {
		before := strings.Split(c.m.View().Content, "\n")[1]
		c.wait(10 * time.Minute)
		if after := strings.Split(c.m.View().Content, "\n")[1]; after != before {
			t.Errorf("the banner changed by itself:\n%q\n%q", before, after)
		}
	}, watched(m))
}
