package dialog

import (
	"fmt"
	"time"

	"cordon/store/soc"
	"cordon/ui/words"
)

// periods is the choice among the presets that the one door allows. Nothing else can be entered: less than an hour or more than a day is
// impossible here because it is never offered (K-03, V-19).
type periods struct {
	values []time.Duration
	choice Choice
	want   time.Duration // preset to select first, 0 = the default one
}

// set fills in the presets and keeps the one that is selected. It returns a note if the wanted one is not among them.
func (p *periods) set(v soc.Verdict) (note string) {
	chosen, want := p.want, p.want
	if p.choice.At < len(p.values) {
		chosen = p.values[p.choice.At]
	}
	p.want = 0
	p.values = v.Presets
	if len(p.values) == 0 {
		p.values = soc.Presets()
	}
	p.choice.Labels = make([]string, len(p.values))
	at := -1
	for i, d := range p.values {
		p.choice.Labels[i] = fmt.Sprintf("%3s", words.Period(d))
		if d == chosen || (at < 0 && d == v.Default) {
			at = i
		}
	}
	p.choice.At = max(at, 0)
	if want != 0 && p.values[p.choice.At] != want {
		return words.Period(want) + " is not one of the allowed periods"
	}
	return ""
}

// chosen is the selected period, 0 before the presets are known.
func (p *periods) chosen() time.Duration {
	if p.choice.At < len(p.values) {
		return p.values[p.choice.At]
	}
	return 0
}
