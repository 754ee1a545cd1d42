package soc

import (
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
