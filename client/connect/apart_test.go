package connect_test

import (
	"testing"
	"time"

	"cordon/client/connect"
	"cordon/client/poll"
	"cordon/config/secret"
	"cordon/store/soc"
)

// A tenant that can not be dialled was read before, and says so.
func TestSC46_ASealedTenantTellsHowOldItsDataIs(t *testing.T) {
	l := newLab(t)
	in := l.attached("contoso")
	why := &soc.Error{Kind: soc.KindUnavailable, Code: "sealed", What: "the credentials are locked"}
	var locked error
	l.refuse = func() error { return why }
	l.Service = connect.New(connect.Options{
		Store: l.store, Sealer: secret.Text{Ring: l.ring}, Dial: l.dial, History: poll.ParseHistory, Locked: func() error { return locked },
	})
	conn := func() soc.Conn { t.Helper(); return l.Conns(t.Context())[0] }
	if c := conn(); c.State != "refused" || !c.LastOK.IsZero() || c.Problem == "" {
		t.Errorf("control: never read, and not sealed: %+v", c)
	}
	at := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	if err := l.store.SavePollState(t.Context(), soc.PollState{Integration: in.ID, LastOK: at, Gap: "2 days not fetched"}); err != nil {
		t.Fatal(err)
	}
	locked = why
	if c := conn(); c.State != "sealed" || !c.LastOK.Equal(at) || c.Gap != "2 days not fetched" || c.Integration.Name != "contoso" {
		t.Errorf("sealed: %+v", c)
	}
	locked = nil
	if c := conn(); c.State != "refused" || !c.LastOK.Equal(at) {
		t.Errorf("not dialled for another reason: %+v", c)
	}
}

// However it was attached, a tenant at other hosts than Microsoft's is of no cloud of it; a government cloud keeps its name, which its scope hangs on.
func TestZ03_ACustomHostIsOfTheCloudCustom(t *testing.T) {
	for _, c := range []struct {
		cloud  string
		custom bool
		want   string
	}{{"", true, "custom"}, {"commercial", true, "custom"}, {"custom", true, "custom"}, {"gcc-high", true, "gcc-high"}, {"commercial", false, "commercial"}} {
		l := newLab(t)
		in := draft("contoso")
		in.Cloud, in.Custom, in.Login = c.cloud, c.custom, "https://login.microsoftonline.com"
		saved, err := l.Save(t.Context(), admin(), in, canary, nil)
		if err != nil || saved.Cloud != c.want || saved.Login == "" {
			t.Errorf("%+v: cloud %q, login %q, %v", c, saved.Cloud, saved.Login, err)
		}
	}
}
