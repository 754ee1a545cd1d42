package dialog

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/uitest"
)

func env(w *uitest.World, now func() time.Time) Env {
	return Env{
		Theme: theme.New(theme.Dark, true, true, false), Session: w.Session("responder"), Commander: w, Reader: w, Now: now, Local: time.UTC,
		Run: func(f func(context.Context) tea.Msg) tea.Cmd {
			return func() tea.Msg { return f(context.Background()) }
		},
	}
}

func TestLeft_CountsOnPastTheDeadline(t *testing.T) {
	for d, want := range map[time.Duration]string{4329 * time.Second: "1:12:09", -192 * time.Second: "+0:03:12", 0: "0:00:00"} {
		if got := left(d); got != want {
			t.Errorf("left(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestField_EditsAndCleans(t *testing.T) {
	f := Field{Limit: 10}
	for _, k := range []string{"a", "b", "c", "left", "left", "X", "end", "backspace", "home", "delete"} {
		f.key(Press{KeyPressMsg: uitest.Press(k)})
	}
	if got := f.Text(); got != "Xb" {
		t.Errorf("text = %q, want Xb", got)
	}
	f.paste("\x1b[2Jlong text that does not fit")
	if got := f.Text(); len([]rune(got)) > 10 || strings.ContainsRune(got, 0x1b) {
		t.Errorf("text = %q", got)
	}
	if (&Field{NoPast: true}).paste("x") {
		t.Error("a field that must be typed took a paste")
	}
}

func TestField_AnyKeysKeepTheCursorInside(t *testing.T) {
	th := theme.New(theme.Dark, true, true, false)
	rapid.Check(t, func(t *rapid.T) {
		f := Field{Limit: 30}
		names := rapid.SliceOf(rapid.SampledFrom([]string{
			"a", "漢", "space", "left", "right", "home", "end", "backspace", "delete", "ctrl+u", "ctrl+k", "ctrl+w",
		})).Draw(t, "keys")
		w := rapid.IntRange(3, 40).Draw(t, "width")
		for _, n := range names {
			f.key(Press{KeyPressMsg: uitest.Press(n)})
			if f.at < 0 || f.at > len(f.text) || len(f.text) > 30 {
				t.Fatalf("cursor %d of %d", f.at, len(f.text))
			}
			if got := theme.Width(f.view(th, true, w)); got > w {
				t.Fatalf("drawn %d cells wide, want at most %d", got, w)
			}
		}
	})
}

func TestStack_HeldKeysPressNoButton(t *testing.T) {
	now := uitest.Now()
	s := NewStack(func() time.Time { return now })
	yes := 0
	e := env(uitest.NewWorld(), func() time.Time { return now })
	s.Push(NewConfirm(e, screen.ConfirmMsg{Title: "t", Button: "Do it", Yes: "yes"}))
	s.Update(readyMsg{s.Top().frame().id})
	s.Key(uitest.Press("tab"))
	press := func(after time.Duration, repeat bool) {
		now = now.Add(after)
		k := uitest.Press("enter")
		k.IsRepeat = repeat
		if cmd := s.Key(k); cmd != nil && cmd() == tea.Msg("yes") {
			yes++
		}
	}
	s.lastKey, s.lastAt = "enter", now // enter was pressed just before
	press(500*time.Millisecond, false) // a keyboard that starts to repeat, on a terminal that does not tell
	press(33*time.Millisecond, false)
	press(2*time.Second, true)
	if yes != 0 {
		t.Fatalf("a held key pressed the button %d times", yes)
	}
	press(2*time.Second, false)
	if yes != 1 {
		t.Errorf("control: a real press gave %d", yes)
	}
}

func TestStack_AnswersOfClosedDialogsAreDroppedButTheirNoticeIsNot(t *testing.T) {
	now := uitest.Now
	w := uitest.NewWorld()
	s := NewStack(now)
	s.Push(NewIsolate(env(w, now), IsolateOptions{Hosts: []soc.HostKey{w.Key("WS-ENG-0012")}, Reason: "r"}))
	id := s.Top().frame().id
	s.Key(uitest.Press("esc"))
	if s.Open() {
		t.Fatal("esc did not close")
	}
	cmd := s.Update(doneMsg{dialog: id, ok: true, notice: screen.NoticeMsg{Text: "requested"}})
	if n, ok := cmd().(screen.NoticeMsg); !ok || n.Text != "requested" {
		t.Errorf("the notice got lost: %v", n)
	}
}

func TestOrder_LateFactsAreDropped(t *testing.T) {
	w := uitest.NewWorld()
	d := NewIsolate(env(w, uitest.Now), IsolateOptions{Hosts: []soc.HostKey{w.Key("WS-ENG-0012")}, Reason: "r"}).(*isolate)
	first, second := d.check(), d.check()
	d.Update(second())
	w.Verdicts[w.Key("WS-ENG-0012")] = soc.Verdict{Why: "old"}
	d.Update(first())
	if !d.verdict().Allowed {
		t.Error("an older answer replaced the newer one")
	}
}

func TestF06_ARetryThatIsRefusedIsShownAndChangesNothing(t *testing.T) {
	w := uitest.NewWorld()
	d := NewIsolate(env(w, uitest.Now), IsolateOptions{Hosts: []soc.HostKey{w.Key("WS-ENG-0012")}, Reason: "r"}).(*isolate)
	err := &soc.Error{Kind: soc.KindConflict, Code: "open-lockdown", What: "a lockdown of this host is open already"}
	m := isolateDone(0, "WS-ENG-0012", soc.IsolateRequest{}, soc.Lockdown{}, err)
	d.Update(d.check()())
	d.Update(m)
	if d.Closed() || !strings.Contains(d.problem, "open already") || m.notice.Level != screen.Bad || !errors.Is(m.notice.Err, soc.ErrConflict) && m.notice.Err != err {
		t.Errorf("closed %v, problem %q, notice %+v", d.Closed(), d.problem, m.notice)
	}
}

func TestN05_TheStateLineNeverSaysMoreThanDefender(t *testing.T) {
	th, now := theme.New(theme.Dark, true, true, false), uitest.Now()
	l := soc.Lockdown{ID: "LK-1", Period: 8 * time.Hour, Phase: soc.PhasePending, RequestedAt: now.Add(-40 * time.Second)}
	text := ansi.Strip(strings.Join(lockdownLines(th, l, now, Env{}, 80), "\n"))
	if !strings.Contains(text, "PENDING  the clock of 8h starts when the device confirms") || strings.Contains(text, "ISOLATED") {
		t.Errorf("pending reads %q", text)
	}
	l.Phase, l.EnforcedAt, l.Deadline = soc.PhaseIsolated, now, now.Add(8*time.Hour)
	if text = ansi.Strip(strings.Join(lockdownLines(th, l, now, Env{}, 80), "\n")); !strings.Contains(text, "ISOLATED  8:00:00  ends 20:41:07Z") {
		t.Errorf("isolated reads %q", text)
	}
	v := soc.Verdict{State: soc.Isolation{Word: soc.Isolated, AsOf: now.Add(-3 * time.Second)}}
	if got := stateLine(v, now); got != soc.IsolatedOutside+" (from actions, 3s ago)" {
		t.Errorf("external reads %q", got)
	}
}

func TestFitLines_KeepsWhatDecides(t *testing.T) {
	head, mid, foot := []string{"h", "", "h2"}, []string{"", "w1", "w2", "w3"}, []string{"", "button"}
	th := theme.New(theme.Mono, true, true, true)
	fitLines := func(head, mid, foot []string, h int) []string { return scroll{}.fit(th, head, mid, foot, h) }
	if got := fitLines(head, mid, foot, 20); len(got) != 9 {
		t.Errorf("%d lines, want all nine", len(got))
	}
	got := fitLines(head, mid, foot, 5)
	if len(got) != 5 || got[4] != "button" || !strings.Contains(strings.Join(got, "\n"), "pgdown shows more") {
		t.Errorf("lines = %q", got)
	}
	if got := fitLines(head, mid, foot, 2); got[len(got)-1] != "button" {
		t.Errorf("lines = %q", got)
	}
}

func TestText_BigTextsAreCutAndSaidSo(t *testing.T) {
	d := NewText(env(uitest.NewWorld(), uitest.Now), "Raw", strings.Repeat("a line of text\n", 300_000), "")
	v := d.View(120, 40)
	if n := strings.Count(v, "\n") + 1; n != 40 {
		t.Errorf("%d lines, want 40", n)
	}
	d.Key(Press{KeyPressMsg: uitest.Press("G")})
	if v = d.View(120, 40); !strings.Contains(v, "bytes more are not shown") {
		t.Error("the end does not say that something is missing")
	}
}

func TestHelp_FilterByKey(t *testing.T) {
	b := keys.Binding{ID: "x", Keys: []string{"ctrl+d"}, Help: "half a page"}
	for filter, want := range map[string]bool{"": true, "PAGE": true, "@ctrl": true, "@x": false, "other": false} {
		if got := matches(b, filter); got != want {
			t.Errorf("matches(%q) = %v, want %v", filter, got, want)
		}
	}
}
