package ledger

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"cordon/store/soc"
)

// Header begins an export that can be verified: one line of JSON that says what a verification needs to know.
type Header struct {
	Form     int       `json:"cordonAudit"` // ExportForm
	Store    string    `json:"store"`
	From     uint64    `json:"from"`           // the first sealed record
	Complete bool      `json:"complete"`       // false: a search left records out, so nothing can be verified
	Lost     uint64    `json:"lost,omitempty"` // the first record after the sealing key was lost
	Public   []string  `json:"public,omitempty"`
	Version  string    `json:"version,omitempty"`
	Exported time.Time `json:"exported"`
}

// ExportForm is the form of exports that this package writes and reads.
const ExportForm = 2

// checkpointLine is a line before the records, endLine the one after them.
type (
	checkpointLine struct {
		Checkpoint soc.Checkpoint `json:"checkpoint"`
	}
	endLine struct {
		End exportEnd `json:"end"`
	}
	exportEnd struct {
		Seq  uint64 `json:"seq"`
		Hash string `json:"hash"`
	}
)

// Export writes a history: Begin, then Checkpoint for each checkpoint, then Record for each record, then End. NDJSON is one line of JSON for each of these, with
// the records exactly as they are stored; JSON is an array of the same lines. Errors are those of the writer, returned by End at the latest.
type Export struct {
	w      *bufio.Writer
	format soc.AuditFormat
	header Header
	lines  int
}

// Begin starts an export. An unknown format is an error.
func Begin(w io.Writer, format soc.AuditFormat, h Header) (*Export, error) {
	h.Form = ExportForm
	x := &Export{w: bufio.NewWriterSize(w, 64<<10), format: format, header: h}
	switch format {
	case soc.ExportJSON:
		_, _ = x.w.WriteString("[\n")
		return x, x.value(h)
	case soc.ExportNDJSON:
		return x, x.value(h)
	case soc.ExportCSV:
		return x, x.row(csvNames()...)
	case soc.ExportCEF:
		return x, nil
	}
	return nil, fmt.Errorf("there is no export format %q", format)
}

// lossless reports whether the export keeps the records as they are.
func (x *Export) lossless() bool { return x.format == soc.ExportJSON || x.format == soc.ExportNDJSON }

// Record writes a stored record. Only CSV and CEF need to decode it; one that can not be decoded becomes a line that says so.
func (x *Export) Record(seq uint64, raw []byte) error {
	if x.lossless() {
		return x.line(raw)
	}
	var e soc.AuditEntry
	if err := json.Unmarshal(raw, &e); err != nil {
		e = Damaged(seq, err)
	}
	return x.entry(e)
}

// Damaged writes a line in the place of a record that can not be read; a verification stops there.
func (x *Export) Damaged(seq uint64, err error) error {
	if x.lossless() {
		return x.value(map[string]any{"damaged": seq, "problem": err.Error()})
	}
	return x.entry(Damaged(seq, err))
}

func (x *Export) entry(e soc.AuditEntry) error {
	e.Clean() // records of the first form were written before the store cleaned them
	if x.format == soc.ExportCSV {
		return x.row(csvCells(e)...)
	}
	_, err := x.w.WriteString(cef(e, x.header.Version) + "\n")
	return err
}

// Damaged is shown in the place of a record that can not be read: history must not have silent holes.
func Damaged(seq uint64, err error) soc.AuditEntry {
	return soc.AuditEntry{
		Seq: seq, Actor: soc.Service("store"), Action: "damaged", Result: soc.ResultFailed,
		Detail: "this record of the history is damaged: " + err.Error(),
	}
}

// Checkpoint writes a checkpoint.
func (x *Export) Checkpoint(c soc.Checkpoint) error {
	if !x.lossless() {
		return nil
	}
	return x.value(checkpointLine{c})
}

// End writes where the history ends and flushes. An export without this line is cut off.
func (x *Export) End(h Head) error {
	if x.lossless() {
		if err := x.value(endLine{exportEnd{h.Seq, h.Hash}}); err != nil {
			return err
		}
	}
	if x.format == soc.ExportJSON {
		_, _ = x.w.WriteString("\n]\n")
	}
	return x.w.Flush()
}

func (x *Export) value(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding an export: %w", err)
	}
	return x.line(b)
}

func (x *Export) line(b []byte) error {
	if x.format == soc.ExportJSON && x.lines > 0 {
		_, _ = x.w.WriteString(",\n")
	}
	x.lines++
	_, err := x.w.Write(b)
	if x.format == soc.ExportNDJSON {
		err = x.w.WriteByte('\n')
	}
	return err
}
