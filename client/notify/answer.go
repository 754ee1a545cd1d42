package notify

import (
	"errors"
	"math/rand/v2"
	"time"

	"cordon/store/soc"
)

// worked notes that the sink takes messages.
func (w *worker) worked(sent bool) {
	if !sent {
		return
	}
	w.failures, w.nextTry, w.hold = 0, time.Time{}, time.Time{}
	w.refusals = refusals{}
	w.up()
	if s, ok := w.sink.(interface{ Notice() string }); ok && s.Notice() != w.st.Problem {
		w.st.Problem, w.unsaved = s.Notice(), true
	}
}

func (w *worker) up() {
	if w.st.LastOK.IsZero() {
		w.unsaved = true
	}
	w.st.LastOK = w.o.Now().UTC()
	if !w.st.Since.IsZero() {
		w.st.Since, w.st.Problem, w.unsaved = time.Time{}, "", true
	}
}

// failed plans the next try of the item at the front, or gives it up.
func (w *worker) failed(front item, err error) {
	now := w.o.Now()
	w.failures++
	var a *answerError
	if !errors.As(err, &a) {
		a = &answerError{}
	}
	if a.refused && w.giveUp(front, a, now) {
		w.nextTry = time.Time{}
		return
	}
	wait := min(firstTry<<min(w.failures-1, 20), slowest)
	w.nextTry = now.Add(wait/2 + rand.N(wait/2+1))
	if a.after > 0 {
		w.hold = now.Add(a.after)
	}
	if w.failures >= loud {
		w.down(soc.Clean(err.Error()), now)
	}
}

func (w *worker) down(why string, now time.Time) {
	if w.st.Since.IsZero() {
		w.st.Since, w.unsaved = now.UTC(), true
	}
	w.st.Problem = why
}

// giveUp counts the refusals of the message at the front. It becomes a dead letter when the sink refused it often enough and it is the
// message's fault: the answer says so, or the sink took another message meanwhile. Otherwise the sink is at fault, and nothing is given up.
func (w *worker) giveUp(front item, a *answerError, now time.Time) bool {
	if front.msg.ID == "" {
		return false
	}
	if w.refusals.id != front.msg.ID {
		w.refusals = refusals{id: front.msg.ID}
	}
	w.refusals.n++
	if w.refusals.n < poison || !a.aboutMessage && !w.refusals.otherOK {
		return false
	}
	w.st.GivenUp++
	w.st.Dead = append(w.st.Dead, soc.DeadLetter{
		ID: front.msg.ID, Seq: front.entry.Seq, At: now.UTC(), Tries: w.refusals.n, Action: front.entry.Action, Target: front.entry.Target,
		Why: soc.Clean(a.what),
	})
	if over := len(w.st.Dead) - deadKept; over > 0 {
		w.st.Dead = append([]soc.DeadLetter(nil), w.st.Dead[over:]...)
	}
	w.pass(front)
	w.refusals, w.failures = refusals{}, 0
	return true
}
