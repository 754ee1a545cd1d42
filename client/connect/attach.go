package connect

import (
	"strings"

	"cordon/store/soc"
)

// AttachArgs reads the arguments of `partner attach defender`: tenant id, APP_ID/APP_SECRET cut at the first slash (secrets may hold more
// of them), and the API address. The errors are KindInvalid, name the flag, and never show the secret (P-07, P-08).
func AttachArgs(user, secret, api string) (draft soc.Integration, appSecret string, err error) {
	app, appSecret, ok := strings.Cut(secret, "/")
	switch {
	case strings.TrimSpace(user) == "":
		return draft, "", usage("--user", "is missing", "give the Directory (tenant) ID")
	case strings.TrimSpace(api) == "":
		return draft, "", usage("--api", "is missing", "for the worldwide cloud it is https://api.securitycenter.microsoft.com")
	case !ok || app == "" || appSecret == "":
		return draft, "", usage("--secret", "is not of the form APP_ID/APP_SECRET", "put the Application (client) ID before the first slash")
	}
	draft = soc.Integration{
		Type: "defender", TenantID: strings.TrimSpace(user), ClientID: strings.TrimSpace(app), Auth: "secret", API: strings.TrimSpace(api), Enabled: true,
	}
	return draft, appSecret, nil
}

func usage(flag, what, next string) error {
	return &soc.Error{Kind: soc.KindInvalid, Code: "bad-flag", What: flag + " " + what, Means: "nothing was attached", Next: next}
}
