package soc

import (
	"sync"
	"sync/atomic"
)

// Topic is a bit mask of what may have changed. A wake-up says "read again", never what is new: wake-ups merge, a slow reader costs
// nothing and can not miss the end state.
type Topic uint32

// The topics.
const (
	TopicAlerts Topic = 1 << iota
	TopicHosts
	TopicActions
	TopicLockdowns
	TopicAudit
	TopicSettings
	TopicConn
	TopicReports // threat reports and pushed indicators
)

// Has reports whether any of the bits of o is set.
func (t Topic) Has(o Topic) bool { return t&o != 0 }

// Hub hands wake-ups to watchers. The zero value is ready.
type Hub struct {
	mu       sync.Mutex
	watchers map[*Watcher]struct{}
}

// Watcher receives merged wake-ups: wait on C, then Take.
type Watcher struct {
	hub  *Hub
	c    chan struct{}
	mask atomic.Uint32
}

// Watch subscribes. The caller must Close the watcher.
func (h *Hub) Watch() *Watcher {
	w := &Watcher{hub: h, c: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers == nil {
		h.watchers = map[*Watcher]struct{}{}
	}
	h.watchers[w] = struct{}{}
	return w
}

// Publish wakes every watcher; it never blocks.
func (h *Hub) Publish(t Topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		w.mask.Or(uint32(t))
		select {
		case w.c <- struct{}{}:
		default:
		}
	}
}

// Watchers returns how many are subscribed, for leak tests.
func (h *Hub) Watchers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.watchers)
}

// C is readable when something is stale.
func (w *Watcher) C() <-chan struct{} { return w.c }

// Take returns what is stale since the last Take and clears it.
func (w *Watcher) Take() Topic { return Topic(w.mask.Swap(0)) }

// Close unsubscribes. Closing twice is harmless.
func (w *Watcher) Close() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	delete(w.hub.watchers, w)
}
