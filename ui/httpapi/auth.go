package httpapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"cordon/store/soc"
)

const (
	maxToken  = 256         // characters of the value of a token
	usedEvery = time.Minute // how often the last use of a token is written down
)

// admit lets a request in that carries a token with the scope. Why a token is no good is not told: whoever guesses learns nothing. A token
// that is good but may not do this is told what it lacks.
func (s *Server) admit(c *call, r *http.Request, scope string) (problem, bool) {
	now := s.o.Now()
	all, err := s.o.Store.Tokens(r.Context())
	if err != nil {
		return problemOf(err), true
	}
	t, ok := find(all, bearer(r), now)
	if !ok {
		// A good token is never held up by what others do wrong from the same address: behind a proxy, or on this machine, all share one.
		if wait := s.wrong.take(origin(r.RemoteAddr), now); wait > 0 {
			return problem{
				status: http.StatusTooManyRequests, after: wait, Code: "too-many-failures", What: "too many requests without a valid token",
				Means: "this one was not looked at further", Next: "wait, and correct the token",
			}, true
		}
		return problem{
			status: http.StatusUnauthorized, Code: "no-token", What: "this request carries no valid token", Means: "nothing was looked at",
			Next: `send "Authorization: Bearer TOKEN" with a token that is in force`,
		}, true
	}
	c.token = t
	if wait := s.tokens.take(t.ID, now); wait > 0 {
		return problem{
			status: http.StatusTooManyRequests, after: wait, Code: "too-many-requests", What: "this token asks too often",
			Means: "this request was not looked at", Next: "wait as long as Retry-After says; send many items in one request",
		}, true
	}
	s.noteUse(r.Context(), t, now)
	if !slices.Contains(t.Scopes, scope) {
		return problem{
			status: http.StatusForbidden, Code: "scope", What: fmt.Sprintf("this token lacks the scope %q", scope),
			Means: "it may not use this path", Next: "give it a token with that scope",
		}, true
	}
	return problem{}, false
}

// bearer returns the value of the request's token, empty if there is not exactly one.
func bearer(r *http.Request) string {
	h := r.Header.Values("Authorization")
	if len(h) != 1 {
		return ""
	}
	scheme, value, _ := strings.Cut(h[0], " ")
	value = strings.TrimSpace(value)
	if !strings.EqualFold(scheme, "Bearer") || len(value) > maxToken {
		return ""
	}
	return value
}

// find returns the token with this value if it is in force. Every stored hash is compared, and each takes the same time.
func find(all []soc.Token, value string, now time.Time) (found soc.Token, ok bool) {
	hash := sha256.Sum256([]byte(value))
	for _, t := range all {
		if subtle.ConstantTimeCompare(hash[:], t.Hash) == 1 {
			found, ok = t, value != "" && (t.Expires.IsZero() || now.Before(t.Expires))
		}
	}
	return found, ok
}

// lastUse is when the use of each token was last written down, or tried to be.
type lastUse struct {
	mu sync.Mutex
	at map[string]time.Time
}

// due reports whether it is time to write again, and if so takes note of it.
func (u *lastUse) due(t soc.Token, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Sub(t.LastUsed) < usedEvery || now.Sub(u.at[t.ID]) < usedEvery {
		return false
	}
	if len(u.at) > maxBuckets { // tokens that were removed
		clear(u.at)
	}
	u.at[t.ID] = now
	return true
}

// noteUse writes down that the token was used. Failing to is no reason to turn anybody away; a token that was changed meanwhile is left alone.
func (s *Server) noteUse(ctx context.Context, t soc.Token, now time.Time) {
	if s.o.ReadOnly || !s.used.due(t, now) {
		return
	}
	t.LastUsed = now.UTC()
	if _, err := s.o.Store.SaveToken(ctx, t); err != nil {
		s.o.Log.Debug("noting the use of a token", "token", t.Name, "error", soc.Clean(err.Error()))
	}
}
