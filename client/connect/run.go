package connect

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cordon/store/soc"
)

// Run keeps one poller per integration alive until ctx ends, following every change of the settings. What could not be started, because a file
// that the settings name is not there yet, is tried again. It returns when all have stopped.
func (s *Service) Run(ctx context.Context) error {
	watch := s.o.Store.Watch()
	defer watch.Close()
	defer s.stopAll()
	for n := 0; ; n++ {
		missing, err := s.sync(ctx)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("reading the integrations: %w", err)
		}
		var late <-chan time.Time
		if missing {
			late = time.After(s.o.Backoff(n))
		} else {
			n = -1
		}
		if !s.changed(ctx, watch, late) {
			return nil
		}
	}
}

// changed waits until the settings may have changed, or it is late; false means that ctx ended.
func (s *Service) changed(ctx context.Context, watch *soc.Watcher, late <-chan time.Time) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-late:
			return true
		case <-s.kick:
			return true
		case <-watch.C():
			if watch.Take().Has(soc.TopicSettings) {
				return true
			}
		}
	}
}

// sync makes the running lines equal to the stored integrations; missing tells that not all could be started.
func (s *Service) sync(ctx context.Context) (missing bool, err error) {
	ins, err := s.o.Store.Integrations(ctx)
	if err != nil {
		return false, err
	}
	want := map[soc.IntegrationID]soc.Integration{}
	for _, in := range ins {
		want[in.ID] = in
	}
	for _, l := range s.all() {
		if in, ok := want[l.in.ID]; !ok || in.Revision != l.in.Revision {
			s.drop(l)
		}
	}
	for id, in := range want {
		l, err := s.line(id)
		switch {
		case err == nil:
			s.start(ctx, l)
		case !errors.Is(err, soc.ErrNotFound): // else it is being detached
			missing = true
			s.startFailed(ctx, in, err)
		}
	}
	return missing, nil
}

// drop forgets a line and waits for its poller, so that two never write for one tenant.
func (s *Service) drop(l *line) {
	s.mu.Lock()
	if s.links[l.in.ID] == l {
		delete(s.links, l.in.ID)
	}
	cancel, done := l.cancel, l.done
	s.mu.Unlock()
	if cancel != nil {
		cancel()
		<-done
	}
	l.link.API.CloseIdle()
}

func (s *Service) stopAll() {
	for _, l := range s.all() {
		s.drop(l)
	}
}

// start runs the poller of a line, unless it runs or the line was dropped meanwhile.
func (s *Service) start(ctx context.Context, l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.done != nil || s.links[l.in.ID] != l {
		return
	}
	ctx, l.cancel = context.WithCancel(ctx)
	done := make(chan struct{})
	l.done = done
	go func() {
		defer close(done)
		s.signIn(ctx, l)
		s.keep(ctx, l)
	}()
}

// longRun is how long something must have run for its next failure to count as the first.
const longRun = 10 * time.Minute

// keep runs the poller again and again until ctx ends, or until it failed once more than it may (T-19). What it leaves behind then: no news
// and no fresh facts of this tenant. Orders, timers and releases do not pass through it and go on.
func (s *Service) keep(ctx context.Context, l *line) {
	for n := 0; ; n++ {
		began := s.o.Now()
		err := protect(func() error { return l.link.Poller.Run(ctx) })
		if ctx.Err() != nil {
			return
		}
		if s.o.Now().Sub(began) > longRun {
			n = 0
		}
		if err == nil {
			err = errors.New("it ended by itself")
		}
		if n >= s.o.Restarts {
			s.givenUp(ctx, l, n, err)
			return
		}
		wait := s.o.Backoff(n)
		l.setTrouble(fmt.Sprintf("polling %s stopped: %v; alerts are not updated; it starts again in %s", l.in.Name, err, wait), false)
		s.auditRestart(ctx, l.in, err, n+1, wait)
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		l.setTrouble("", false)
	}
}

// protect turns a panic of run into an error.
func protect(run func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return run()
}

// auditRestart writes the line; when even that fails the condition of the tenant still shows the trouble.
func (s *Service) auditRestart(ctx context.Context, in soc.Integration, err error, n int, wait time.Duration) {
	detail := fmt.Sprintf("%v; start %d in %s", err, n+1, wait)
	_ = s.o.Store.AppendAudit(ctx, entry(soc.Service("poller"), in, "restart", soc.ResultFailed, detail))
}
