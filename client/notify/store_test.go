package notify_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/client/notify"
	"cordon/store"
	"cordon/store/soc"
)

// The whole way on a real store and a real file: the final state and its entry are one transaction, the process ends before anybody was
// told, and the next one tells it, once more after its place was lost, under the same id.
func TestF14_F80_RealStoreTellsAfterARestart(t *testing.T) {
	dir := t.TempDir()
	db, out := filepath.Join(dir, "data", "cordon.db"), filepath.Join(dir, "out.jsonl")
	open := func() *store.Store {
		s, err := store.Open(t.Context(), db, store.Options{Version: "1"})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	known := func(s *store.Store) bool {
		_, err := s.Sink(t.Context(), "file")
		return err == nil
	}
	// notifyUntil runs the notifier until the sink is known and the file holds n events.
	notifyUntil := func(s *store.Store, n int) {
		t.Helper()
		nt, err := notify.New(notify.Options{
			Store: s, Sinks: []notify.Spec{{Name: "file", Type: notify.TypeFile, Path: out}}, Checkpoints: s.Checkpoints,
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- nt.Run(ctx) }()
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for !known(s) || len(events(t, out)) < n {
			<-tick.C
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	s := open()
	if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "test", Result: soc.ResultOK}); err != nil {
		t.Fatal(err)
	}
	notifyUntil(s, 0) // the sink is known: it begins here
	entry := soc.AuditEntry{Action: "confirm-release", Result: soc.ResultOK, Host: "m1", Target: "ws-1", Lockdown: "LK-AAAAAAAA", After: "released"}
	if err := s.AppendAudit(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil { // nobody was told
		t.Fatal(err)
	}
	s = open()
	notifyUntil(s, 1)
	if got := events(t, out); len(got) != 1 || !strings.HasPrefix(got[0], "evt_2_") {
		t.Fatalf("told %v, want the release", got)
	}
	st, err := s.Sink(t.Context(), "file")
	if err != nil {
		t.Fatal(err)
	}
	st.Seq = 1 // delivered, but the crash came before its place was written
	if err := s.SaveSink(t.Context(), st); err != nil {
		t.Fatal(err)
	}
	notifyUntil(s, 2)
	got := events(t, out)
	if len(got) != 2 || len(slices.Compact(got)) != 1 {
		t.Errorf("told %v, want the same id twice", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// events are the ids of the events in a file of lines.
func events(t *testing.T, path string) (ids []string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var e struct{ Kind, ID string }
		if !strings.HasSuffix(line, "\n") {
			break // being written
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Kind == notify.KindEvent {
			ids = append(ids, e.ID)
		}
	}
	return ids
}
