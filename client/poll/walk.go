package poll

import (
	"context"
	"time"

	"cordon/store/soc"
)

// tick is the resolution of Defender's times.
const tick = 100 * time.Nanosecond

// source reads one page of the alerts whose time lies in [from, until); full means that there may be more.
type source func(ctx context.Context, from, until time.Time, top, skip int) (page []soc.RawAlert, full bool, err error)

// walker reads a whole range of time from a source that hands out pages. It relies on the filter, and on an order only where a whole page
// shows it, because the order is undocumented; nor does it take long $skip walks over a set that changes meanwhile. Nothing in the range
// is lost, whatever times are equal and wherever pages end; records at the seams come twice, and the store knows them by id (C-11).
type walker struct {
	fetch source
	at    func(soc.Alert) time.Time // the time that the source filters by
	top   int                       // page size
	// put takes a page. Everything before upTo is complete with it; zero claims nothing.
	put func(page []soc.RawAlert, upTo time.Time) error
}

var errNoProgress = &soc.Error{
	Kind: soc.KindUnavailable, Code: "paging", What: "the pages of the alert list repeat or ignore the time filter",
	Means: "what was read so far is kept, nothing is skipped", Next: "cordon tries again at the next poll",
}

// walk reads [from, until); a zero until is open.
func (w *walker) walk(ctx context.Context, from, until time.Time) error {
	from = from.Truncate(tick)
	for {
		if !until.IsZero() && until.Sub(from) <= tick {
			return w.instant(ctx, from)
		}
		page, full, err := w.fetch(ctx, from, until, w.top, 0)
		if err != nil {
			return err
		}
		lo, hi, ascending, inside := w.survey(page, from, until)
		switch {
		case !full:
			return w.put(page, hi)
		case inside == 0:
			return errNoProgress
		case ascending && lo.Before(hi):
			// Oldest first: all before the last time is here. Go on with that time, of which there may be more.
			if err := w.put(page, hi); err != nil {
				return err
			}
			from = hi
			continue
		}
		// Not in order, or all of one time: what is missing lies anywhere. Keep what came, then halve.
		if err := w.put(page, time.Time{}); err != nil {
			return err
		}
		mid := hi
		if lo.Before(hi) {
			mid = from.Add((hi.Sub(from) / 2).Truncate(tick))
		}
		if mid.After(from) {
			if err := w.walk(ctx, from, mid); err != nil {
				return err
			}
			from = mid
			if lo.Before(hi) {
				continue
			}
		}
		if err := w.instant(ctx, from); err != nil {
			return err
		}
		from = from.Add(tick)
	}
}

// survey finds the oldest and newest time of a page within the range, and whether it came oldest first.
func (w *walker) survey(page []soc.RawAlert, from, until time.Time) (lo, hi time.Time, ascending bool, inside int) {
	ascending = true
	for _, r := range page {
		t := w.at(r.Alert).Truncate(tick)
		if t.Before(from) || !until.IsZero() && !t.Before(until) {
			continue
		}
		if inside == 0 || t.Before(lo) {
			lo = t
		}
		if inside > 0 && t.Before(hi) {
			ascending = false
		}
		if t.After(hi) {
			hi = t
		}
		inside++
	}
	return lo, hi, ascending, inside
}

// instant reads all records of one time, which only $skip can page. Steps overlap a little, because a record that changes meanwhile leaves
// the set and moves the others forward.
func (w *walker) instant(ctx context.Context, t time.Time) error {
	seen := map[string]bool{}
	for skip := 0; ; skip += max(1, w.top-w.top/10) {
		page, full, err := w.fetch(ctx, t, t.Add(tick), w.top, skip)
		if err != nil {
			return err
		}
		news := 0
		for _, r := range page {
			if !seen[r.Alert.ID] {
				seen[r.Alert.ID] = true
				news++
			}
		}
		if full && news == 0 {
			return errNoProgress
		}
		upTo := time.Time{}
		if !full {
			upTo = t
		}
		if err := w.put(page, upTo); err != nil {
			return err
		}
		if !full {
			return nil
		}
	}
}
