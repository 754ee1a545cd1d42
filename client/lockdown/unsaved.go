package lockdown

import (
	"context"
	"slices"

	"cordon/store/soc"
)

// kept is a record that the store refused to write while a release was owed. The release goes on from here, not from the old record on the
// disk: otherwise every look would begin the release anew and send another order. A process that dies meanwhile does begin anew after its
// start, and finds its order in Defender's list.
type kept struct {
	l      soc.Lockdown
	owed   []soc.AuditEntry
	stored int // number of the last attempt row that is on the disk
}

// resume goes on from what could not be written, unless somebody changed the stored record since.
func (h *handling) resume() {
	k := h.memo.kept
	h.memo.kept = nil
	switch {
	case k == nil:
	case k.l.Revision != h.l.Revision:
		h.memo.unsaved = 0
	default:
		h.l, h.owed, h.stored, h.ahead = k.l, k.owed, k.stored, true
	}
}

// catchUp tries to write what is ahead of the store.
func (h *handling) catchUp(ctx context.Context) error {
	if !h.ahead {
		return nil
	}
	return h.save(ctx, h.l, nil)
}

// keep remembers what is ahead of the store for the next look.
func (h *handling) keep() {
	if h.ahead {
		h.memo.kept = &kept{h.l, slices.Clone(h.owed), h.stored}
	}
}

// goAhead takes a step that the store refused to write.
func (h *handling) goAhead(next soc.Lockdown, owed []soc.AuditEntry) {
	if !h.ahead {
		h.stored = 0
		if a, ok := h.l.LastAttempt(); ok {
			h.stored = a.N
		}
	}
	h.memo.unsaved++
	h.l, h.owed, h.ahead = next, owed, true
}
