package lockdown_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cordon/client"
	"cordon/client/lockdown"
	"cordon/client/sim"
	"cordon/store"
	"cordon/store/soc"
)

// world is the real store, the real client and the simulator, with one clock that only the test moves.
type world struct {
	t     *testing.T
	clock *sim.Clock
	srv   *sim.Server
	sim   *sim.Tenant
	c     *client.Client
	path  string
	store *store.Store
	svc   *lockdown.Service
	proc  *process
	host  soc.Host
}

func newWorld(t *testing.T) *world {
	t.Helper()
	clock := sim.NewClock(time.Now())
	ten := sim.New(sim.Options{Now: clock.Now, EventEvery: -1, Behaviour: sim.Behaviour{NoQuota: true}})
	srv, err := sim.Serve(t.Context(), "127.0.0.1:0", ten)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	in := soc.Integration{
		ID: "t1", Type: "defender", Name: "sim", TenantID: srv.TenantID, ClientID: srv.AppID, Auth: "secret", Cloud: "custom",
		API: srv.BaseURL, Login: srv.LoginURL, CAPEM: string(srv.CAPEM), Custom: true, Enabled: true,
	}
	c, err := client.New(client.Config{Integration: in, Now: clock.Now, Secret: func(context.Context) (string, error) { return srv.Secret, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdle)
	w := &world{t: t, clock: clock, srv: srv, sim: ten, c: c, path: filepath.Join(t.TempDir(), "cordon.db")}
	w.open()
	t.Cleanup(w.close)
	if _, err := w.store.SaveIntegration(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	w.pickHost()
	return w
}

// Remote implements lockdown.Remotes.
func (w *world) Remote(soc.IntegrationID) (lockdown.Remote, error) { return w.c, nil }

// open starts a process on the file.
func (w *world) open() {
	w.t.Helper()
	s, err := store.Open(context.Background(), w.path, store.Options{Now: w.clock.Now})
	if err != nil {
		w.t.Fatal(err)
	}
	w.store = s
	o := lockdown.Options{Store: s, Remotes: w, Now: w.clock.Now}
	w.svc = lockdown.NewService(o)
	ctx, cancel := context.WithCancel(context.Background())
	w.proc = &process{stop: cancel, done: make(chan struct{}), rec: lockdown.NewReconciler(o)}
	go func() {
		defer close(w.proc.done)
		_ = w.proc.rec.Run(ctx)
	}()
}

func (w *world) close() {
	w.proc.kill()
	if err := w.store.Close(); err != nil {
		w.t.Errorf("Close: %v", err)
	}
}

func (w *world) pickHost() {
	w.t.Helper()
	machines, err := w.c.Machines(w.t.Context(), client.MachinesQuery{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, h := range machines {
		if h.Onboarded() && h.Reachable() && h.Protected() == "" && h.MergedInto == "" && strings.HasPrefix(h.OSPlatform, "Windows") {
			w.host = h
			break
		}
	}
	w.host.FetchedAt = w.clock.Now()
	if err := w.store.PutHosts(w.t.Context(), w.host); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) isolate() soc.Lockdown {
	w.t.Helper()
	l, err := w.svc.Isolate(w.t.Context(), analyst(), soc.IsolateRequest{Host: w.host.Key, Period: hour, Reason: "beacons", Ticket: "INC-7"})
	if err != nil {
		w.t.Fatalf("Isolate: %v", err)
	}
	return l
}

// until moves the clock, one step whenever all has been quiet for a moment, until the lockdown is in the phase.
func (w *world) until(id soc.LockdownID, phase soc.Phase, step time.Duration) soc.Lockdown {
	w.t.Helper()
	watch := w.store.Watch()
	defer watch.Close()
	var l soc.Lockdown
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		var err error
		if l, err = w.store.Lockdown(w.t.Context(), id); err != nil {
			w.t.Fatal(err)
		}
		if l.Phase == phase {
			return l
		}
		select {
		case <-watch.C():
		case <-time.After(60 * time.Millisecond):
			w.clock.Add(step)
			w.proc.rec.Kick()
		}
	}
	w.t.Fatalf("phase = %s (%s, %q, %+v), want %s", l.Phase, l.Cause, l.Trouble, l.Attempts, phase)
	return l
}

// effects counts the writes of a kind that changed something.
func (w *world) effects(kind string) int {
	n := 0
	for _, p := range w.sim.Posts(w.host.Key.MachineID, kind) {
		if p.Effect {
			n++
		}
	}
	return n
}

// ended checks what every released host must show.
func (w *world) ended(l soc.Lockdown) {
	w.t.Helper()
	if w.effects("isolate") != 1 || w.effects("unisolate") != 1 {
		w.t.Errorf("%d isolates and %d releases took effect, want 1 and 1", w.effects("isolate"), w.effects("unisolate"))
	}
	if w.sim.Isolated(w.host.Key.MachineID) {
		w.t.Error("the host is still isolated")
	}
	for _, p := range w.sim.Posts(w.host.Key.MachineID, "unisolate") {
		if p.At.Before(l.Deadline) {
			w.t.Errorf("release at %s, deadline %s", p.At, l.Deadline)
		}
	}
	if report, err := w.store.VerifyAudit(w.t.Context()); err != nil || !report.OK {
		w.t.Errorf("history: %+v, %v", report, err)
	}
}

func TestV21_EndToEndAgainstTheSimulator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.isolate()
	l = w.until(l.ID, soc.PhaseIsolated, 2*time.Second)
	if !w.sim.Isolated(w.host.Key.MachineID) {
		t.Fatal("the record says isolated, the simulator does not")
	}
	actions := w.sim.ActionsOf(w.host.Key.MachineID)
	if c, ok := soc.ParseOrderComment(actions[0].RequestorComment); !ok || c.Lockdown != l.ID || c.By != "alice" {
		t.Fatalf("comment %q came back as %+v, %v (K-12)", actions[0].RequestorComment, c, ok)
	}
	l = w.until(l.ID, soc.PhaseReleased, 5*time.Minute)
	w.ended(l)
}

func TestF04_F11_EndToEndLostAnswersAndRestarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.Inject(
		sim.Fault{Match: "POST /api/machines/*/isolate", Kind: sim.FaultCut, After: true},
		sim.Fault{Match: "POST /api/machines/*/unisolate", Kind: sim.FaultStatus, Status: 502, After: true},
	)
	l := w.isolate()
	w.until(l.ID, soc.PhaseSubmitting, time.Second)
	w.close()
	w.open()
	w.until(l.ID, soc.PhaseIsolated, 3*time.Second)
	w.close()
	w.clock.Add(2 * hour)
	w.open()
	l = w.until(l.ID, soc.PhaseReleased, 2*time.Second)
	w.ended(l)
}

func TestF33_EndToEndOrderThatNeverArrived(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.Inject(sim.Fault{Match: "POST /api/machines/*/isolate", Kind: sim.FaultStatus, Status: 503})
	l := w.isolate()
	l = w.until(l.ID, soc.PhaseIsolated, 10*time.Second)
	posts := w.sim.Posts(w.host.Key.MachineID, "isolate")
	if len(posts) != 2 || posts[1].At.Sub(posts[0].At) < soc.SettleIsolate {
		t.Fatalf("posts %+v, want a second one after the settle window", posts)
	}
	l = w.until(l.ID, soc.PhaseReleased, 5*time.Minute)
	w.ended(l)
}

func TestV23_EndToEndPortalRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.isolate()
	w.until(l.ID, soc.PhaseIsolated, 2*time.Second)
	if _, err := w.sim.ExternalRelease(w.host.Key.MachineID, "d.mills@contoso.example"); err != nil {
		t.Fatal(err)
	}
	l = w.until(l.ID, soc.PhaseSuperseded, 10*time.Second)
	if l.Cause != soc.CauseExternal || !strings.Contains(l.Note, "d.mills") || w.effects("unisolate") != 0 {
		t.Fatalf("cause %s, note %q, %d releases", l.Cause, l.Note, w.effects("unisolate"))
	}
}
