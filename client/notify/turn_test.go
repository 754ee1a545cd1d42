package notify

import (
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

// A person who asks for a release and is refused changed nothing: nobody is told that the release fails. In the control it really does.
func TestV34_V40_ARefusedRequestIsNoFailedRelease(t *testing.T) {
	for _, act := range []soc.Act{soc.ActRelease, soc.ActCancel} {
		asked := lockdownEntry(string(act), soc.ResultRefused, "")
		asked.Actor, asked.Detail = soc.Actor{Name: "vera", Via: "ssh"}, "right lockdown.release missing"
		if m := told(t, asked); m.Turn != nil {
			t.Errorf("%s: told as %+v", act, m.Turn)
		}
	}
	failed := told(t, moved("release", soc.ResultFailed, "releasing", "release_blocked", soc.Service("reconciler")))
	if failed.Turn == nil || failed.Turn.Success || !failed.Turn.Loud {
		t.Errorf("control: %+v", failed.Turn)
	}
}

// What cordon does not carry on by itself is said to people as what it is: unknown, not "not isolated" and not "tried again".
func TestV34_V40_WhatNeedsAPersonIsSaid(t *testing.T) {
	now := time.UnixMilli(1591212505805)
	l := soc.Lockdown{
		ID: "LK-AAAAAAAA", Key: soc.HostKey{Integration: "int-1", MachineID: "m1"}, HostName: "ws-1", Phase: soc.PhaseIsolated, EnforcedAt: now,
		Deadline: now.Add(time.Hour),
	}
	_, aside, err := soc.SetAside(l, "cordon failed three times on this record", now)
	if err != nil {
		t.Fatal(err)
	}
	stray := moved("send", soc.ResultFailed, "submitting", "needs_human", soc.Service("reconciler"))
	box := &mailer{from: Host{Name: "console"}}
	for name, tc := range map[string]struct {
		e    soc.AuditEntry
		l    soc.Lockdown
		want string
	}{"set aside": {aside, l, TurnUnlock}, "set aside before it was isolated": {aside, soc.Lockdown{}, TurnLock}, "astray": {stray, l, TurnLock}} {
		turn := TurnOf(tc.e, tc.l, soc.Integration{})
		if turn == nil || turn.Action != tc.want || turn.Success || turn.WillRetry || !turn.Loud || !turn.Unclear {
			t.Errorf("%s: %+v", name, turn)
			continue
		}
		subject, body := box.words(Message{Turn: turn})
		if !strings.Contains(subject, "NEEDS A PERSON") || strings.Contains(body, "tries again") || strings.Contains(body, "not isolated by cordon") {
			t.Errorf("%s: %s\n%s", name, subject, body)
		}
	}
}

// Mail about a lockdown whose record can not be read promises no end.
func TestV34_NoEndIsPromisedThatIsNotKnown(t *testing.T) {
	turn := TurnOf(samples()["lock"], soc.Lockdown{}, soc.Integration{})
	if _, body := turnWords(turn); !strings.Contains(body, "Until:         not known") || strings.Contains(body, "released by itself") {
		t.Error(body)
	}
	turn.Until = turn.At.Add(time.Hour) // control
	if _, body := turnWords(turn); strings.Contains(body, "not known") || !strings.Contains(body, "released by itself") {
		t.Error(body)
	}
}

// No control character reaches a line in any layout, wherever the text came from.
func TestSC39_NoControlCharactersInLines(t *testing.T) {
	evil := "a\x00b\x1b[2Jc\u2028d\u0085e\x7f"
	turn := &Turn{Action: TurnLock, Host: evil, User: evil, At: time.UnixMilli(1591212505805)}
	for _, layout := range Layouts() {
		for _, m := range []Message{
			{ID: "evt_1_a", Kind: KindEvent, Time: turn.At, Turn: turn},
			{ID: "evt_1_a", Kind: KindEvent, Time: turn.At, Body: []byte("{}"), Event: &Event{Actor: evil, Host: evil, Detail: evil, Action: evil}},
		} {
			line := wire(t, layout, false, m)
			if at := strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 }); at >= 0 {
				t.Errorf("%s: %q", layout, line)
			}
		}
	}
}
