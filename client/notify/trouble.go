package notify

import (
	"fmt"
	"time"

	"cordon/store/soc"
)

// recently is how long a loss that can not be made good is told of; cordon notify list tells it for ever.
const recently = 24 * time.Hour

// note publishes the state for Troubles.
func (w *worker) note(backlog uint64) {
	w.mu.Lock()
	old := w.shown
	w.shown, w.backlog, w.lessAt = w.st, backlog, w.dropped
	w.mu.Unlock()
	if old.Since.IsZero() != w.st.Since.IsZero() || old.GivenUp != w.st.GivenUp || old.Dropped != w.st.Dropped {
		w.o.Changed()
	}
}

// show tells of a problem before the state is known.
func (w *worker) show(problem string) {
	w.mu.Lock()
	w.shown.Problem = problem
	if w.shown.Since.IsZero() {
		w.shown.Since = w.o.Now().UTC()
	}
	w.mu.Unlock()
	w.o.Changed()
}

func (w *worker) troubles() []soc.Trouble {
	w.mu.Lock()
	st, backlog, less := w.shown, w.backlog, w.lessAt
	w.mu.Unlock()
	name, recent := w.spec.Name, w.o.Now().Add(-recently)
	var out []soc.Trouble
	if !st.Since.IsZero() {
		out = append(out, soc.Trouble{
			Code: "sink-down", Level: soc.LevelWarn, Since: st.Since,
			What:  fmt.Sprintf("the notification sink %s takes nothing: %s; %d entries wait", name, st.Problem, backlog),
			Means: "others do not hear of lockdowns; lockdowns and releases themselves are not affected, and nothing that matters is lost",
			Next:  "correct the sink; cordon notify test " + name,
		})
	}
	if dead := lastDead(st); dead.After(recent) {
		out = append(out, soc.Trouble{
			Code: "sink-dead-letters", Level: soc.LevelWarn, Since: dead,
			What:  fmt.Sprintf("the notification sink %s refused %d messages for good", name, st.GivenUp),
			Means: "they are in the history, but nobody there has heard of them", Next: "cordon notify list",
		})
	}
	if less.After(recent) {
		out = append(out, soc.Trouble{
			Code: "sink-dropped", Level: soc.LevelInfo, Since: less,
			What:  fmt.Sprintf("%d entries of no weight were not sent to %s because too many waited", st.Dropped, name),
			Means: "they are in the history; nothing about a lockdown and no failure was left out", Next: "cordon notify list",
		})
	}
	return out
}

func lastDead(st soc.SinkState) (at time.Time) {
	if n := len(st.Dead); n > 0 {
		at = st.Dead[n-1].At
	}
	return at
}
