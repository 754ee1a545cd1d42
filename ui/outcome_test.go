package ui

import (
	"context"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/uitest"
)

func line(host, action, result string, lock soc.LockdownID, after soc.Phase, detail string) soc.AuditEntry {
	return soc.AuditEntry{
		Time: uitest.Now(), Actor: soc.Service("reconciler"), Action: action, Target: host, Result: result, Lockdown: lock, After: string(after), Detail: detail,
	}
}

func TestC06_TheOutcomeOfAnOrderIsSeenOnEveryScreen(t *testing.T) {
	for _, kind := range places() {
		inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
			c.open(kind)
			c.hasNot("13:53:16Z (LK-A1B2C3D4)") // what was in the history before the session began is no news
			before := c.m.place
			c.w.Append(line("WS-FIN-0142.corp.example", "confirm", soc.ResultOK, "LK-A1B2C3D4", soc.PhaseIsolated, "isolated until 13:53"))
			c.wait(time.Second)
			c.has("OK isolated WS-FIN-0142 until 13:53:16Z (LK-A1B2C3D4)")
			released := line("WS-FIN-0142", "confirm-release", soc.ResultOK, "LK-A1B2C3D4", soc.PhaseReleased, "released")
			released.Cause = soc.CauseTimer
			c.w.Append(released)
			c.wait(time.Second)
			c.has("OK released WS-FIN-0142 (timer)")
			if c.m.place != before || c.m.dialogs.Open() {
				t.Error("the news took the person somewhere else")
			}
		})
	}
}

func TestC06_OnlyOwnOrdersAndFailuresAreTold(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 120, 40, func(t *testing.T, c *console) {
		was := c.m.notice
		c.w.Append(line("WS-HR-0009", "confirm", soc.ResultOK, "LK-P3ND1NGX", soc.PhaseIsolated, "isolated"))
		c.wait(time.Second)
		if c.m.notice != was {
			t.Errorf("somebody else's lockdown is told: %q", c.m.notice.text)
		}
		c.w.Append(line("SRV-FILE-03", "release", soc.ResultFailed, "LK-7Q2M4KTA", soc.PhaseReleaseBlocked, "failure 3: throttled"))
		c.wait(time.Second)
		if n := c.m.notice; n.level != screen.Bad || n.text != "NOT released SRV-FILE-03: failure 3: throttled (LK-7Q2M4KTA)" {
			t.Errorf("notice = %+v", n)
		}
		if c.m.unseen == 0 {
			t.Error("a failure does not count as unseen")
		}
		// Good news within the same seconds does not wipe the bad news away, and is kept in the list.
		c.w.Append(line("WS-FIN-0142", "confirm", soc.ResultOK, "LK-A1B2C3D4", soc.PhaseIsolated, ""))
		c.wait(time.Second)
		if n := c.m.notice; n.level != screen.Bad {
			t.Errorf("notice = %+v, want the failure to stay", n)
		}
		if p := c.m.problems[0]; !strings.HasPrefix(p.Text, "isolated WS-FIN-0142") {
			t.Errorf("the good news is lost: %+v", p)
		}
	})
}

func TestC06_ManyOutcomesAreOneLineAndTheWorstIsShown(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 120, 40, func(t *testing.T, c *console) {
		c.w.Append(
			line("WS-FIN-0142", "confirm", soc.ResultOK, "LK-A1B2C3D4", soc.PhaseIsolated, ""),
			line("WS-ENG-0077", "confirm", soc.ResultFailed, "LK-E5F6G7H2", soc.PhaseFailed, "the device could not carry it out"),
			line("WS-FIN-0142", "release", soc.ResultAccepted, "LK-A1B2C3D4", soc.PhaseReleaseRequested, ""),
		)
		c.wait(time.Second)
		c.has("!! NOT isolated WS-ENG-0077 and 1 more (E): the device could not carry it out")
	})
}

// hiddenReads counts the reads of the action lists, which only the timers and the dialogs do in bulk.
type hiddenReads struct {
	Reader
	isolations, audits int
}

func (r *hiddenReads) Isolations(ctx context.Context) ([]soc.Isolation, error) {
	r.isolations++
	return r.Reader.Isolations(ctx)
}

func (r *hiddenReads) Audit(ctx context.Context, q soc.AuditQuery) (soc.AuditPage, error) {
	r.audits++
	return r.Reader.Audit(ctx, q)
}

