package config

import (
	"errors"
	"strings"
)

// KeyOptions say where the key of the credentials comes from; without them it is the file cordon.key in the data folder.
type KeyOptions struct {
	// Credential is the name under which systemd hands the key over; the process does not start without it. Empty: cordon.key, if there is one.
	Credential string
	// PassphraseFile holds the passphrase of the key file: a private file, or a pipe such as /dev/fd/3.
	PassphraseFile string
}

func keyFields() []fieldSpec {
	return []fieldSpec{
		text("key.credential", "systemd credential that is the key (default: cordon.key, if there is one)",
			func(c *Config) *string { return &c.Key.Credential }, credential),
		text("key.passphrase-file", "file or pipe with the passphrase of the key", func(c *Config) *string { return &c.Key.PassphraseFile }, file),
	}
}

// credential accepts what systemd takes as the name of a credential.
func credential(v string) (string, error) {
	if strings.ContainsAny(v, "/: \t") || strings.HasPrefix(v, ".") {
		return "", errors.New("want the name of a credential, such as cordon.key")
	}
	return v, nil
}
