package connect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
)

// allowed judges settings.edit; a refusal is audited.
func (s *Service) allowed(ctx context.Context, by soc.Session, in soc.Integration, action string) error {
	if by.Can(soc.RightSettingsEdit) {
		return nil
	}
	why := "right " + string(soc.RightSettingsEdit) + " missing"
	if by.ReadOnly {
		why = "read-only session"
	}
	e := &soc.Error{
		Kind: soc.KindDenied, Code: "no-right", What: "changing integrations is refused: " + why,
		Means: "nothing was changed", Next: "ask somebody who holds " + string(soc.RightSettingsEdit),
	}
	return errors.Join(e, s.audit(ctx, entry(by.Actor, in, action, soc.ResultRefused, why)))
}

// audit writes lines that stand alone. The context of a person who gave up still lets the line be written.
func (s *Service) audit(ctx context.Context, entries ...soc.AuditEntry) error {
	if err := s.o.Store.AppendAudit(context.WithoutCancel(ctx), entries...); err != nil {
		return fmt.Errorf("writing the audit history: %w", err)
	}
	return nil
}

func entry(by soc.Actor, in soc.Integration, action, result, detail string) soc.AuditEntry {
	return soc.AuditEntry{Integration: in.ID, Actor: by, Action: action, Target: soc.Clean(in.Name), Result: result, Detail: detail}
}

func outcome(steps []soc.Step, err error) string {
	if err != nil {
		return soc.ResultFailed
	}
	for _, st := range steps {
		if st.Status == soc.StepFail {
			return soc.ResultFailed
		}
	}
	return soc.ResultOK
}

// summary is one line about a test: what failed, or how much passed.
func summary(steps []soc.Step, err error) string {
	ok := 0
	var failed []string
	for _, st := range steps {
		switch st.Status {
		case soc.StepOK:
			ok++
		case soc.StepFail:
			failed = append(failed, st.Name)
		}
	}
	text := fmt.Sprintf("%d ok, %d failed", ok, len(failed))
	if len(failed) > 0 {
		text += ": " + strings.Join(failed, ", ")
	}
	if err != nil {
		text += "; " + err.Error()
	}
	return text
}

// date is a day, empty for none.
func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02")
}

// digest names a text without showing it.
func digest(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:8])
}

// changes lists what differs, without ever showing a secret.
func changes(old, in soc.Integration, newSecret bool) (before, after string) {
	var b, a []string
	for _, f := range []struct{ name, old, now string }{
		{"name", old.Name, in.Name},
		{"tenant", old.TenantID, in.TenantID},
		{"client", old.ClientID, in.ClientID},
		{"cloud", old.Cloud, in.Cloud},
		{"api", old.API, in.API},
		{"login", old.Login, in.Login},
		{"scope", old.Scope, in.Scope},
		{"sign-in", old.Auth, in.Auth},
		{"token file", old.TokenFile, in.TokenFile},
		{"proxy", old.Proxy, in.Proxy},
		{"ca file", old.CAFile, in.CAFile},
		{"ca", digest(old.CAPEM), digest(in.CAPEM)},
		{"custom hosts", fmt.Sprint(old.Custom), fmt.Sprint(in.Custom)},
		{"environment", old.Environment, in.Environment},
		{"enabled", fmt.Sprint(old.Enabled), fmt.Sprint(in.Enabled)},
		{"read-only", fmt.Sprint(old.ReadOnly), fmt.Sprint(in.ReadOnly)},
		{"poll", old.PollInterval.String(), in.PollInterval.String()},
		{"max history", old.MaxHistory, in.MaxHistory},
		{"credential ends", date(old.SecretExpiry), date(in.SecretExpiry)},
		{"profiles", strings.Join(old.Profiles, "+"), strings.Join(in.Profiles, "+")},
		{"allowed", strings.Join(old.Allowed, "+"), strings.Join(in.Allowed, "+")},
	} {
		if f.old == f.now {
			continue
		}
		if old.ID != "" {
			b = append(b, f.name+" "+f.old)
		}
		if f.now != "" && f.now != "false" || old.ID != "" {
			a = append(a, f.name+" "+f.now)
		}
	}
	if newSecret {
		a = append(a, "secret replaced")
		if old.ID == "" {
			a[len(a)-1] = "secret stored"
		}
	}
	return soc.Clean(strings.Join(b, ", ")), soc.Clean(strings.Join(a, ", "))
}
