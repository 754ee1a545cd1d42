package cli

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// maxCertificate bounds the file of a certificate.
const maxCertificate = 1 << 20

// address fills the API from the region; one of the two must be given (P-08).
func (f *attachFlags) address(c *cobra.Command) error {
	switch {
	case f.region != "" && f.api != "":
		return usageOf(c, "--api and --region exclude each other")
	case f.region == "" && f.api == "":
		return usageOf(c, "--api is required, for example https://api.securitycenter.microsoft.com")
	case f.region == "":
		return nil
	case f.cloud != "commercial":
		return usageOf(c, "--region is for the commercial cloud; the others have none")
	}
	switch f.region {
	case "us", "eu", "uk":
		f.api = "https://api-" + f.region + ".securitycenter.microsoft.com"
	case "au", "swa", "ina":
		f.api = "https://" + f.region + ".api.security.microsoft.com"
	default:
		return usageOf(c, fmt.Sprintf("--region is us, eu, uk, au, swa or ina, not %q", soc.Clean(f.region)))
	}
	return nil
}

// credential makes the draft and finds what it signs in with.
func (f *attachFlags) credential(c *cobra.Command, app App) (draft soc.Integration, credential string, err error) {
	if f.auth == "" {
		f.auth = "secret"
		if f.certificate != "" {
			f.auth = "certificate"
		}
	}
	switch {
	case !oneOf(f.auth, "secret", "certificate", "managed-identity", "workload-identity"):
		return draft, "", usageOf(c, fmt.Sprintf("--auth is secret, certificate, managed-identity or workload-identity, not %q", soc.Clean(f.auth)))
	case (f.certificate != "") != (f.auth == "certificate"):
		return draft, "", usageOf(c, "--auth certificate and --certificate FILE belong together")
	case f.tokenFile != "" && f.auth != "workload-identity":
		return draft, "", usageOf(c, "--token-file is for --auth workload-identity")
	case f.auth == "secret" && f.client != "":
		return draft, "", usageOf(c, "--client is for the other ways to sign in; with a secret give APP_ID/APP_SECRET")
	case f.auth == "secret":
		secret, err := f.appSecret(c, app)
		if err != nil {
			return draft, "", err
		}
		draft, credential, err = app.Attach(f.user, secret, f.api)
		return draft, credential, f.cameFrom(err)
	case f.secret != "":
		return draft, "", usageOf(c, "--secret is for --auth secret; name the app with --client")
	case f.user == "":
		return draft, "", usageOf(c, "--user is required: the Directory (tenant) ID")
	case f.client == "" && f.auth != "managed-identity":
		return draft, "", usageOf(c, "--client is required: the Application (client) ID")
	}
	draft = soc.Integration{
		Type: "defender", TenantID: strings.TrimSpace(f.user), ClientID: strings.TrimSpace(f.client), Auth: f.auth, API: f.api, Enabled: true,
	}
	if f.tokenFile != "" {
		if draft.TokenFile, err = filepath.Abs(f.tokenFile); err != nil {
			return draft, "", fmt.Errorf("finding %s: %w", f.tokenFile, err)
		}
	}
	if f.auth == "certificate" {
		credential, err = f.readCertificate(c, app)
	}
	return draft, credential, err
}

// cameFrom names in a refusal of the secret where it came from, which need not be --secret.
func (f *attachFlags) cameFrom(err error) error {
	var e *soc.Error
	if f.secret != "" || !errors.As(err, &e) {
		return err
	}
	why, about := strings.CutPrefix(e.What, "--secret ")
	if !about {
		return err
	}
	told := *e
	told.What = secretEnv + " " + why
	if f.secretStdin {
		told.What = "what --secret-stdin read " + why
	}
	return &told
}

// readCertificate reads the file of the certificate, and the password of a PFX from standard input or the environment.
func (f *attachFlags) readCertificate(c *cobra.Command, app App) (string, error) {
	info, err := os.Stat(f.certificate)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxCertificate) {
		return "", usageOf(c, "--certificate: "+soc.Clean(f.certificate)+" is no certificate file")
	}
	data, err := os.ReadFile(f.certificate)
	if err != nil {
		return "", usageOf(c, "--certificate: "+soc.Clean(err.Error()))
	}
	password := os.Getenv(certPasswordEnv)
	if f.secretStdin {
		if password, err = readLine(c, app, "password of the PFX file (it is not shown): "); err != nil {
			return "", err
		}
	}
	text := base64.StdEncoding.EncodeToString(data)
	if password != "" {
		text += " " + password
	}
	return text, nil
}
