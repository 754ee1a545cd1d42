package lockdown_test

import (
	"strings"
	"testing"

	"cordon/store/soc"
)

func TestT16_K15_OnlyAllowedPeopleMayOrder(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		in := r.store.tenants[r.key.Integration]
		in.Allowed = []string{"somebody-else"}
		r.store.tenants[r.key.Integration] = in
		if v := r.sameVerdict(analyst(), soc.ActIsolate, r.key, "not-allowed"); !strings.Contains(v.Why, in.Name) {
			t.Fatalf("why = %q", v.Why)
		}
		in.Allowed = append(in.Allowed, analyst().Actor.Name)
		r.store.tenants[r.key.Integration] = in
		if v := r.svc.Check(t.Context(), analyst(), soc.ActIsolate, r.key); !v.Allowed { // the negative control
			t.Fatalf("an allowed person: %s", v.Why)
		}
	})
}
