package lockdown_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// tenant models Defender: orders that wait for the device, a list that lags behind, duplicates, and other people. Time is the test's.
type tenant struct {
	mu      sync.Mutex
	acts    []*deed
	offline map[string]bool
	posts   []post
	holds   map[string]string // machine -> isolate in force
	freed   []time.Time       // when a device was released
	n       int

	takes, releaseTakes, lag time.Duration
	// answer may replace the answer to a call: before it takes effect (acted false) or after.
	answer func(op string, n int, acted bool) error
	calls  map[string]int
	gone   map[string]bool // machines that Defender does not know any more
	// twins lets a second isolate in; it stays Pending until the host is released and strikes half a minute later (C-01).
	twins bool
	// crossing lets a release in while an isolate is open, and the reverse.
	crossing bool
	// silent keeps an order that was given up Pending in the list.
	silent bool
}

type deed struct {
	soc.MachineAction
	ready, visible time.Time
	stuck          bool
}

type post struct {
	verb, machine, comment string
	at                     time.Time
}

func newTenant() *tenant {
	return &tenant{offline: map[string]bool{}, holds: map[string]string{}, takes: 66 * time.Second, releaseTakes: 2 * time.Second, calls: map[string]int{}, gone: map[string]bool{}}
}

func (d *tenant) Remote(soc.IntegrationID) (lockdown.Remote, error) { return d, nil }

// advance lets orders run whose time has come.
func (d *tenant) advance() {
	now := time.Now()
	slices.SortStableFunc(d.acts, func(a, b *deed) int { return a.ready.Compare(b.ready) })
	for _, a := range d.acts {
		switch {
		case a.Status.Final():
		case !d.offline[a.MachineID] && !a.stuck && !a.ready.After(now) && now.Sub(a.Created) <= 72*time.Hour:
			d.run(a, a.ready)
		case now.Sub(a.Created) > 72*time.Hour && !d.silent:
			a.Status, a.Updated = soc.ActionTimeOut, a.Created.Add(72*time.Hour)
		}
	}
}

func (d *tenant) run(a *deed, at time.Time) {
	a.Status, a.Updated = soc.ActionSucceeded, at
	switch a.Type {
	case soc.ActionIsolate:
		d.holds[a.MachineID] = a.ID
	case soc.ActionUnisolate:
		if d.holds[a.MachineID] != "" {
			d.freed = append(d.freed, at)
		}
		delete(d.holds, a.MachineID)
		for _, b := range d.acts {
			if b.MachineID == a.MachineID && b.stuck {
				b.stuck, b.ready = false, at.Add(30*time.Second)
			}
		}
	}
}

// call counts a call and asks whether it is answered as planned.
func (d *tenant) fault(op string, acted bool) error {
	if !acted {
		d.calls[op]++
	}
	if d.answer == nil {
		return nil
	}
	return d.answer(op, d.calls[op], acted)
}

func (d *tenant) order(op, machine, comment string, t soc.ActionType, takes time.Duration) (soc.MachineAction, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	if err := d.fault(op, false); err != nil {
		return soc.MachineAction{}, err
	}
	if d.gone[machine] {
		return soc.MachineAction{}, &soc.Error{Kind: soc.KindNotFound, Code: "ResourceNotFound"}
	}
	second := d.holds[machine] != ""
	for _, a := range d.acts {
		if a.MachineID != machine || a.Status.Final() {
			continue
		}
		second = true
		if (a.Type == t && !d.twins) || (a.Type != t && !d.crossing) {
			return soc.MachineAction{}, &soc.Error{Kind: soc.KindInProgress, Code: "ActiveRequestAlreadyExists"}
		}
	}
	d.posts = append(d.posts, post{op, machine, comment, time.Now()})
	a := d.add(t, machine, "app", comment, takes)
	a.stuck = d.twins && second && t == soc.ActionIsolate
	if err := d.fault(op, true); err != nil {
		return soc.MachineAction{}, err
	}
	return a.MachineAction, nil
}