func TestFeed_HiddenScreensDoNotReadOnWakeUps(t *testing.T) {
	var reads *hiddenReads
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		for _, kind := range []string{screen.Timers, screen.Audit, screen.Settings} {
			c.open(kind)
		}
		was := *reads
		for range 5 {
			c.w.Publish(^soc.Topic(0))
			c.wait(time.Second)
		}
		if reads.isolations != was.isolations || reads.audits != was.audits {
			t.Errorf("hidden screens read %d action lists and %d histories", reads.isolations-was.isolations, reads.audits-was.audits)
		}
		c.open(screen.Timers)
		if reads.isolations == was.isolations {
			t.Error("the screen does not read when it becomes visible")
		}
		was = *reads
		c.w.Publish(soc.TopicLockdowns)
		c.wait(time.Second)
		if reads.isolations == was.isolations {
			t.Error("control: the visible screen does not read on a wake-up")
		}
	}, func(d *Deps) {
		reads = &hiddenReads{Reader: d.Reader}
		d.Reader = reads
	})
}

func TestHeader_TheFirstReadIsNoAlarm(t *testing.T) {
	for _, tc := range []struct {
		conn func(*soc.Conn)
		w    int
		want string
	}{
		{func(c *soc.Conn) { c.State = "connecting" }, 80, "first sync"},
		{func(c *soc.Conn) { c.State, c.Phase, c.Total, c.Done = "ok", "first sync", 900, 200 }, 120, "first sync 200 of 900"},
		{func(c *soc.Conn) { c.State, c.Problem = "unreachable", "no connection to x:443" }, 80, "UNREACHABLE"},
		{func(c *soc.Conn) { c.State, c.Problem = "unreachable", "no connection to x:443" }, 120, "UNREACHABLE, no data yet"},
	} {
		w := uitest.NewWorld().Empty()
		w.ConnList[0].LastOK = time.Time{}
		tc.conn(&w.ConnList[0])
		inConsole(t, w, tc.w, 40, func(t *testing.T, c *console) {
			head, _, _ := strings.Cut(c.view(), "\n")
			if !strings.Contains(head, tc.want) || strings.Contains(head, "STALE") {
				t.Errorf("header %q, want %q and no STALE", head, tc.want)
			}
			if p := w.ConnList[0].Problem; p != "" {
				c.has("no connection to x:443")
			}
		})
	}
}

func TestFrame_WhatIsTypedStaysInSightOnLineTwo(t *testing.T) {
	for _, kind := range []string{screen.Queue, screen.Timers, screen.Audit} {
		inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
			c.open(kind)
			c.key("/")
			c.typed("host:ws-fin-0142 or some quite long text that does not fit here xyz")
			second := strings.Split(c.view(), "\n")[1]
			if !strings.HasSuffix(second, "xyz_") {
				t.Errorf("%s: line 2 is %q, want the end that is typed", kind, second)
			}
		})
	}
}

func TestSettings_AboutNamesWhatTheProgramUses(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.open(screen.Settings)
		c.key("6")
		c.has("schema", "v7", "/data/cordon.db")
	}, func(d *Deps) { d.About = [][2]string{{"schema", "v7"}, {"store", "/data/cordon.db"}} })
}

// TestF78_TheNextLoginShowsWhatBecameOfTheOrder that was given in a session that is gone; what befell others, and what the person could have
// seen before their last act, is no news.
func TestF78_TheNextLoginShowsWhatBecameOfTheOrder(t *testing.T) {
	w := uitest.NewWorld()
	l := &w.LockdownList[1] // alice's
	add := func(actor soc.Actor, id soc.LockdownID, action, target, after string) {
		w.AuditList = append(w.AuditList, soc.AuditEntry{
			Seq: uint64(len(w.AuditList) + 1), Time: uitest.Now(), Actor: actor, Action: action, Target: target, Lockdown: id, Result: soc.ResultOK, After: after,
		})
	}
	add(soc.Service("reconciler"), "LK-E5F6G7H2", "confirm", "WS-ENG-0077", string(soc.PhaseIsolated)) // before her last act
	add(soc.Actor{Name: "alice", Via: "ssh"}, l.ID, "isolate", l.HostName, string(soc.PhaseRequested))
	add(soc.Service("reconciler"), l.ID, "confirm", l.HostName, string(soc.PhaseIsolated))
	add(soc.Service("reconciler"), "LK-7Q2M4KTA", "confirm", "SRV-FILE-03", string(soc.PhaseIsolated)) // bob's
	inConsole(t, w, 120, 40, func(t *testing.T, c *console) {
		c.key("E")
		c.has("earlier: isolated WS-FIN-0142 until 13:53:16Z")
		c.hasNot("earlier: isolated WS-ENG-0077", "earlier: isolated SRV-FILE-03")
	})
	w.AuditList = w.AuditList[:len(w.AuditList)-3] // the order was never given
	inConsole(t, w, 120, 40, func(_ *testing.T, c *console) {
		c.key("E")
		c.hasNot("earlier: isolated WS-FIN-0142")
	})
}
