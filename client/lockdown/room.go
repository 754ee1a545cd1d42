package lockdown

import "time"

const roomAgain = 30 * time.Second // look again at least this often whether there is room

// crowded is how long a release that is not sent should leave the budget to others; zero when it is its turn. Asking first costs nothing: a
// release that is started without room writes an attempt, is refused by the budget, and writes that too, again and again (F63).
func (h *handling) crowded() time.Duration {
	if !unsent(h.l) || h.r.o.Room == nil {
		return 0
	}
	return min(h.r.o.Room(h.l.Key.Integration), roomAgain)
}

// burst reports whether many hosts wait for a worker. Then one read of the fleet serves all of them, see survey.
func (r *Reconciler) burst() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waiting > burstSize
}

const burstSize = 8
