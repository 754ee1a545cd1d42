package cli_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cordon/ui/cli"
)

func TestHealthcheck(t *testing.T) {
	status, body := http.StatusOK, `{"status":"ready","checks":[]}`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	defer srv.Close()
	listen := map[string]string{"http.listen": strings.TrimPrefix(srv.URL, "http://")}
	run := func(settings map[string]string, args ...string) result {
		app := full().app()
		app.Config = func(cli.Options) (out []cli.Setting, _ error) {
			for k, v := range settings {
				out = append(out, cli.Setting{Key: k, Value: v})
			}
			return out, nil
		}
		return runApp(t, app, strings.NewReader(""), append([]string{"healthcheck"}, args...)...)
	}
	if r := run(listen); r.code != 0 || r.out != "ready\n" {
		t.Errorf("ready: %+v", r)
	}
	status, body = http.StatusServiceUnavailable, `{"status":"not ready","checks":[{"name":"store","ok":true},{"name":"timers","ok":false}]}`
	if r := run(listen); r.code != 5 || !strings.Contains(r.err, "not ready: timers") || r.out != "" {
		t.Errorf("not ready: %+v", r)
	}
	if r := run(nil, "--url", srv.URL+"/"); r.code != 5 || !strings.Contains(r.err, "not ready") {
		t.Errorf("--url: %+v", r)
	}
	status, body = http.StatusOK, "<html>"
	if r := run(listen); r.code != 5 || !strings.Contains(r.err, "no cordon") {
		t.Errorf("something else: %+v", r)
	}
	srv.Close()
	if r := run(listen); r.code != 5 || !strings.Contains(r.err, "no server answers") {
		t.Errorf("nobody: %+v", r)
	}
	for name, settings := range map[string]map[string]string{
		"names no address": {"http.listen": ""}, "names no  address": {"http.listen": "127.0.0.1:0"},
		"speaks TLS": {"http.listen": ":8460", "http.tls-cert": "/c"},
	} {
		if r := run(settings); r.code != 2 || !strings.Contains(r.err, strings.Join(strings.Fields(name), " ")) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
