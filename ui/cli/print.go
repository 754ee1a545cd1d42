package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"cordon/store/soc"
)

// schemaVersion of every --json answer; it changes when a field changes its meaning or goes away.
const schemaVersion = 1

// window is how many rows are asked for at once: a long listing costs no more memory than a short one.
const window = 1000

// printJSON writes one object with a schema_version; keys are sorted.
func printJSON(w io.Writer, fields map[string]any) error {
	doc := maps.Clone(fields)
	doc["schema_version"] = schemaVersion
	text, err := encode(doc, "")
	if err == nil {
		_, err = fmt.Fprintf(w, "%s\n", text)
	}
	if err != nil {
		return fmt.Errorf("writing json: %w", err)
	}
	return nil
}

func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent(indent, "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// jsonList writes the object of a long listing piece by piece: the fields, then the rows.
type jsonList struct {
	w io.Writer
	n int
}

// openList writes the fields and starts the array name.
func openList(w io.Writer, name string, fields map[string]any) (*jsonList, error) {
	doc := maps.Clone(fields)
	doc["schema_version"] = schemaVersion
	text, err := encode(doc, "")
	if err == nil {
		_, err = fmt.Fprintf(w, "%s,\n  %q: [", bytes.TrimSuffix(text, []byte("\n}")), name)
	}
	return &jsonList{w: w}, err
}

func (l *jsonList) add(v any) error {
	text, err := encode(v, "    ")
	if err != nil {
		return fmt.Errorf("writing json: %w", err)
	}
	comma := ""
	if l.n++; l.n > 1 {
		comma = ","
	}
	_, err = fmt.Fprintf(l.w, "%s\n    %s", comma, text)
	return err
}

func (l *jsonList) end() error {
	close := "\n  ]\n}\n"
	if l.n == 0 {
		close = "]\n}\n"
	}
	_, err := io.WriteString(l.w, close)
	return err
}

// table aligns columns. Cells hold cleaned text only.
type table struct{ tw *tabwriter.Writer }

func newTable(w io.Writer, header ...string) *table {
	t := &table{tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)}
	t.row(header...)
	return t
}

func (t *table) row(cells ...string) {
	for i, c := range cells {
		if c == "" {
			c = "-"
		}
		if i < len(cells)-1 { // no tab after the last cell, so no trailing blanks
			c += "\t"
		}
		_, _ = io.WriteString(t.tw, c)
	}
	_, _ = io.WriteString(t.tw, "\n")
}

// flush writes what was collected; columns are aligned between two flushes.
func (t *table) flush() error {
	if err := t.tw.Flush(); err != nil {
		return fmt.Errorf("writing table: %w", err)
	}
	return nil
}

// onTerminal reports whether a stream is a terminal, or another device that a person looks at or types on.
func onTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// stamp prints a time as UTC in whole seconds, empty for zero.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// age prints how long ago t was, in one unit.
func age(now, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := now.Sub(t)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", max(0, int(d.Seconds())))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// left prints the time to a deadline: 1:12:09, or +0:03:12 when it is over. Before the host is isolated no clock runs.
func left(l soc.Lockdown, now time.Time) string {
	if l.Phase.Final() || l.Deadline.IsZero() {
		return ""
	}
	d := l.Left(now).Round(time.Second)
	sign := ""
	if d < 0 {
		sign, d = "+", -d
	}
	return fmt.Sprintf("%s%d:%02d:%02d", sign, int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}

// plural prints "1 host", "2 hosts".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// list joins names for a sentence, cut after a handful.
func list(names []string) string {
	const most = 8
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
