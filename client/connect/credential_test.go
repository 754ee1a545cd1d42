package connect_test

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cordon/client/sim"
	"cordon/store/soc"
)

func TestF83_T20_CertificateIsSealedAndItsEndIsKnown(t *testing.T) {
	srv := simulated(t, sim.Options{})
	until := time.Now().Add(20 * 24 * time.Hour).UTC().Truncate(time.Second)
	pem, err := srv.Tenant.IssueCertificate("app", time.Now().Add(-time.Hour), until)
	if err != nil {
		t.Fatal(err)
	}
	l := newSimLab(t, nil)
	in := draftOf(srv, "one")
	in.Auth = "certificate"
	saved := l.save(in, base64.StdEncoding.EncodeToString(pem))
	if !saved.SecretExpiry.Equal(until) {
		t.Errorf("ends %s, want %s", saved.SecretExpiry, until)
	}
	if steps, err := l.Test(t.Context(), admin(), saved, "", nil); err != nil || steps[len(steps)-1].Status == soc.StepSkip {
		t.Errorf("with the stored one: %v, %+v", err, steps)
	}
	saved.SecretExpiry = time.Time{} // a form can not make it longer
	if saved = l.save(saved, ""); !saved.SecretExpiry.Equal(until) {
		t.Errorf("the end of the certificate was lost: %s", saved.SecretExpiry)
	}
	key := string(pem[strings.Index(string(pem), "-----BEGIN PRIVATE"):])
	files, _ := filepath.Glob(filepath.Join(l.dir, "*"))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), strings.Split(key, "\n")[3]) || strings.Contains(string(text), "BEGIN PRIVATE") {
			t.Errorf("the private key is in %s", f)
		}
	}
	// the key never travels as if it were a client secret, whoever edits the record
	stored := l.stored(saved.ID)
	stored.Auth = "secret"
	if _, err := l.store.SaveIntegration(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	if steps, err := l.Test(t.Context(), admin(), l.stored(saved.ID), "", nil); err == nil && steps[0].Status == soc.StepOK {
		t.Error("the private key was opened as a client secret")
	}
	edit := saved
	edit.Auth = "secret"
	if _, err := l.Save(t.Context(), admin(), edit, "", nil); err == nil {
		t.Error("the way to sign in was changed without a new credential")
	}
}

