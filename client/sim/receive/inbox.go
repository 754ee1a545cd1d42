package receive

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
)

// Inbox keeps what arrived, in the order of arrival. Its methods may be called
// from any goroutine.
type Inbox[T any] struct {
	mu   sync.Mutex
	all  []T
	more chan struct{} // closed and replaced at each arrival
	tell func(line string)
}

// add keeps an arrival and tells about it.
func (b *Inbox[T]) add(v T, line string) {
	b.mu.Lock()
	b.all = append(b.all, v)
	if b.more != nil {
		close(b.more)
		b.more = nil
	}
	b.mu.Unlock()
	if b.tell != nil {
		b.tell(line)
	}
}

// All returns what arrived so far.
func (b *Inbox[T]) All() []T {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.all)
}

// Len is the number of arrivals so far.
func (b *Inbox[T]) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.all)
}

// Wait returns all arrivals as soon as there are at least n. When ctx ends
// before that it returns those that are there, with an error.
func (b *Inbox[T]) Wait(ctx context.Context, n int) ([]T, error) {
	for {
		b.mu.Lock()
		if len(b.all) >= n {
			defer b.mu.Unlock()
			return slices.Clone(b.all), nil
		}
		if b.more == nil {
			b.more = make(chan struct{})
		}
		more := b.more
		b.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			all := b.All()
			return all, fmt.Errorf("waiting for arrival %d of %d: %w", len(all)+1, n, ctx.Err())
		}
	}
}

// listen opens a TCP listener on a loopback address; receivers have no business
// on a network.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	if err := loopback(addr); err != nil {
		return nil, err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening for a receiver: %w", err)
	}
	return ln, nil
}

var errNotLoopback = errors.New("receivers only listen on loopback addresses")

func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("reading the address of a receiver: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("listening on %s: %w", addr, errNotLoopback)
	}
	return nil
}

// queue hands out armed faults or replies one by one.
type queue[T any] struct {
	mu    sync.Mutex
	armed []armed[T]
}

type armed[T any] struct {
	what T
	left int // negative: for ever
}

func (q *queue[T]) arm(what T, times int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if times == 0 {
		times = 1
	}
	q.armed = append(q.armed, armed[T]{what, times})
}

func (q *queue[T]) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.armed = nil
}

// take returns the first that fits and counts it.
func (q *queue[T]) take(fits func(T) bool) (what T, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.armed {
		a := &q.armed[i]
		if !fits(a.what) {
			continue
		}
		what = a.what
		if a.left > 0 {
			if a.left--; a.left == 0 {
				q.armed = slices.Delete(q.armed, i, i+1)
			}
		}
		return what, true
	}
	return what, false
}
