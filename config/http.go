package config

import (
	"errors"
	"path/filepath"
	"strings"
)

// HTTPOptions say how the HTTP interface may be reached; Config.HTTP says where it listens.
type HTTPOptions struct {
	AllowRemote bool   // another address than the loopback one may be opened
	Cert, Key   string // files of the certificate, PEM
	ClientCA    string // file with the authorities of the certificates that senders show, PEM
	Hosts       string // names under which clients call, separated by commas
	OpenMetrics bool   // /metrics needs no token; on the loopback address only
}

func httpFields() []fieldSpec {
	return []fieldSpec{
		boolean("http.allow-remote", "the HTTP interface may listen on other addresses than 127.0.0.1",
			func(c *Config) *bool { return &c.HTTPOptions.AllowRemote }),
		text("http.tls-cert", "certificate of the HTTP interface, PEM", func(c *Config) *string { return &c.HTTPOptions.Cert }, file),
		text("http.tls-key", "its key, PEM", func(c *Config) *string { return &c.HTTPOptions.Key }, file),
		text("http.client-ca", "authorities of the certificates that senders from other machines show, PEM",
			func(c *Config) *string { return &c.HTTPOptions.ClientCA }, file),
		text("http.hosts", "names under which clients call the HTTP interface: a.example,b.example",
			func(c *Config) *string { return &c.HTTPOptions.Hosts }, hosts),
		boolean("http.open-metrics", "/metrics needs no token, on 127.0.0.1 only", func(c *Config) *bool { return &c.HTTPOptions.OpenMetrics }),
	}
}

// file accepts the path of a file, empty for none.
func file(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	return filepath.Abs(v)
}

// hosts accepts names separated by commas. A star would undo what the list is for.
func hosts(v string) (string, error) {
	for n := range strings.SplitSeq(v, ",") {
		if strings.ContainsAny(n, "*/:@ ") {
			return "", errors.New("want names separated by commas, without ports, stars and blanks")
		}
	}
	return v, nil
}

// check finds what one setting of the HTTP interface alone can not show.
func (o HTTPOptions) check(listen string) (key, what string) {
	switch {
	case (o.Cert == "") != (o.Key == ""):
		return "http.tls-cert", "http.tls-cert and http.tls-key belong together"
	case o.ClientCA != "" && o.Cert == "":
		return "http.client-ca", "client certificates need http.tls-cert and http.tls-key"
	case o.AllowRemote && o.OpenMetrics && listen != "":
		return "http.open-metrics", "http.open-metrics and http.allow-remote exclude each other: everybody could read the metrics"
	}
	return "", ""
}
