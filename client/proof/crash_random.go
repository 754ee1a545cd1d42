package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"time"
)

// random kills victims at random moments, many in one life, and checks after each.
func random(ctx context.Context, l *lab, o options, kills int) *tally {
	t := l.tally()
	const perLife = 20
	var lives []uint64
	for i := range (kills + perLife - 1) / perLife {
		lives = append(lives, o.seed<<20+uint64(i))
	}
	parallel(ctx, lives, func(seed uint64) {
		n, v, err := randomLife(ctx, l, rand.New(rand.NewPCG(seed, 2)), min(perLife, kills), "")
		t.add(ctx, n, fmt.Sprintf("life %d", seed), v, err)
	})
	return t
}

// randomLife kills one console again and again while it works through its hosts; every other time it is asked to end first (F20).
func randomLife(ctx context.Context, l *lab, r *rand.Rand, kills int, broken string) (n int, v verdict, err error) {
	w, err := l.scene(ctx, scriptChain, 400, "")
	if err != nil {
		return 0, nil, err
	}
	defer w.close()
	w.spec.Break = broken
	return w.blows(ctx, kills, func(p *process) error {
		pause(p, r, 300)
		if r.IntN(4) == 0 {
			p.ask(time.Duration(r.IntN(30)) * time.Millisecond)
		}
		p.kill()
		return nil
	})
}

// randomControl kills consoles that acknowledge before they store.
func randomControl(ctx context.Context, l *lab, o options) (found, n int, err error) {
	for n < 3 {
		_, v, err := randomLife(ctx, l, rand.New(rand.NewPCG(o.seed, uint64(n))), 30, breakAck)
		if err != nil {
			return found, n, err
		}
		n++
		found += count(len(v) > 0)
	}
	return found, n, nil
}

// blows lets victims go on from each other's remains, each struck once, and checks after every blow and at the end. Who ends before the blow
// must have finished the work.
func (w *scene) blows(ctx context.Context, want int, strike func(*process) error, wrap ...string) (n int, v verdict, err error) {
	var said []string
	for n < want && ctx.Err() == nil {
		p, err := w.begin(ctx, false, wrap...)
		if err != nil {
			return n, nil, err
		}
		if err := strike(p); err != nil {
			return n, nil, err
		}
		code, err := p.wait()
		if err != nil {
			return n, nil, err
		}
		said = append(said, p.said()...)
		if code != -1 && code != exitDone {
			v.add("it ended by itself with %d: %s %s", code, strings.Join(p.said(), " | "), tail(p.err.String()))
		}
		if v = append(v, w.wreck(ctx, said)...); len(v) > 0 {
			return n + 1, v, nil
		}
		n++
	}
	v, err = w.finish(ctx, said)
	return n, v, err
}

// pause waits for a random time, or until the victim has ended.
func pause(p *process, r *rand.Rand, most int) {
	t := time.NewTimer(time.Duration(r.IntN(most)) * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.done:
	}
}

// ask sends SIGTERM and gives the victim some time.
func (p *process) ask(within time.Duration) {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM) // may be gone already
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-p.done:
	case <-t.C:
	}
}
