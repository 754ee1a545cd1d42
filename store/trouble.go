package store

import (
	"fmt"
	"strings"
	"sync"

	"cordon/store/soc"
)

// Codes of the troubles of the store.
const (
	troubleFailed   = "store-failed"
	troubleGone     = "store-gone"
	troubleHeld     = "store-rolled-back"
	troubleLow      = "disk-low"
	troubleScarce   = "disk-scarce"
	troubleReserve  = "reserve-missing"
	troubleReader   = "reader-long"
	troubleEpoch    = "epoch-unwritten"
	troubleDamaged  = "record-damaged"
	troubleSnap     = "snapshot-failed"
	troubleHouse    = "housekeeping-failed"
	troubleLoose    = "store-loose"
	troubleUnmended = "store-unmended"
)

// troubles is what is wrong with the store now. It has a lock of its own, so that a screen can ask while a write hangs in a slow disk.
type troubles struct {
	mu   sync.Mutex
	list map[string]soc.Trouble
}

// set notes a trouble and returns whether that is news. A trouble that lasts keeps the time of its beginning.
func (t *troubles) set(n soc.Trouble) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, had := t.list[n.Code]
	if had {
		n.Since = old.Since
	}
	if t.list == nil {
		t.list = map[string]soc.Trouble{}
	}
	t.list[n.Code] = n
	return !had || old != n
}

// clear ends a trouble and returns whether there was one.
func (t *troubles) clear(code string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, had := t.list[code]
	delete(t.list, code)
	return had
}

func (t *troubles) has(code string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, had := t.list[code]
	return had
}

func (t *troubles) all() []soc.Trouble {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]soc.Trouble, 0, len(t.list))
	for _, one := range t.list {
		out = append(out, one)
	}
	return out
}

// Troubles lists what is wrong with the store now, the worst first. It reads memory only and never waits for the disk.
func (s *Store) Troubles() []soc.Trouble {
	list := s.trouble.all()
	if n := len(s.problem.list()); n > 0 {
		list = append(list, soc.Trouble{
			Code: "records-unreadable", Level: soc.LevelWarn, Since: s.opened,
			What:  fmt.Sprintf("%d records of the store can not be read", n),
			Means: "all others are not affected", Next: `"cordon doctor" names them; "cordon restore" puts a backup back`,
		})
	}
	soc.SortTroubles(list)
	return list
}

// raise and settle change the list and wake the screens when it changed.
func (s *Store) raise(t soc.Trouble) {
	t.Since = s.clock()
	if s.trouble.set(t) {
		s.hub.Publish(soc.TopicConn)
	}
}

func (s *Store) settle(code string) {
	if s.trouble.clear(code) {
		s.hub.Publish(soc.TopicConn)
	}
}

// tellDamaged raises the alarm over lockdowns whose record can not be read; they are listed as needing a human (F70).
func (s *Store) tellDamaged(ids []string) {
	if len(ids) == 0 {
		s.settle(troubleDamaged)
		return
	}
	next := `look at the hosts in Defender; "cordon restore" puts a backup back`
	if snap := newestSnapshot(s.path); snap != "" {
		next = fmt.Sprintf("look at the hosts in Defender; \"cordon restore %s\" puts the newest snapshot back", snap)
	}
	s.raise(soc.Trouble{
		Code: troubleDamaged, Level: soc.LevelBad, What: "the record of lockdown " + strings.Join(ids, ", ") + " is damaged",
		Means: "its host may be isolated, and is not released by itself; all other lockdowns are kept", Next: next,
	})
}
