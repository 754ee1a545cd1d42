package pane

import (
	"strings"

	"cordon/ui/theme"
)

// maxWrap bounds what is laid out for one value; a description of megabytes must not slow a frame.
const maxWrap = 16 << 10

// Wrap breaks text of others into lines of at most w cells, at blanks where there are any. Unlike theme.Wrap, which is for sentences of ours,
// it makes one blank of several and stops after 16 KiB.
func Wrap(s string, w int) []string {
	if w <= 0 {
		return nil
	}
	if len(s) > maxWrap {
		s = strings.ToValidUTF8(s[:maxWrap], "") + " ~"
	}
	var out []string
	for para := range strings.SplitSeq(s, "\n") {
		line := ""
		for word := range strings.FieldsSeq(para) {
			for theme.Width(word) > w {
				if line != "" {
					out, line = append(out, line), ""
				}
				head := headOf(word, w)
				out, word = append(out, head), word[len(head):]
			}
			switch {
			case line == "":
				line = word
			case theme.Width(line)+1+theme.Width(word) <= w:
				line += " " + word
			default:
				out, line = append(out, line), word
			}
		}
		out = append(out, line)
	}
	return out
}

// headOf is the longest beginning of s that fits w cells, at least one character.
func headOf(s string, w int) string {
	cells := 0
	for i, r := range s {
		cells += theme.Width(string(r))
		if cells > w && i > 0 {
			return s[:i]
		}
	}
	return s
}
