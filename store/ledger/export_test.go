package ledger_test

import (
	"bytes"
	"encoding/csv"
	"regexp"
	"strings"
	"testing"

	"cordon/store/ledger"
	"cordon/store/soc"
)

// formulas are cells that some spreadsheet would run, in the beginning or behind what it takes for the end of a cell.
func formulas() []string {
	return []string{
		`=HYPERLINK("http://x","y")`, "+1+1", "-2+3", "@SUM(1)", "＝1", "＋1", "－1", "＠x", " =1", `"=1`, `x,=1`, `x;=cmd|'/c calc'!A1`, "x|+1", `","=1`, `x", "=1`,
		"\t=1", "\r=1", "x\t=1", "x\n=1", "'=1", "\u00a0=1", ",,;=1",
	}
}

// trap finds a formula at the beginning of what any reader may take for a cell: after a separator, blanks and quotes aside. An apostrophe
// right before the sign disarms it.
var trap = regexp.MustCompile("(^|[,;|\t\r\n])[ \u00a0\"]*'?[ \u00a0\"]*[=+@＝＋－＠-]")

func armed(cell string) bool {
	for _, m := range trap.FindAllString(cell, -1) {
		r := []rune(m)
		if len(r) < 2 || r[len(r)-2] != '\'' {
			return true
		}
	}
	return false
}

func TestSC49_NoCellIsAFormula(t *testing.T) {
	for _, text := range formulas() {
		var out bytes.Buffer
		x, err := ledger.Begin(&out, soc.ExportCSV, ledger.Header{})
		if err != nil {
			t.Fatal(err)
		}
		raw, _, _, err := ledger.Head{}.Seal(soc.AuditEntry{Target: text, Detail: text, Actor: soc.Actor{Name: text}})
		if err != nil {
			t.Fatal(err)
		}
		if err := firstError(x.Record(1, raw), x.End(ledger.Head{})); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[0]) != len(rows[1]) {
			t.Fatalf("%q: %d rows, %v", text, len(rows), err)
		}
		for i, cell := range rows[1] {
			if armed(cell) {
				t.Errorf("%s = %q is a formula", rows[0][i], cell)
			}
		}
		for line := range strings.Lines(out.String()) {
			for _, cell := range strings.Split(strings.TrimSpace(line), `","`) { // every cell is quoted
				if strings.Trim(cell, `"`) != "" && !strings.HasPrefix(line, `"`) {
					t.Errorf("%q: a cell is not quoted", line)
				}
			}
		}
		if !armed(text) && text != "'=1" { // negative control: the check sees it in the raw text
			t.Errorf("the check does not see %q", text)
		}
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestN10_CEFIsEscaped(t *testing.T) {
	var out bytes.Buffer
	x, err := ledger.Begin(&out, soc.ExportCEF, ledger.Header{Version: "1|0"})
	if err != nil {
		t.Fatal(err)
	}
	raw, _, _, err := ledger.Head{}.Seal(soc.AuditEntry{
		Action: `a|b\c`, Result: soc.ResultFailed, Detail: "x=y\\z|w\nCEF:0|forged", Actor: soc.Actor{Name: "eve act=release"},
	})
	if err := firstError(err, x.Record(1, raw), x.End(ledger.Head{})); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	for _, want := range []string{`CEF:0|cordon|cordon|1\|0|a\|b\\c|a\|b\\c failed|8|`, `msg=x\=y\\z|w CEF:0|forged`, `suser=eve act\=release`} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not contain %q", got, want)
		}
	}
	if strings.Count(got, "\n") != 1 {
		t.Errorf("%q is not one line", got)
	}
	if _, err := ledger.Begin(&out, "xml", ledger.Header{}); err == nil {
		t.Error("an unknown format is accepted")
	}
}

// FuzzVerify: the verifier never panics on a file that somebody else wrote, and never calls a changed export good.
func FuzzVerify(f *testing.F) {
	h := write(f, 2, 4)
	var out bytes.Buffer
	x, err := ledger.Begin(&out, soc.ExportNDJSON, ledger.Header{Store: h.id, From: h.from, Complete: true})
	if err != nil {
		f.Fatal(err)
	}
	for i, raw := range h.raw {
		if err := x.Record(uint64(i+1), raw); err != nil {
			f.Fatal(err)
		}
	}
	if err := x.End(h.heads[6]); err != nil {
		f.Fatal(err)
	}
	key := ledger.KeyFile{Store: h.id, From: h.from, First: h.first}
	f.Add(out.Bytes())
	f.Add([]byte("[\n]\n"))
	f.Add([]byte(`{"cordonAudit":2,"store":"x","complete":true}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		rep, err := ledger.VerifyExport(bytes.NewReader(text), soc.VerifyOptions{Key: key.Encode()})
		if err == nil && rep.OK && rep.Sealed > 0 && !bytes.Contains(text, h.raw[int(h.from)-1]) {
			t.Errorf("a history that was never sealed passes: %+v", rep)
		}
	})
}
