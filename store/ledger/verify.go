package ledger

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"cordon/store/soc"
)

// maxLine bounds a line of an export: a record is a few hundred bytes.
const maxLine = 4 << 20

// notesEvery is how often a verification reports its progress.
const notesEvery = 20000

// Given is what the person who verifies brings along, read and checked.
type Given struct {
	Key         *KeyFile
	Checkpoints []soc.Checkpoint
	Public      []ed25519.PublicKey
	Notes       []string
}

// ReadGiven reads the files and keys of o. Errors say which can not be read.
func ReadGiven(o soc.VerifyOptions) (Given, error) {
	var g Given
	if o.Key != nil {
		f, err := ReadKeyFile(o.Key)
		if err != nil {
			return g, wrong("key", err.Error(), "give the file audit-….key that was made with the store")
		}
		g.Key = &f
	}
	for _, p := range o.Public {
		k, err := ParsePublic(p)
		if err != nil {
			return g, wrong("public", err.Error(), "copy the whole line")
		}
		g.Public = append(g.Public, k)
	}
	for _, b := range o.Checkpoints {
		list, torn := ParseCheckpoints(b)
		if torn {
			g.Notes = append(g.Notes, "the last line of a file of checkpoints is cut off and was left out")
		}
		if len(list) == 0 {
			return g, wrong("checkpoints", "the file of checkpoints is empty", "give the one that was kept elsewhere")
		}
		g.Checkpoints = append(g.Checkpoints, list...)
	}
	return g, nil
}

func wrong(code, what, next string) error {
	return &soc.Error{Kind: soc.KindInvalid, Code: "verify-" + code, What: what, Means: "nothing was verified", Next: next}
}

// Rules joins what is given with what the history says about itself. What is given wins.
func (g *Given) Rules(store string, from uint64, own []ed25519.PublicKey) (Rules, error) {
	r := Rules{Store: store, From: from, Public: g.Public}
	if len(r.Public) == 0 {
		r.Public = own
		g.Notes = append(g.Notes, "checkpoints were judged by the public key that the history itself names; give --public to judge them by one kept elsewhere")
	}
	if g.Key == nil {
		return r, nil
	}
	if g.Key.Store != store {
		return r, wrong("key", "the key file belongs to another store ("+g.Key.Store+", this one is "+store+")", "give the key file of this store")
	}
	r.From, r.First = g.Key.From, &g.Key.First
	return r, nil
}

// Start begins a walk with what is given; files of checkpoints that hold none of this store prove nothing, and are refused.
func (g *Given) Start(r Rules) (*Walk, error) {
	w := NewWalk(r)
	if mine := w.Checkpoints(g.Checkpoints); mine == 0 && len(g.Checkpoints) > 0 && w.rep.Problem == "" {
		return nil, wrong("checkpoints", "none of the checkpoints is of this store ("+r.Store+")", "compare the ids: another store may lie in its place")
	}
	return w, nil
}

// VerifyExport checks an export in JSON or NDJSON as it was written; a copy that a tool formatted anew is not one. An export that was cut
// off is bad at its end; one that left records out is refused, because it can not be verified.
func VerifyExport(r io.Reader, o soc.VerifyOptions) (soc.ChainReport, error) {
	g, err := ReadGiven(o)
	if err != nil {
		return soc.ChainReport{}, err
	}
	x := exportWalk{g: g, in: bufio.NewReaderSize(r, 256<<10), progress: o.Progress}
	if err := x.begin(); err != nil {
		return soc.ChainReport{}, err
	}
	rep, err := x.walk()
	rep.Notes = append(rep.Notes, x.g.Notes...)
	if err == nil && x.g.Key == nil {
		rep.Notes = append(rep.Notes, "MACs were not checked: the first key is needed, give it with --key")
	}
	return rep, err
}

type exportWalk struct {
	g        Given
	in       *bufio.Reader
	w        *Walk
	head     Header
	progress func(done, total uint64)
	joined   []byte
}

// The beginnings of lines that are not records.
const (
	checkpointTag = `{"checkpoint":`
	endTag        = `{"end":`
)

var errLong = errors.New("a line is too long")

// line returns the next line without what JSON puts around it; io.EOF at the end.
func (x *exportWalk) line() ([]byte, error) {
	for {
		b, err := x.rawLine()
		if err != nil && len(b) == 0 {
			return nil, err
		}
		b = bytes.TrimRight(b, "\r\n")
		if s := string(b); s == "[" || s == "]" || s == "" {
			continue
		}
		return bytes.TrimSuffix(b, []byte(",")), nil
	}
}

// rawLine returns a line of any length up to maxLine.
func (x *exportWalk) rawLine() ([]byte, error) {
	b, err := x.in.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return b, err
	}
	x.joined = x.joined[:0]
	for errors.Is(err, bufio.ErrBufferFull) {
		x.joined = append(x.joined, b...)
		if len(x.joined) > maxLine {
			return nil, errLong
		}
		b, err = x.in.ReadSlice('\n')
	}
	x.joined = append(x.joined, b...)
	return x.joined, err
}

func (x *exportWalk) begin() error {
	b, err := x.line()
	if err != nil || json.Unmarshal(b, &x.head) != nil || x.head.Form == 0 || x.head.Store == "" {
		return wrong("export", "this is not an export of the audit history in JSON or NDJSON",
			"export it with --format ndjson and keep it as it was written")
	}
	if x.head.Form != ExportForm {
		return wrong("export", fmt.Sprintf("the export has form %d, this cordon knows form %d", x.head.Form, ExportForm), "use the cordon that wrote it")
	}
	if !x.head.Complete {
		return wrong("export", "the export is the result of a search, it leaves records out and can not be verified",
			"export the whole history, without --filter and --since")
	}
	var own []ed25519.PublicKey
	for _, p := range x.head.Public {
		if k, err := ParsePublic(p); err == nil {
			own = append(own, k)
		}
	}
	rules, err := x.g.Rules(x.head.Store, x.head.From, own)
	if err != nil {
		return err
	}
	rules.Lost = x.head.Lost
	x.w, err = x.g.Start(rules)
	return err
}

// walk reads the checkpoints, the records and the end.
func (x *exportWalk) walk() (soc.ChainReport, error) {
	b, err := x.line()
	for ; err == nil && bytes.HasPrefix(b, []byte(checkpointTag)); b, err = x.line() {
		var c checkpointLine
		if json.Unmarshal(b, &c) != nil {
			c = checkpointLine{} // signed by nobody
		}
		x.w.Checkpoints([]soc.Checkpoint{c.Checkpoint})
	}
	s := x.w.Stream()
	defer s.Close()
	for ; err == nil; b, err = x.line() {
		var end endLine
		if bytes.HasPrefix(b, []byte(endTag)) && json.Unmarshal(b, &end) == nil {
			s.Close()
			return x.w.EndAt(Head{Seq: end.End.Seq, Hash: end.End.Hash, Key: x.w.key}), nil
		}
		if !s.Record(b) {
			return x.w.End(), nil
		}
		if n := s.Next(); x.progress != nil && n%notesEvery == 0 {
			x.progress(n-1, 0)
		}
	}
	s.Close()
	switch {
	case errors.Is(err, io.EOF):
		x.w.Bad("export is cut off: its last line is missing")
	case errors.Is(err, errLong):
		x.w.Bad(err.Error())
	default:
		return x.w.End(), fmt.Errorf("reading the export: %w", err)
	}
	return x.w.End(), nil
}
