package store

import (
	"reflect"
	"time"
)

var timeType = reflect.TypeFor[time.Time]()

// toUTC puts every time inside the record that p points to into UTC and drops its monotonic part, so that a stored record reads back equal
// to what the caller was given. Slices and pointers are copied before they are changed: they may be the caller's.
func toUTC(p any) { walkUTC(reflect.ValueOf(p).Elem()) }

func walkUTC(v reflect.Value) {
	if v.Type() == timeType {
		v.Set(reflect.ValueOf(v.Interface().(time.Time).UTC().Round(0)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			walkUTC(v.Field(i))
		}
	case reflect.Slice:
		if v.Len() == 0 || v.Type().Elem().Kind() != reflect.Struct {
			return
		}
		cp := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(cp, v)
		for i := range cp.Len() {
			walkUTC(cp.Index(i))
		}
		v.Set(cp)
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		cp := reflect.New(v.Type().Elem())
		cp.Elem().Set(v.Elem())
		walkUTC(cp.Elem())
		v.Set(cp)
	}
}
