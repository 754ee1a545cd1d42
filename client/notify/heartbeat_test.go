package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cordon/store/soc"
)

func beats(t *testing.T, b *inbox) (out []Heartbeat) {
	t.Helper()
	for _, g := range b.of(KindHeartbeat) {
		var h Heartbeat
		if err := json.Unmarshal([]byte(g.body), &h); err != nil {
			t.Fatal(err)
		}
		out = append(out, h)
	}
	return out
}

// Another party knows from the last sign of life what is isolated and until when, and notices when none comes any more.
func TestF65_N19_HeartbeatTellsTheNextDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, b := newShelf(), &inbox{}
		now := time.Now()
		for i := range 12 {
			id := soc.LockdownID(fmt.Sprintf("LK-%08d", i))
			st.locks[id] = soc.Lockdown{
				ID: id, Key: soc.HostKey{Integration: "int-1", MachineID: fmt.Sprint("m", i)}, HostName: fmt.Sprint("ws-", i), Phase: soc.PhaseIsolated,
				Deadline: now.Add(time.Duration(12-i)*time.Hour - 90*time.Minute),
			}
		}
		st.locks["LK-PENDING"] = soc.Lockdown{ID: "LK-PENDING", Phase: soc.PhasePending, HostName: "ws-p"}
		st.write(lockdownEntry("confirm", soc.ResultOK, "isolated"))
		o := Options{
			Store: st, Host: Host{"console-1", "1.2.3", 42},
			Troubles: func() []soc.Trouble {
				return []soc.Trouble{{Code: "disk-low", Level: soc.LevelBad, What: "secret sentence"}}
			},
		}
		stop := start(t, rig(t, o, map[string]Sink{"siem": b}))
		first := beats(t, b)
		if len(first) != 1 {
			t.Fatalf("%d signs of life at the start, want one", len(first))
		}
		h := first[0]
		if h.Live != 13 || h.Overdue != 1 || len(h.Next) != 10 {
			t.Fatalf("heartbeat %+v", h)
		}
		if h.Next[0].Host != "ws-11" || h.Next[0].Lockdown != "LK-00000011" || h.Next[9].Host != "ws-2" {
			t.Errorf("heartbeat %+v", h)
		}
		if h.Seq != 1 || h.Hash != st.entries[0].Hash || h.PID != 42 || h.Version != "1.2.3" || h.From != "console-1" || h.Every != 60 {
			t.Errorf("heartbeat %+v", h)
		}
		if len(h.Troubles) != 1 || h.Troubles[0].Code != "disk-low" || strings.Contains(b.of(KindHeartbeat)[0].body, "sentence") {
			t.Errorf("troubles %+v", h.Troubles)
		}
		time.Sleep(10*time.Minute + time.Second)
		if n := len(beats(t, b)); n != 11 {
			t.Errorf("%d signs of life in ten minutes, want 11", n)
		}
		stop()
		time.Sleep(time.Hour)
		if n := len(beats(t, b)); n != 11 { // negative control: silence is what the other party sees
			t.Errorf("%d signs of life after the end", n)
		}
	})
}

// Signs of life are not queued: after an outage the newest one comes, not a hundred old ones; and a message that is stuck at the front does
// not keep them back.
func TestF65_N19_HeartbeatsAreNotQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, up := newShelf(), new(atomic.Bool)
		b := &inbox{}
		b.answer = func(_ context.Context, m Message) error {
			if !up.Load() || m.Kind == KindEvent {
				return errDown
			}
			return nil
		}
		stop := start(t, rig(t, Options{Store: st}, map[string]Sink{"siem": b}))
		st.write(lockdownEntry("confirm", soc.ResultOK, "isolated"))
		time.Sleep(2*time.Hour + 30*time.Second)
		up.Store(true)
		time.Sleep(5 * time.Minute)
		stop()
		got := beats(t, b)
		if len(got) != 5 {
			t.Fatalf("%d signs of life in five minutes, want 5", len(got))
		}
		if age := b.of(KindHeartbeat)[0].at.Sub(got[0].Time); age != 0 {
			t.Errorf("the first one after the outage is %s old", age)
		}
	})
}
