package poll

import (
	"context"
	"strings"
	"sync"
	"time"

	"cordon/store/soc"
)

const (
	hostWorkers = 3
	maxWanted   = 1000             // waiting hosts; a screen never wants more
	hostRetry   = 30 * time.Second // after a failure
)

// hostQueue holds the hosts that somebody looks at and that are not fetched yet, each once.
type hostQueue struct {
	mu     sync.Mutex
	order  []string
	force  map[string]bool // wanted, by id
	busy   map[string]bool // being fetched
	failed map[string]time.Time
	more   chan struct{}
}

func newHostQueue() hostQueue {
	return hostQueue{force: map[string]bool{}, busy: map[string]bool{}, failed: map[string]time.Time{}, more: make(chan struct{}, hostWorkers)}
}

// WantHost asks for a machine, its users and its actions to be fetched, unless the stored record is younger than the TTL; force skips
// that. It returns at once; asking again while the fetch is under way does nothing (V-01).
func (p *Poller) WantHost(machineID string, force bool) {
	q := &p.hosts
	q.mu.Lock()
	defer q.mu.Unlock()
	_, waiting := q.force[machineID]
	switch {
	case machineID == "" || q.busy[machineID] || !waiting && len(q.order) >= maxWanted:
		return
	case !force && p.Now().Sub(q.failed[machineID]) < hostRetry:
		return
	case !waiting:
		q.order = append(q.order, machineID)
	}
	q.force[machineID] = q.force[machineID] || force
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// next takes a host off the queue.
func (q *hostQueue) next() (id string, force, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.order) == 0 {
		return "", false, false
	}
	id, q.order = q.order[0], q.order[1:]
	force = q.force[id]
	delete(q.force, id)
	q.busy[id] = true
	return id, force, true
}

func (q *hostQueue) done(id string, failed bool, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.busy, id)
	if len(q.failed) > maxWanted {
		clear(q.failed)
	}
	if delete(q.failed, id); failed {
		q.failed[id] = now
	}
}

// runHosts is one worker.
func (p *Poller) runHosts(ctx context.Context) {
	for {
		id, force, ok := p.hosts.next()
		if !ok {
			select {
			case <-p.hosts.more:
				continue
			case <-ctx.Done():
				return
			}
		}
		err := p.host(ctx, soc.HostKey{Integration: p.Integration.ID, MachineID: id}, force)
		p.hosts.done(id, err != nil, p.Now())
		if ctx.Err() != nil {
			return
		}
		p.edit(func(l *live) { l.hostErr = err })
	}
}

// host fetches one host if it is due: the record first, then its actions, then the users, each stored as it comes.
func (p *Poller) host(ctx context.Context, key soc.HostKey, force bool) error {
	old, err := p.Store.Host(ctx, key)
	known := err == nil
	if known && !force && p.Now().Sub(old.FetchedAt) < p.HostTTL {
		return nil
	}
	h, err := p.API.Machine(ctx, key.MachineID)
	if soc.KindOf(err) == soc.KindNotFound {
		return p.gone(ctx, old, known, key)
	}
	if err != nil {
		return err
	}
	if err := p.driftHost(ctx, old, h, known); err != nil {
		return err
	}
	if strings.EqualFold(h.Key.MachineID, key.MachineID) {
		h.Key = key
	}
	h.Users, h.UsersAt, h.UsersErr = old.Users, old.UsersAt, old.UsersErr
	if err := p.Store.PutHosts(ctx, h); err != nil {
		return err
	}
	if err := p.hostActions(ctx, key); err != nil {
		return err
	}
	p.users(ctx, &h)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return p.Store.PutHosts(ctx, h)
}

func (p *Poller) hostActions(ctx context.Context, key soc.HostKey) error {
	asOf := p.Now().UTC()
	acts, err := p.API.HostActions(ctx, key.MachineID)
	if err != nil {
		return err
	}
	return p.Store.PutHostActions(ctx, key, acts, asOf)
}

// gone keeps the last that was known of a host that Defender does not know any more.
func (p *Poller) gone(ctx context.Context, old soc.Host, known bool, key soc.HostKey) error {
	if !known {
		old = soc.Host{Key: key}
	}
	if known && !old.Gone {
		if err := p.noteHost(ctx, driftGone, old, "Defender does not know this machine any more: it was deleted or off-boarded, or it is out of the application's reach"); err != nil {
			return err
		}
	}
	old.Gone, old.FetchedAt = true, p.Now().UTC()
	return p.Store.PutHosts(ctx, old)
}

// users fills in who logged on, or why that is unknown: most tenants do not grant the role.
func (p *Poller) users(ctx context.Context, h *soc.Host) {
	const role = "User.Read.All"
	denied := "users are unknown: the application lacks the role " + role
	if roles, err := p.API.Roles(ctx); err == nil && len(roles) > 0 && !contains(roles, role) {
		h.UsersErr = denied
		return
	}
	users, err := p.API.LogonUsers(ctx, h.Key.MachineID)
	switch soc.KindOf(err) {
	case soc.KindDenied:
		h.UsersErr = denied
	case soc.KindNotFound:
		h.Users, h.UsersAt, h.UsersErr = nil, p.Now().UTC(), ""
	default:
		if err != nil {
			h.UsersErr = err.Error()
			return
		}
		h.Users, h.UsersAt, h.UsersErr = users, p.Now().UTC(), ""
	}
}

func contains(list []string, want string) bool {
	for _, s := range list {
		if strings.EqualFold(s, want) {
			return true
		}
	}
	return false
}
