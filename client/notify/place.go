package notify

import (
	"context"
	"errors"
	"slices"

	"cordon/store/soc"
)

// ActionAdded is the action of the audit entry about a channel that was added.
const ActionAdded = "channel-add"

// lookBack is in how many entries the beginning of a new channel is looked for.
const lookBack = 1000

// load finds the place in the history. A new sink begins where it was added, or at the end; one whose place can not be read begins at the
// start, because twice is better than never.
func (w *worker) load(ctx context.Context) bool {
	last, err := head(ctx, w.o.Store)
	if err != nil {
		w.show("the history can not be read: " + soc.Clean(err.Error()))
		return false
	}
	st, err := w.o.Store.Sink(ctx, w.spec.key())
	switch {
	case errors.Is(err, soc.ErrNotFound):
		st = soc.SinkState{Seq: w.added(ctx, last.Seq), Checkpoint: w.newest(ctx)}
	case errors.Is(err, &soc.Error{Kind: soc.KindInternal, Code: "damaged-record"}):
		st = soc.SinkState{}
	case err != nil:
		w.show("its place in the history can not be read: " + soc.Clean(err.Error()))
		return false
	}
	st.Name, st.Seq = w.spec.key(), min(st.Seq, last.Seq)
	w.st, w.unsaved = st, true
	w.owed, w.counted = 0, st.Seq
	w.save(ctx, true)
	w.note(w.waiting(ctx))
	return true
}

// added is where in the last thousand entries the channel was added: what happened between that and now, such as while this process was
// starting, is not lost. Without such an entry it is the end.
func (w *worker) added(ctx context.Context, last uint64) uint64 {
	if w.spec.Key == "" {
		return last // a sink of the configuration file
	}
	entries, err := w.o.Store.AuditAfter(ctx, last-min(last, lookBack), lookBack)
	if err != nil {
		return last
	}
	for _, e := range slices.Backward(entries) {
		if e.Action == ActionAdded && e.Result == soc.ResultOK && e.Target == w.spec.Name {
			return e.Seq
		}
	}
	return last
}

// newest is the number before the newest checkpoint: a new sink gets that one first.
func (w *worker) newest(ctx context.Context) (n uint64) {
	if w.o.Checkpoints == nil {
		return 0
	}
	last := uint64(0)
	for {
		list, err := w.o.Checkpoints(ctx, last, batch)
		if err != nil || len(list) == 0 {
			return last - min(last, 1)
		}
		last = list[len(list)-1].N
	}
}
