package ui

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"go.uber.org/goleak"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/uitest"
)

// count returns how many messages of a type were delivered.
func count[T any](c *console) int {
	n := 0
	for _, m := range c.seen {
		if _, ok := m.(T); ok {
			n++
		}
	}
	return n
}

func TestFeed_ABurstIsAtMostTenReloadsASecond(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		before := count[wakeMsg](c)
		for range 5000 {
			c.w.Publish(soc.TopicAlerts)
			c.wait(200 * time.Microsecond)
		}
		c.wait(time.Second)
		if got := count[wakeMsg](c) - before; got < 8 || got > 12 {
			t.Errorf("5000 changes in a second gave %d reloads, want about ten", got)
		}
		c.w.Publish(soc.TopicLockdowns | soc.TopicConn)
		c.wait(time.Second)
		if last := c.seen; !saw(last, soc.TopicLockdowns|soc.TopicConn) {
			t.Error("the last wake-up was lost")
		}
	})
}

func saw(msgs []tea.Msg, topics soc.Topic) bool {
	for _, m := range msgs {
		if w, ok := m.(wakeMsg); ok && w.topics.Has(topics) {
			return true
		}
	}
	return false
}

func TestFeed_NothingIsLeftWhenTheContextEnds(t *testing.T) {
	others := goleak.IgnoreCurrent() // of tests before this one
	defer goleak.VerifyNone(t, others)
	w := uitest.NewWorld()
	for range 20 {
		ctx, stop := context.WithCancel(context.Background())
		m := New(ctx, Deps{Reader: w, Commander: w, Connector: w, Session: w.Session("responder")})
		ended := make(chan struct{})
		wait := m.feed.wait(0)
		go func() { defer close(ended); wait() }()
		stop()
		<-ended
	}
	// The watcher is closed by a goroutine of its own; goleak waits for it.
	if err := goleak.Find(others); err != nil {
		t.Fatal(err)
	}
	if n := w.Watchers(); n != 0 {
		t.Errorf("%d watchers are left", n)
	}
}

func TestFeed_LateAnswersAreDropped(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		open, conns := len(c.m.open), len(c.m.conns)
		c.send(openMsg{req: c.m.reqs.open - 1})
		c.send(connsMsg{req: c.m.reqs.conns - 1})
		if len(c.m.open) != open || len(c.m.conns) != conns || open == 0 || conns == 0 {
			t.Errorf("an old answer replaced a newer one: %d lockdowns, %d tenants", len(c.m.open), len(c.m.conns))
		}
	})
}

func TestTicks_FastOnlyWhileSomethingCounts(t *testing.T) {
	ticks := func(c *console, d time.Duration) int {
		before := count[tickMsg](c)
		c.wait(d)
		return count[tickMsg](c) - before
	}
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.send(screen.GoMsg{To: screen.Place{Kind: screen.Audit}})
		c.wait(15 * time.Second)
		if got := ticks(c, time.Minute); got < 5 || got > 7 {
			t.Errorf("%d ticks a minute with nothing that counts, want 6", got)
		}
		c.send(screen.GoMsg{To: screen.Place{Kind: screen.Timers}})
		if got := ticks(c, time.Minute); got < 59 || got > 61 {
			t.Errorf("%d ticks a minute with timers in sight, want 60", got)
		}
		c.send(tea.BlurMsg{})
		if got := ticks(c, time.Minute); got < 5 || got > 7 {
			t.Errorf("%d ticks a minute without the focus, want 6", got)
		}
		c.send(tea.FocusMsg{})
		if got := ticks(c, time.Minute); got < 59 || got > 61 {
			t.Errorf("%d ticks a minute with the focus back, want 60", got)
		}
	})
}

