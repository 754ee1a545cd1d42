package dialog

import (
	"fmt"

	"cordon/store/soc"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// scroll is the part of a form that may be longer than its place: no warning is ever cut off, what does not fit is a page further on.
type scroll struct{ from int }

// step is how far a key moves: as many lines as are always in sight, so that none is jumped over.
const step = 1

// key moves the window; handled says that the key was one of ours.
func (s *scroll) key(name string) (handled bool) {
	switch name {
	case "pgdown":
		s.from += step
	case "pgup":
		s.from = max(0, s.from-step)
	default:
		return false
	}
	return true
}

// fit joins three groups in h lines: first blank lines go, then the middle group becomes a window that pgdown moves, with a line that says
// how much more there is.
func (s scroll) fit(t *theme.Theme, head, middle, foot []string, h int) []string {
	over := len(head) + len(middle) + len(foot) - h
	for _, g := range []*[]string{&middle, &head, &foot} {
		*g, over = dropBlank(*g, over)
	}
	if over > 0 && len(middle) > step {
		middle = s.window(t, middle, max(step+1, len(middle)-over))
	}
	out := append(append(append([]string{}, head...), middle...), foot...)
	if len(out) > h && h > 0 {
		out = append(out[:max(0, h-len(foot)):max(0, h-len(foot))], foot...)
		out = out[:min(len(out), h)]
	}
	return out
}

// window shows n lines, the last of which counts the rest; after the last one pgdown begins again.
func (s scroll) window(t *theme.Theme, lines []string, n int) []string {
	from := s.from % len(lines)
	end := min(len(lines), from+n-1)
	out := append([]string{}, lines[from:end]...)
	word := fmt.Sprintf("! warnings: lines %d to %d of %d, pgdown shows more", from+1, end, len(lines))
	return append(out, t.Bad.Render(word))
}

// distinctWarnings are the warnings about several devices, each once, with the number of devices that it is about.
func distinctWarnings(facts []soc.Verdict, which []int) []string {
	var order []string
	count := map[string]int{}
	for _, i := range which {
		for _, w := range facts[i].Warnings {
			if count[w]++; count[w] == 1 {
				order = append(order, w)
			}
		}
	}
	for i, w := range order {
		order[i] = "! " + words.Count(count[w], "device") + ": " + w
	}
	return order
}
