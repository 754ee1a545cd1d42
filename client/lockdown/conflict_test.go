package lockdown_test

import (
	"testing"
	"time"

	"cordon/store/soc"
)

// TestK11_F77_AConflictThatNobodyCausedDelaysNoRelease: the store calls every write of the record a conflict although nobody else changed it. A
// release that is owed is sent all the same, once, and is written down when the store takes it. An isolate stays unsent.
func TestK11_F77_AConflictThatNobodyCausedDelaysNoRelease(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		refuse := func(on bool) {
			r.store.mu.Lock()
			defer r.store.mu.Unlock()
			r.store.failSave = nil
			if on {
				r.store.failSave = func(l soc.Lockdown) error {
					if l.Revision == 0 {
						return nil // the order of a person
					}
					return &soc.Error{Kind: soc.KindConflict, Code: "open-lockdown"}
				}
			}
		}
		p := r.run()
		defer p.kill()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		refuse(true)
		time.Sleep(time.Until(l.Deadline) + 10*time.Minute)
		if n := r.mde.called("unisolate"); n != 1 || r.mde.isolated("m1") {
			t.Errorf("%d releases, isolated %t", n, r.mde.isolated("m1"))
		}
		refuse(false)
		l = r.until(l.ID, soc.PhaseReleased, 5*time.Minute)
		if n := r.mde.called("unisolate"); n != 1 {
			t.Errorf("%d releases", n)
		}
		r.promises(l)
		r.key = soc.HostKey{Integration: "t1", MachineID: "m10"}
		r.store.edit(r.key, func(h *soc.Host) { h.FetchedAt = time.Now() })
		refuse(true)
		second := r.isolate(hour)
		time.Sleep(10 * time.Minute)
		if n := r.mde.called("isolate"); n != 1 || r.get(second.ID).Phase != soc.PhaseRequested {
			t.Errorf("%d isolates left, the second order is %s", n, r.get(second.ID).Phase)
		}
	})
}
