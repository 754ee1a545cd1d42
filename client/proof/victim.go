package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"cordon/client"
	"cordon/client/lockdown"
	"cordon/config/secret"
	"cordon/store"
	"cordon/store/soc"
)

// The victim is this program started as `proof victim SPEC`: the real store, the real reconciler and the real client over HTTPS, in a process
// that is there to be killed, stopped and starved. Its tenant lives in the proof process and so survives it, as does its clock. It prints a
// line for everything that it was promised ("ACK order LK-… host"), after the promise was given and never before.

// spec is all that a victim knows.
type spec struct {
	Dir    string // of the store
	Clock  string // file of the shared clock
	Script script
	Hosts  []target
	Finish bool   // nobody orders anything any more: what runs comes to its end
	Break  string // breaks the handling, for the negative controls

	API, Login, TenantID, AppID, Secret, CAPEM string
}

type target struct{ ID, Name string }

// How a victim ends by itself.
const (
	exitDone  = 0 // everything over
	exitBad   = 3 // something that must not be
	exitFault = 4 // gave up because of the machine, and said so
	exitStuck = 5 // went on for ever
)

const (
	tenantID = soc.IntegrationID("t1")
	period   = 2 * time.Minute
	maxTicks = 6000
	// sickTicks is how long a victim goes on whose store refuses to write: long enough for every deadline to pass.
	sickTicks = 130
)

// victim is one process of the proof.
type victim struct {
	spec
	clock *sharedClock
	store *board
	net   *wire
	svc   *lockdown.Service
	rec   *lockdown.Reconciler
	ring  *secret.Ring
	sick  atomic.Bool // the store refused a write
	asked map[string]bool
}

func runVictim(args []string) int {
	v := &victim{asked: map[string]bool{}}
	if err := v.start(args); err != nil {
		say("%v", err)
		return exitFault
	}
	return v.live(context.Background())
}

// say tells what went wrong, as a person would read it.
func say(format string, a ...any) {
	fmt.Printf("SAID %q\n", fmt.Sprintf(format, a...))
}

func (v *victim) start(args []string) error {
	if len(args) != 1 {
		return errors.New("a victim needs one spec")
	}
	raw, err := os.ReadFile(args[0])
	if err != nil {
		return fmt.Errorf("reading the spec: %w", err)
	}
	if err := json.Unmarshal(raw, &v.spec); err != nil {
		return fmt.Errorf("reading the spec: %w", err)
	}
	if v.clock, err = openClock(v.Clock); err != nil {
		return err
	}
	fmt.Println("PID", os.Getpid())
	go endWithParent()
	return v.open()
}

// endWithParent ends the process when the proof is gone: the proof holds the other end of the standard input.
func endWithParent() {
	var b [1]byte
	for {
		if _, err := os.Stdin.Read(b[:]); err != nil {
			os.Exit(exitBad)
		}
	}
}

// open opens the store and writes what the console writes at its first start.
func (v *victim) open() error {
	ctx := context.Background()
	v.store = &board{on: newThread(), v: v}
	var err error
	v.store.on.do(func() {
		if v.Script == scriptRestore && !v.Finish {
			if _, err = store.Restore(ctx, filepath.Join(v.Dir, "cordon.db"), v.backup(), v.clock.now()); err != nil {
				return
			}
			fmt.Println("RESTORED")
		}
		v.store.Store, err = store.Open(ctx, filepath.Join(v.Dir, "cordon.db"), store.Options{Version: "proof", Now: v.clock.now})
		if err == nil && v.Script == scriptRotate {
			v.ring, err = secret.OpenRing(v.Dir)
		}
		if err == nil && v.Script == scriptRestore { // the person has looked into Defender
			err = v.store.Accept(ctx, soc.AuditEntry{Time: v.clock.now(), Actor: person().Actor, Action: "accept", Result: soc.ResultOK})
		}
	})
	if err != nil {
		return err
	}
	fmt.Println("OPEN")
	in := soc.Integration{
		ID: tenantID, Type: "defender", Name: "sim", TenantID: v.TenantID, ClientID: v.AppID, Auth: "secret", Cloud: "custom",
		API: v.API, Login: v.Login, CAPEM: v.CAPEM, Custom: true, Enabled: true,
	}
	if old, err := v.store.Integration(ctx, tenantID); err == nil {
		in.Revision, in.Sealed = old.Revision, old.Sealed
	} else if _, err := v.store.SaveIntegration(ctx, in); err != nil {
		return err
	}
	c, err := client.New(client.Config{
		Integration: in, Now: v.clock.now, Secret: func(context.Context) (string, error) { return v.Secret, nil },
		Limits: client.NewLimits(client.Quota{Minute: 1 << 20, Hour: 1 << 20}), // the clock runs fast here
	})
	if err != nil {
		return err
	}
	v.net = &wire{Client: c, v: v}
	o := lockdown.Options{
		Store: v.store, Remotes: v, Now: v.clock.now, Presets: []time.Duration{period, 2 * period}, CanIsolate: v.store.CanIsolate,
		Log: slog.New(slog.DiscardHandler),
	}
	v.svc, v.rec = lockdown.NewService(o), lockdown.NewReconciler(o)
	return nil
}

