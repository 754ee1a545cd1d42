package lockdown

import (
	"reflect"
	"testing"
	"time"

	"cordon/store/soc"
)

// Every field of a record is a fact that is written when it changes, but for the two that each look moves. A field that is added later and
// forgotten in the comparison fails here.
func TestI4_NoChangedFactGoesUnwritten(t *testing.T) {
	full := func() soc.Lockdown { return soc.Lockdown{ID: "LK-1", Attempts: []soc.Attempt{{N: 1}}} }
	differs(t, reflect.TypeFor[soc.Lockdown](), "", func(path []int, v reflect.Value) bool {
		l := full()
		reflect.ValueOf(&l).Elem().FieldByIndex(path).Set(v)
		return !sameFacts(full(), l)
	}, "SeenAt", "Wake")
	differs(t, reflect.TypeFor[soc.Attempt](), "Attempts.", func(path []int, v reflect.Value) bool {
		l := full()
		reflect.ValueOf(&l.Attempts[0]).Elem().FieldByIndex(path).Set(v)
		return !sameFacts(full(), l)
	})
	if !sameFacts(full(), full()) {
		t.Error("a record differs from itself")
	}
}

// differs changes one field of typ at a time and asks whether that is seen.
func differs(t *testing.T, typ reflect.Type, prefix string, seen func([]int, reflect.Value) bool, free ...string) {
	t.Helper()
	for _, f := range reflect.VisibleFields(typ) {
		want := true
		for _, name := range free {
			want = want && f.Name != name
		}
		v := reflect.New(f.Type).Elem()
		switch {
		case f.Type == reflect.TypeFor[time.Time]():
			v.Set(reflect.ValueOf(time.Unix(1, 0)))
		case v.CanInt():
			v.SetInt(77)
		case v.CanUint():
			v.SetUint(77)
		case f.Type.Kind() == reflect.String:
			v.SetString("changed")
		case f.Type.Kind() == reflect.Bool:
			v.SetBool(true)
		case f.Type.Kind() == reflect.Struct:
			v.Field(0).SetString("changed")
		case f.Type.Kind() == reflect.Slice: // nil
		default:
			t.Fatalf("%s%s: teach the test about %s", prefix, f.Name, f.Type)
		}
		if got := seen(f.Index, v); got != want {
			t.Errorf("%s%s changed: seen %v, want %v", prefix, f.Name, got, want)
		}
	}
}
