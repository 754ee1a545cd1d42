package main

import "path/filepath"

// equivalent is a fault that changes nothing that anybody can see, judged by hand.
type equivalent struct {
	file, what, source string // as change prints them
	why                string
}

// is reports that e is the change c.
func (c change) is(e equivalent) bool {
	return filepath.Base(c.file) == e.file && c.what == e.what && c.source == e.source
}

var equivalents = []equivalent{
	{"plan.go", "< is <=", "if n < 1 {", "backoff: for n = 1 the branch sets n to 1"},
}
