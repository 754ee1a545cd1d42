package notify

import (
	"context"
	"fmt"

	"cordon/store/soc"
)

// History is what Owed reads.
type History interface {
	AuditAfter(ctx context.Context, seq uint64, limit int) ([]soc.AuditEntry, error)
	Lockdown(ctx context.Context, id soc.LockdownID) (soc.Lockdown, error)
}

// Owed counts the entries after number seq that a sink tells of, and says up to which number it looked. Mail is about few of them: what
// waits for a mail server is not the whole history.
func Owed(ctx context.Context, h History, s Spec, seq uint64) (n, upTo uint64, err error) {
	for {
		entries, err := h.AuditAfter(ctx, seq, batch)
		if err != nil {
			return n, seq, fmt.Errorf("reading what waits for %s: %w", s.Name, err)
		}
		for _, e := range entries {
			m, err := messageOf(ctx, h, e, soc.Integration{}, WeightOf(e))
			if err != nil {
				return n, seq, err
			}
			if s.wants(m) {
				n++
			}
			seq = e.Seq
		}
		if len(entries) < batch {
			return n, seq, nil
		}
	}
}

// waiting is the backlog now, the last known one if the history can not be read.
func (w *worker) waiting(ctx context.Context) uint64 {
	n, err := w.backlogNow(context.WithoutCancel(ctx))
	if err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.backlog
	}
	return n
}

func (w *worker) backlogNow(ctx context.Context) (uint64, error) {
	if w.spec.Off {
		return 0, nil
	}
	if !w.spec.picks() {
		last, err := head(ctx, w.o.Store)
		return behind(last.Seq, w.st.Seq), err
	}
	n, upTo, err := Owed(ctx, w.o.Store, w.spec, max(w.counted, w.st.Seq))
	if err == nil {
		w.owed, w.counted = w.owed+n, upTo
	}
	return w.owed, err
}

// told takes an entry that is passed out of what was counted.
func (w *worker) told(it item) {
	if w.spec.picks() && it.checkpoint == 0 && it.msg.ID != "" && it.entry.Seq <= w.counted && w.owed > 0 {
		w.owed--
	}
}
