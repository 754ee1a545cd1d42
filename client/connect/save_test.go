package connect_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cordon/client/connect"
	"cordon/store/soc"
)

func chmod(dir string) error { return os.Chmod(dir, 0o700) }

func TestV05_WrongSecretIsNotSavedAndTheOldStaysInForce(t *testing.T) {
	l := newLab(t)
	saved := l.attached("contoso")
	before := l.stored(saved.ID)

	edit := saved
	edit.PollInterval *= 2
	var seen []soc.Step
	_, err := l.Save(t.Context(), admin(), edit, "wrong~"+canary, func(s soc.Step) { seen = append(seen, s) })
	if !errors.Is(err, soc.ErrUnauthorized) || !strings.HasPrefix(err.Error(), "not saved: ") || !strings.Contains(err.Error(), "AADSTS7000215") ||
		!strings.Contains(err.Error(), "stay in force") {
		t.Errorf("error = %v", err)
	}
	if len(seen) == 0 || seen[0].Status != soc.StepFail {
		t.Errorf("steps = %+v", seen)
	}
	after := l.stored(saved.ID)
	if after.Revision != before.Revision || !bytes.Equal(after.Sealed, before.Sealed) || after.PollInterval != before.PollInterval {
		t.Error("the stored integration was changed")
	}
	if steps, err := l.Test(t.Context(), admin(), saved, "", nil); err != nil || steps[0].Status != soc.StepOK {
		t.Errorf("the old secret does not work any more: %+v, %v", steps, err)
	}
	if e := l.audit("settings"); len(e) != 1 || e[0].Result != soc.ResultFailed {
		t.Errorf("audit = %+v", e)
	}
}

func TestT10_P10_SecretIsNowhereInTheFiles(t *testing.T) {
	l := newLab(t)
	saved := l.attached("contoso")
	edit := saved
	edit.PollInterval *= 2
	if _, err := l.Save(t.Context(), admin(), edit, canary, nil); err != nil {
		t.Fatal(err)
	}
	_, err := l.Save(t.Context(), admin(), l.stored(saved.ID), "wrong~"+canary, nil)
	if err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("error = %v", err)
	}
	if len(saved.Sealed) > 0 {
		t.Error("Save returned the sealed secret")
	}
	for _, c := range l.Conns(t.Context()) {
		if len(c.Integration.Sealed) > 0 {
			t.Error("Conns carries the sealed secret")
		}
	}
	files, _ := filepath.Glob(filepath.Join(l.dir, "*"))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte(canary)) || bytes.Contains(text, []byte(canary[:8])) {
			t.Errorf("the secret is in %s", f)
		}
	}
	for _, e := range l.audit("") {
		if strings.Contains(e.Before+e.After+e.Detail, canary) {
			t.Errorf("the secret is in the history: %+v", e)
		}
	}
}

