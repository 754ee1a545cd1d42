package notify

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"cordon/store/soc"
)

// retryChannels is how long the channels may stay unread before it is tried again.
const retryChannels = time.Minute

// running is the worker of a channel.
type running struct {
	w      *worker
	cancel context.CancelFunc
	done   chan struct{}
}

// follow keeps one worker for each channel of the store. A channel that changed gets a new worker, which takes over the place of the old one:
// that is saved before the new one begins, so nothing is lost, and nothing is sent twice but what is under way at that moment, under the same
// id. It ends with ctx, or with the panic of a worker.
func (n *Notifier) follow(ctx context.Context) error {
	watch := n.o.Store.Watch()
	defer watch.Close()
	defer n.stopAll()
	broken := make(chan error, 1)
	for {
		again := time.Duration(0)
		if err := n.sync(ctx, broken); err != nil && ctx.Err() == nil {
			again = retryChannels // what runs goes on; a store in trouble tells so itself
		}
		if err := changed(ctx, watch, broken, again); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// changed waits until the settings may have changed or it is time to try again. The error is that of a worker.
func changed(ctx context.Context, watch *soc.Watcher, broken <-chan error, again time.Duration) error {
	var timer <-chan time.Time
	if again > 0 {
		t := time.NewTimer(again)
		defer t.Stop()
		timer = t.C
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-broken:
			return err
		case <-timer:
			return nil
		case <-watch.C():
			if watch.Take().Has(soc.TopicSettings) {
				return nil
			}
		}
	}
}

// sync makes the running workers equal to the channels.
func (n *Notifier) sync(ctx context.Context, broken chan<- error) error {
	specs, err := n.o.Channels(ctx)
	if err != nil {
		return fmt.Errorf("reading the notification channels: %w", err)
	}
	n.mu.Lock()
	have := slices.Clone(n.channels)
	n.mu.Unlock()
	keep := map[string]*running{}
	for _, r := range have {
		if slices.ContainsFunc(specs, func(s Spec) bool { return s.key() == r.w.spec.key() && s.Tag == r.w.spec.Tag }) {
			keep[r.w.spec.key()] = r
		} else {
			r.stop()
		}
	}
	var next []*running
	fresh := len(keep) != len(have)
	for _, s := range specs {
		r := keep[s.key()]
		if r == nil {
			r, fresh = n.begin(ctx, s, broken), true
		}
		next = append(next, r)
	}
	n.mu.Lock()
	n.channels = next
	n.mu.Unlock()
	if fresh {
		n.o.Changed()
	}
	return nil
}

// begin starts the worker of a channel. One that can not be opened runs too: its trouble is shown, and its place does not move.
func (n *Notifier) begin(ctx context.Context, s Spec, broken chan<- error) *running {
	sink, err := n.open(s)
	if err != nil {
		sink = unopened{err}
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &running{w: n.worker(s, sink), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		if err := r.w.protect(ctx); err != nil {
			select {
			case broken <- err:
			default:
			}
		}
	}()
	return r
}

func (r *running) stop() {
	r.cancel()
	<-r.done
}

func (n *Notifier) stopAll() {
	n.mu.Lock()
	list := n.channels
	n.channels = nil
	n.mu.Unlock()
	var wg sync.WaitGroup
	for _, r := range list {
		wg.Go(r.stop)
	}
	wg.Wait()
}

// all are the workers of now.
func (n *Notifier) all() []*worker {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := slices.Clone(n.workers)
	for _, r := range n.channels {
		out = append(out, r.w)
	}
	return out
}

// State tells how far the sink with this key got and how many entries wait, from memory; ok is false when it does not run here.
func (n *Notifier) State(key string) (st soc.SinkState, backlog uint64, ok bool) {
	for _, w := range n.all() {
		if w.spec.key() == key {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.shown, w.backlog, true
		}
	}
	return soc.SinkState{}, 0, false
}

// unopened stands for a sink that can not be made of its spec.
type unopened struct{ err error }

func (u unopened) Deliver(context.Context, []Message) (int, error) {
	return 0, u.err
}
