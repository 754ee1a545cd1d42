package store

import (
	"path/filepath"
	"testing"

	"cordon/store/soc"
)

func channel(id, name string) soc.Channel {
	return soc.Channel{ID: soc.ChannelID(id), Type: soc.ChannelMail, Name: name}
}

// People tell tenants and channels apart by name: no two share one, whichever came first, whatever the case (M-13, T-12).
func TestM13_NamesAreUniqueOverChannelsAndTenants(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
	ctx := t.Context()
	mail := must(s.SaveChannel(ctx, channel("c1", "SOC mail")))
	in := must(s.SaveIntegration(ctx, integration("i1", "Contoso")))
	_, err := s.SaveIntegration(ctx, integration("i2", " soc MAIL"))
	wantCode(t, err, soc.KindConflict, "name-taken")
	_, err = s.SaveChannel(ctx, channel("c2", "CONTOSO "))
	wantCode(t, err, soc.KindConflict, "name-taken")
	_, err = s.SaveChannel(ctx, channel("c2", "Soc Mail"))
	wantCode(t, err, soc.KindConflict, "name-taken")
	mail.Name = "contoso"
	_, err = s.SaveChannel(ctx, mail)
	wantCode(t, err, soc.KindConflict, "name-taken")
	in.Name = "soc mail"
	_, err = s.SaveIntegration(ctx, in)
	wantCode(t, err, soc.KindConflict, "name-taken")
	mail.Name = "SOC MAIL" // its own name, written otherwise
	mail = must(s.SaveChannel(ctx, mail))
	mail.Name = "Pager"
	must(s.SaveChannel(ctx, mail))
	must(s.SaveIntegration(ctx, integration("i2", "soc mail"))) // free again
}

func TestM13_ChannelSavesAreCheckedAndIDsNeverComeBack(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
	ctx := t.Context()
	w := s.Watch()
	defer w.Close()
	ch := must(s.SaveChannel(ctx, channel("c1", "Mail"), soc.AuditEntry{Action: "channel.add"}))
	if got := w.Take(); !got.Has(soc.TopicSettings) || !got.Has(soc.TopicAudit) || ch.Revision != 1 {
		t.Errorf("topics %b, revision %d", got, ch.Revision)
	}
	for code, c := range map[string]soc.Channel{"exists": channel("c1", "Mail"), "no-id": channel("", "x")} {
		_, err := s.SaveChannel(ctx, c)
		wantCode(t, err, map[string]soc.Kind{"exists": soc.KindConflict, "no-id": soc.KindInvalid}[code], code)
	}
	stale := ch
	must(s.SaveChannel(ctx, ch))
	_, err := s.SaveChannel(ctx, stale)
	wantCode(t, err, soc.KindConflict, "stale-revision")
	must(s.SaveToken(ctx, soc.Token{ID: "t1", Name: "phones", Channel: "c1", Hash: []byte("h")}))
	must(s.SaveToken(ctx, soc.Token{ID: "t2", Name: "monitor", Hash: []byte("h")}))
	_, err = s.SaveToken(ctx, soc.Token{ID: "t3", Name: "Monitor"})
	wantCode(t, err, soc.KindConflict, "name-taken")
	if err := s.DeleteChannel(ctx, "c1", soc.AuditEntry{Action: "channel.remove"}); err != nil {
		t.Fatal(err)
	}
	if got := must(s.Tokens(ctx)); len(got) != 1 || got[0].ID != "t2" {
		t.Errorf("a token of the removed channel still lets somebody in: %+v", got)
	}
	_, err = s.SaveChannel(ctx, channel("c1", "Mail"))
	wantCode(t, err, soc.KindConflict, "id-used")
	_, err = s.SaveToken(ctx, soc.Token{ID: "t1", Name: "phones"})
	wantCode(t, err, soc.KindConflict, "id-used")
	must(s.SaveIntegration(ctx, integration("c1", "Mail"))) // ids of tenants are their own
	if err := s.DeleteToken(ctx, "t2"); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteToken(ctx, "t2"); soc.KindOf(err) != soc.KindNotFound {
		t.Errorf("removing twice: %v", err)
	}
	_, err = s.Channel(ctx, "c1")
	if soc.KindOf(err) != soc.KindNotFound {
		t.Errorf("the removed channel: %v", err)
	}
	finish(t, s)
	s = open(t, s.path, Options{}) // the counts are right, or the store would be on hold
	if h := s.holding(); h != nil {
		t.Errorf("on hold: %s", h.Why)
	}
}
