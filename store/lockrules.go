package store

import (
	"fmt"
	"reflect"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// checkSave judges whether l may replace old. The rules are the store's own, whoever asks: they hold even if the code above is wrong.
func checkSave(tx *bbolt.Tx, old soc.Lockdown, found bool, l soc.Lockdown) error {
	if l.ID == "" || l.Key.IsZero() {
		return refuse(soc.KindInvalid, "no-id", "a lockdown needs an id and an exact machine id")
	}
	if !l.Phase.Final() && l.Wake.IsZero() {
		return refuse(soc.KindInvalid, "no-wake", fmt.Sprintf("lockdown %s would never be looked at again", l.ID)) // I3
	}
	switch {
	case !found && l.Revision != 0:
		return notFound("lockdown", string(l.ID))
	case found && l.Revision == 0:
		return refuse(soc.KindConflict, "exists", fmt.Sprintf("lockdown %s exists already", l.ID))
	case found && l.Revision != old.Revision:
		return refuse(soc.KindConflict, "stale-revision", fmt.Sprintf("lockdown %s was changed by somebody else meanwhile", l.ID))
	case found && l.Key != old.Key:
		return refuse(soc.KindInvalid, "host-changed", fmt.Sprintf("lockdown %s can not move to another host", l.ID))
	case found && old.Phase.Final() && !sameOutcome(old, l):
		return refuse(soc.KindConflict, "final-record", fmt.Sprintf("lockdown %s is finished and can not change", l.ID)) // I7
	}
	if l.Phase.Final() {
		return nil
	}
	if !found && detached(tx, l.Key.Integration) {
		return refuse(soc.KindConflict, "detached", "the host's tenant was detached meanwhile")
	}
	if id := tx.Bucket(bOpen).Get(hostKey(l.Key)); id != nil && string(id) != string(l.ID) { // I11
		return refuse(soc.KindConflict, "open-lockdown", fmt.Sprintf("host %s already has the open lockdown %s", l.Key.MachineID, id))
	}
	return nil
}

// detached reports whether the integration existed once and does not any more.
func detached(tx *bbolt.Tx, id soc.IntegrationID) bool {
	return tx.Bucket(bIntegrations).Get([]byte(id)) == nil && tx.Bucket(bMeta).Get(usedID(id)) != nil
}

// openOf counts the open lockdowns of an integration, damaged ones included.
func openOf(tx *bbolt.Tx, id soc.IntegrationID) (n int) {
	cur := tx.Bucket(bOpen).Cursor()
	for k, _ := cur.First(); k != nil; k, _ = cur.Next() {
		if h, _, ok := splitHostKey(k); ok && h.Integration == id {
			n++
		}
	}
	return n
}

// sameOutcome reports whether only the watch fields of a finished lockdown differ.
func sameOutcome(old, l soc.Lockdown) bool {
	old.Wake, old.WatchUntil, old.Note, old.RemoteStatus = l.Wake, l.WatchUntil, l.Note, l.RemoteStatus
	old.SeenAt, old.Trouble, old.Attempts = l.SeenAt, l.Trouble, l.Attempts
	return reflect.DeepEqual(old, l)
}

func refuse(kind soc.Kind, code, what string) error {
	e := &soc.Error{Kind: kind, Code: code, What: what, Means: "nothing was changed"}
	if kind == soc.KindConflict {
		e.Next = "look at it again"
	}
	return e
}