func TestSC43_StoredSecretIsNotSentToOtherHosts(t *testing.T) {
	l := newLab(t)
	saved := l.attached("contoso")
	for name, change := range map[string]func(*soc.Integration){
		"login": func(in *soc.Integration) { in.Custom, in.Cloud, in.Login = true, "custom", "https://evil.example" },
		"api":   func(in *soc.Integration) { in.Custom, in.Cloud, in.API = true, "custom", "https://evil.example" },
	} {
		edit := saved
		change(&edit)
		before := len(l.pollers)
		if _, err := l.Save(t.Context(), admin(), edit, "", nil); err == nil || !strings.Contains(err.Error(), "App Secret must be typed again") {
			t.Errorf("%s: Save = %v", name, err)
		}
		if _, err := l.Test(t.Context(), admin(), edit, "", nil); err == nil {
			t.Errorf("%s: Test was allowed", name)
		}
		if len(l.pollers) != before {
			t.Errorf("%s: the other host was dialled", name)
		}
	}
	// and a record whose hosts were changed behind our back can not be opened
	in := l.stored(saved.ID)
	in.Custom, in.Cloud, in.Login = true, "custom", "https://evil.example"
	if _, err := l.store.SaveIntegration(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if steps, err := l.Test(t.Context(), admin(), l.stored(saved.ID), "", nil); err == nil && steps[0].Status == soc.StepOK {
		t.Error("the secret was opened for another host")
	}
}

func TestSC43_SwappedSealedSecretsAreRefused(t *testing.T) {
	l := newLab(t)
	a, b := l.attached("contoso"), l.attached("fabrikam")
	in := l.stored(a.ID)
	in.Sealed = l.stored(b.ID).Sealed
	if _, err := l.store.SaveIntegration(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Test(t.Context(), admin(), l.stored(a.ID), "", nil); !errors.Is(err, soc.ErrUnauthorized) {
		t.Errorf("Test = %v, want a refusal", err)
	}
}

func TestZ05_T30_T31_FieldsAreJudgedByName(t *testing.T) {
	l := newLab(t)
	tests := map[string]struct {
		change func(*soc.Integration)
		says   string
	}{
		"tenant":         {func(in *soc.Integration) { in.TenantID = "contoso" }, "Tenant ID is not a GUID"},
		"zero tenant":    {func(in *soc.Integration) { in.TenantID = "00000000-0000-0000-0000-000000000000" }, "Tenant ID is not a GUID"},
		"client":         {func(in *soc.Integration) { in.ClientID += "0" }, "Application (client) ID is not a GUID"},
		"same":           {func(in *soc.Integration) { in.ClientID = strings.ToUpper(tenantID) }, "Application (client) ID is the same"},
		"name":           {func(in *soc.Integration) { in.Name = "  " }, "Name must be"},
		"control name":   {func(in *soc.Integration) { in.Name = "a\x1b[2Jb" }, "Name must be"},
		"environment":    {func(in *soc.Integration) { in.Environment = "prod" }, "Environment must be"},
		"interval":       {func(in *soc.Integration) { in.PollInterval = -1 }, "Poll interval must be"},
		"history":        {func(in *soc.Integration) { in.MaxHistory = "soon" }, "Max history"},
		"future history": {func(in *soc.Integration) { in.MaxHistory = "2999-01-01" }, "Max history"},
		"cloud":          {func(in *soc.Integration) { in.Cloud = "mars" }, "cloud mars is not known"},
	}
	for name, tt := range tests {
		in := draft("contoso")
		tt.change(&in)
		_, err := l.Save(t.Context(), admin(), in, canary, nil)
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: Save = %v, want %q", name, err, tt.says)
		}
	}
	if len(l.pollers) > 0 {
		t.Error("something was dialled for a draft that can not be right")
	}
}

func TestZ05_SwappedIDsAreNoticed(t *testing.T) {
	l := newLab(t)
	l.attached("contoso")
	in := draft("second")
	in.TenantID, in.ClientID = in.ClientID, in.TenantID
	if _, err := l.Save(t.Context(), admin(), in, canary, nil); err == nil || !strings.Contains(err.Error(), "look swapped") {
		t.Errorf("Save = %v", err)
	}
}

func TestT12_NamesAreUnique(t *testing.T) {
	l := newLab(t)
	l.attached("contoso")
	_, err := l.Save(t.Context(), admin(), draft("Contoso"), canary, nil)
	if !errors.Is(err, &soc.Error{Kind: soc.KindConflict, Code: "name-taken"}) {
		t.Errorf("Save = %v", err)
	}
}

func TestP09_HostsThatAreAccepted(t *testing.T) {
	l := newLab(t)
	for api, want := range map[string]bool{
		"https://api.securitycenter.microsoft.com":              true,
		"https://api.securitycenter.microsoft.com/":             true,
		"https://api-eu.securitycenter.microsoft.com":           true,
		"https://api.security.microsoft.com":                    true,
		"https://eu.api.security.microsoft.com":                 true,
		"http://api.securitycenter.microsoft.com":               false,
		"https://api.securitycenter.microsoft.com.evil.example": false,
		"https://api.securitycenter.microsoft.com@evil.example": false,
		"https://api.securitycenter.microsoft.com:8443":         false,
		"https://evil.example":                                  false,
		"https://api-gov.securitycenter.microsoft.us":           false, // another cloud
	} {
		in := draft("contoso")
		in.API = api
		if _, err := l.Test(t.Context(), admin(), in, canary, nil); (err == nil) != want {
			t.Errorf("%s: Test = %v, want accepted %v", api, err, want)
		}
	}
	in := draft("contoso")
	in.API, in.Login, in.Custom, in.Cloud = "https://evil.example", "https://login.example", true, "custom"
	if _, err := l.Test(t.Context(), admin(), in, canary, nil); err != nil {
		t.Errorf("a custom host that was asked for: %v", err)
	}
	in.API = "http://evil.example"
	if _, err := l.Test(t.Context(), admin(), in, canary, nil); err == nil {
		t.Error("plain http to another machine was accepted")
	}
	for cloud, login := range map[string]string{"gcc": "login.microsoftonline.com", "gcc-high": "login.microsoftonline.us", "dod": "login.microsoftonline.us"} {
		in := draft("contoso")
		in.Cloud, in.API = cloud, ""
		if _, err := l.Test(t.Context(), admin(), in, canary, nil); err != nil {
			t.Errorf("%s: %v", cloud, err)
		}
		if got := l.pollers[len(l.pollers)-1].in.Login; got != "https://"+login {
			t.Errorf("%s signs in at %s, want %s", cloud, got, login)
		}
	}
}

func TestP07_P08_AttachArgs(t *testing.T) {
	in, secret, err := connect.AttachArgs(tenantID, clientID+"/a/b~c+/d", "https://api.securitycenter.microsoft.com")
	if err != nil || in.TenantID != tenantID || in.ClientID != clientID || secret != "a/b~c+/d" || in.API != "https://api.securitycenter.microsoft.com" {
		t.Errorf("AttachArgs = %+v, %q, %v", in, secret, err)
	}
	for name, args := range map[string][3]string{
		"--user":   {"", clientID + "/x", "https://h"},
		"--api":    {tenantID, clientID + "/x", ""},
		"--secret": {tenantID, clientID, "https://h"},
	} {
		_, _, err := connect.AttachArgs(args[0], args[1], args[2])
		if !errors.Is(err, soc.ErrInvalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	for _, bad := range []string{"/" + canary, canary[:8]} {
		if _, _, err := connect.AttachArgs(tenantID, bad, "https://h"); err == nil || strings.Contains(err.Error(), canary[:8]) {
			t.Errorf("--secret without an app id: %v", err)
		}
	}
}

func TestV12_OnlySettingsEditMayChangeAnything(t *testing.T) {
	l := newLab(t)
	saved := l.attached("contoso")
	ro := admin()
	ro.ReadOnly = true
	for name, who := range map[string]soc.Session{"viewer": person("viewer"), "responder": person("responder"), "nobody": {}, "read-only": ro} {
		calls := map[string]func() error{
			"test":    func() error { _, err := l.Test(t.Context(), who, saved, "", nil); return err },
			"attach":  func() error { _, err := l.Save(t.Context(), who, draft("x"), canary, nil); return err },
			"disable": func() error { return l.SetEnabled(t.Context(), who, saved.ID, false) },
			"detach":  func() error { return l.Detach(t.Context(), who, saved.ID, true, true) },
		}
		for action, call := range calls {
			if err := call(); !errors.Is(err, soc.ErrDenied) {
				t.Errorf("%s, %s: %v, want denied", name, action, err)
			}
			if e := l.audit(action); len(e) == 0 || e[0].Result != soc.ResultRefused || e[0].Actor.Name != who.Actor.Name {
				t.Errorf("%s, %s: the refusal is not audited: %+v", name, action, e)
			}
		}
	}
	if got := l.stored(saved.ID); got.Revision != saved.Revision {
		t.Error("something was changed")
	}
}

func TestV06_T07_ATenantThatAllowsOneThingCanBeSaved(t *testing.T) {
	l := newLab(t)
	granted := func(name string) soc.Step {
		return soc.Step{Name: "role: " + name, Status: soc.StepOK, Detail: "X granted"}
	}
	missing := func(name string) soc.Step {
		return soc.Step{Name: "role: " + name, Status: soc.StepFail, Detail: "X is not granted"}
	}
	for name, steps := range map[string][]soc.Step{
		"alerts-only":    {granted("read alerts"), missing("isolate and release")},
		"lockdowns-only": {missing("read alerts"), granted("isolate and release")},
	} {
		l.steps = steps
		if _, err := l.Save(t.Context(), admin(), draft(name), canary, nil); err != nil {
			t.Errorf("%s: Save = %v, want it saved for what it allows", name, err)
		}
	}
	l.steps = []soc.Step{missing("read alerts"), missing("isolate and release"), {Name: "role: read logged-on users", Status: soc.StepOK, Detail: "X is not granted: …"}}
	if _, err := l.Save(t.Context(), admin(), draft("nothing"), canary, nil); err == nil {
		t.Error("a tenant that allows nothing was saved")
	}
}

func TestSave_SaysWhatChanged(t *testing.T) {
	l := newLab(t)
	saved := l.attached("contoso")
	saved.Environment, saved.MaxHistory = "TEST", "7 days ago"
	if _, err := l.Save(t.Context(), admin(), saved, "", nil); err != nil {
		t.Fatal(err)
	}
	e := l.audit("settings")[0]
	if e.Before != "environment PROD, max history 30 days ago" || e.After != "environment TEST, max history 7 days ago" {
		t.Errorf("before %q after %q", e.Before, e.After)
	}
	stale := saved // of the revision before
	if _, err := l.Save(t.Context(), admin(), stale, "", nil); !errors.Is(err, soc.ErrConflict) {
		t.Errorf("a stale edit: %v, want a conflict", err)
	}
}

func TestSave_StoppedByItsContext(t *testing.T) {
	l := newLab(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Save(ctx, admin(), draft("contoso"), canary, nil); err == nil {
		t.Error("a cancelled save was stored")
	}
}