func TestF83_WorkloadIdentityNeedsNoSecret(t *testing.T) {
	srv := simulated(t, sim.Options{})
	token, err := srv.Tenant.WorkloadToken(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	l := newSimLab(t, nil)
	in := draftOf(srv, "one")
	in.Auth, in.TokenFile = "workload-identity", file
	saved := l.save(in, "")
	if len(l.stored(saved.ID).Sealed) > 0 {
		t.Error("something was sealed")
	}
	if _, err := l.Save(t.Context(), admin(), saved, "c4n4ry", nil); soc.KindOf(err) != soc.KindInvalid || strings.Contains(err.Error(), "c4n4ry") {
		t.Errorf("a secret that nobody needs: %v", err)
	}
}

func TestZ05_Z12_CredentialsAreJudgedBeforeAnythingIsSent(t *testing.T) {
	l := newLab(t)
	for name, c := range map[string]struct {
		change     func(*soc.Integration)
		credential string
		says       string
	}{
		"secret id":   {nil, "7f3c1e0a-9b1d-4c2e-8f00-1a2b3c4d5e6f", "looks like the secret ID, not its Value"},
		"blank":       {nil, "c4n4ry c4n4ry", "blank"},
		"pem":         {nil, "-----BEGIN-c4n4ry", "looks like a certificate"},
		"nothing":     {nil, "", "App Secret is missing"},
		"auth":        {func(in *soc.Integration) { in.Auth = "password" }, "c4n4ry", "password is not known"},
		"certificate": {func(in *soc.Integration) { in.Auth = "certificate" }, "c4n4ry", "neither PEM nor base64"},
		"none at all": {func(in *soc.Integration) { in.Auth = "certificate" }, "", "Certificate is missing"},
		"token file":  {func(in *soc.Integration) { in.Auth, in.TokenFile = "workload-identity", "token" }, "", "Token file must be a whole path"},
		"no client":   {func(in *soc.Integration) { in.Auth, in.ClientID = "workload-identity", "" }, "", "client) ID is not a GUID"},
		"proxy":       {func(in *soc.Integration) { in.Proxy = "http://u:c4n4ry@p:1" }, canary, "stored in the clear"},
		"profile":     {func(in *soc.Integration) { in.Profiles = []string{"everything"} }, canary, "Profile everything is not known"},
		"people":      {func(in *soc.Integration) { in.Allowed = []string{"a\x1b[2J"} }, canary, "Allowed people"},
	} {
		in := draft("contoso")
		if c.change != nil {
			c.change(&in)
		}
		_, err := l.Save(t.Context(), admin(), in, c.credential, nil)
		if soc.KindOf(err) != soc.KindInvalid || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "c4n4ry") {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if _, err := l.Test(t.Context(), admin(), in, c.credential, nil); soc.KindOf(err) != soc.KindInvalid {
			t.Errorf("%s: Test = %v", name, err)
		}
	}
	if len(l.pollers) > 0 {
		t.Error("something was dialled for a credential that can not be right")
	}
	managed := draft("machine")
	managed.Auth, managed.ClientID = "managed-identity", ""
	l.good = ""
	if _, err := l.Save(t.Context(), admin(), managed, "", nil); err != nil {
		t.Errorf("the identity of the machine: %v", err)
	}
}

// Rotation: a new secret is saved while orders are looked after; no call fails, before, during or after.
func TestT20_Z10_RotationWithoutAFailedCall(t *testing.T) {
	srv := simulated(t, sim.Options{})
	l := newSimLab(t, nil)
	saved := l.save(draftOf(srv, "one"), srv.Secret)
	l.start()
	host := srv.Tenant.MachineAt(0).ID
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	calls := make(chan error, 1000)
	for range 3 {
		wg.Go(func() {
			for range 8 {
				remote, err := l.Remote(saved.ID)
				if err == nil {
					_, err = remote.HostActions(t.Context(), host)
				}
				calls <- err
				if ctx.Err() != nil {
					return
				}
			}
		})
	}
	<-calls
	old := srv.Secret
	for n, next := range []string{"second~Value1", "third~Value2"} {
		srv.Tenant.AddSecret(next, time.Time{})
		saved = l.save(saved, next)
		srv.Tenant.RemoveSecret(old)
		if old = next; n == 0 {
			<-calls
		}
	}
	cancel()
	wg.Wait()
	close(calls)
	for err := range calls {
		if err != nil {
			t.Errorf("a call failed: %v", err)
		}
	}
	remote, err := l.Remote(saved.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := remote.HostActions(t.Context(), host); err != nil {
		t.Errorf("with the new secret: %v", err)
	}
	// the negative control: a secret that does not work is not saved, and the one in force goes on
	if _, err := l.Save(t.Context(), admin(), saved, "wrong~Value3", nil); soc.KindOf(err) != soc.KindUnauthorized {
		t.Errorf("a wrong one: %v", err)
	}
	if _, err := remote.HostActions(t.Context(), host); err != nil {
		t.Errorf("after a refused rotation: %v", err)
	}
}

func TestT17_AFailedStartIsToldOnce(t *testing.T) {
	srv := simulated(t, sim.Options{})
	l := newSimLab(t, nil)
	saved := l.save(draftOf(srv, "one"), srv.Secret)
	srv.Tenant.ExpireSecret(true)
	for n := 1; n <= 2; n++ { // two processes: one line each
		l.Service = newSimService(l, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		l.wait("the start to fail", func() bool { return len(l.audit("start-failed")) >= n })
		_ = l.SetEnabled(t.Context(), admin(), saved.ID, true) // nothing changes, nothing is told again
		cancel()
		<-done
	}
	e := l.audit("start-failed")
	if len(e) != 2 || !strings.Contains(e[0].Detail, "AADSTS7000222") || !strings.Contains(e[0].Detail, "expired") || strings.Contains(e[0].Detail, srv.Secret) {
		t.Errorf("audit = %+v", e)
	}
	srv.Tenant.ExpireSecret(false) // the negative control: a good start tells nothing
	l.Service = newSimService(l, nil)
	l.start()
	l.wait("a poll", func() bool {
		st, err := l.store.PollState(t.Context(), saved.ID)
		return err == nil && !st.LastOK.IsZero()
	})
	if e := l.audit("start-failed"); len(e) != 2 {
		t.Errorf("a good start was told: %+v", e[0])
	}
}
