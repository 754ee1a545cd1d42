package sim

import (
	"encoding/json"
	"testing"
	"time"
)

func TestTicks_MatchTheStandardLibrary(t *testing.T) {
	t.Parallel()
	d := newDice(3, saltTenant, 0)
	for range 20_000 {
		at := time.Unix(int64(d.n(1<<33))-1<<31, int64(d.n(1e7))*100).UTC()
		if got := tickOf(at).time(); !got.Equal(at) {
			t.Fatalf("tick of %v reads back as %v", at, got)
		}
		if got, want := string(appendTick(nil, tickOf(at))), at.Format("2006-01-02T15:04:05.9999999Z"); got != want {
			t.Fatalf("appendTick = %s, want %s", got, want)
		}
	}
}

func TestScatter_IsReversible(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 42, 1 << 63} {
		for h := int32(0); h < 100_000; h += 7 {
			if got := gather(scatter(h, seed), seed); got != h {
				t.Fatalf("seed %d: %d came back as %d", seed, h, got)
			}
		}
	}
}

func TestString_IsJSONForEveryText(t *testing.T) {
	t.Parallel()
	for _, s := range append(oddTexts(), "", `back\slash "quote"`, "\u2028\u2029", "</script>", "\x7f\x01") {
		var got string
		if err := json.Unmarshal(appendString(nil, s), &got); err != nil || got != s {
			t.Errorf("%q came back as %q (%v)", s, got, err)
		}
	}
}
