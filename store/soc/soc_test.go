package soc

import (
	"fmt"
	"testing"
	"time"
)

func TestSpoken_IsHowPeopleSayIt(t *testing.T) {
	for d, want := range map[time.Duration]string{
		4 * time.Hour: "4h", 90 * time.Minute: "1h30m", 30 * time.Second: "30s", 2 * time.Minute: "2m", 24 * time.Hour: "24h",
		10 * time.Minute: "10m", time.Hour + time.Second: "1h0m1s", 0: "0s", 30*time.Minute + 400*time.Millisecond: "30m",
	} {
		if got := Spoken(d); got != want {
			t.Errorf("Spoken(%v) = %q, want %q", int64(d), got, want)
		}
	}
}

// V-37: the number of a host is its own, also for one machine in two tenants, stays the same, and survives a JSON reader that has only floats.
func TestV37_HostNumbersAreUniqueAndExact(t *testing.T) {
	seen := map[uint64]HostKey{}
	for n := range 20_000 {
		k := HostKey{Integration: IntegrationID(fmt.Sprint("int-", n%2)), MachineID: fmt.Sprintf("%040x", n/2)}
		id := k.Number()
		if old, twice := seen[id]; twice || id == 0 || uint64(float64(id)) != id || id != k.Number() {
			t.Fatalf("%v has the number %d, like %v", k, id, old)
		}
		seen[id] = k
	}
	a, b := HostKey{Integration: "int-1", MachineID: "2"}, HostKey{Integration: "int-12", MachineID: ""}
	if a.Number() == b.Number() || (HostKey{}).Number() != 0 {
		t.Error("two keys are joined to one text, or nothing has a number")
	}
}
