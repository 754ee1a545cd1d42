package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cordon/store/soc"
)

const (
	timeout  = 10 * time.Second // of one delivery; mail servers take their time
	mailTime = time.Minute
	batch    = 64 // entries in memory per sink
	poison   = 5  // refusals until a message is given up
	loud     = 3  // failures in a row until people are told
	deadKept = 100
	saveMost = time.Second // between two writes of a place while there is more to deliver
	saveIdle = time.Minute // between two writes of a place that only moved over what the sink does not tell
	firstTry = time.Second
	slowest  = 5 * time.Minute
)

// worker keeps one sink informed. All of it belongs to one goroutine, except what mu guards.
type worker struct {
	o    Options
	spec Spec
	sink Sink
	busy chan struct{} // holds a token while a call of the sink is under way

	st       soc.SinkState
	queue    []item // what follows st, as far as it was read
	saved    time.Time
	unsaved  bool
	skipped  bool      // the place moved only over what was skipped
	dropped  time.Time // the last time that an entry was left out
	failures int
	nextTry  time.Time // of a delivery, by back-off
	hold     time.Time // of anything, because the sink asked for it
	nextBeat time.Time
	refusals refusals
	owed     uint64 // of mail: entries up to counted that are still to be told
	counted  uint64

	mu      sync.Mutex
	shown   soc.SinkState // for Troubles
	backlog uint64
	lessAt  time.Time // dropped, for Troubles
}

// refusals are those of the message at the front.
type refusals struct {
	id      string
	n       int
	otherOK bool // the sink took something else meanwhile: it is the message, not the sink
}

func (w *worker) protect(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("notifying %s: panic: %v", w.spec.Name, v)
		}
	}()
	w.run(ctx)
	return nil
}

func (w *worker) run(ctx context.Context) {
	watch := w.o.Store.Watch()
	defer watch.Close()
	for !w.load(ctx) {
		if !w.wait(ctx, nil, w.o.Now().Add(slowest/10)) {
			return
		}
	}
	w.nextBeat = w.o.Now()
	for ctx.Err() == nil {
		if now := w.o.Now(); !now.Before(w.nextBeat) {
			w.nextBeat = now.Add(w.o.Heartbeat)
			if !now.Before(w.hold) && w.spec.beats() {
				w.beat(ctx)
			}
		}
		more := false
		if now := w.o.Now(); !now.Before(w.nextTry) && !now.Before(w.hold) {
			more = w.step(ctx)
		}
		w.save(ctx, !more)
		if more {
			continue
		}
		until := w.nextBeat
		if next := later(w.nextTry, w.hold); next.After(w.o.Now()) && next.Before(until) {
			until = next
		}
		w.wait(ctx, watch, until)
	}
	w.unsaved = w.unsaved || w.skipped
	w.save(ctx, true)
}

// wait ends at until, when the history grew, or with false when ctx ended.
func (w *worker) wait(ctx context.Context, watch *soc.Watcher, until time.Time) bool {
	t := time.NewTimer(until.Sub(w.o.Now()))
	defer t.Stop()
	var grew <-chan struct{}
	if watch != nil {
		grew = watch.C()
	}
	for {
		select {
		case <-ctx.Done():
			return false
		case <-t.C:
			return true
		case <-grew:
			if watch.Take().Has(soc.TopicAudit) {
				return true
			}
		}
	}
}

// step delivers one chunk and reports whether there may be more to do at once.
func (w *worker) step(ctx context.Context) bool {
	if len(w.queue) == 0 {
		var err error
		if w.queue, err = w.next(ctx); err != nil {
			w.failed(item{}, err)
			return false
		}
	}
	items := w.queue[:min(len(w.queue), w.spec.chunk())]
	if len(items) == 0 {
		return false
	}
	msgs := make([]Message, 0, len(items))
	for _, it := range items {
		if it.msg.ID != "" {
			msgs = append(msgs, it.msg)
		}
	}
	n, err := len(msgs), error(nil)
	if n > 0 {
		n, err = w.call(ctx, msgs)
	}
	done := 0
	for _, it := range items {
		if it.msg.ID != "" && n == 0 {
			break
		} else if it.msg.ID != "" {
			n--
		}
		w.pass(it)
		done++
	}
	if err == nil {
		w.worked(len(msgs) > 0)
		return true
	}
	if ctx.Err() != nil {
		return false
	}
	if done > 0 {
		w.failures = 0
	}
	w.failed(items[min(done, len(items)-1)], err)
	return w.nextTry.IsZero()
}

// call runs one delivery with a time limit of its own. A sink that does not even come back from that is left alone until it does; meanwhile
// nothing waits for it, not even the end of the program.
func (w *worker) call(ctx context.Context, msgs []Message) (int, error) {
	select {
	case w.busy <- struct{}{}:
	default:
		return 0, errors.New("the last delivery has not come back yet")
	}
	ctx, cancel := context.WithTimeout(ctx, w.spec.timeout())
	type answer struct {
		n   int
		err error
	}
	back := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if v := recover(); v != nil {
				a = answer{err: fmt.Errorf("the sink failed inside: %v", v)}
			}
			<-w.busy // before the answer: whoever reads it may call again at once
			back <- a
			cancel()
		}()
		a.n, a.err = w.sink.Deliver(ctx, msgs)
	}()
	select {
	case a := <-back:
		if a.err == nil && a.n < len(msgs) {
			a.err = errors.New("the sink took only a part")
		}
		return a.n, a.err
	case <-ctx.Done():
		select { // cancelled by the answer itself
		case a := <-back:
			return a.n, a.err
		default:
		}
		return 0, fmt.Errorf("no answer within %s", w.spec.timeout())
	}
}

// pass moves the place behind an item.
func (w *worker) pass(it item) {
	w.queue = w.queue[1:]
	w.told(it)
	if it.skipped {
		w.skipped = true
	} else {
		w.unsaved = true
	}
	if it.checkpoint > 0 {
		w.st.Checkpoint = it.checkpoint
		return
	}
	w.st.Seq = it.entry.Seq
	if it.msg.ID == "" && !it.skipped {
		w.st.Dropped++
		w.dropped = w.o.Now()
	}
}

// save writes the place after delivery: at once when there is nothing more to do, now and then while there is. When the store can not be
// written the place stays in memory; a restart then sends some messages again.
func (w *worker) save(ctx context.Context, now bool) {
	since := w.o.Now().Sub(w.saved)
	w.unsaved = w.unsaved || w.skipped && since >= saveIdle
	if !w.unsaved || !now && since < saveMost {
		if now {
			w.note(w.waiting(ctx)) // the place also moves over what is not told
		}
		return
	}
	if err := w.o.Store.SaveSink(context.WithoutCancel(ctx), w.st); err == nil {
		w.unsaved, w.skipped = false, false
	}
	w.saved = w.o.Now()
	w.note(w.waiting(ctx))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
