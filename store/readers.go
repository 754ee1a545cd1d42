package store

import (
	"sync"
	"time"
)

const (
	slowRead = 50 * time.Millisecond // counted
	longRead = time.Second           // a trouble
)

// readers knows the read transactions under way: one that lasts keeps old pages from being used again and, when the file has to grow,
// stops the writer (F72).
type readers struct {
	mu   sync.Mutex
	next uint64
	open map[uint64]time.Time
	slow uint64
	max  time.Duration
}

// enter notes a reader; the function that it returns notes its end.
func (r *readers) enter() (leave func()) {
	began := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open == nil {
		r.open = map[uint64]time.Time{}
	}
	r.next++
	id := r.next
	r.open[id] = began
	return func() {
		took := time.Since(began)
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.open, id)
		r.max = max(r.max, took)
		if took > slowRead {
			r.slow++
		}
	}
}

// oldest is the age of the oldest reader under way.
func (r *readers) oldest() (age time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, began := range r.open {
		age = max(age, time.Since(began))
	}
	return age
}

// seen returns how many readers took longer than 50 ms, and the longest of all.
func (r *readers) seen() (slow uint64, longest time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.slow, r.max
}
