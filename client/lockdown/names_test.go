package lockdown_test

import (
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

// TestF42_SameAndSimilarNamesAreTold: before the key is pressed the person sees which machine it is, and which others look like it. Names never
// decide: each id is judged by itself.
func TestF42_SC28_SameAndSimilarNamesAreTold(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		warned := func(key soc.HostKey, want ...string) {
			t.Helper()
			v := r.svc.Check(t.Context(), analyst(), soc.ActIsolate, key)
			text := strings.Join(v.Warnings, "\n")
			if !v.Allowed {
				t.Errorf("%s: %s", key.MachineID, v.Why)
			}
			for _, w := range want {
				if !strings.Contains(text, w) {
					t.Errorf("%s: no %q in %q", key.MachineID, w, text)
				}
			}
			if len(want) == 0 && (strings.Contains(text, "name") || strings.Contains(text, "looks like")) {
				t.Errorf("control: %s is warned about: %q", key.MachineID, text)
			}
		}
		twin := r.store.addHost("feedfacecafe0000000000000000000000001234", "PC1")
		r.store.edit(twin, func(h *soc.Host) { h.LastSeen = time.Now().Add(-3 * hour) })
		warned(twin, "1 other machines have this name", "…00001234", "last seen 3h")
		odd := r.store.addHost("beefbeefbeefbeefbeefbeefbeefbeefbeef9876", "РC100") // the first letter is Cyrillic
		warned(odd, "looks like PC100", "Latin", "…beef9876")
		warned(soc.HostKey{Integration: "t1", MachineID: "m10"})
	})
}
