package lockdown_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"cordon/store/soc"
)

// The local history is the commit: a store that can not write the line of an isolation does not keep the isolation, and then not a byte is
// sent. The negative control is the same order on a store that works.
func TestSC24_NoLineInTheHistoryNoOrder(t *testing.T) {
	for _, works := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			defer r.run().stop()
			if !works {
				r.store.failSave = func(soc.Lockdown) error {
					return &soc.Error{Kind: soc.KindInternal, Code: "damaged-record", What: "the sealing key of the history is damaged"}
				}
			}
			_, err := r.svc.Isolate(t.Context(), analyst(), soc.IsolateRequest{Host: r.key, Period: time.Hour, Reason: "beacons"})
			time.Sleep(10 * time.Minute)
			var e *soc.Error
			if !works && (!errors.As(err, &e) || e.Code != "not-stored") {
				t.Errorf("Isolate = %v, want not-stored", err)
			}
			if sent := r.mde.called("isolate") > 0; sent != works {
				t.Errorf("store works: %v, sent: %v", works, sent)
			}
		})
	}
}
