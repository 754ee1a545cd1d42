package queue

import (
	"fmt"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"cordon/store/soc"
	"cordon/ui/words"
)

// proc is what ran, according to the evidence.
type proc struct{ what, parent, sha string }

// process picks the evidence that says most: a process with its command line, else a file, else an address.
func process(a soc.Alert) proc {
	var best proc
	for _, e := range a.Evidence {
		switch {
		case e.CommandLine != "":
			return proc{head(e.CommandLine), e.ParentFileName, e.SHA256}
		case best.what != "":
		case e.FileName != "":
			best = proc{e.FilePath + `\` + e.FileName, e.ParentFileName, e.SHA256}
		case e.URL != "":
			best.what = head(e.URL)
		case e.IPAddress != "":
			best.what = e.IPAddress
		}
	}
	return best
}

func who(r soc.AlertRow, a soc.Alert) string {
	if a.RelatedUser != nil && a.RelatedUser.Name != "" {
		return a.RelatedUser.String()
	}
	return words.Dash(r.User)
}

func incident(a soc.Alert) string {
	if a.IncidentID == 0 {
		return ""
	}
	return fmt.Sprintf("incident #%d", a.IncidentID)
}

// evidenceText counts the evidence by its kind.
func evidenceText(a soc.Alert) string {
	if len(a.Evidence) == 0 {
		return "evidence 0"
	}
	count := map[string]int{}
	for _, e := range a.Evidence {
		count[strings.ToLower(words.Dash(e.EntityType))]++
	}
	names := make([]string, 0, len(count))
	for n := range count {
		names = append(names, n)
	}
	sort.Slice(names, func(i, j int) bool {
		if count[names[i]] != count[names[j]] {
			return count[names[i]] > count[names[j]]
		}
		return names[i] < names[j]
	})
	for i, n := range names {
		names[i] = fmt.Sprintf("%d %s", count[n], n)
	}
	return fmt.Sprintf("evidence %d: %s", len(a.Evidence), strings.Join(names, ", "))
}

// head is the beginning of a text that may have megabytes.
func head(s string) string {
	if len(s) <= longText {
		return s
	}
	n := longText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// comments shows the latest remark.
func comments(a soc.Alert, clock func(time.Time) string) string {
	n := len(a.Comments)
	if n == 0 {
		return "comments 0"
	}
	c := a.Comments[n-1]
	return fmt.Sprintf("comments %d: %s %s %q", n, c.By, clock(c.At), head(c.Text))
}
