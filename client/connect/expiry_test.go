package connect

import (
	"testing"
	"time"

	"cordon/store/soc"
)

func TestF83_ACredentialThatEndsIsToldAMonthAWeekAndADayBefore(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		left  time.Duration
		told  bool
		level soc.Level
	}{
		{31 * day, false, 0},
		{30 * day, true, soc.LevelInfo},
		{7 * day, true, soc.LevelWarn},
		{day, true, soc.LevelBad},
		{-time.Hour, true, soc.LevelBad},
	} {
		got, told := expiry(soc.Integration{Name: "contoso", SecretExpiry: now.Add(c.left)}, now)
		if told != c.told || got.Level != c.level {
			t.Errorf("%s before the end: told %v, level %d", c.left, told, got.Level)
		}
	}
	if _, told := expiry(soc.Integration{Name: "contoso"}, now); told {
		t.Error("told although the end is not known")
	}
}
