package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// sinksKey is the section that holds a list; every other setting is one value.
const sinksKey = "notify"

// Sink is one receiver of notifications. It never holds a secret, only where one is.
type Sink struct {
	Name string
	Type string // webhook, file or syslog
	URL  string // of a webhook; udp://, tcp://, tls:// or unix:// for syslog
	Path string // of a file
	// SecretFile or SecretEnv says where the signing secrets of a webhook are.
	SecretFile, SecretEnv string
	// AllowPrivate lets cordon connect to this machine and to the own network.
	AllowPrivate bool

	origin string
}

// target is the sink without what may be a credential in its URL.
func (s Sink) target() string {
	if s.Path != "" {
		return s.Type + " " + s.Path
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return s.Type
	}
	if u.Scheme == "unix" {
		return s.Type + " unix://" + u.Path
	}
	return s.Type + " " + u.Scheme + "://" + u.Host
}

// sinks reads the list.
func (r reader) sinks(n ast.Node) error {
	switch list := n.(type) {
	case *ast.NullNode:
		return nil
	case *ast.SequenceNode:
		for _, v := range list.Values {
			if err := r.sink(v); err != nil {
				return err
			}
		}
		return nil
	}
	return r.fail(line(n), sinksKey+`: want a list of sinks, each beginning with "- name:"`)
}

func (r reader) sink(n ast.Node) error {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		return r.fail(line(n), sinksKey+`: want a sink as "name: …", "type: …"`)
	}
	if len(pairs) == 0 {
		return r.fail(line(n), sinksKey+": a sink without settings")
	}
	at := line(pairs[0].Key)
	s := Sink{origin: fmt.Sprintf("%s:%d", r.path, at)}
	seen := map[string]bool{}
	for _, p := range pairs {
		if err := r.sinkPair(&s, p, seen); err != nil {
			return err
		}
	}
	if what := s.check(); what != "" {
		return r.fail(at, what)
	}
	for _, other := range r.c.Notify {
		if other.Name == s.Name {
			return r.fail(at, fmt.Sprintf("%s: the name %s is there twice", sinksKey, s.Name))
		}
	}
	r.c.Notify = append(r.c.Notify, s)
	return nil
}

func (r reader) sinkPair(s *Sink, p *ast.MappingValueNode, seen map[string]bool) error {
	key, ok := p.Key.(ast.Node).(*ast.StringNode)
	at := line(p.Key)
	if !ok {
		return r.fail(at, "a key must be a plain word")
	}
	if seen[key.Value] {
		return r.fail(at, "the key "+key.Value+" is there twice")
	}
	seen[key.Value] = true
	if key.Value == "allow-private" {
		b, ok := p.Value.(*ast.BoolNode)
		if !ok {
			return r.fail(at, "allow-private: want true or false")
		}
		s.AllowPrivate = b.Value
		return nil
	}
	to, ok := map[string]*string{
		"name": &s.Name, "type": &s.Type, "url": &s.URL, "path": &s.Path, "secret-file": &s.SecretFile, "secret-env": &s.SecretEnv,
	}[key.Value]
	if !ok {
		return r.fail(at, fmt.Sprintf("unknown key %q of a sink; known are name, type, url, path, secret-file, secret-env, allow-private", key.Value))
	}
	v, ok := p.Value.(*ast.StringNode)
	if !ok {
		return r.fail(at, key.Value+": want text")
	}
	if strings.HasPrefix(v.Value, "whsec_") {
		what := key.Value + " holds a secret; put it into a file of mode 0600 and name that with secret-file"
		return &Error{Where: fmt.Sprintf("%s:%d", r.path, at), What: what} // without the line
	}
	*to = v.Value
	return nil
}

// check says what is wrong with a sink, "" if nothing is.
func (s Sink) check() string {
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`).MatchString(s.Name) {
		return "name: want small letters, digits and dashes, at most 32"
	}
	switch s.Type {
	case "file":
		return s.checkFile()
	case "webhook", "syslog":
	default:
		return fmt.Sprintf("type: want one of webhook, file, syslog, not %q", s.Type)
	}
	u, err := url.Parse(s.URL)
	switch {
	case s.Path != "":
		return "path belongs to sinks of type file"
	case err != nil || s.URL == "":
		return "url: want the address of the receiver"
	case u.User != nil:
		return "url: a user name or password in an address is not allowed"
	case s.Type == "webhook":
		return s.checkWebhook(u)
	}
	return s.checkSyslog(u)
}

func (s Sink) checkFile() string {
	switch {
	case !filepath.IsAbs(s.Path):
		return "path: want an absolute path"
	case s.URL != "" || s.SecretFile != "" || s.SecretEnv != "" || s.AllowPrivate:
		return "a sink of type file has only a name and a path"
	}
	return ""
}

func (s Sink) checkWebhook(u *url.URL) string {
	switch {
	case u.Host == "" || u.Fragment != "":
		return "url: want https://host/path"
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname()) || !s.AllowPrivate):
		return "url: want https; http only to 127.0.0.1 or [::1] and with allow-private: true"
	case (s.SecretFile == "") == (s.SecretEnv == ""):
		return "a webhook is signed: give secret-file or secret-env"
	case s.SecretFile != "" && !filepath.IsAbs(s.SecretFile):
		return "secret-file: want an absolute path"
	}
	return ""
}

func (s Sink) checkSyslog(u *url.URL) string {
	if s.SecretFile != "" || s.SecretEnv != "" {
		return "syslog has no signature; take secret-file and secret-env away"
	}
	switch u.Scheme {
	case "unix":
		if u.Host == "" && filepath.IsAbs(u.Path) {
			return ""
		}
	case "udp", "tcp", "tls":
		if _, port, err := net.SplitHostPort(u.Host); err == nil && port != "" && u.Path == "" {
			return ""
		}
	}
	return "url: want udp://host:port, tcp://host:port, tls://host:port or unix:///path"
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