// backup is where the script keeps its copy: not beside the store.
func (s spec) backup() string { return filepath.Join(s.Dir+"-backup", "backup.db") }

// Remote implements lockdown.Remotes.
func (v *victim) Remote(soc.IntegrationID) (lockdown.Remote, error) { return v.net, nil }

// live plays the script and moves the clock whenever all is quiet, until everything is over.
func (v *victim) live(ctx context.Context) int {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	var loops sync.WaitGroup
	for _, loop := range []func(context.Context) error{v.rec.Run, v.store.RunCheckpoints, v.store.Watchdog} {
		loops.Go(func() {
			if err := loop(ctx); err != nil {
				say("%v", err)
			}
		})
	}
	code := v.drive(ctx)
	stop()
	loops.Wait()
	v.net.CloseIdle()
	if err := v.store.close(); err != nil {
		say("%v", err)
		return exitFault
	}
	if code == exitDone {
		fmt.Println("DONE")
	}
	return code
}

func (v *victim) drive(ctx context.Context) int {
	sick := 0
	for range maxTicks {
		if ctx.Err() != nil { // asked to end
			return exitDone
		}
		list, err := v.store.Lockdowns(context.WithoutCancel(ctx), soc.LockdownQuery{})
		if err != nil {
			say("%v", err)
			return exitFault
		}
		list = slices.DeleteFunc(list, foreign)
		if over := v.play(ctx, list); over && (v.Finish || v.played(list)) {
			return exitDone
		}
		pace := step(list)
		if v.sick.Load() {
			if sick++; sick > sickTicks {
				return exitFault // a person was told, and starts it again
			}
			pace = max(pace, 5*time.Second)
		}
		v.quiet(ctx)
		before := v.store.passes.Load()
		v.clock.add(pace)
		v.store.Publish(soc.TopicLockdowns)
		if v.sick.Load() {
			v.turn(ctx, before)
		}
	}
	return exitStuck
}

// foreign reports a record that an older store brought along; it is of a tenant that is not attached.
func foreign(l soc.Lockdown) bool { return l.Key.Integration != tenantID }

// turn waits until the timers have looked at the new time, so that what a sick victim had time for does not depend on how busy the machine
// is. They look within a second of the process anyway; one that hangs is given up on after ten.
func (v *victim) turn(ctx context.Context, before int64) {
	for end := time.Now().Add(10 * time.Second); v.store.passes.Load() == before && ctx.Err() == nil && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// quiet waits until nothing has happened for a moment: no call to Defender is under way, and none was made since the last look. A sick
// victim, whose ticks are counted, has longer moments.
func (v *victim) quiet(ctx context.Context) {
	moment := 1
	if v.sick.Load() {
		moment = 10
	}
	last := int64(-1)
	for same := 0; same < moment && ctx.Err() == nil; same++ {
		time.Sleep(time.Millisecond)
		now := v.store.moves.Load() + v.net.moves.Load()
		if v.net.calls.Load() != 0 || now != last {
			same = -1
		}
		last = now
	}
}

// step is how far the clock may go: little while an order waits, which has a short life, more while time is what is waited for.
func step(list []soc.Lockdown) time.Duration {
	pace := 10 * time.Second
	for _, l := range list {
		switch l.Phase {
		case soc.PhaseRequested, soc.PhaseReleaseRequested:
			return 250 * time.Millisecond
		case soc.PhasePending, soc.PhaseReleasing:
			pace = min(pace, time.Second)
		case soc.PhaseSubmitting, soc.PhaseReleaseBlocked:
			pace = min(pace, 5*time.Second)
		}
	}
	return pace
}