func TestK08_AnOverdueHostIsLoudEverywhere(t *testing.T) {
	visitAll(t, func(t *testing.T, c *console, kind string) {
		c.wait(10 * time.Second)
		c.has("!! SRV-FILE-03 is past its release time by 3m", "release BLOCKED")
		if !strings.HasPrefix(c.m.View().WindowTitle, "! 1 overdue") {
			t.Errorf("%s: window title %q", kind, c.m.View().WindowTitle)
		}
		c.send(screen.NoticeMsg{Level: screen.Good, Text: "copied"})
		c.has("OK copied", "!! 1 OVERDUE, press T")
	})
	w := uitest.NewWorld()
	w.LockdownList = nil
	inConsole(t, w, 80, 24, func(_ *testing.T, c *console) { c.hasNot("past its release", "OVERDUE") })
}

func TestHeader_SaysHowOldTheDataIs(t *testing.T) {
	for age, want := range map[time.Duration]string{90 * time.Second: "UNREACHABLE 90s/30s", 10 * time.Minute: "UNREACHABLE 10m/30s"} {
		inConsole(t, uitest.NewWorld().Stale(age), 80, 24, func(_ *testing.T, c *console) { c.has(want) })
	}
	sealed := uitest.NewWorld().Stale(10 * time.Minute)
	sealed.ConnList[0].State = "sealed"
	inConsole(t, sealed, 80, 24, func(_ *testing.T, c *console) { c.has("SEALED 10m/30s"); c.hasNot("never read") })
	inConsole(t, uitest.NewWorld(), 120, 40, func(_ *testing.T, c *console) {
		c.has("tenant contoso-prod [PROD rw]  alice@jump1", "data 8s old, next 22s  api 3/100")
		c.wait(70 * time.Second) // nobody polls any more
		c.has("STALE data")
		c.key("t")
		c.has("BST")
	})
	inConsole(t, uitest.NewWorld().Detached(), 80, 24, func(_ *testing.T, c *console) { c.has("no tenant [-- ro]") })
	inConsole(t, uitest.NewWorld().AddTenant(), 120, 40, func(_ *testing.T, c *console) { c.has("contoso-prod+1 [PROD rw]") })
	inConsole(t, uitest.NewWorld(), 80, 24, func(_ *testing.T, c *console) { c.has("[PROD ro]") }, func(d *Deps) { d.Session.ReadOnly = true })
	w := uitest.NewWorld()
	w.ConnList[0].Roles = []string{"Alert.Read.All", "Machine.Read.All"}
	inConsole(t, w, 80, 24, func(_ *testing.T, c *console) { c.has("[PROD ro]") })
}

func TestNavigation_BackPreviousAndGoTo(t *testing.T) {
	at := func(t *testing.T, c *console, want string) {
		t.Helper()
		if c.m.place.Kind != want {
			t.Fatalf("at %s, want %s", c.m.place.Kind, want)
		}
	}
	inConsole(t, uitest.NewWorld(), 120, 40, func(t *testing.T, c *console) {
		c.key("`", "h")
		at(t, c, screen.Queue)
		c.has("no host was opened yet")
		c.key("enter")
		at(t, c, screen.Host)
		c.has("cordon > Queue > WS-FIN-0142")
		c.key("T")
		at(t, c, screen.Timers)
		c.key("-")
		at(t, c, screen.Host)
		c.key("-")
		at(t, c, screen.Timers)
		c.key("q")
		at(t, c, screen.Host)
		c.key("q")
		at(t, c, screen.Queue)
		for k, want := range map[string]string{"t": screen.Timers, "a": screen.Audit, "s": screen.Settings, "h": screen.Host, "q": screen.Queue} {
			c.key("`")
			c.has("go to: q queue  h host  t timers  a audit  r reports  s settings")
			c.key(k)
			at(t, c, want)
		}
		for range 100 {
			c.send(screen.GoMsg{To: screen.Place{Kind: screen.Timers}})
			c.send(screen.GoMsg{To: screen.Place{Kind: screen.Audit}})
		}
		if n := len(c.m.trail); n > 50 {
			t.Errorf("%d places to go back to, want at most 50", n)
		}
	})
}

