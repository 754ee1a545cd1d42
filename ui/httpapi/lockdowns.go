package httpapi

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"cordon/store/soc"
)

// wholeSeconds is the form of times in the list: UTC, with a Z (V-37).
const wholeSeconds = "2006-01-02T15:04:05Z"

// lockedHost is one entry of the list. Names, order and types are V-37; clients depend on them.
type lockedHost struct {
	HostID     uint64 `json:"host_id"`
	LockedBy   string `json:"locked_by"`
	UnlockDate string `json:"unlock_date"`
	HostName   string `json:"host_name"`
	LockDate   string `json:"lock_date"`
}

// lockdowns answers with the hosts that are isolated by cordon now (V-36).
func (s *Server) lockdowns(c *call, r *http.Request) {
	open, err := s.o.Store.Lockdowns(r.Context(), soc.LockdownQuery{Open: true})
	if err != nil {
		p := problemOf(err)
		p.Means = "the list is not known; that says nothing about any host"
		c.refuse(p)
		return
	}
	sendJSON(c, http.StatusOK, lockedHosts(open))
}

// lockedHosts selects those that count and puts the oldest first.
func lockedHosts(open []soc.Lockdown) []lockedHost {
	locked := slices.DeleteFunc(slices.Clone(open), func(l soc.Lockdown) bool { return !locks(l) })
	slices.SortFunc(locked, func(a, b soc.Lockdown) int {
		return cmp.Or(a.EnforcedAt.Compare(b.EnforcedAt), cmp.Compare(a.ID, b.ID))
	})
	out := make([]lockedHost, 0, len(locked)) // never null
	for _, l := range locked {
		out = append(out, lockedHost{
			HostID: l.Key.Number(), LockedBy: l.By.Name, UnlockDate: seconds(l.Deadline), HostName: l.HostName, LockDate: seconds(l.EnforcedAt),
		})
	}
	return out
}

// locks reports whether the lockdown holds its host now, as far as is known: the device confirmed the isolation, and has not confirmed a
// release. So an order that waits for its device is not in the list, and one whose release is on the way, late or in need of a person is.
// The record of a release of somebody else's isolation is no lockdown of ours (V-38).
func locks(l soc.Lockdown) bool { return !l.Phase.Final() && !l.EnforcedAt.IsZero() && !l.TakenOver }

func seconds(t time.Time) string { return t.UTC().Format(wholeSeconds) }
