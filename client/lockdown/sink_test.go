package lockdown_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cordon/client/lockdown"
	"cordon/client/notify"
	"cordon/store"
	"cordon/store/soc"
)

// hungSink is a webhook that takes connections and never says a word. tried gets a value at the first one.
func hungSink(t *testing.T) (spec notify.Spec, tried <-chan struct{}) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	first := make(chan struct{}, 1)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			defer func() { _ = c.Close() }() // when the listener is closed
			select {
			case first <- struct{}{}:
			default:
			}
		}
	}()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="), 0o600); err != nil {
		t.Fatal(err)
	}
	return notify.Spec{
		Name: "hangs", Type: notify.TypeWebhook, URL: "https://" + ln.Addr().String() + "/", SecretFile: secret, AllowPrivate: true,
	}, first
}

// informed runs a notifier on the store of the world until the test ends.
func (w *world) informed(spec notify.Spec) {
	w.t.Helper()
	n, err := notify.New(notify.Options{Store: w.store, Sinks: []notify.Spec{spec}})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	w.t.Cleanup(func() { cancel(); <-done })
}

// behind is a store whose writes wait until the sink has taken what was written before: the mistake that SC24 is about.
type behind struct {
	*store.Store
	gate    <-chan struct{}
	waiting chan struct{}
}

func (s behind) SaveLockdown(ctx context.Context, l soc.Lockdown, e ...soc.AuditEntry) (soc.Lockdown, error) {
	select {
	case s.waiting <- struct{}{}:
	default:
	}
	<-s.gate
	return s.Store.SaveLockdown(ctx, l, e...)
}

// released waits until the release of the world's host has been sent, and returns how late that was by the world's clock, which stands still.
func (w *world) released(l soc.Lockdown) time.Duration {
	w.t.Helper()
	watch := w.store.Watch()
	defer watch.Close()
	for {
		if posts := w.sim.Posts(w.host.Key.MachineID, "unisolate"); len(posts) > 0 {
			return posts[0].At.Sub(l.Deadline)
		}
		select {
		case <-watch.C():
		case <-time.After(time.Minute):
			w.t.Fatal("never released")
		}
	}
}

// TestSC24_F79_AHangingSinkDelaysNoRelease: the history is written here, and goes to the sinks behind the back of the timers. In the control
// the timers wait for the sink.
func TestSC24_F79_AHangingSinkDelaysNoRelease(t *testing.T) {
	t.Parallel()
	for _, control := range []bool{false, true} {
		w := newWorld(t)
		spec, tried := hungSink(t)
		w.informed(spec)
		l := w.isolate()
		l = w.until(l.ID, soc.PhaseIsolated, 2*time.Second)
		<-tried
		gate, waiting := make(chan struct{}), make(chan struct{}, 1)
		if control {
			w.proc.kill()
			ctx, cancel := context.WithCancel(context.Background())
			o := lockdown.Options{Store: behind{w.store, gate, waiting}, Remotes: w, Now: w.clock.Now}
			w.proc = &process{stop: cancel, done: make(chan struct{}), rec: lockdown.NewReconciler(o)}
			go func() { defer close(w.proc.done); _ = w.proc.rec.Run(ctx) }()
		}
		w.clock.Add(l.Deadline.Sub(w.clock.Now()))
		w.proc.rec.Kick()
		if control {
			<-waiting
			w.clock.Add(hour)
			close(gate)
		}
		late := w.released(l)
		if !control && late != 0 {
			t.Errorf("released %s late beside a hanging sink", late)
		}
		if control && late < hour {
			t.Errorf("control: released %s late although it waited for the sink; the check is blind", late)
		}
		if st, err := w.store.Sink(t.Context(), spec.Name); err == nil && !st.LastOK.IsZero() {
			t.Errorf("the sink has taken %+v; the test proves nothing", st)
		}
		w.ended(w.until(l.ID, soc.PhaseReleased, 2*time.Second))
	}
}
