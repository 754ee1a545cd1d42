package channel

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
)

// tokenPrefix begins the value of every token, so that one that leaked into a file or a chat can be found by what looks for secrets.
const tokenPrefix = "cordon_"

// scopes lists what a token may be for.
func scopes() []string {
	return []string{soc.ScopeLockdowns, soc.ScopeThreats, soc.ScopeProbes, soc.ScopeMetrics}
}

// Tokens lists the tokens by name. They carry the hash of their value, which opens nothing.
func (s *Service) Tokens(ctx context.Context) ([]soc.Token, error) {
	all, err := s.o.Store.Tokens(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the tokens: %w", err)
	}
	return all, nil
}

// AddToken makes a token and returns its value: 256 random bits, shown this once; only their hash is stored. Needs settings.edit. Errors:
// KindInvalid with the field, KindConflict for a name that is taken, KindDenied.
func (s *Service) AddToken(ctx context.Context, by soc.Session, draft soc.Token) (soc.Token, string, error) {
	if err := s.allowed(ctx, by, "token-add", draft.Name); err != nil {
		return soc.Token{}, "", err
	}
	t, err := s.token(ctx, draft)
	if err != nil {
		return soc.Token{}, "", err
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails: the runtime ends the program instead
	value := tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	hash := sha256.Sum256([]byte(value))
	t.ID, t.Hash, t.Created = "token-"+strings.ToLower(rand.Text()[:12]), hash[:], s.o.Now().UTC()
	t.LastUsed, t.Revision = time.Time{}, 0
	e := line(by.Actor, "token-add", t.Name, soc.ResultOK, "for "+strings.Join(t.Scopes, ", "))
	e.After = "no end"
	if !t.Expires.IsZero() {
		e.After = "until " + t.Expires.Format(time.RFC3339)
	}
	saved, err := s.o.Store.SaveToken(ctx, t, e)
	if err != nil {
		return soc.Token{}, "", fmt.Errorf("storing the token %s: %w", t.Name, err)
	}
	return saved, value, nil
}

// token judges a draft.
func (s *Service) token(ctx context.Context, t soc.Token) (soc.Token, error) {
	t.Name, t.Scopes = strings.TrimSpace(t.Name), slices.Compact(slices.Sorted(slices.Values(t.Scopes)))
	if t.Name == "" || len(t.Name) > maxName || soc.Clean(t.Name) != t.Name {
		return t, field("Name", "must be 1 to 64 printable characters", "name the program or the sender")
	}
	if len(t.Scopes) == 0 {
		return t, field("Scopes", "are empty", "choose "+strings.Join(scopes(), ", "))
	}
	for _, sc := range t.Scopes {
		if !slices.Contains(scopes(), sc) {
			return t, field("Scopes", "hold an unknown one: "+soc.Clean(sc), "choose "+strings.Join(scopes(), ", "))
		}
	}
	if t.Expires = t.Expires.UTC(); !t.Expires.IsZero() && !t.Expires.After(s.o.Now()) {
		return t, field("Expires", "is in the past", "give a time to come, or none")
	}
	all, err := s.o.Store.Tokens(ctx)
	if err != nil {
		return t, fmt.Errorf("reading the tokens: %w", err)
	}
	if slices.ContainsFunc(all, func(o soc.Token) bool { return strings.EqualFold(o.Name, t.Name) }) {
		return t, &soc.Error{
			Kind: soc.KindConflict, Code: "name-taken", What: "Name: there is a token named " + t.Name, Means: "nothing was changed",
			Next: "give this one another name, or remove the other one",
		}
	}
	return t, s.sender(ctx, t)
}

// sender judges the channel of a token: a sender of threats or probes sends through one channel, which says where its reports go.
func (s *Service) sender(ctx context.Context, t soc.Token) error {
	want := soc.ChannelType("")
	for _, sc := range t.Scopes {
		switch {
		case sc == soc.ScopeThreats && want == "":
			want = soc.ChannelThreats
		case sc == soc.ScopeProbes && want == "":
			want = soc.ChannelProbes
		case sc == soc.ScopeThreats || sc == soc.ScopeProbes:
			return field("Scopes", "hold both threats and probes", "make two tokens: each sends through one channel")
		}
	}
	if want == "" {
		if t.Channel != "" {
			return field("Channel", "is only for senders of threats and probes", "leave it empty")
		}
		return nil
	}
	all, err := s.o.Store.Channels(ctx)
	if err != nil {
		return fmt.Errorf("reading the channels: %w", err)
	}
	if !slices.ContainsFunc(all, func(c soc.Channel) bool { return c.ID == t.Channel && c.Type == want }) {
		return field("Channel", fmt.Sprintf("is no channel of the type %s", want),
			"choose the channel that this sender uses; add one first if there is none")
	}
	return nil
}

// RemoveToken removes a token: from now on it lets nobody in. Needs settings.edit.
func (s *Service) RemoveToken(ctx context.Context, by soc.Session, id string) error {
	all, err := s.o.Store.Tokens(ctx)
	if err != nil {
		return fmt.Errorf("reading the tokens: %w", err)
	}
	at := slices.IndexFunc(all, func(t soc.Token) bool { return t.ID == id })
	name := id
	if at >= 0 {
		name = all[at].Name
	}
	if err := s.allowed(ctx, by, "token-remove", name); err != nil {
		return err
	}
	if at < 0 {
		return &soc.Error{Kind: soc.KindNotFound, Code: "no-token", What: "there is no such token", Next: "look at the list of tokens"}
	}
	e := line(by.Actor, "token-remove", name, soc.ResultOK, "for "+strings.Join(all[at].Scopes, ", "))
	if err := s.o.Store.DeleteToken(ctx, id, e); err != nil {
		return fmt.Errorf("removing the token %s: %w", name, err)
	}
	return nil
}
