package notify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"cordon/store/soc"
)

const nextShown = 10

// Heartbeat is a sign of life with what another party needs when it stops: which hosts are isolated and until when, and where the history
// stood, so that a store that is rolled back later is found out.
type Heartbeat struct {
	Kind     string         `json:"kind"`
	ID       string         `json:"id"`
	Time     time.Time      `json:"time"`
	Every    float64        `json:"everySeconds"` // silence for longer than a few of these is an alarm
	From     string         `json:"from,omitempty"`
	PID      int            `json:"pid"`
	Version  string         `json:"version,omitempty"`
	Live     int            `json:"live"`    // lockdowns that are not final
	Overdue  int            `json:"overdue"` // of those, how many should have been released
	Next     []NextDeadline `json:"next"`    // the first ten deadlines, overdue ones first
	Seq      uint64         `json:"auditSeq"`
	Hash     string         `json:"auditHash,omitempty"`
	Troubles []TroubleMark  `json:"troubles"`
	Problem  string         `json:"problem,omitempty"` // the store could not be read; then the numbers above are not known
}

// NextDeadline is a release that is due.
type NextDeadline struct {
	Lockdown  soc.LockdownID `json:"lockdown"`
	Host      string         `json:"host"`
	MachineID string         `json:"machineId"`
	Tenant    string         `json:"integration"`
	Phase     soc.Phase      `json:"phase"`
	Deadline  time.Time      `json:"deadline"`
}

// TroubleMark is a soc.Trouble without its sentences.
type TroubleMark struct {
	Code  string    `json:"code"`
	Level soc.Level `json:"level"` // 0 for information, 1 warning, 2 bad
	Since time.Time `json:"since,omitzero"`
}

// beat sends a sign of life. One that does not arrive is forgotten; what it says about the sink is kept.
func (w *worker) beat(ctx context.Context) {
	m, err := w.heartbeat(ctx)
	if err == nil {
		_, err = w.call(ctx, []Message{m})
	}
	switch {
	case err == nil:
		w.alive()
	case ctx.Err() == nil:
		w.failed(item{}, err)
	}
	if ctx.Err() == nil {
		w.note(w.waiting(ctx))
	}
}

// alive: the sink takes signs of life. If it refused the message at the front meanwhile, that is the message's fault; if it was out of
// reach, the queue goes on at once.
func (w *worker) alive() {
	if w.refusals.n > 0 {
		w.refusals.otherOK = true
		return
	}
	w.failures, w.nextTry, w.hold = 0, time.Time{}, time.Time{}
	w.up()
}

func (w *worker) heartbeat(ctx context.Context) (Message, error) {
	now := w.o.Now().UTC().Round(0)
	h := Heartbeat{
		Kind: KindHeartbeat, ID: fmt.Sprintf("hb_%d_%d", w.o.Host.PID, now.UnixNano()), Time: now, Every: w.o.Heartbeat.Seconds(), From: w.o.Host.Name,
		PID: w.o.Host.PID, Version: w.o.Host.Version, Next: []NextDeadline{}, Troubles: []TroubleMark{},
	}
	for _, t := range w.o.Troubles() {
		h.Troubles = append(h.Troubles, TroubleMark{t.Code, t.Level, t.Since})
	}
	if err := w.facts(ctx, &h); err != nil {
		h.Problem = soc.Clean(err.Error())
	}
	weight := WeightInfo
	if h.Overdue > 0 || h.Problem != "" {
		weight = WeightError
	}
	return message(h.ID, KindHeartbeat, weight, now, h)
}

func (w *worker) facts(ctx context.Context, h *Heartbeat) error {
	live, err := w.o.Store.Lockdowns(ctx, soc.LockdownQuery{Open: true})
	if err != nil {
		return fmt.Errorf("reading the lockdowns: %w", err)
	}
	last, err := head(ctx, w.o.Store)
	if err != nil {
		return err
	}
	h.Seq, h.Hash, h.Live = last.Seq, last.Hash, len(live)
	slices.SortStableFunc(live, func(a, b soc.Lockdown) int { return cmp.Or(a.Deadline.Compare(b.Deadline), cmp.Compare(a.ID, b.ID)) })
	for _, l := range live {
		if l.Word(h.Time) == "OVERDUE" {
			h.Overdue++
		}
		if l.Deadline.IsZero() || len(h.Next) == nextShown {
			continue
		}
		h.Next = append(h.Next, NextDeadline{l.ID, l.HostName, l.Key.MachineID, string(l.Key.Integration), l.Phase, l.Deadline})
	}
	return nil
}
