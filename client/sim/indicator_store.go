package sim

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// indicatorStore holds the indicators of the tenant in the order of their
// creation. Tenants hold at most some ten thousand, so it is one list; the map
// finds what a value has already.
type indicatorStore struct {
	all     []*Indicator
	byValue map[string][]*Indicator // by type and value, in lower case
	last    int                     // number given to the latest
}

// defaultCap is how many active indicators a tenant holds; it cannot be raised.
const defaultCap = 15_000

func valueKey(kind, v string) string { return kind + "|" + strings.ToLower(v) }

// add gives the indicator an id and keeps it.
func (s *indicatorStore) add(i *Indicator) {
	s.last++
	i.ID = strconv.Itoa(2840 + s.last)
	s.all = append(s.all, i)
	if s.byValue == nil {
		s.byValue = map[string][]*Indicator{}
	}
	key := valueKey(i.Type, i.Value)
	s.byValue[key] = append(s.byValue[key], i)
}

func (s *indicatorStore) find(id string) *Indicator {
	for _, i := range s.all {
		if i.ID == id {
			return i
		}
	}
	return nil
}

// remove takes out all that gone accepts.
func (s *indicatorStore) remove(gone func(*Indicator) bool) {
	var out []*Indicator
	s.all = slices.DeleteFunc(s.all, func(i *Indicator) bool {
		if gone(i) {
			out = append(out, i)
			return true
		}
		return false
	})
	for _, i := range out {
		key := valueKey(i.Type, i.Value)
		s.byValue[key] = slices.DeleteFunc(s.byValue[key], func(j *Indicator) bool { return j == i })
	}
}

// expire drops what is past its time: an expired indicator is not active, does
// not count and is not listed.
func (s *indicatorStore) expire(now time.Time) {
	s.remove(func(i *Indicator) bool { return !i.Expires.IsZero() && !i.Expires.After(now) })
}

// same returns the indicator of the same value and groups, first one with the
// same action.
func (s *indicatorStore) same(want *Indicator) *Indicator {
	var other *Indicator
	for _, i := range s.byValue[valueKey(want.Type, want.Value)] {
		switch {
		case !sameGroups(i, want):
		case i.Action == want.Action:
			return i
		case other == nil:
			other = i
		}
	}
	return other
}

func sameGroups(a, b *Indicator) bool {
	return sameSet(a.RbacGroupNames, b.RbacGroupNames) && sameSet(a.RbacGroupIDs, b.RbacGroupIDs)
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// submit takes a checked indicator of a caller: a new one, or the update of one
// with the same value, action and groups. The caller holds the lock.
func (t *Tenant) submit(c *call, in Indicator) (*Indicator, *wrong) {
	now := t.now()
	t.indicators.expire(now)
	old := t.indicators.same(&in)
	if old != nil && old.Action != in.Action {
		switch t.behave.IndicatorChange {
		case IndicatorRefused:
			return nil, &wrong{"BadRequest", "An indicator for this value exists already with the action '" + old.Action + "'."}
		case IndicatorDuplicated:
			old = nil
		}
	}
	if old != nil {
		if !t.sees(c, old) {
			return nil, &wrong{"BadRequest", "An indicator for this value exists already."}
		}
		in.ID, in.Application, in.visible = old.ID, orElse(old.Application, in.Application), old.visible
		in.Created, in.CreatedBy, in.CreatedByName, in.CreatedInPortal = old.Created, old.CreatedBy, old.CreatedByName, old.CreatedInPortal
		in.Value = old.Value
		in.Updated, in.UpdatedBy = now, c.app
		*old = in
		return old, nil
	}
	if limit := orDefault(t.behave.IndicatorCap, defaultCap); len(t.indicators.all) >= limit {
		return nil, &wrong{"BadRequest", "The tenant has reached its limit of " + strconv.Itoa(limit) + " active indicators."}
	}
	in.Created, in.Updated, in.visible = now, now, now.Add(t.behave.IndicatorLag)
	in.CreatedBy, in.CreatedByName, in.UpdatedBy = c.app, "Console", c.app
	t.indicators.add(&in)
	return &in, nil
}

// sees tells whether the caller's role reaches an indicator: the smaller role
// only knows what its own application created.
func (t *Tenant) sees(c *call, i *Indicator) bool {
	return holdsAny(c.roles, []string{"Ti.ReadWrite.All"}) || i.CreatedBy == c.app
}
