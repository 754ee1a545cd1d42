package sim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// alertRow is what a million alerts need in memory; the rest of an alert is
// made from its handle and the seed when somebody looks.
type alertRow struct {
	created, updated tick
	host             int32 // -1 for alerts about no machine
	template         uint16
	severity, status uint8
}

const (
	sevUnspecified uint8 = iota
	sevInformational
	sevLow
	sevMedium
	sevHigh
)

func severityNames() []string {
	return []string{"UnSpecified", "Informational", "Low", "Medium", "High"}
}

const (
	statusUnknown uint8 = iota
	statusNew
	statusInProgress
	statusResolved
)

func statusNames() []string { return []string{"Unknown", "New", "InProgress", "Resolved"} }

// alertStore keeps all alerts in two orders. A handle is a position in rows and
// never changes.
type alertStore struct {
	seed      uint64
	rows      []alertRow
	full      map[int32]*Alert // added alerts and those that were changed
	ids       map[string]int32 // ids that were not made from a handle
	byCreated []int32          // oldest first, ties by handle
	byUpdated []int32
}

func (s *alertStore) index() {
	s.byCreated = make([]int32, len(s.rows))
	for i := range s.byCreated {
		s.byCreated[i] = int32(i)
	}
	s.byUpdated = slices.Clone(s.byCreated)
	slices.SortFunc(s.byCreated, s.compareCreated)
	slices.SortFunc(s.byUpdated, s.compareUpdated)
}

func (s *alertStore) compareCreated(a, b int32) int {
	return cmp.Or(cmp.Compare(s.rows[a].created, s.rows[b].created), cmp.Compare(a, b))
}

func (s *alertStore) compareUpdated(a, b int32) int {
	return cmp.Or(cmp.Compare(s.rows[a].updated, s.rows[b].updated), cmp.Compare(a, b))
}

// add appends a row and returns its handle.
func (s *alertStore) add(r alertRow) int32 {
	h := int32(len(s.rows))
	s.rows = append(s.rows, r)
	s.byCreated = insert(s.byCreated, h, s.compareCreated)
	s.byUpdated = insert(s.byUpdated, h, s.compareUpdated)
	return h
}

// touch moves an alert to its new place in the order of changes.
func (s *alertStore) touch(h int32, at tick) {
	if i, ok := slices.BinarySearchFunc(s.byUpdated, h, s.compareUpdated); ok {
		s.byUpdated = slices.Delete(s.byUpdated, i, i+1)
	}
	s.rows[h].updated = at
	s.byUpdated = insert(s.byUpdated, h, s.compareUpdated)
}

func insert(list []int32, h int32, compare func(a, b int32) int) []int32 {
	i, _ := slices.BinarySearchFunc(list, h, compare)
	return slices.Insert(list, i, h)
}

// between returns the part of an ordered list that lies in the span.
func between(list []int32, s span, key func(int32) tick) []int32 {
	from, _ := slices.BinarySearchFunc(list, s.lo, func(h int32, t tick) int {
		return cmp.Compare(key(h), t)
	})
	list = list[from:]
	to, _ := slices.BinarySearchFunc(list, s.hi, func(h int32, t tick) int {
		if key(h) > t {
			return 1
		}
		return -1
	})
	return list[:to]
}

// id makes the id of a handle: the first number resembles .NET ticks near the
// creation, the second carries the handle, is often negative and sometimes
// needs more than 32 bits.
func (s *alertStore) id(h int32) string {
	if a := s.full[h]; a != nil {
		return a.ID
	}
	return s.madeID(h)
}

const dotNetEpoch = 621355968000000000 // ticks from year 1 to 1970

func (s *alertStore) madeID(h int32) string {
	d := newDice(s.seed, saltAlert, int64(h))
	first := int64(s.rows[h].created) + dotNetEpoch + int64(d.n(ticksPerSecond))
	second := int64(int32(scatter(h, s.seed)))
	if d.chance(100) {
		second += 1 << 32
	}
	b := append(make([]byte, 0, 34), "da"...)
	b = strconv.AppendInt(b, first, 10)
	b = append(b, '_')
	return string(strconv.AppendInt(b, second, 10))
}

// find returns the handle of an id.
func (s *alertStore) find(id string) (int32, bool) {
	if h, ok := s.ids[id]; ok {
		return h, true
	}
	_, second, ok := strings.Cut(id, "_")
	if !ok {
		return 0, false
	}
	v, err := strconv.ParseInt(second, 10, 64)
	if err != nil {
		return 0, false
	}
	h := gather(uint32(v), s.seed)
	if h < 0 || int(h) >= len(s.rows) || s.id(h) != id {
		return 0, false
	}
	return h, true
}
