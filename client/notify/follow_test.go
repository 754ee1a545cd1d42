package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/store/soc"
)

// settings are the channels of a store that can be changed.
type settings struct {
	mu    sync.Mutex
	specs []Spec
	err   error
	st    *shelf
}

func (s *settings) list(context.Context) ([]Spec, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.specs), s.err
}

// save replaces the channels, as the settings screen does.
func (s *settings) save(specs ...Spec) {
	s.mu.Lock()
	s.specs = specs
	s.mu.Unlock()
	s.st.hub.Publish(soc.TopicSettings)
	synctest.Wait()
}

// lived is a notifier whose channels deliver into one inbox per URL.
func lived(t *testing.T, st *shelf, specs ...Spec) (*Notifier, *settings, map[string]*inbox) {
	t.Helper()
	set := &settings{specs: specs, st: st}
	n, err := New(Options{Store: st, Channels: set.list})
	if err != nil {
		t.Fatal(err)
	}
	boxes := map[string]*inbox{}
	n.open = func(s Spec) (Sink, error) {
		if s.URL == "" {
			return nil, errors.New("no address")
		}
		if boxes[s.URL] == nil {
			boxes[s.URL] = &inbox{}
		}
		return boxes[s.URL], nil
	}
	return n, set, boxes
}

func mailSpec(rev string, alerts bool) Spec {
	return Spec{Name: "soc-mail", Key: "channel:mail", Tag: rev, Type: TypeMail, URL: "smtp://a", HostAlerts: alerts, To: []string{"a@b.test"}}
}

func logSpec(rev string) Spec {
	return Spec{Name: "siem", Key: "channel:log", Tag: rev, Type: TypeSyslog, URL: "udp://a", Layout: LayoutCEF}
}

// turns are the turns that arrived at a box.
func turns(t *testing.T, b *inbox) (out []string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, g := range b.list {
		if g.turn != nil {
			out = append(out, fmt.Sprintf("%s %v", g.turn.Action, g.turn.Success))
		}
	}
	return out
}

func lockAndUnlock(st *shelf) {
	svc := soc.Service("reconciler")
	st.write(moved("isolate", soc.ResultAccepted, "", "requested", soc.Actor{Name: "mona"}),
		moved("send", soc.ResultFailed, "submitting", "requested", svc),
		moved("accept", soc.ResultAccepted, "submitting", "pending", svc), moved("confirm", soc.ResultOK, "pending", "isolated", svc),
		moved("send-release", soc.ResultOK, "release_requested", "releasing", svc), moved("confirm-release", soc.ResultOK, "releasing", "released", svc))
	synctest.Wait()
}

// V-34: lock and unlock are one mail and one syslog line each. V-35: with host alerts off there is only the syslog line.
func TestV34_V35_OneMailAndOneLineEach(t *testing.T) {
	for _, alerts := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			st := newShelf()
			n, _, boxes := lived(t, st, mailSpec("1", alerts), logSpec("1"))
			stop := start(t, n)
			defer stop()
			lockAndUnlock(st)
			want := []string{"lock true", "unlock true"}
			if got := turns(t, boxes["smtp://a"]); alerts && !slices.Equal(got, want) || !alerts && len(got) != 0 {
				t.Errorf("host alerts %v: mail %v", alerts, got)
			}
			if got := turns(t, boxes["udp://a"]); !slices.Equal(got, []string{"lock false", "lock true", "unlock true"}) {
				t.Errorf("host alerts %v: syslog %v, want the failed try, the lock and the unlock", alerts, got)
			}
			if got := boxes["smtp://a"]; got.count() != map[bool]int{true: 2, false: 0}[alerts] {
				t.Errorf("%d mails, want nothing but those: no heartbeats, no checkpoints", got.count())
			}
		})
	}
}

// The settings change while the place of what was just delivered is being written: the new worker waits for it and sends nothing again.
func TestF79_SettingsChangeWaitsForThePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newShelf()
		n, set, boxes := lived(t, st, mailSpec("1", true))
		stop := start(t, n)
		defer stop()
		synctest.Wait()
		st.mu.Lock()
		st.slow = 10 * time.Second
		st.mu.Unlock()
		lockAndUnlock(st)
		time.Sleep(time.Second)
		set.save(mailSpec("2", true))
		time.Sleep(time.Minute)
		lockAndUnlock(st)
		time.Sleep(time.Minute)
		if got := turns(t, boxes["smtp://a"]); len(got) != 4 {
			t.Errorf("%d mails, want 4: %v", len(got), got)
		}
	})
}

