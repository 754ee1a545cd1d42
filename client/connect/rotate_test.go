package connect_test

import (
	"testing"
)

// An order that holds on to a connection from before the change of the secret signs in with the new one: the old one may be withdrawn at any
// moment. One that now leads elsewhere keeps what it was made with.
func TestP10_T10_AnOlderConnectionSignsInWithTheNewSecret(t *testing.T) {
	l := newLab(t)
	in := l.attached("contoso")
	if _, err := l.Remote(in.ID); err != nil { // the connection that an order uses
		t.Fatal(err)
	}
	held := l.apis[len(l.apis)-1]
	if got, err := held.open(t.Context()); err != nil || got != canary {
		t.Fatalf("before: %v", err)
	}
	const next = "n3xt~Value/of+8Q"
	l.mu.Lock()
	l.good = next
	l.mu.Unlock()
	saved, err := l.Save(t.Context(), admin(), l.stored(in.ID), next, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := held.open(t.Context()); err != nil || got != next {
		t.Errorf("after the change the old connection has another secret than the stored one (%v)", err)
	}
	saved.ClientID = "d1d2e3f4-5566-7788-99aa-bbccddeeff00"
	const other = "0th3r~Value/of+9Q"
	l.mu.Lock()
	l.good = other
	l.mu.Unlock()
	if _, err := l.Save(t.Context(), admin(), saved, other, nil); err != nil {
		t.Fatal(err)
	}
	if got, _ := held.open(t.Context()); got == other {
		t.Error("the secret of another app went to the old connection")
	}
}
