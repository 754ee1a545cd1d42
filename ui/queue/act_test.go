package queue

import (
	"fmt"
	"strings"
	"testing"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/uitest"
)

// onto moves the cursor to the first row whose title holds the text.
func onto(t *testing.T, d *uitest.Driver, m *Model, title string) soc.AlertRow {
	t.Helper()
	d.Key("g")
	for range 400 {
		if r, ok := m.current(); ok && strings.Contains(r.Title, title) {
			return r
		}
		d.Key("j")
	}
	t.Fatalf("no row with %q", title)
	return soc.AlertRow{}
}

func TestZ19_LockdownIsOneKeyFromTheRow(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 80, 19)
	row := onto(t, d, m, "Credential dumping")
	d.Forget()
	d.Key("L") // the confirm step: the dialog is the shell's
	asks := sent[screen.IsolateMsg](d)
	if len(asks) != 1 {
		t.Fatalf("L sent %v", d.Sent())
	}
	want := soc.HostKey{Integration: uitest.Tenant, MachineID: row.MachineID}
	if got := asks[0]; fmt.Sprint(got.Hosts) != fmt.Sprint([]soc.HostKey{want}) || got.Because != row.Key || got.Reason != row.Title {
		t.Errorf("asked %+v, want host %v because of %v", got, want, row.Key)
	}
}

func TestZ19_EnterGoesToTheHostWithTheAlert(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 80, 19)
	row := onto(t, d, m, "Credential dumping")
	d.Forget()
	d.Key("enter")
	goes := sent[screen.GoMsg](d)
	if len(goes) != 1 || goes[0].To.Kind != screen.Host || goes[0].To.Host != w.Key("DC-LON-01") || goes[0].To.Alert != row.Key {
		t.Errorf("enter sent %+v", d.Sent())
	}
}

func TestC09_MarkedRowsIsolateTheirExactMachinesOnce(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 120, 35)
	onto(t, d, m, "Suspicious PowerShell")
	d.Key("space")
	onto(t, d, m, "Possible C2 beacon") // the same machine
	d.Key("space")
	onto(t, d, m, "Shadow copies")
	d.Key("space")
	d.Forget()
	d.Key("L")
	asks := sent[screen.IsolateMsg](d)
	want := fmt.Sprint([]soc.HostKey{w.Key("WS-FIN-0142"), w.Key("SRV-FILE-04")})
	if len(asks) != 1 || fmt.Sprint(asks[0].Hosts) != want {
		t.Fatalf("L sent %+v, want hosts %v", d.Sent(), want)
	}
	if asks[0].Reason != "Shadow copies deleted" {
		t.Errorf("because of %q, want the marked row under the cursor", asks[0].Reason)
	}
}

func TestC17_NothingSelectedIsolatesNothing(t *testing.T) {
	t.Run("empty queue", func(t *testing.T) {
		d, _ := drive(t, uitest.NewWorld().Empty(), 80, 19)
		d.Keys("L", "U", "space", "v", "*", "L", "U", "enter", "y", "o", "J")
		refuse(t, d)
	})
	t.Run("filter without matches", func(t *testing.T) {
		d, _ := drive(t, uitest.NewWorld(), 80, 19)
		d.Key("/")
		d.Type(" host:nowhere")
		d.Keys("enter", "L", "U", "*", "L", "U")
		refuse(t, d)
	})
	t.Run("row without machine", func(t *testing.T) {
		d, m := drive(t, uitest.NewWorld(), 80, 19)
		onto(t, d, m, "Anomalous sign-in")
		d.Keys("L", "U", "enter")
		refuse(t, d)
		if off := d.Binding("L").Off; !strings.Contains(off, "no machine") {
			t.Errorf("L is off because %q", off)
		}
	})
	t.Run("marked rows without machine", func(t *testing.T) {
		d, m := drive(t, uitest.NewWorld(), 80, 19)
		onto(t, d, m, "Anomalous sign-in")
		d.Keys("space", "j") // the cursor is on a host, but the mark counts
		d.Keys("L", "U")
		refuse(t, d)
	})
	t.Run("row not loaded yet", func(t *testing.T) {
		d, _ := drive(t, uitest.NewWorld(), 80, 19)
		d.Key("5")
		d.Hold()
		d.Keys("G", "L", "U", "enter")
		for _, c := range d.Held() {
			if msg := c(); isOrder(msg) {
				t.Errorf("sent %T for a row that nobody has seen", msg)
			}
		}
	})
	t.Run("loading", func(t *testing.T) {
		d := uitest.DriveHeld(t, newModel(uitest.NewWorld(), "responder"), 80, 19)
		d.Keys("L", "U", "enter")
		for _, c := range d.Held() {
			if msg := c(); isOrder(msg) {
				t.Errorf("sent %T while loading", msg)
			}
		}
	})
}

func isOrder(msg any) bool {
	switch msg.(type) {
	case screen.IsolateMsg, screen.ReleaseMsg, screen.GoMsg:
		return true
	}
	return false
}

func refuse(t *testing.T, d *uitest.Driver) {
	t.Helper()
	for _, msg := range d.Sent() {
		if isOrder(msg) {
			t.Errorf("sent %T %+v for an empty selection", msg, msg)
		}
	}
}

func TestC17_SelectionItselfNeverHoldsAZeroKey(t *testing.T) {
	_, m := drive(t, uitest.NewWorld(), 80, 19)
	for i := range m.page.Total {
		m.grid.SetCursor(i)
		if hosts, _, _ := m.selection(); len(hosts) > 0 && hosts[0].IsZero() {
			t.Errorf("row %d selects a host without a key", i)
		}
	}
}

