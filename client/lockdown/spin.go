package lockdown

import "time"

// How often one record is handled in a row before it has to wait: a record that asks for another turn at once for ever, such as one that the
// store refuses as a conflict whenever it is written, would burn a core and take the turns of others.
const (
	spinLimit = 20
	spinSpan  = time.Second
)

// spin counts the turns of a record within a span, by the steady clock of the process.
type spin struct {
	began time.Time
	turns int
}

// spun counts a turn.
func (s spin) spun(now time.Time) spin {
	if now.Sub(s.began) >= spinSpan {
		return spin{now, 1}
	}
	s.turns++
	return s
}

// dizzy reports whether the record has to wait.
func (s spin) dizzy(now time.Time) bool { return s.turns >= spinLimit && now.Sub(s.began) < spinSpan }

// calm makes a record wait that was handled too often; r.mu is held.
func (r *Reconciler) calm(i item, m memo) {
	r.o.Log.Warn("a lockdown asks for one turn after the other and has to wait", "id", i.id, "machine", i.key.MachineID, "turns", m.spin.turns)
	m.look, m.turn = r.o.Now().Add(spinSpan), i
	r.memo[i.id] = m
}