func (d *tenant) add(t soc.ActionType, machine, by, comment string, takes time.Duration) *deed {
	d.n++
	now := time.Now()
	a := &deed{MachineAction: soc.MachineAction{
		ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", d.n), Integration: "t1", Type: t, Status: soc.ActionPending, MachineID: machine,
		Requestor: by, Comment: comment, Created: now, Updated: now,
	}, ready: now.Add(takes), visible: now.Add(d.lag)}
	d.acts = append(d.acts, a)
	return a
}

// outside is an order by somebody else.
func (d *tenant) outside(t soc.ActionType, machine string, takes time.Duration) *deed {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	a := d.add(t, machine, "d.mills@contoso.example", "by hand", takes)
	a.visible = a.Created
	d.advance()
	return a
}

func (d *tenant) Isolate(_ context.Context, machine string, kind soc.IsolationType, comment string) (soc.MachineAction, error) {
	return d.order("isolate", machine, comment, soc.ActionIsolate, d.takes)
}

func (d *tenant) Unisolate(_ context.Context, machine, comment string) (soc.MachineAction, error) {
	return d.order("unisolate", machine, comment, soc.ActionUnisolate, d.releaseTakes)
}

func (d *tenant) CancelAction(_ context.Context, id, comment string) (soc.MachineAction, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	if err := d.fault("cancel", false); err != nil {
		return soc.MachineAction{}, err
	}
	for _, a := range d.acts {
		if a.ID == id && !a.Status.Final() {
			a.Status, a.Updated, a.CancelledBy = soc.ActionCancelled, time.Now(), "app"
			return a.MachineAction, nil
		}
	}
	return soc.MachineAction{}, &soc.Error{Kind: soc.KindRefused, Code: "BadRequest"}
}

func (d *tenant) HostActions(_ context.Context, machine string) ([]soc.MachineAction, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	if err := d.fault("list", false); err != nil {
		return nil, err
	}
	var out []soc.MachineAction
	for _, a := range d.acts {
		if a.MachineID == machine && !a.visible.After(time.Now()) {
			out = append(out, a.MachineAction)
		}
	}
	slices.SortFunc(out, func(a, b soc.MachineAction) int { return b.Created.Compare(a.Created) })
	return out, nil
}

// IsolationActions reads the whole fleet.
func (d *tenant) IsolationActions(_ context.Context, since time.Time) ([]soc.MachineAction, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	if err := d.fault("fleet", false); err != nil {
		return nil, err
	}
	var out []soc.MachineAction
	for _, a := range d.acts {
		if !a.Created.Before(since) && !a.visible.After(time.Now()) {
			out = append(out, a.MachineAction)
		}
	}
	return out, nil
}

func (d *tenant) Action(_ context.Context, id string) (soc.MachineAction, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	for _, a := range d.acts {
		if a.ID == id && !a.visible.After(time.Now()) {
			return a.MachineAction, nil
		}
	}
	return soc.MachineAction{}, soc.ErrNotFound
}

func (d *tenant) Machine(_ context.Context, id string) (soc.Host, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.fault("machine", false); err != nil {
		return soc.Host{}, err
	}
	if d.gone[id] {
		return soc.Host{}, soc.ErrNotFound
	}
	return soc.Host{Key: soc.HostKey{Integration: "t1", MachineID: id}, Onboarding: "Onboarded"}, nil
}

// sent counts the orders of ours that took effect.
func (d *tenant) sent(verb string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, p := range d.posts {
		if p.verb == verb {
			n++
		}
	}
	return n
}

func (d *tenant) isolated(machine string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	return d.holds[machine] != ""
}

// with changes or reads the tenant while a process runs.
func (d *tenant) with(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

func (d *tenant) called(op string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls[op]
}

// act is the i-th action as it is now.
func (d *tenant) act(i int) soc.MachineAction {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.acts[i].MachineAction
}

// free are the times when a device was released.
func (d *tenant) free() []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.freed)
}
