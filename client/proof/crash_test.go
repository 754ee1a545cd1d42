package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"

	"cordon/client/sim"
)

// These tests are a sample of figure D1, small enough for every run: the same lives, blows and checks as `make crash`.

// TestMain lets the test binary be the victim too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "victim" {
		os.Exit(runVictim(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// bench makes a lab, or skips loudly when this machine lacks what the proof needs.
func bench(t *testing.T, need error) *lab {
	t.Helper()
	if errors.Is(need, errNotDone) {
		t.Skipf("NOT PROVED HERE: %v; the rows are still tested inside one process, in client/lockdown and store", need)
	}
	l, err := newLab()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l
}

// survives kills at each of the points. Those behind the end of a life are no kill; most must be one.
func survives(t *testing.T, l *lab, points ...point) {
	t.Helper()
	sum := l.tally()
	parallel(t.Context(), points, func(p point) {
		died, v, err := killAt(t.Context(), l, p)
		sum.add(t.Context(), count(died), p.String(), v, err)
	})
	if sum.err != nil || sum.bad > 0 || sum.n*2 < len(points) {
		t.Errorf("%d of %d died there, %d bad: %v; %v", sum.n, len(points), sum.bad, sum.examples, sum.err)
	}
}

// at lists the points of a script at some numbers.
func at(s script, call string, numbers ...int) (all []point) {
	for _, n := range numbers {
		all = append(all, point{script: s, at: call, n: n})
	}
	return all
}

const (
	isolatePost = "POST /api/machines/*/isolate"
	releasePost = "POST /api/machines/*/unisolate"
)

// post is the first request of a kind.
func post(s script, call, match string) point { return point{script: s, at: call, n: 1, match: match} }

func TestF08_LivesWithoutBlowsPassTheChecks(t *testing.T) {
	l := bench(t, nil)
	parallel(t.Context(), scripts(), func(s script) {
		died, v, err := killAt(t.Context(), l, point{script: s, at: atLost, n: 9999})
		if died || err != nil || len(v) > 0 {
			t.Errorf("%s: died %v, %v, %v", s, died, v, err)
		}
	})
}

func TestF01_F02_F05_F07_F09_F10_F12_F13_KilledAtWrites(t *testing.T) {
	l := bench(t, needs("strace"))
	survives(t, l, append(at(scriptTimer, "pwrite64", 17, 30, 43, 55, 66), at(scriptTimer, "fdatasync", 9, 14, 21, 28)...)...)
}

func TestF03_F04_F11_KilledByTheTenant(t *testing.T) {
	l := bench(t, nil)
	survives(
		t, l, post(scriptTimer, atLost, isolatePost), post(scriptTimer, atLate, isolatePost), post(scriptTimer, atAnswer, isolatePost),
		post(scriptTimer, atLost, releasePost), post(scriptTimer, atLate, releasePost), post(scriptTimer, atAnswer, releasePost),
		post(scriptLost, atAnswer, isolatePost),
	)
}

func TestF04_ControlWithoutAttemptRowIsFound(t *testing.T) {
	l := bench(t, nil)
	p := post(scriptLost, atAnswer, isolatePost)
	p.broken = breakRow
	died, v, err := killAt(t.Context(), l, p)
	if err != nil || !died || !strings.Contains(strings.Join(v, ";"), "isolated 2 times") {
		t.Fatalf("died %v, %v, %v: the checks would not notice a double isolate", died, v, err)
	}
}

func TestF01_ControlAckBeforeTheCommitIsFound(t *testing.T) {
	l := bench(t, needs("strace"))
	p := point{script: scriptTimer, at: "fdatasync", broken: breakAck}
	for p.n = 1; p.n < 30; p.n++ {
		_, v, err := killAt(t.Context(), l, p)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.Join(v, ";"), "acknowledged") {
			return
		}
	}
	t.Fatal("the checks would not notice an order that was lost")
}

func TestF06_RetryAfterTheKillIsRefused(t *testing.T) {
	l := bench(t, nil)
	w, err := l.scene(t.Context(), scriptTimer, 1, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	w.trap(post(scriptTimer, atAnswer, isolatePost))
	first := start(t, w)
	if code, err := first.wait(); code != -1 || err != nil {
		t.Fatalf("ended with %d, %v", code, err)
	}
	w.spec.Break = breakRetry
	retry := start(t, w)
	if code, err := retry.wait(); code != exitDone || err != nil {
		t.Fatalf("ended with %d, %v: %v", code, err, retry.said())
	}
	if !retry.until("is already on this host") {
		t.Errorf("the second order was not refused: %v", retry.said())
	}
	if v := w.peace(t.Context(), append(first.said(), retry.said()...)); len(v) > 0 {
		t.Error(v)
	}
}

func start(t *testing.T, w *scene) *process {
	t.Helper()
	p, err := w.begin(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestF08_F20_KilledAtRandom(t *testing.T) {
	l := bench(t, nil)
	n, v, err := randomLife(t.Context(), l, rand.New(rand.NewPCG(8, 20)), 10, "")
	if err != nil || len(v) > 0 || n != 10 {
		t.Fatalf("%d kills: %v, %v", n, v, err)
	}
}

func TestF15_F16_F17_F18_CutShort(t *testing.T) {
	l := bench(t, needs("strace"))
	t.Run("F18 first start", func(t *testing.T) {
		survives(t, l, append(at(scriptInit, "pwrite64", 1, 2, 5), at(scriptInit, "fdatasync", 1, 3)...)...)
	})
	t.Run("F16 migration, backup, restore", func(t *testing.T) {
		all := append(at(scriptOld, "pwrite64", 1, 3, 6, 9), at(scriptBackup, "linkat", 1)...)
		all = append(all, at(scriptRestore, "linkat", 1)...)
		survives(t, l, append(all, at(scriptRestore, "pwrite64", 3, 9, 15)...)...)
	})
	t.Run("F17 rotation", func(t *testing.T) { survives(t, l, at(scriptRotate, "fdatasync", 5, 8, 11)...) })
	t.Run("F15 seals and the last checkpoint", func(t *testing.T) { survives(t, l, at(scriptHuman, "pwrite64", 57, 61, 64)...) })
}

func TestF19_PoisonedRecordIsSetAsideAcrossKills(t *testing.T) {
	l := bench(t, nil)
	w, err := l.scene(t.Context(), scriptTwo, 2, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	w.spec.Break = breakPoison
	poisoned := w.spec.Hosts[0].ID
	for crashes := range 2 {
		p := start(t, w)
		if !p.until(fmt.Sprintf("requested %s %d", poisoned, crashes+1)) {
			t.Fatalf("crash %d was not counted: %v", crashes+1, p.said())
		}
		w.kill()
	}
	p := start(t, w)
	if code, err := p.wait(); code != exitDone || err != nil || !p.until("needs_human "+poisoned) {
		t.Fatalf("ended with %d, %v: %v", code, err, p.said())
	}
	if w.tenant.Isolated(w.spec.Hosts[1].ID) || len(w.effects(w.spec.Hosts[1].ID, "unisolate")) == 0 || len(w.effects(poisoned, "isolate")) > 0 {
		t.Errorf("the other host was not served: %v", p.said())
	}
}

func TestF20_EndsInOrderWhileAnOrderHangs(t *testing.T) {
	l := bench(t, nil)
	w, err := l.scene(t.Context(), scriptTimer, 1, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	w.tenant.Inject(sim.Fault{Match: isolatePost, Kind: sim.FaultHang, After: true})
	p := start(t, w)
	if !p.until("submitting") {
		t.Fatal(p.said())
	}
	if err := syscall.Kill(p.cmd.Process.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code, err := p.wait(); code != exitDone || err != nil {
		t.Fatalf("ended with %d, %v: %v", code, err, p.said())
	}
	if v, err := w.finish(t.Context(), p.said()); len(v) > 0 || err != nil {
		t.Error(v, err)
	}
}

func TestF66_F68_DiskThatFails(t *testing.T) {
	l := bench(t, needs("strace"))
	parallel(t.Context(), []failure{
		{script: scriptTimer, call: "fdatasync", errno: "EIO", n: 12},
		{script: scriptTimer, call: "fdatasync", errno: "EIO", n: 15},
		{script: scriptTimer, call: "pwrite64", errno: "EIO", n: 40},
		{script: scriptTimer, call: "pwrite64", errno: "EROFS", n: 44, forGood: true},
		{script: scriptTimer, call: "pwrite64", errno: "EDQUOT", n: 36, forGood: true},
		{script: scriptTimer, call: "openat", errno: "EMFILE", n: 60, forGood: true},
	}, func(f failure) {
		if struck, v, err := fail(t.Context(), l, f); !struck || len(v) > 0 || err != nil {
			t.Errorf("%s: struck %v, %v, %v", f, struck, v, err)
		}
	})
	if _, v, err := fail(t.Context(), l, failure{scriptTimer, "pwrite64", "EIO", 9, true, breakAck}); len(v) == 0 || err != nil {
		t.Errorf("the checks would not notice an order that was acknowledged and not stored: %v, %v", v, err)
	}
}

func TestF67_FullDisk(t *testing.T) {
	l := bench(t, mayMount())
	if kept, v, err := fullAt(t.Context(), l, "isolated", true); len(v) > 0 || err != nil || !kept {
		t.Errorf("recorded %v, %v, %v", kept, v, err)
	}
	if found, n, err := fullControl(t.Context(), l); found == 0 || err != nil {
		t.Errorf("without the reserve: %d of %d were not recorded, %v: the disk was not full", found, n, err)
	}
}

func TestF16_F18_PowerCut(t *testing.T) {
	l := bench(t, errors.Join(mayMount(), needs("strace")))
	if n, v, err := powerLife(t.Context(), l, rand.New(rand.NewPCG(16, 18)), 3); len(v) > 0 || err != nil || n != 3 {
		t.Errorf("%d cuts: %v, %v", n, v, err)
	}
	found, n, err := powerControl(t.Context(), l, options{seed: 1, log: io.Discard})
	if err != nil || found*10 < n*4 {
		t.Errorf("%d of %d cuts found without syncs, %v: the cuts would not notice a lost write", found, n, err)
	}
}
