package connect

import (
	"context"
	"fmt"

	"cordon/store/soc"
)

// actionStartFailed is the audit action of a tenant that could not be brought up, or was given up. Notifications listen to it (T-17).
const actionStartFailed = "start-failed"

// signIn proves the credentials before the poller starts, so that a start with broken ones is told once, whatever the poller then makes of it. A
// host that does not answer is no failed start: the poller goes on trying.
func (s *Service) signIn(ctx context.Context, l *line) {
	g, ok := l.link.API.(grants)
	if !ok {
		return
	}
	if err := g.SignIn(ctx); err != nil && ctx.Err() == nil {
		switch soc.KindOf(err) {
		case soc.KindUnauthorized, soc.KindInvalid, soc.KindDenied, soc.KindRefused:
			s.startFailed(ctx, l.in, err)
		}
	}
}

// startFailed audits a start that failed, once for each change of the settings and each run of the process.
func (s *Service) startFailed(ctx context.Context, in soc.Integration, err error) {
	s.mu.Lock()
	known, told := s.told[in.ID]
	s.told[in.ID] = in.Revision
	s.mu.Unlock()
	if told && known == in.Revision {
		return
	}
	_ = s.o.Store.AppendAudit(ctx, entry(soc.Service("poller"), in, actionStartFailed, soc.ResultFailed, err.Error())) // the condition shows it anyway
}

// givenUp leaves the poller down.
func (s *Service) givenUp(ctx context.Context, l *line, tries int, err error) {
	text := fmt.Sprintf("stopped after %d attempts: %v", tries, err)
	l.setTrouble(fmt.Sprintf("polling %s %s; no new alerts and no fresh host facts, running lockdowns are still followed and released; "+
		"t tests it and starts it again", l.in.Name, text), true)
	s.mu.Lock()
	s.told[l.in.ID] = l.in.Revision
	s.mu.Unlock()
	_ = s.o.Store.AppendAudit(ctx, entry(soc.Service("poller"), l.in, actionStartFailed, soc.ResultFailed, text)) // the condition shows it anyway
}

// again starts the poller of an integration anew if it was given up: somebody tested, saved or enabled it.
func (s *Service) again(id soc.IntegrationID) {
	s.mu.Lock()
	l := s.links[id]
	s.mu.Unlock()
	if l == nil {
		return
	}
	if _, over := l.trouble(); over {
		s.revive(l)
	}
}

// revive replaces the line by a new one, which Run starts.
func (s *Service) revive(l *line) {
	s.drop(l)
	s.wake()
}

// tested is called after a test. A saved tenant that passed gets its poller back, and new tokens: what was consented a moment ago is in new
// ones only (Z-09).
func (s *Service) tested(ctx context.Context, old soc.Integration, steps []soc.Step) {
	if old.ID == "" || !usable(steps) {
		return
	}
	s.again(old.ID)
	s.mu.Lock()
	l := s.links[old.ID]
	s.mu.Unlock()
	if l == nil {
		return
	}
	if g, ok := l.link.API.(grants); ok {
		_ = g.Renew(ctx) // the test just told whether signing in works
	}
}
