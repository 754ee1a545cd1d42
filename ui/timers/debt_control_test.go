package timers

import (
	"slices"
	"strings"
	"testing"

	"cordon/store/soc"
	"cordon/ui/uitest"
)

// boardGap says what is wrong with a debt board: a host that is cut off and not on it, one on it that is not cut off, or a wrong order. "" is a
// good board.
func boardGap(view string, oldestFirst, free []string) string {
	var at []int
	for _, host := range oldestFirst {
		n := strings.Index(view, host+" ")
		if n < 0 {
			return host + " is missing"
		}
		at = append(at, n)
	}
	for _, host := range free {
		if strings.Contains(view, host) {
			return host + " owes nothing"
		}
	}
	if !slices.IsSorted(at) {
		return "not the oldest first"
	}
	return ""
}

// TestN08_TheCheckOfTheBoardFindsWhatIsMissing breaks the board in the ways in which it could mislead, and asks the check of
// TestN08_V30_V31_DebtBoard, which must name each: another view in its place, an isolation from outside that is not seen, an age that is wrong, a debt
// that is none.
func TestN08_TheCheckOfTheBoardFindsWhatIsMissing(t *testing.T) {
	all := []string{"SRV-FILE-03", "WS-LAB-0003", "WS-DEV-0210", "WS-FIN-0142", "WS-ENG-0077"}
	free := []string{"WS-HR-0009", "WS-HR-0031"}
	orders := func(w *uitest.World, host string, f func(*soc.MachineAction)) {
		for i := range w.ActionList {
			if w.ActionList[i].Host() == w.Key(host) {
				f(&w.ActionList[i])
			}
		}
	}
	for name, c := range map[string]struct {
		view  string
		spoil func(*uitest.World)
		want  string
	}{
		"good":         {"debt", func(*uitest.World) {}, ""},
		"another view": {"active", func(*uitest.World) {}, "WS-HR-0009 owes nothing"},
		"outside not seen": {"debt", func(w *uitest.World) {
			orders(w, "WS-LAB-0003", func(a *soc.MachineAction) { a.Type = soc.ActionUnisolate })
		}, "WS-LAB-0003 is missing"},
		"a wrong age": {"debt", func(w *uitest.World) {
			orders(w, "WS-LAB-0003", func(a *soc.MachineAction) { a.Created, a.Updated = uitest.Now(), uitest.Now() })
		}, "not the oldest first"},
		"a debt that is none": {"debt", func(w *uitest.World) {
			orders(w, "WS-HR-0009", func(a *soc.MachineAction) { a.Status = soc.ActionSucceeded })
		}, "WS-HR-0009 owes nothing"},
	} {
		w := uitest.NewWorld()
		c.spoil(w)
		d := open(t, w, "responder", c.view, 120, 35)
		if got := boardGap(d.View(), all, free); got != c.want {
			t.Errorf("%s: %q, want %q\n%s", name, got, c.want, d.View())
		}
	}
}