// What happens between the moment a channel is added and the start of its worker is told: it was added while cordon was not running, and the
// first thing that happens at the start is a release. A sink of the configuration file has no such moment (control).
func TestF14_ANewChannelHearsOfWhatFollowedItsBirth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newShelf()
		lockAndUnlock(st) // before: nobody's business
		st.write(soc.AuditEntry{Action: ActionAdded, Result: soc.ResultOK, Target: "soc-mail", Actor: soc.Actor{Name: "ada"}})
		lockAndUnlock(st)
		n, _, boxes := lived(t, st, mailSpec("1", true), logSpec("1"))
		stop := start(t, n)
		defer stop()
		synctest.Wait()
		if got := turns(t, boxes["smtp://a"]); !slices.Equal(got, []string{"lock true", "unlock true"}) {
			t.Errorf("mail %v", got)
		}
		if got := turns(t, boxes["udp://a"]); len(got) != 0 {
			t.Errorf("control: %v, although nobody added it", got)
		}
	})
}

// T-17: a part of cordon that can not be started is one mail, and none when that is off.
func TestT17_StartFailureIsOneMail(t *testing.T) {
	for _, on := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			st := newShelf()
			s := mailSpec("1", true)
			s.StartFailures = on
			n, _, boxes := lived(t, st, s)
			stop := start(t, n)
			defer stop()
			st.write(soc.AuditEntry{Action: "restart", Result: soc.ResultFailed, Target: "contoso"},
				soc.AuditEntry{Action: ActionStartFailed, Result: soc.ResultFailed, Target: "contoso", Detail: "the credentials were refused"})
			time.Sleep(time.Hour)
			if got := boxes["smtp://a"].count(); got != map[bool]int{true: 1, false: 0}[on] {
				t.Errorf("start failures %v: %d mails", on, got)
			}
		})
	}
	subject, body := (&mailer{}).words(Message{Event: &Event{Action: ActionStartFailed, Target: "contoso", Detail: "the credentials were refused"}})
	if !strings.Contains(subject, "contoso could not be started") || !strings.Contains(body, "the credentials were refused") {
		t.Errorf("%s\n%s", subject, body)
	}
}

// A change of the settings takes effect at once; what waited goes to the new address, nothing is lost and nothing is told twice.
func TestF79_SettingsChangeKeepsThePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newShelf()
		n, set, boxes := lived(t, st, logSpec("1"))
		stop := start(t, n)
		defer func() { stop() }()
		st.write(lockdownEntry("confirm", soc.ResultOK, "isolated"))
		synctest.Wait()
		old := boxes["udp://a"]
		old.set(func(context.Context, Message) error { return errDown })
		st.write(lockdownEntry("confirm-release", soc.ResultOK, "released"), lockdownEntry("confirm", soc.ResultOK, "isolated"))
		time.Sleep(10 * time.Minute)
		if _, waiting, ok := n.State("channel:log"); !ok || waiting != 2 || len(n.Troubles()) == 0 {
			t.Errorf("waiting %d, running %v, troubles %v", waiting, ok, n.Troubles())
		}
		moved := logSpec("2")
		moved.Name, moved.URL = "renamed", "udp://b"
		set.save(moved)
		if got := old.seqs(t); !slices.Equal(got, []uint64{1}) {
			t.Errorf("the old address got %v", got)
		}
		if got := boxes["udp://b"].seqs(t); !slices.Equal(got, []uint64{2, 3}) {
			t.Errorf("the new address got %v", got)
		}
		calls := boxes["udp://b"].count()
		set.save(moved) // unchanged: the worker stays
		if boxes["udp://b"].count() != calls {
			t.Error("a worker began anew although nothing changed")
		}
		set.save() // removed
		st.write(lockdownEntry("confirm-release", soc.ResultOK, "released"))
		time.Sleep(time.Hour)
		if got := boxes["udp://b"].count(); got != calls {
			t.Errorf("%d more deliveries after it was removed", got-calls)
		}
		if len(n.Troubles()) != 0 {
			t.Errorf("troubles of a removed channel: %v", n.Troubles())
		}
	})
}

