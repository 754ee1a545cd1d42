package sim

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrNoIndicator is a control method's answer for an id that is not there.
var ErrNoIndicator = errors.New("no such indicator")

// Indicators returns all active indicators in the order of creation, also
// those that the list does not show yet.
func (t *Tenant) Indicators() []Indicator {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance(t.clock())
	t.indicators.expire(t.now())
	out := make([]Indicator, len(t.indicators.all))
	for n, i := range t.indicators.all {
		out[n] = *i
	}
	return out
}

// AddIndicator adds an indicator as somebody in the portal does and returns its
// id. It is listed at once, and nothing about it is checked: old actions and odd
// values are what a list may hold.
func (t *Tenant) AddIndicator(i Indicator) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance(t.clock())
	i.Title, i.Description = orElse(i.Title, "Added in the portal"), orElse(i.Description, "Added in the portal")
	i.Action = orElse(i.Action, "Block")
	if i.CreatedBy == "" {
		i.CreatedBy, i.CreatedByName, i.CreatedInPortal = analysts()[0], analysts()[0], true
	}
	i.UpdatedBy = orElse(i.UpdatedBy, i.CreatedBy)
	if i.Created.IsZero() {
		i.Created = t.now()
	}
	if i.Updated.IsZero() {
		i.Updated = i.Created
	}
	t.indicators.add(&i)
	return i.ID
}

// FillIndicators adds n indicators of somebody else, to come near the limit of
// the tenant.
func (t *Tenant) FillIndicators(n int) {
	for range n {
		t.mu.Lock()
		number := t.indicators.last
		t.mu.Unlock()
		d := newDice(t.opt.Seed, saltIndicator, int64(number))
		t.AddIndicator(Indicator{Type: "FileSha256", Value: d.hex(64), Title: "Bulk list " + strconv.Itoa(number)})
	}
}

// DropIndicator deletes an indicator as somebody in the portal does.
func (t *Tenant) DropIndicator(id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.indicators.find(id) == nil {
		return fmt.Errorf("deleting %q: %w", id, ErrNoIndicator)
	}
	t.indicators.remove(func(i *Indicator) bool { return i.ID == id })
	return nil
}
