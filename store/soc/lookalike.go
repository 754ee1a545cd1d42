package soc

import (
	"strings"
	"unicode"
)

// Names of machines are text from outside: two of them may look the same and be different (F42, SC28). Orders go by machine id; these functions
// only warn the person who reads a name.

// MixedScript reports a name whose letters come from more than one script, as "РС10" with Cyrillic letters among Latin ones; "" for an ordinary
// one, else the scripts.
func MixedScript(name string) string {
	var found []string
	for _, s := range []struct {
		name  string
		table *unicode.RangeTable
	}{
		{"Latin", unicode.Latin},
		{"Cyrillic", unicode.Cyrillic},
		{"Greek", unicode.Greek},
		{"Armenian", unicode.Armenian},
		{"Cherokee", unicode.Cherokee},
	} {
		if strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(s.table, r) }) {
			found = append(found, s.name)
		}
	}
	if len(found) < 2 {
		return ""
	}
	return strings.Join(found, " and ")
}

// PlainName is the name as a hurried reader takes it: letters of other scripts that look like Latin ones become those. Names with the same plain
// form look alike.
func PlainName(name string) string {
	const odd = "АВЕКМНОРСТУХІЈЅаеорсухіјѕԁһԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧαονιρ"
	const plain = "ABEKMHOPCTYXIJSaeopcyxijsdhqwABEZHIKMNOPTYXaovip"
	from, to := []rune(odd), []rune(plain)
	return strings.Map(func(r rune) rune {
		for i, o := range from {
			if r == o {
				return to[i]
			}
		}
		if r >= '！' && r <= '～' { // full width
			return r - '！' + '!'
		}
		return r
	}, name)
}
