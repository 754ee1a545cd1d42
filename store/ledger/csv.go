package ledger

import (
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
)

func csvNames() []string {
	return []string{
		"seq", "time", "integration", "actor", "via", "from", "key", "serial", "session", "role", "action", "machine_id", "target", "lockdown",
		"result", "cause", "reason", "before", "after", "detail", "action_id", "request_id", "version", "prev", "mac", "hash",
	}
}

func csvCells(e soc.AuditEntry) []string {
	a := e.Actor
	return []string{
		fmt.Sprint(e.Seq), e.Time.UTC().Format(time.RFC3339Nano), string(e.Integration), a.Name, a.Via, a.From, a.Key, a.Serial, a.Session, a.Role,
		e.Action, e.Host, e.Target, string(e.Lockdown), e.Result, string(e.Cause), e.Reason, e.Before, e.After, e.Detail, e.ActionID,
		e.RequestID, e.Version, e.Prev, e.MAC, e.Hash,
	}
}

// row writes one line of CSV (RFC 4180) with every cell in quotes and made harmless.
func (x *Export) row(cells ...string) error {
	for i, c := range cells {
		if i > 0 {
			_ = x.w.WriteByte(',')
		}
		_, _ = x.w.WriteString(`"` + strings.ReplaceAll(harmless(c), `"`, `""`) + `"`)
	}
	_, err := x.w.WriteString("\r\n")
	return err
}

// harmless keeps a spreadsheet from taking a cell for a formula (SC49): an apostrophe goes before = + - @ and their wide forms, tab and
// carriage return, at the beginning of the cell, and after everything that some spreadsheet, in some country, takes for the end of a cell.
// Blanks and quotes in front do not hide a formula.
func harmless(cell string) string {
	var b strings.Builder
	start := true
	for _, r := range cell {
		if start && strings.ContainsRune("=+-@＝＋－＠\t\r", r) {
			b.WriteByte('\'')
		}
		switch {
		case strings.ContainsRune(",;|\t\r\n", r):
			start = true
		case r != ' ' && r != '"' && r != '\'' && r != '\u00a0':
			start = false
		}
		b.WriteRune(r)
	}
	return b.String()
}
