package notify

import (
	"context"
	"fmt"

	"cordon/store/soc"
)

// item is one thing that a sink is owed: an audit entry or a checkpoint. One without a message is passed over: left out because too much
// waits, or skipped because the sink does not tell of such things.
type item struct {
	msg        Message
	skipped    bool
	entry      soc.AuditEntry
	checkpoint uint64
}

// next reads what is owed, oldest first: entries, and checkpoints when there are none.
func (w *worker) next(ctx context.Context) ([]item, error) {
	entries, err := w.o.Store.AuditAfter(ctx, w.st.Seq, batch)
	if err != nil {
		return nil, fmt.Errorf("reading the history: %w", err)
	}
	if len(entries) == 0 {
		return w.checkpoints(ctx)
	}
	last, err := head(ctx, w.o.Store)
	if err != nil {
		return nil, err
	}
	w.note(w.waiting(ctx))
	tenants := map[soc.IntegrationID]soc.Integration{}
	if ins, err := w.o.Store.Integrations(ctx); err == nil { // without it events lack a name
		for _, in := range ins {
			tenants[in.ID] = in
		}
	}
	var out []item
	for _, e := range entries {
		it := item{entry: e}
		if weight := WeightOf(e); weight > WeightInfo || behind(last.Seq, e.Seq) < w.o.Backlog {
			if it.msg, err = w.event(ctx, e, tenants[e.Integration], weight); err != nil {
				return nil, err
			}
			if !w.spec.wants(it.msg) {
				it.msg, it.skipped = Message{}, true
			}
		}
		out = append(out, it)
	}
	return out, nil
}

func (w *worker) event(ctx context.Context, e soc.AuditEntry, in soc.Integration, weight Weight) (Message, error) {
	return messageOf(ctx, w.o.Store, e, in, weight)
}

// messageOf tells of an entry.
func messageOf(ctx context.Context, st History, e soc.AuditEntry, in soc.Integration, weight Weight) (Message, error) {
	var l soc.Lockdown
	if e.Lockdown != "" {
		l, _ = st.Lockdown(ctx, e.Lockdown) // a record that can not be read only lacks its deadline here
	}
	m, err := eventMessage(NewEvent(e, l, in), weight)
	m.Turn = TurnOf(e, l, in)
	return m, err
}

func (w *worker) checkpoints(ctx context.Context) ([]item, error) {
	if w.o.Checkpoints == nil {
		return nil, nil
	}
	list, err := w.o.Checkpoints(ctx, w.st.Checkpoint, batch)
	if err != nil {
		return nil, fmt.Errorf("reading the checkpoints: %w", err)
	}
	var out []item
	for _, c := range list {
		m, err := checkpointMessage(c)
		if err != nil {
			return nil, err
		}
		it := item{msg: m, checkpoint: c.N}
		if !w.spec.wants(m) {
			it.msg, it.skipped = Message{}, true
		}
		out = append(out, it)
	}
	return out, nil
}
