package sim

import (
	"crypto"
	"crypto/x509"
	"slices"
	"time"
)

// Grant replaces what the application was granted, of all resources. Tokens
// that were issued before keep what they have.
func (t *Tenant) Grant(p Permissions) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign.granted = Permissions{slices.Clone(p.Defender), slices.Clone(p.Graph), slices.Clone(p.Delegated)}
}

// Granted returns what the application was granted, consented or not.
func (t *Tenant) Granted() Permissions {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sign.granted
}

// SetRoles grants exactly these application roles of Defender. Tokens that were
// issued before keep theirs.
func (t *Tenant) SetRoles(roles ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign.granted.Defender = slices.Clone(roles)
}

// SetGraphRoles grants exactly these application roles of Microsoft Graph.
func (t *Tenant) SetGraphRoles(roles ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign.granted.Graph = slices.Clone(roles)
}

// SetDelegated grants delegated permissions of Defender: from now on its tokens
// carry scp and no roles, as they do for a signed-in person. None ends that.
func (t *Tenant) SetDelegated(scopes ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign.granted.Delegated = slices.Clone(scopes)
}

// Consent gives or withholds the consent of an administrator. Without it every
// permission is only requested: tokens are issued, but carry none of them.
func (t *Tenant) Consent(given bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign.withheld = !given
}

// SetSecret replaces all client secrets by one; the old ones are refused from
// now on.
func (t *Tenant) SetSecret(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign.secrets = []secret{{value: value}}
}

// AddSecret adds a client secret besides those that are there, as a rotation
// does. until is when it expires; zero means never.
func (t *Tenant) AddSecret(value string, until time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign.secrets = append([]secret{{value, until}}, t.sign.secrets...)
}

// RemoveSecret takes a client secret away; unknown values change nothing.
func (t *Tenant) RemoveSecret(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign.secrets = slices.DeleteFunc(slices.Clone(t.sign.secrets), func(s secret) bool { return s.value == value })
}

// ExpireSecretsAt makes all present secrets answer AADSTS7000222 from a time
// on; zero means never.
func (t *Tenant) ExpireSecretsAt(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign.secrets = slices.Clone(t.sign.secrets)
	for i := range t.sign.secrets {
		t.sign.secrets[i].until = at
	}
}

// ExpireSecret makes every right secret answer AADSTS7000222, or ends that.
func (t *Tenant) ExpireSecret(expired bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign.expired = expired
}

// FailSignIn answers every token request with an AADSTS code, see RefusalCodes;
// 0 ends that.
func (t *Tenant) FailSignIn(code int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign.deny = code
}

// TrustCertificate registers a certificate for client assertions.
func (t *Tenant) TrustCertificate(cert *x509.Certificate) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign.certs = append(slices.Clone(t.sign.certs), cert)
}

// TrustFederation accepts client assertions of another identity provider.
func (t *Tenant) TrustFederation(issuer, subject string, key crypto.PublicKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign.trusts = append([]federation{{issuer, subject, key}}, t.sign.trusts...)
}