// What happens while a channel is off is not told when it is switched on again, and what can not be opened or read stops nobody else.
func TestF79_OffAndBrokenChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newShelf()
		bad := Spec{Name: "bad", Key: "channel:bad", Tag: "1", Type: TypeSyslog}
		n, set, boxes := lived(t, st, logSpec("1"), bad)
		stop := start(t, n)
		defer func() { stop() }()
		off := logSpec("2")
		off.Off = true
		set.save(off, bad)
		before := boxes["udp://a"].count()
		st.write(lockdownEntry("confirm", soc.ResultOK, "isolated"))
		time.Sleep(time.Hour)
		if got := boxes["udp://a"].count(); got != before {
			t.Errorf("%d deliveries while it was off", got-before)
		}
		if st.state("channel:log").Seq != 1 || st.state("channel:log").Dropped != 0 {
			t.Errorf("its place did not move along: %+v", st.state("channel:log"))
		}
		set.mu.Lock()
		set.err = errors.New("the store can not be read")
		set.mu.Unlock()
		set.save(logSpec("3"), bad)
		if got := len(n.all()); got != 2 {
			t.Errorf("%d workers run while the settings can not be read", got)
		}
		set.mu.Lock()
		set.err = nil
		set.mu.Unlock()
		time.Sleep(2 * retryChannels)
		st.write(lockdownEntry("confirm-release", soc.ResultOK, "released"))
		synctest.Wait()
		if got := boxes["udp://a"].seqs(t); !slices.Equal(got, []uint64{2}) {
			t.Errorf("after it was switched on: %v, want only what happened since", got)
		}
		time.Sleep(time.Hour)
		if found := fmt.Sprint(n.Troubles()); !strings.Contains(found, "bad takes nothing: no address") {
			t.Errorf("nobody is told of the channel that can not be opened: %s", found)
		}
	})
}

// F14, F80: the process ends between the commit and the mail, and again between the mail and the note that it went out. Negative control: a
// notifier that notes before it sends loses the mail.
func TestF14_F80_CrashAroundAMail(t *testing.T) {
	run := func(t *testing.T, early bool) (ids []string) {
		synctest.Test(t, func(t *testing.T) {
			st := newShelf()
			life := func(cut bool) {
				n, _, boxes := lived(t, st, mailSpec("1", true))
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				box := &inbox{}
				boxes["smtp://a"] = box
				if cut {
					box.answer = func(_ context.Context, m Message) error {
						if early { // the mutant: its place is saved first
							_ = st.SaveSink(ctx, soc.SinkState{Name: "channel:mail", Seq: 1})
						}
						return errDown
					}
				}
				go func() { done <- n.Run(ctx) }()
				synctest.Wait()
				if len(st.entries) == 0 {
					st.write(lockdownEntry("confirm", soc.ResultOK, "isolated"))
					synctest.Wait()
				}
				if cut { // nothing of the dying process is written any more
					st.mu.Lock()
					st.saveErr = errDown
					st.mu.Unlock()
				}
				cancel()
				<-done
				st.mu.Lock()
				st.saveErr = nil
				st.mu.Unlock()
				for _, g := range box.list {
					ids = append(ids, g.id)
				}
			}
			life(true)
			life(false)
			if !early {
				st.mu.Lock()
				st.sinks["channel:mail"] = soc.SinkState{Name: "channel:mail"} // sent, but not noted
				st.mu.Unlock()
				life(false)
			}
		})
		return ids
	}
	if ids := run(t, false); len(ids) != 2 || ids[0] != ids[1] {
		t.Errorf("mails %v, want the same one twice", ids)
	}
	if ids := run(t, true); len(ids) != 0 { // negative control
		t.Errorf("the mutant sent %v: the check is blind", ids)
	}
}

