package program

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"cordon/client/connect"
	"cordon/config"
	"cordon/config/secret"
	"cordon/store/soc"
	"cordon/ui/words"
)

// A process whose key is under a passphrase that it was not given starts sealed (SC46): it shows what is in the store, counts the timers and
// says aloud which releases wait, but nothing is polled and nothing can be ordered. It becomes an ordinary one the moment it is given the
// passphrase; there is no way back.

// openRing finds the key: the credential of systemd, else the key file, opened with the passphrase that the configuration or systemd gives.
// The ring may be locked; why says what was wrong with the passphrase, if there was one.
func openRing(cfg config.Config, creds string) (ring *secret.Ring, why string, err error) {
	name := cfg.Key.Credential
	if name != "" && creds == "" {
		return nil, "", &soc.Error{
			Kind: soc.KindRefused, Code: "key-credential", What: "the key is to be the credential " + name + ", but systemd handed nothing over",
			Means: "stored credentials stay closed and cordon does not start", Next: "start it as the service, with LoadCredentialEncrypted=" + name,
		}
	}
	if creds != "" {
		ring, err = secret.OpenHanded(creds, firstOf(name, secret.KeyCredential))
		if err == nil || name != "" || !errors.Is(err, fs.ErrNotExist) {
			return ring, "", err
		}
	}
	if ring, err = secret.OpenRing(cfg.Data); err != nil || ring.Locked() == nil {
		return ring, "", err
	}
	path := cfg.Key.PassphraseFile
	if path == "" && creds != "" {
		path = filepath.Join(creds, secret.PassphraseCredential)
		if _, err := os.Lstat(path); err != nil {
			path = ""
		}
	}
	if path == "" {
		return ring, "", nil
	}
	pass, err := secret.ReadPassphrase(path)
	if err == nil {
		err = ring.Unlock(pass)
	}
	if err != nil {
		return ring, err.Error(), nil // better sealed than not there: the timers are counted
	}
	return ring, "", nil
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// sealed looks after a locked ring.
type sealed struct {
	ring  *secret.Ring
	store sealedStore
	path  string // of the socket
	now   func() time.Time
	since time.Time

	why   atomic.Pointer[string] // what was wrong with the passphrase that was given, for people
	waits atomic.Pointer[string] // what the releases are at, for people
	told  map[soc.LockdownID]bool
}

// sealedStore is what is read and written meanwhile.
type sealedStore interface {
	Lockdowns(ctx context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error)
	AppendAudit(ctx context.Context, entries ...soc.AuditEntry) error
	Publish(t soc.Topic)
}

const (
	sealName  = "seal"
	sealEvery = time.Second // how often the timers are looked at while nothing can be released
)

func newSealed(ring *secret.Ring, st sealedStore, data, why string) *sealed {
	s := &sealed{
		ring: ring, store: st, path: filepath.Join(data, secret.SocketName), now: time.Now, since: time.Now(), told: map[soc.LockdownID]bool{},
	}
	s.blame(why)
	return s
}

// Run waits for the passphrase and tells what waits meanwhile. It returns when ctx ends.
func (s *sealed) Run(ctx context.Context) error {
	if s.ring.Locked() != nil {
		s.wait(ctx)
	}
	<-ctx.Done()
	return nil
}

func (s *sealed) wait(ctx context.Context) {
	_ = s.store.AppendAudit(ctx, soc.AuditEntry{
		Actor: soc.Service(sealName), Action: "sealed", Target: "store", Result: soc.ResultFailed,
		Detail: "started without the passphrase of the key: nothing is polled or ordered, and releases wait",
	})
	listen, stop := context.WithCancel(ctx)
	var ear sync.WaitGroup
	ear.Go(func() { s.listen(listen) })
	defer ear.Wait()
	defer stop()
	tick := time.NewTicker(sealEvery)
	defer tick.Stop()
	for {
		s.count(ctx)
		select {
		case <-ctx.Done():
			return
		case <-s.ring.Opened():
			s.opened(ctx)
			return
		case <-tick.C:
		}
	}
}

// listen waits for the passphrase. When it can not, it says so and tries again: the releases depend on it.
func (s *sealed) listen(ctx context.Context) {
	tick := time.NewTicker(sealEvery)
	defer tick.Stop()
	for {
		err := s.ring.Listen(ctx, s.path)
		if err == nil {
			return
		}
		s.blame(err.Error())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// blame notes why the passphrase is not there, for people.
func (s *sealed) blame(why string) {
	if why != "" {
		s.why.Store(&why)
	}
}

func (s *sealed) opened(ctx context.Context) {
	_ = s.store.AppendAudit(ctx, soc.AuditEntry{
		Actor: soc.Service(sealName), Action: "unsealed", Target: "store", Result: soc.ResultOK,
		Detail: "the passphrase was given after " + words.Span(s.now().Sub(s.since)) + "; releases go on",
	})
	s.store.Publish(soc.TopicConn | soc.TopicSettings)
}

// count looks which releases are due; each is told once, to the history and with it to everybody who is notified.
func (s *sealed) count(ctx context.Context) {
	live, err := s.store.Lockdowns(ctx, soc.LockdownQuery{Open: true})
	if err != nil {
		return // the store tells of itself
	}
	late, text := 0, "no host is isolated by cordon now"
	for _, l := range live {
		if l.Deadline.IsZero() || l.Deadline.After(s.now()) {
			continue
		}
		late++
		if !s.told[l.ID] {
			s.told[l.ID] = true
			_ = s.store.AppendAudit(ctx, soc.AuditEntry{
				Actor: soc.Service(sealName), Action: "release-waits", Result: soc.ResultFailed,
				Integration: l.Key.Integration, Host: l.Key.MachineID, Target: l.HostName, Lockdown: l.ID,
				Detail: "the release was due at " + l.Deadline.UTC().Format(time.RFC3339) + " and waits for the passphrase of the key",
			})
		}
	}
	if len(live) > 0 {
		text = fmt.Sprintf("%s wait, %d of them due already", words.Count(len(live), "release"), late)
	}
	if old := s.waits.Swap(&text); old == nil || *old != text {
		s.store.Publish(soc.TopicConn)
	}
}

// troubles is one loud line while the ring is locked.
func (s *sealed) troubles() []soc.Trouble {
	if s.ring.Locked() == nil {
		return nil
	}
	t := soc.Trouble{
		Code: secret.CodeLocked, Level: soc.LevelBad, Since: s.since, What: "cordon is sealed: it has no passphrase for its key",
		Means: "nothing is polled and nothing can be ordered", Next: `run "cordon unseal" on this machine`,
	}
	if why := s.why.Load(); why != nil {
		t.What += " (" + *why + ")"
	}
	if w := s.waits.Load(); w != nil {
		t.Means += "; " + *w
	}
	return []soc.Trouble{t}
}

// gate is what the engine asks before it connects to anybody.
func (s *sealed) gate(p *connect.Parts) {
	p.Locked, p.Opened = s.ring.Locked, s.ring.Opened()
	p.Loops = append(p.Loops, connect.Loop{Name: sealName, Run: s.Run})
}
