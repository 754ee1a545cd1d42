package main

import (
	"context"
	"errors"
	"fmt"
)

// D1, crash points survived: real processes with the real store, killed at every write, at every request and at random moments, cut off from
// power, and given a disk that fails. After each blow another process goes on from what is on the disk; the tenant, which lives on, tells
// whether the host was isolated once and released on time.

func crashFigure() figure {
	return figure{"D1", "crash points survived", crash}
}

func crash(ctx context.Context, o options) ([]line, error) {
	l, err := newLab()
	if err != nil {
		return nil, err
	}
	defer l.close()
	var lines []line
	for _, part := range []func(context.Context, *lab, options) (line, error){killed, killedAtRandom, powerCut, diskErrors, diskFull} {
		if ctx.Err() != nil {
			return lines, ctx.Err()
		}
		row, perr := part(ctx, l, o)
		if row.what != "" {
			lines = append(lines, row)
		}
		err = errors.Join(err, perr)
	}
	return lines, err
}

func pick(long bool, many, few int) int {
	if long {
		return many
	}
	return few
}

func killed(ctx context.Context, l *lab, o options) (line, error) {
	if err := needs("strace"); err != nil {
		return line{}, fmt.Errorf("enumerated kills: %w", err)
	}
	t := enumerate(ctx, l, o, scripts())
	if t.n < 20 && ctx.Err() == nil {
		t.err = errors.Join(t.err, fmt.Errorf("%w: only %d kills struck; does strace inject faults here?", errNotDone, t.n))
	}
	found, n, err := killControl(ctx, l)
	return t.line("killed at every write, sync and request", 2000, fmt.Sprintf("%d of %d found", found, n), n > 0 && found == n), errors.Join(t.err, err)
}

func killedAtRandom(ctx context.Context, l *lab, o options) (line, error) {
	t := random(ctx, l, o, pick(o.long, 2000, 40))
	found, n, err := randomControl(ctx, l, o)
	control := fmt.Sprintf("%d of %d lives found", found, n)
	return t.line("kill -9 at random, a quarter while it ends", 2000, control, found*2 > n), errors.Join(t.err, err)
}
