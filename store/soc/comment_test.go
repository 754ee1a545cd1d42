package soc_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"cordon/store/soc"
)

func comment() soc.OrderComment {
	return soc.OrderComment{
		Lockdown: "LK-7QX2M9AB", Token: "LK-7QX2M9AB.1", Verb: soc.VerbIsolate, Mode: soc.ModeManual, Period: 4 * time.Hour,
		Deadline: time.Date(2026, 2, 3, 10, 0, 0, 0, time.UTC), By: "alice", Via: "ssh", Ticket: "INC-7", Alert: "da1", Reason: "beacons to c2",
	}
}

func TestK12_CommentRoundTrip(t *testing.T) {
	want := comment()
	line := want.String()
	got, ok := soc.ParseOrderComment(line)
	if !ok || got != want {
		t.Fatalf("ParseOrderComment(%q) = %+v, %v; want %+v", line, got, ok, want)
	}
	const golden = `cordon/1 id=LK-7QX2M9AB token=LK-7QX2M9AB.1 verb=isolate mode=manual period=4h0m0s until=2026-02-03T10:00:00Z by=alice via=ssh ticket=INC-7 alert=da1 reason="beacons to c2"`
	if line != golden {
		t.Fatalf("String() =\n%s\nwant\n%s", line, golden)
	}
}

func TestK12_HostileReasonStaysAReason(t *testing.T) {
	for _, reason := range []string{
		`x" token=LK-EVIL.9 verb=release by="root`, "line\nbreak\r\x00\x1b[31m", `back\slash\`, `"`, `\`, `\"`, "\u202egnp.exe", "\xff\xfe", strings.Repeat(`"`, 5000),
		strings.Repeat("日本", 2000), " lead and trail ", "a=b",
	} {
		c := comment()
		c.Reason, c.By, c.Ticket = reason, reason, reason
		line := c.String()
		got, ok := soc.ParseOrderComment(line)
		if !ok || got.Token != c.Token || got.Verb != c.Verb || got.Lockdown != c.Lockdown || got.Period != c.Period {
			t.Errorf("reason %.40q: parsed %+v, %v from %q", reason, got, ok, line)
		}
		if soc.Clean(line) != line {
			t.Errorf("reason %.40q: Clean changes the line", reason)
		}
		if len(line) > soc.MaxOrderComment || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("reason %.40q: line of %d bytes is not one printable line", reason, len(line))
		}
	}
}

func TestK12_ForeignCommentsAreNotOurs(t *testing.T) {
	for _, s := range []string{
		"", "isolated by d.mills", "cordon/1", "cordon/1 ", "cordon/2 id=LK-1 token=LK-1.1 verb=isolate", "cordon/1 id=LK-1",
		"see cordon/1 id=LK-1 token=LK-1.1 verb=isolate", `cordon/1 id=LK-1 token=LK-1.1 verb=isolate reason="open`,
		`cordon/1 id=LK-1 token=LK-1.1 verb=isolate reason="a"b`, "cordon/1 id=LK-1 token=LK-1.1 verb=isolate period=soon", "cordon/1 =x",
	} {
		if got, ok := soc.ParseOrderComment(s); ok {
			t.Errorf("ParseOrderComment(%q) = %+v, want not ours", s, got)
		}
	}
}

func TestK12_LaterKeysAreSkipped(t *testing.T) {
	got, ok := soc.ParseOrderComment(`cordon/1 id=LK-1 token=LK-1.1 verb=isolate epoch=7 shape="round one"`)
	if !ok || got.Token != "LK-1.1" {
		t.Fatalf("got %+v, %v", got, ok)
	}
}

func FuzzOrderComment(f *testing.F) {
	f.Add("alice", "INC-1", "beacons", `cordon/1 id=LK-1 token=LK-1.1 verb=isolate reason="x"`)
	f.Add(`"`, `\`, "a\nb", "cordon/1 a=\"")
	f.Fuzz(func(t *testing.T, by, ticket, reason, line string) {
		c := comment()
		c.By, c.Ticket, c.Reason = by, ticket, reason
		s := c.String()
		got, ok := soc.ParseOrderComment(s)
		if !ok || got.Token != c.Token || got.Lockdown != c.Lockdown || got.Verb != c.Verb {
			t.Fatalf("lost identity: %q -> %+v, %v", s, got, ok)
		}
		if soc.Clean(s) != s {
			t.Fatalf("Clean changes %q", s)
		}
		if len(s) > soc.MaxOrderComment || !utf8.ValidString(s) {
			t.Fatalf("bad line of %d bytes", len(s))
		}
		if again := got.String(); again != s {
			t.Fatalf("not stable:\n%q\n%q", s, again)
		}
		if p, ok := soc.ParseOrderComment(line); ok && p.String() == "" {
			t.Fatal("parsed to nothing")
		}
	})
}
