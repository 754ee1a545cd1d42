package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

const healthTime = 5 * time.Second

// healthcheckCmd asks the running server whether it is ready: for machines and containers that have no program for that.
func healthcheckCmd(app App, o *Options) *cobra.Command {
	var url string
	cmd := &cobra.Command{
		Use: "healthcheck", Short: "Ask the HTTP interface of the running server whether it is ready", Args: noArgs,
		Example: `  cordon healthcheck
  cordon healthcheck --url https://cordon.example:8460`,
		RunE: func(c *cobra.Command, _ []string) error {
			if url == "" {
				settings, err := app.Config(*o)
				if err != nil {
					return err
				}
				if url, err = healthURL(settings); err != nil {
					return err
				}
			}
			word, err := askReady(c.Context(), strings.TrimSuffix(url, "/")+"/readyz")
			if err == nil {
				_, err = fmt.Fprintln(c.OutOrStdout(), word)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "address of the server (default: http.listen of the configuration)")
	return cmd
}

// healthURL is where the configuration says that the server listens.
func healthURL(settings []Setting) (string, error) {
	at := map[string]string{}
	for _, s := range settings {
		at[s.Key] = s.Value
	}
	host, port, err := net.SplitHostPort(at["http.listen"])
	switch {
	case err != nil || port == "0":
		return "", &soc.Error{
			Kind: soc.KindInvalid, Code: "no-http", What: "the configuration names no address of the HTTP interface",
			Next: "set http.listen, or name the server with --url",
		}
	case at["http.tls-cert"] != "":
		return "", &soc.Error{
			Kind: soc.KindInvalid, Code: "no-name", What: "the HTTP interface speaks TLS, and its certificate is for a name",
			Next: "name the server with --url https://NAME:" + port,
		}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// askReady returns the word of a server that is ready.
func askReady(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", usage("--url is no address: " + soc.Clean(err.Error()))
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		return "", &soc.Error{
			Kind: soc.KindUnavailable, Code: "no-server", What: "no server answers: " + soc.Clean(err.Error()), Err: err,
			Means: "nothing is known about the timers", Next: `look whether "cordon serve --http" runs`,
		}
	}
	defer func() { _ = res.Body.Close() }()
	var doc struct {
		Status string
		Checks []struct {
			Name string
			OK   bool
		}
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&doc); err != nil || doc.Status == "" {
		what := fmt.Sprintf("what answers at this address with %d is no cordon", res.StatusCode)
		return "", &soc.Error{Kind: soc.KindUnavailable, Code: "not-cordon", What: what, Next: "correct http.listen or --url"}
	}
	if res.StatusCode == http.StatusOK {
		return soc.Clean(doc.Status), nil
	}
	var wrong []string
	for _, check := range doc.Checks {
		if !check.OK {
			wrong = append(wrong, soc.Clean(check.Name))
		}
	}
	return "", &soc.Error{
		Kind: soc.KindUnavailable, Code: "not-ready", What: "cordon is not ready: " + strings.Join(wrong, ", "),
		Next: "/readyz gives the reasons to whoever brings a token with the scope metrics",
	}
}
