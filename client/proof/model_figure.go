package main

import (
	"context"
	"fmt"
	"time"

	"cordon/store/soc/soctest"
)

// runModel is D6: steps of random histories against the independent model, and the table of states and events.
func runModel(ctx context.Context, o options) ([]line, error) {
	control, all, missed := soctest.Controls(ctx, o.seed)
	want := int64(100_000)
	if o.long {
		want = 2_100_000
	}
	began := time.Now()
	c := soctest.Campaign{Seed: o.seed, Turns: 150, Steps: want}.Run(ctx)
	steps := line{
		what: "random histories against the independent model, steps", n: c.Steps, want: 2_000_000, bad: c.Bad,
		control: control, caught: all, examples: append(c.Examples, missed...),
		note: fmt.Sprintf("%d worlds, %d lockdowns, %s a step", c.Worlds, c.Lockdowns, perStep(began, c.Steps)),
	}
	return []line{steps, pairs()}, ctx.Err()
}

// pairs is the line of the table.
func pairs() line {
	t := soctest.Pairs()
	return line{
		what: "states times events with an outcome written by hand", n: t.Cells, want: t.Phases * t.Events, bad: t.Bad, examples: t.Examples,
		control: fmt.Sprintf("%d of %d wrong cells noticed", t.Noticed, t.Cells), caught: t.Noticed == t.Cells,
		note: fmt.Sprintf("%d phases, %d events, %d %% covered", t.Phases, t.Events, 100*t.Cells/(t.Phases*t.Events)),
	}
}

func perStep(began time.Time, n int) time.Duration {
	return (time.Since(began) / time.Duration(max(n, 1))).Round(10 * time.Nanosecond)
}
