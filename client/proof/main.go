// Command proof runs the long proofs of cordon and prints what they found, as numbers with their N: a zero says little without it.
//
//	go run ./client/proof [-long] [-only D1,D3] [-seed N]
//
// Each figure is one file. The short form is what `make test` has time for; -long is what docs/reliability.md quotes. A figure that can not
// run here, because a tool or a right is missing, is printed as "not done", never as passed, and the command fails. Every figure carries a
// negative control: the same check against a build, a store or a machine that is broken on purpose. A control that finds nothing fails the
// figure.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"
)

// figure is one proof.
type figure struct {
	id, name string
	run      func(ctx context.Context, o options) ([]line, error)
}

// options are how hard to try.
type options struct {
	long bool
	seed uint64
	log  io.Writer // progress, for people
}

// line is one row of the table: so many cases, so many of them bad, and what the negative control found.
type line struct {
	what     string
	n        int    // cases that reached their end
	want     int    // the N that the long form owes; 0 = none
	bad      int    // cases that broke the promise
	control  string // what the negative control found: "12 of 20 found"
	caught   bool   // the control found what it should
	note     string // figures such as rates
	examples []string
}

// errNotDone is returned by a figure that can not run on this machine; it is wrapped with the reason.
var errNotDone = fmt.Errorf("not done")

func figures() []figure {
	return []figure{
		crashFigure(),
		{"D3", "lost answers: no duplicate isolate, no early release", outcomes},
		{"D4", "clocks: no early release", clockFigure},
		{"D5", "release lateness", latenessFigure},
		{"D11", "audit: every tampering found, first bad record exact", runTamper},
		{"D2", "lost timers", runLost},
		{"D6", "the model", runModel},
		{"D6m", "the tests of the machine", runMutants},
		{"D10", "soak", runSoak},
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "victim" {
		os.Exit(runVictim(os.Args[2:]))
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, out, errOut io.Writer) int {
	fs := flag.NewFlagSet("proof", flag.ContinueOnError)
	fs.SetOutput(errOut)
	o := options{log: errOut}
	only := fs.String("only", "", "run these figures, by id, comma separated")
	fs.BoolVar(&o.long, "long", false, "run the long form")
	fs.Uint64Var(&o.seed, "seed", 1, "seed of everything that is random")
	if err := fs.Parse(args); err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	form := "short"
	if o.long {
		form = "long"
	}
	fmt.Fprintf(out, "cordon proof, %s form, seed %d, %s, %d CPUs\n", form, o.seed, runtime.Version(), runtime.NumCPU())
	code := 0
	for _, f := range figures() {
		if named := slices.Contains(strings.Split(*only, ","), f.id); !named && (*only != "" || (f.id == "D6m" && !o.long)) {
			continue // the mutants take half an hour
		}
		began := time.Now()
		lines, err := f.run(ctx, o)
		fmt.Fprintf(out, "%s  %s  (%s)\n", f.id, f.name, time.Since(began).Round(time.Second))
		if !report(out, o, lines, err) {
			code = 1
		}
	}
	return code
}

// report prints the lines of a figure and says whether it holds.
func report(out io.Writer, o options, lines []line, err error) bool {
	good := err == nil
	for _, l := range lines {
		verdict := "ok"
		switch {
		case l.bad > 0:
			verdict = "BROKEN"
		case !l.caught:
			verdict = "NO CONTROL"
		case o.long && l.n < l.want:
			verdict = "TOO FEW"
		}
		good = good && verdict == "ok"
		fmt.Fprintf(out, "    %-10s %-58s N %9d  bad %d  control: %s", verdict, l.what, l.n, l.bad, l.control)
		if l.note != "" {
			fmt.Fprintf(out, "  %s", l.note)
		}
		fmt.Fprintln(out)
		for _, e := range l.examples {
			fmt.Fprintf(out, "               %s\n", e)
		}
	}
	if err != nil {
		fmt.Fprintf(out, "    %v\n", err)
	}
	return good
}
