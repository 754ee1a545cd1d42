package queue

import (
	"testing"

	"cordon/ui/keys"
	"cordon/ui/uitest"
)

func TestKeys_NoClashesAndAllTrustworthy(t *testing.T) {
	d, m := drive(t, uitest.NewWorld(), 200, 55)
	scopes := map[string][]keys.Binding{"list": m.Keys(), "sort": sortKeys(), "filter": editKeys()}
	d.Key("space")
	scopes["marked"] = m.Keys()
	for name, scope := range scopes {
		if err := keys.Clash(scope); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, b := range scope {
			if b.Help == "" || b.Hint == "" && !b.Hidden {
				t.Errorf("%s: %s has no words", name, b.ID)
			}
			for _, k := range b.Keys {
				if why := keys.Untrustworthy(k); why != "" {
					t.Errorf("%s: %s uses %s: %s", name, b.ID, k, why)
				}
			}
		}
	}
}

func TestKeys_NothingPromisedThatIsNotThere(t *testing.T) {
	_, m := drive(t, uitest.NewWorld(), 200, 55)
	for _, k := range []string{"a", "s", "r", "c", "#", "!", "x", "z"} {
		if b, ok := keys.Find(uitest.Press(k), m.Keys()); ok {
			t.Errorf("%s is bound to %s", k, b.ID)
		}
	}
	for _, b := range m.Keys() {
		if b.Danger && b.ID != idLockdown && b.ID != idRelease {
			t.Errorf("%s is marked as dangerous", b.ID)
		}
	}
}

func TestKeys_NoneWithoutTheRightToLook(t *testing.T) {
	w := uitest.NewWorld()
	m := newModel(w, "nobody")
	d := uitest.Drive(t, m, 80, 19)
	d.Keys("L", "U", "enter", "/", "R", "j", "J")
	if len(m.Keys()) != 0 || len(d.Sent()) != 0 || len(w.Calls("")) != 0 {
		t.Errorf("keys %v, sent %v, calls %v", m.Keys(), d.Sent(), w.Calls(""))
	}
}