func TestShell_ErrorsAreKeptAndCounted(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 120, 40, func(t *testing.T, c *console) {
		c.send(screen.NoticeMsg{Err: errors.New("first")})
		c.send(screen.NoticeMsg{Level: screen.Bad, Text: "second"})
		c.send(screen.NoticeMsg{Level: screen.Info, Text: "only said"})
		c.has("! 2 errors, press E")
		c.key("E")
		c.has("Errors and messages", "first", "second")
		c.key("esc")
		c.hasNot("press E")
		for range 500 {
			c.send(screen.NoticeMsg{Level: screen.Bad, Text: "again"})
		}
		if n := len(c.m.problems); n > 200 {
			t.Errorf("%d messages kept, want at most 200", n)
		}
	})
}

func TestShell_HelpFiltersRunsAndSaysWhy(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.key("?")
		c.has("HERE: Queue")
		c.typed("timers")
		c.has("go to the lockdown timers")
		c.key("enter")
		if c.m.place.Kind != screen.Timers {
			t.Errorf("at %s after running a line of the help", c.m.place.Kind)
		}
		c.key("?")
		c.typed("@E")
		c.has("errors and messages of this session")
		c.hasNot("UTC or in local")
		c.m.dialogs.Clear()
		c.send(screen.GoMsg{To: screen.Place{Kind: screen.Host, Host: c.host("WS-FIN-0142")}})
		c.key("?")
		c.typed("isolate this")
		c.has("off: ")
		c.key("enter")
		c.has("off: already isolated")
		if !c.m.dialogs.Open() {
			t.Error("an off line closed the help")
		}
	})
}

func TestShell_PaletteFindsAndNeverActs(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.key(":")
		c.typed("ws-fin")
		c.wait(time.Second)
		c.has("HOSTS", "WS-FIN-0142", "ISOLATED")
		c.key("enter")
		if c.m.place.Kind != screen.Host {
			t.Fatalf("at %s", c.m.place.Kind)
		}
		c.key(":")
		c.typed("audit actor:bob")
		c.key("enter")
		if c.m.place.Kind != screen.Audit || c.m.place.Filter != "actor:bob" {
			t.Errorf("at %+v", c.m.place)
		}
		c.key(":")
		c.has("RECENT", "audit actor:bob")
		if n := len(c.orders()); n != 0 {
			t.Errorf("%d orders", n)
		}
	})
}

func TestShell_CopyShowsWhatWasCopied(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 120, 40, func(t *testing.T, c *console) {
		c.send(screen.CopyMsg{What: "host id", Text: "4f1c"})
		c.has("copied host id", "4f1c")
		c.send(screen.TextMsg{Title: "Raw", Text: strings.Repeat("x", 10_000)})
		c.key("y")
		c.has("copied the first 4 KiB of Raw only")
		got := 0
		for _, m := range c.seen {
			if s, ok := clip(m); ok {
				got = max(got, len(s))
			}
		}
		if got != 4<<10 {
			t.Errorf("copied %d bytes, want 4096", got)
		}
	})
}

// clip reads the private clipboard message of Bubble Tea, which is a string.
func clip(m tea.Msg) (string, bool) {
	v := reflect.ValueOf(m)
	if v.Kind() != reflect.String {
		return "", false
	}
	return v.String(), strings.HasPrefix(v.String(), "x")
}

func TestShell_PauseHoldsTheRows(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.send(screen.GoMsg{To: screen.Place{Kind: screen.Timers}})
		c.key("=")
		c.has("PAUSED")
		if !c.m.held {
			t.Error("the screens were not told")
		}
		c.key("=")
		c.hasNot("PAUSED")
		if c.m.held {
			t.Error("the screens still hold")
		}
	})
}

func TestShell_ThemeFollowsTheTerminal(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.m.deps.Look.Theme = "auto"
		c.m.background(false)
		light := c.m.View().Content
		c.m.background(true)
		if light == c.m.View().Content {
			t.Error("light and dark look the same")
		}
	})
}
