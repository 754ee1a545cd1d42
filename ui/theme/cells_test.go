package theme

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// hard are texts whose width in grapheme clusters is less than in cells.
func hard() []string {
	return []string{
		"मानक हिन्दी में एक लंबा शीर्षक", "👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦 family", "👍🏽👍🏽👍🏽 skin", "🇩🇪🇫🇷🇬🇧 flags", "日本語のタイトル", "e\u0301e\u0301e\u0301e\u0301",
		"plain text only", "\x1b[31mred 漢字 red\x1b[m", "", "a\nb\tc", "👾👾👾", "\x1b[1mbold हिन्दी\x1b[m tail",
	}
}

func TestE4_ClipIsNeverWiderThanAsked(t *testing.T) {
	for _, s := range hard() {
		for w := range 24 {
			for name, got := range map[string]string{"Clip": Clip(s, w), "Tail": Tail(s, w), "Fit": Fit(s, w), "FitRight": FitRight(s, w), "Ends": Ends(s, s, w)} {
				if n := ansi.StringWidthWc(got); n > w || name != "Clip" && name != "Tail" && n != w {
					t.Errorf("%s(%q, %d) is %d cells wide: %q", name, s, w, n, got)
				}
				if !utf8.ValidString(got) {
					t.Errorf("%s(%q, %d) breaks a character: %q", name, s, w, got)
				}
			}
		}
	}
}

func TestE4_WhatIsTypedStaysInSight(t *testing.T) {
	for _, s := range hard() {
		s = ansi.Strip(s)
		r := []rune(s)
		for at := range r {
			left, right := Around(string(r[:at]), string(r[at:]), 10)
			if n := Width(left) + max(1, Width(right)); n > 10 {
				t.Errorf("Around(%q) at %d is %d cells wide", s, at, n)
			}
		}
	}
	left, right := Around("sev>=med status:new,inpr host:", "", 12)
	if left != "~inpr host:" || right != "" {
		t.Errorf("Around = %q %q, want the end that is typed", left, right)
	}
	if got := Tail("sev>=med status:new", 10); got != "~tatus:new" || strings.HasSuffix(got, "~") {
		t.Errorf("Tail = %q", got)
	}
}
