package notify

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// signer signs in to a mail server with what it offers: PLAIN or LOGIN. Both show the password, so neither is used without TLS except to this
// machine; package smtp sees to that.
type signer struct {
	user, password, host string
	how                  smtp.Auth
}

// Start chooses.
func (s *signer) Start(server *smtp.ServerInfo) (proto string, toServer []byte, err error) {
	switch {
	case slices.Contains(server.Auth, "PLAIN"):
		s.how = smtp.PlainAuth("", s.user, s.password, s.host, false)
	case slices.Contains(server.Auth, "LOGIN"):
		s.how = smtp.LoginAuth(s.user, s.password, s.host, false)
	default:
		return "", nil, errors.New("the server offers no way to sign in that cordon knows (PLAIN, LOGIN)")
	}
	return s.how.Start(server)
}

// Next goes on.
func (s *signer) Next(fromServer []byte, more bool) ([]byte, error) {
	return s.how.Next(fromServer, more)
}

// withoutPassword takes a password out of what a server said: a hostile or talkative one repeats what it was sent.
func withoutPassword(text, user, password string) string {
	if password == "" {
		return text
	}
	for _, form := range []string{"\x00" + user + "\x00" + password, password} {
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding} {
			text = strings.ReplaceAll(text, enc.EncodeToString([]byte(form)), "[secret]")
		}
		text = strings.ReplaceAll(text, form, "[secret]")
	}
	return text
}
