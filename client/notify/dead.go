package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cordon/store/soc"
)

// Resend sends the dead letters of a sink once more, those with the given ids or all, and takes those that arrive off the list. It returns
// how many arrived; the error is that of the first that did not. No worker of the sink may run: it keeps its own copy of the list.
func Resend(ctx context.Context, st Store, s Spec, from Host, ids []string, now func() time.Time) (sent int, err error) {
	sink, err := s.Open(from, now)
	if err != nil {
		return 0, err
	}
	return resend(ctx, st, s, sink, ids, now)
}

func resend(ctx context.Context, st Store, s Spec, sink Sink, ids []string, now func() time.Time) (sent int, err error) {
	state, list, err := deadOf(ctx, st, s, ids)
	if err != nil {
		return 0, err
	}
	tenants := map[soc.IntegrationID]soc.Integration{}
	if ins, err := st.Integrations(ctx); err == nil { // without it events lack a name
		for _, in := range ins {
			tenants[in.ID] = in
		}
	}
	var errs []error
	for _, d := range list {
		m, err := again(ctx, st, d, tenants)
		if err == nil {
			err = deliverOne(ctx, sink, s, m)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", d.ID, err))
			continue
		}
		sent++
		state.Dead = slices.DeleteFunc(state.Dead, func(x soc.DeadLetter) bool { return x.ID == d.ID })
		state.LastOK = now().UTC()
	}
	if sent > 0 {
		if err := st.SaveSink(ctx, state); err != nil {
			return sent, fmt.Errorf("taking what arrived off the list: %w", err)
		}
	}
	if len(errs) > 0 {
		return sent, &soc.Error{
			Kind: soc.KindUnavailable, Code: "sink-refused",
			What:  fmt.Sprintf("%s: %d arrived, %d did not: %s", s.Name, sent, len(errs), soc.Clean(errs[0].Error())),
			Means: "what did not arrive stays on the list", Next: "correct the receiver and try again, or drop them", Err: errs[0],
		}
	}
	return sent, nil
}

// Drop takes dead letters off the list of a sink, those with the given ids or all. Their entries stay in the history.
func Drop(ctx context.Context, st Store, s Spec, ids []string) (dropped int, err error) {
	state, list, err := deadOf(ctx, st, s, ids)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	state.Dead = slices.DeleteFunc(state.Dead, func(x soc.DeadLetter) bool {
		return slices.ContainsFunc(list, func(d soc.DeadLetter) bool { return d.ID == x.ID })
	})
	return len(list), st.SaveSink(ctx, state)
}

// deadOf returns the state of a sink and the wanted ones of its dead letters. An id that is not there is an error.
func deadOf(ctx context.Context, st Store, s Spec, ids []string) (state soc.SinkState, list []soc.DeadLetter, err error) {
	state, err = st.Sink(ctx, s.key())
	if errors.Is(err, soc.ErrNotFound) {
		state, err = soc.SinkState{}, nil
	}
	if err != nil {
		return state, nil, fmt.Errorf("reading the state of %s: %w", s.Name, err)
	}
	state.Dead = slices.Clone(state.Dead)
	for _, id := range ids {
		if !slices.ContainsFunc(state.Dead, func(d soc.DeadLetter) bool { return d.ID == id }) {
			return state, nil, &soc.Error{
				Kind: soc.KindNotFound, Code: "no-dead-letter", What: fmt.Sprintf("%s has no dead letter %q", s.Name, soc.Clean(id)),
				Next: `see "cordon notify dead"`,
			}
		}
	}
	for _, d := range state.Dead {
		if len(ids) == 0 || slices.Contains(ids, d.ID) {
			list = append(list, d)
		}
	}
	return state, list, nil
}

// again makes the message of a dead letter anew, out of the history.
func again(ctx context.Context, st Store, d soc.DeadLetter, tenants map[soc.IntegrationID]soc.Integration) (Message, error) {
	if d.Seq == 0 {
		return Message{}, errors.New("a checkpoint is not sent again: the next one covers it")
	}
	entries, err := st.AuditAfter(ctx, d.Seq-1, 1)
	if err != nil || len(entries) == 0 || entries[0].Seq != d.Seq {
		return Message{}, errors.Join(errors.New("its entry can not be read"), err)
	}
	return messageOf(ctx, st, entries[0], tenants[entries[0].Integration], WeightOf(entries[0]))
}

func deliverOne(ctx context.Context, sink Sink, s Spec, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	_, err := sink.Deliver(ctx, []Message{m})
	return err
}
