package main

import (
	"context"
	"fmt"
	"time"

	"cordon/store/soc/soctest"
)

// runLost is D2: whole lifetimes of lockdowns, most of them plain, the rest in worlds where everything goes wrong. A lockdown is lost when
// it is open without a wake-up, when nobody comes back to it, or when its host stays isolated although its time is over and everything works.
func runLost(ctx context.Context, o options) ([]line, error) {
	plain, faulted := int64(20_000), int64(300)
	if o.long {
		plain, faulted = 950_000, 50_000
	}
	began := time.Now()
	quiet := soctest.Campaign{Seed: o.seed, Calm: true, Worlds: plain}.Run(ctx)
	split := time.Since(began)
	rough := soctest.Campaign{Seed: o.seed + 1, Turns: 40, Worlds: faulted}.Run(ctx)
	control, caught := soctest.LostControls(ctx, o.seed)
	all := line{
		what: "simulated lockdowns: lost timers, forgotten hosts", n: quiet.Lockdowns + rough.Lockdowns, want: 1_000_000,
		bad: quiet.Bad + rough.Bad, control: control, caught: caught, examples: append(quiet.Examples, rough.Examples...),
		note: fmt.Sprintf("%s plain, %s faulted", split.Round(time.Second), (time.Since(began) - split).Round(time.Second)),
	}
	faults := line{
		what: "of these, lifetimes with faults", n: rough.Lockdowns, want: 50_000, bad: rough.Bad, control: control, caught: caught,
	}
	return []line{all, faults}, ctx.Err()
}
