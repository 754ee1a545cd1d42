package connect

import (
	"context"

	"cordon/store/soc"
)

// unlessLocked makes no connection, for whatever purpose, while the key of the credentials is not there: then nobody is contacted, not even
// a tenant that needs no credential of ours (SC46).
func unlessLocked(locked func() error, dial Dial) Dial {
	if locked == nil {
		return dial
	}
	return func(in soc.Integration, secret func(context.Context) (string, error)) (Link, error) {
		if err := locked(); err != nil {
			return Link{}, err
		}
		return dial(in, secret)
	}
}

// unlocked waits for the key; false means that ctx ended.
func (e *Engine) unlocked(ctx context.Context) bool {
	if e.opened == nil {
		return true
	}
	select {
	case <-e.opened:
		return true
	case <-ctx.Done():
		return false
	}
}
