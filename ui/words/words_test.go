package words

import (
	"testing"
	"time"
)

func now() time.Time { return time.Date(2026, 8, 22, 12, 41, 7, 0, time.UTC) }

func check(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %q, want %q", what, got, want)
	}
}

func TestPeriod_AsPresetsAreNamed(t *testing.T) {
	for d, want := range map[time.Duration]string{
		30 * time.Second: "30s", 2 * time.Minute: "2m", time.Hour: "1h", 24 * time.Hour: "24h", 90 * time.Minute: "1h30m",
		3*time.Minute + 12*time.Second: "3m12s", 0: "0s", 10 * time.Second: "10s", 10 * time.Minute: "10m", 20 * time.Hour: "20h",
		time.Hour + 30*time.Second: "1h0m30s",
	} {
		check(t, "Period", Period(d), want)
	}
}

func TestLeft_CountsDownThenUp(t *testing.T) {
	for d, want := range map[time.Duration]string{4329 * time.Second: "1:12:09", -192 * time.Second: "+00:03:12", 0: "0:00:00", 26 * time.Hour: "26:00:00"} {
		check(t, "Left", Left(d), want)
	}
	check(t, "Span of nothing left", Span(-time.Hour), "0:00:00")
	check(t, "Overdue of what is not", Overdue(time.Duration(-1)), "+00:00:00")
}

func TestAge_OneUnit(t *testing.T) {
	for d, want := range map[time.Duration]string{
		3 * time.Second: "3s", 90 * time.Second: "1m", 5 * time.Minute: "5m", 47 * time.Hour: "47h", 50 * time.Hour: "2d", -time.Hour: "0s",
	} {
		check(t, "Age", Age(now(), now().Add(-d)), want)
	}
	for d, want := range map[time.Duration]string{3 * time.Second: "3s", 90 * time.Second: "90s", 119 * time.Minute: "119m", 50 * time.Hour: "2d", -time.Hour: "0s"} {
		check(t, "Since", Since(now(), now().Add(-d)), want)
	}
	check(t, "Age of nothing", Age(now(), time.Time{}), "?")
	check(t, "Age at no time", Age(time.Time{}, now()), "?")
	check(t, "Since nothing", Since(now(), time.Time{}), "never")
}

func TestClock_NamesItsZone(t *testing.T) {
	bst := time.FixedZone("BST", 3600)
	check(t, "Clock", Clock(now(), now(), bst), "12:41:07Z = 13:41 BST")
	check(t, "Clock of tomorrow", Clock(now().Add(24*time.Hour), now(), time.UTC), "Aug 23 12:41:07Z")
	check(t, "Zoned", Zoned(now(), bst, "15:04"), "13:41 BST")
	check(t, "Zoned in UTC", Zoned(now().In(bst), time.UTC, "15:04"), "12:41Z")
	check(t, "Zoned nowhere", Zoned(now().In(bst), nil, "15:04"), "12:41Z")
}

func TestSameDay_DependsOnTheZone(t *testing.T) {
	late := time.Date(2026, 8, 22, 23, 30, 0, 0, time.UTC)
	if !SameDay(now(), late, time.UTC) || SameDay(now(), late, time.FixedZone("BST", 3600)) {
		t.Error("half past eleven at night is the same day in UTC, and the next in BST")
	}
}

func TestNames_KeepWhatTellsThemApart(t *testing.T) {
	for name, want := range map[string]string{
		"ws-1.corp.example": "ws-1", "ws-1": "ws-1", "10.2.3.61": "10.2.3.61", ".hidden": ".hidden", "policy v1.x changed": "policy v1.x changed", "": "",
	} {
		check(t, "ShortName", ShortName(name), want)
	}
	check(t, "ShortID", ShortID("0123456789a"), "01234567..")
	check(t, "ShortID of a short one", ShortID("0123456789"), "0123456789")
	check(t, "Short", Short("0123456789", 8), "012345..")
	check(t, "Or", Or(" "), Unknown)
	check(t, "Dash", Dash(""), "-")
	check(t, "Count of one", Count(1, "live lockdown"), "1 live lockdown")
	check(t, "Count", Count(2, "live lockdown"), "2 live lockdowns")
}