// A mail server that refuses a text for good gets the next mail, and the text can be seen,
// sent again and dropped.
func TestF79_DeadLettersCanBeSeenResentAndDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newShelf()
		n, _, boxes := lived(t, st, mailSpec("1", true), logSpec("1"))
		stop := start(t, n)
		box := boxes["smtp://a"]
		box.set(func(_ context.Context, m Message) error {
			if m.Event.Seq <= 2 {
				return &answerError{what: "554 no", refused: true, aboutMessage: true}
			}
			return nil
		})
		for range 3 {
			st.write(lockdownEntry("confirm", soc.ResultOK, "isolated"))
		}
		time.Sleep(time.Hour)
		if got := boxes["udp://a"].seqs(t); len(got) != 3 {
			t.Errorf("syslog got %v", got)
		}
		if got := box.seqs(t); !slices.Equal(got, []uint64{3}) {
			t.Errorf("mail got %v", got)
		}
		stop()
		dead := st.state("channel:mail").Dead
		if len(dead) != 2 || dead[0].Seq != 1 || dead[0].Tries != poison {
			t.Fatalf("dead letters %+v", dead)
		}
		if n, err := resend(t.Context(), st, mailSpec("1", true), box, []string{dead[0].ID}, time.Now); n != 0 || soc.KindOf(err) != soc.KindUnavailable || len(st.state("channel:mail").Dead) != 2 {
			t.Errorf("resend while it is still refused: %d, %v", n, err)
		}
		box.set(nil)
		if n, err := resend(t.Context(), st, mailSpec("1", true), box, []string{dead[0].ID}, time.Now); n != 1 || err != nil || len(st.state("channel:mail").Dead) != 1 {
			t.Errorf("resend: %d, %v", n, err)
		}
		if got := box.seqs(t); !slices.Equal(got, []uint64{3, 1}) {
			t.Errorf("mail got %v", got)
		}
		if _, err := Drop(t.Context(), st, mailSpec("1", true), []string{"evt_none"}); soc.KindOf(err) != soc.KindNotFound {
			t.Errorf("dropping what is not there: %v", err)
		}
		if n, err := Drop(t.Context(), st, mailSpec("1", true), nil); n != 1 || err != nil || len(st.state("channel:mail").Dead) != 0 {
			t.Errorf("drop: %d, %v", n, err)
		}
		if st.state("channel:mail").GivenUp != 2 {
			t.Error("the count of what was refused for good was changed")
		}
	})
}

// A mail server that hangs for an hour, then is down for another, delays no other channel and loses nothing. Negative control: one queue for
// both makes the other channel wait.
func TestF79_HangingMailServerDelaysNobody(t *testing.T) {
	run := func(t *testing.T, share bool) (worst time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			st := newShelf()
			n, _, boxes := lived(t, st, mailSpec("1", true), logSpec("1"))
			stop := start(t, n)
			defer stop()
			began, gate := time.Now(), make(chan struct{}, 1)
			took := make(chan struct{}) // closed when the mail is in the gate
			inside := sync.OnceFunc(func() { close(took) })
			boxes["smtp://a"].set(func(ctx context.Context, _ Message) error {
				if share {
					gate <- struct{}{}
					inside()
					defer func() { <-gate }()
				}
				switch since := time.Since(began); {
				case since < time.Hour:
					<-ctx.Done()
					return ctx.Err()
				case since < 2*time.Hour:
					return errDown
				}
				return nil
			})
			boxes["udp://a"].set(func(context.Context, Message) error {
				if share {
					<-took
					gate <- struct{}{}
					<-gate
				}
				return nil
			})
			for range 4 {
				time.Sleep(10 * time.Minute)
				lockAndUnlock(st)
			}
			time.Sleep(3 * time.Hour)
			for i, g := range boxes["udp://a"].of(KindEvent) {
				worst = max(worst, g.at.Sub(began.Add(time.Duration(i/6+1)*10*time.Minute)))
			}
			if got := turns(t, boxes["smtp://a"]); !share && len(got) != 8 {
				t.Errorf("%d mails arrived in the end, want 8", len(got))
			}
		})
		return worst
	}
	if d := run(t, false); d != 0 {
		t.Errorf("syslog waited %s for the mail server", d)
	}
	if d := run(t, true); d < time.Second {
		t.Errorf("with a shared gate syslog waited only %s: the check is blind", d)
	}
}
