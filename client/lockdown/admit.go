package lockdown

import (
	"context"
	"errors"
	"fmt"

	"cordon/store/soc"
)

// admitted judges whether the person may use the tenant at all (T-16). A tenant that is not attached any more has no list.
func (s *Service) admitted(ctx context.Context, who soc.Session, key soc.HostKey) error {
	in, err := s.o.Store.Integration(ctx, key.Integration)
	switch {
	case errors.Is(err, soc.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("reading integration: %w", err)
	case in.Admits(who.Actor):
		return nil
	}
	return no(soc.KindDenied, "not-allowed", fmt.Sprintf("%s is not among those who may use %s", who.Actor.Name, in.Name),
		"its hosts can be seen, not changed", "ask an administrator to add you to the tenant's list")
}