func TestC17_MarkedRowsWithoutMachineAreLeftOutAloud(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 80, 19)
	onto(t, d, m, "Suspected AD recon")
	d.Key("space")
	onto(t, d, m, "Anomalous sign-in")
	d.Key("space")
	d.Forget()
	d.Key("L")
	asks := sent[screen.IsolateMsg](d)
	if len(asks) != 1 || fmt.Sprint(asks[0].Hosts) != fmt.Sprint([]soc.HostKey{w.Key("DC-LON-02")}) {
		t.Fatalf("L sent %+v", d.Sent())
	}
	if n := sent[screen.NoticeMsg](d); len(n) != 1 || !strings.Contains(n[0].Text, "1 of the marked") {
		t.Errorf("notices %+v, want the row that was left out", n)
	}
}

func TestKeys_OffWithTheReasonOfTheOneDoor(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 80, 19)
	onto(t, d, m, "Suspicious PowerShell") // its host is locked down already
	if off := d.Binding("L").Off; !strings.Contains(off, "already isolated") {
		t.Errorf("L on an isolated host is off because %q", off)
	}
	d.Forget()
	d.Key("L")
	if n := sent[screen.NoticeMsg](d); len(sent[screen.IsolateMsg](d)) != 0 || len(n) != 1 || !strings.Contains(n[0].Text, "already isolated") {
		t.Errorf("L sent %+v, want the reason", d.Sent())
	}
	d.Forget()
	d.Key("U")
	if r := sent[screen.ReleaseMsg](d); len(r) != 1 || r[0].Hosts[0] != w.Key("WS-FIN-0142") {
		t.Errorf("U sent %+v", d.Sent())
	}
	onto(t, d, m, "Credential dumping")
	if off := d.Binding("U").Off; !strings.Contains(off, "not isolated") {
		t.Errorf("U on a free host is off because %q", off)
	}
}

func TestKeys_RoleWithoutLockdownRight(t *testing.T) {
	w := uitest.NewWorld()
	d := uitest.Drive(t, newModel(w, "viewer"), 80, 19)
	for _, key := range []string{"L", "U"} {
		if off := d.Binding(key).Off; !strings.Contains(off, "lockdown.edit") {
			t.Errorf("%s is off because %q, want the missing right", key, off)
		}
		d.Keys("space", key, "space")
	}
	refuse(t, d)
}

func TestT33_RawIsCopiedAsItCame(t *testing.T) {
	w := uitest.NewWorld()
	w.AlertList[2].Title = "bidi \u202e and escape \x1b[2J"
	d, m := drive(t, w, 80, 19)
	row := onto(t, d, m, "bidi")
	d.Forget()
	d.Key("J")
	texts := sent[screen.TextMsg](d)
	if len(texts) != 1 {
		t.Fatalf("J sent %+v", d.Sent())
	}
	raw, err := w.AlertRaw(t.Context(), row.Key)
	if err != nil {
		t.Fatal(err)
	}
	if texts[0].Copy != string(raw) {
		t.Errorf("copies %q, want the bytes %q", texts[0].Copy, raw)
	}
	if strings.Contains(texts[0].Text, "\u202e") || strings.Contains(texts[0].Text, "\x1b") {
		t.Errorf("shows hostile text: %q", texts[0].Text)
	}
}

func TestCopy_IDRowAndLink(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 80, 19)
	row := onto(t, d, m, "Credential dumping")
	d.Forget()
	d.Keys("y", "Y", "o")
	copies := sent[screen.CopyMsg](d)
	if len(copies) != 3 {
		t.Fatalf("sent %+v", d.Sent())
	}
	if copies[0].Text != row.Key.ID {
		t.Errorf("y copies %q, want %q", copies[0].Text, row.Key.ID)
	}
	if !strings.Contains(copies[1].Text, "DC-LON-01\t") {
		t.Errorf("Y copies %q", copies[1].Text)
	}
	want := "https://security.microsoft.com/alerts/" + row.Key.ID + "?tid=" + w.Tenants[0].TenantID
	if copies[2].Text != want {
		t.Errorf("o copies %q, want %q", copies[2].Text, want)
	}
}

func TestRefresh_AsksDefenderAndSaysSo(t *testing.T) {
	w := uitest.NewWorld()
	d, _ := drive(t, w, 80, 19)
	d.Forget()
	d.Key("R")
	if len(w.Calls("refresh")) != 1 || len(sent[screen.NoticeMsg](d)) != 1 {
		t.Errorf("R made calls %v and sent %+v", w.Calls(""), d.Sent())
	}
}

func TestWantHost_OnlyWhenTheCursorRests(t *testing.T) {
	w := uitest.NewWorld()
	w.HostList = nil
	d, m := drive(t, w, 80, 19)
	d.Keys("j", "j", "j")
	if n := len(sent[screen.WantHostMsg](d)); n != 0 {
		t.Fatalf("scrolling asked for %d hosts", n)
	}
	row, _ := m.current()
	d.Send(restMsg{w.AlertList[0].Key()}) // a row that was left meanwhile
	d.Send(restMsg{row.Key})
	d.Send(restMsg{row.Key})
	wants := sent[screen.WantHostMsg](d)
	if len(wants) != 1 || wants[0].Host != hostOf(row) {
		t.Errorf("asked for %+v, want one time %v", wants, hostOf(row))
	}
}
