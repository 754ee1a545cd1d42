package connect

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cordon/client"
	"cordon/store/soc"
)

// version is the version of what is sealed. Each way to sign in has its own, so that a record whose way was changed behind our back can not
// make a private key travel as if it were a client secret.
func version(in soc.Integration) int {
	if in.Auth == client.AuthCertificate {
		return 2 // PEM of certificate and private key
	}
	return 1 // the bare client secret
}

// open opens the stored credential; what signs in as a platform identity has none.
func (s *Service) open(in soc.Integration) (string, error) {
	if !client.NeedsSecret(in.Auth) {
		return "", nil
	}
	return s.o.Sealer.Open(binding(in), version(in), in.Sealed)
}

// newest opens the credential that is stored now, for a connection that was made earlier: an order that holds on to the old connection while
// a new secret is saved must not sign in with the one that is being withdrawn. It has to be for the same app in the same place.
func (s *Service) newest(ctx context.Context, in soc.Integration) (string, error) {
	now, err := s.o.Store.Integration(ctx, in.ID)
	if err == nil && now.Auth == in.Auth && now.TenantID == in.TenantID && now.ClientID == in.ClientID && binding(now) == binding(in) {
		return s.open(now)
	}
	return s.open(in)
}

// auth fills and judges the way to sign in.
func auth(in soc.Integration) (soc.Integration, error) {
	in.Auth = or(in.Auth, client.AuthSecret)
	if !slices.Contains([]string{client.AuthSecret, client.AuthCertificate, client.AuthManaged, client.AuthWorkload}, in.Auth) {
		return in, field("Sign in with", soc.Clean(in.Auth)+" is not known", "use secret, certificate, managed-identity or workload-identity")
	}
	if in.TokenFile = strings.TrimSpace(in.TokenFile); in.TokenFile != "" && !filepath.IsAbs(in.TokenFile) {
		return in, field("Token file", "must be a whole path", "begin it with /")
	}
	if in.Auth != client.AuthWorkload {
		in.TokenFile = ""
	}
	if !client.NeedsSecret(in.Auth) {
		in.SecretExpiry = time.Time{}
	}
	return in, nil
}

// material judges what was typed as the credential and returns it as it is sealed; empty stays empty: the stored one is used. The end of a
// certificate is the end of the credential (F83). No error shows what was typed.
func material(in, old soc.Integration, typed string, now time.Time) (soc.Integration, string, error) {
	switch in.Auth {
	case client.AuthManaged, client.AuthWorkload:
		if strings.TrimSpace(typed) != "" {
			return in, "", field("Credential", "is not needed: the platform gives the tokens", "leave it empty, or choose another way to sign in")
		}
		return in, "", nil
	case client.AuthCertificate:
		return certificate(in, old, typed, now)
	}
	typed = strings.TrimSpace(typed)
	switch {
	case typed == "":
	case guid(typed):
		return in, "", field("App Secret", "looks like the secret ID, not its Value", "copy the column Value; it is shown once, after the secret was made")
	case strings.ContainsAny(typed, " \t\r\n"):
		return in, "", field("App Secret", "has a blank or a line end inside", "copy the Value again, and nothing else")
	case strings.Contains(typed, "-----BEGIN"):
		return in, "", field("App Secret", "looks like a certificate", "choose certificate as the way to sign in")
	}
	return in, typed, nil
}

func certificate(in, old soc.Integration, typed string, now time.Time) (soc.Integration, string, error) {
	if strings.TrimSpace(typed) == "" {
		if old.Auth == client.AuthCertificate {
			in.SecretExpiry = old.SecretExpiry // read from the certificate when it came
		}
		return in, "", nil
	}
	cert, err := client.ReadCertificate(typed)
	if err != nil {
		return in, "", err
	}
	if end := cert.Expires(); !now.Before(end) {
		return in, "", field("Certificate", "ended on "+end.Format("2006-01-02"), "give one that is valid")
	}
	in.SecretExpiry = cert.Expires()
	pem, err := cert.PEM()
	return in, pem, err
}

// stored opens the saved credential, if it may be used with this draft.
func (s *Service) stored(in, old soc.Integration) (string, error) {
	what, next := "App Secret", "paste the secret's Value"
	if in.Auth == client.AuthCertificate {
		what, next = "Certificate", "paste the certificate with its private key"
	}
	switch {
	case !client.NeedsSecret(in.Auth):
		return "", nil
	case len(old.Sealed) == 0, version(in) != version(old):
		return "", field(what, "is missing", next)
	case binding(in) != binding(old):
		return "", field(what, "must be typed again: the stored one is not sent to other hosts", next)
	}
	return s.open(old)
}

// seal puts the credential into the record, or keeps the sealed one.
func (s *Service) seal(in, old soc.Integration, plain string) (soc.Integration, error) {
	if in.ID == "" {
		in.ID = newID(in.Name)
	}
	switch {
	case !client.NeedsSecret(in.Auth):
		in.Sealed = nil
		return in, nil
	case plain == "":
		in.Sealed = old.Sealed
		return in, nil
	}
	sealed, err := s.o.Sealer.Seal(binding(in), version(in), plain)
	if err != nil {
		return in, fmt.Errorf("sealing the credential of %s: %w", in.Name, err)
	}
	in.Sealed = sealed
	return in, nil
}
