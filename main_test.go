package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// allowed is the import table of docs/decisions.md: which of our packages a package may use, and which third-party modules. "*" ends a
// prefix. A package without a row fails, so that nobody adds one in silence.
var allowed = map[string]struct{ ours, theirs []string }{
	"store/soc":          {},
	"store/soc/soctest":  {[]string{"store/soc"}, nil},
	"store/ledger":       {[]string{"store/soc"}, nil},
	"config":             {[]string{"store/soc"}, []string{"github.com/goccy/go-yaml", "github.com/adrg/xdg"}},
	"config/exchange":    {[]string{"store/soc"}, []string{"github.com/goccy/go-yaml"}},
	"config/secret":      {[]string{"store/soc"}, []string{"filippo.io/age", "golang.org/x/sys"}},
	"store":              {[]string{"store/soc", "store/ledger"}, []string{"go.etcd.io/bbolt", "github.com/klauspost/compress", "golang.org/x/sys"}},
	"client":             {[]string{"store/soc"}, []string{"github.com/Azure/azure-sdk-for-go", "golang.org/x/time", "software.sslmate.com/src/go-pkcs12"}},
	"client/sim":         {nil, []string{"github.com/golang-jwt/jwt/v5", "github.com/google/uuid"}},
	"client/sim/receive": {nil, []string{"github.com/emersion/go-smtp", "github.com/emersion/go-sasl"}},
	"client/poll":        {[]string{"store/soc"}, []string{"github.com/tj/go-naturaldate"}},
	"client/lockdown":    {[]string{"store/soc"}, []string{"golang.org/x/sys"}},
	"client/notify":      {[]string{"store/soc"}, []string{"github.com/wneessen/go-mail"}},
	"client/channel":     {[]string{"store/soc", "client/notify"}, nil},
	"client/report":      {[]string{"store/soc"}, nil},
	"client/proof":       {[]string{"store", "store/soc", "store/soc/soctest", "store/ledger", "client", "client/sim", "client/lockdown", "client/connect", "config/secret"}, []string{"go.etcd.io/bbolt", "golang.org/x/sys"}},
	"client/connect":     {[]string{"store/soc", "client", "client/poll", "client/lockdown"}, []string{"github.com/google/uuid"}},
	"ui/keys":            {nil, []string{"charm.land"}},
	"ui/theme":           {nil, charm},
	"ui/words":           {},
	"ui/pane":            {[]string{"ui/theme"}, charm},
	"ui/life":            {[]string{"store/soc", "ui/theme", "ui/words"}, nil},
	"ui/form":            {[]string{"ui/keys", "ui/theme"}, charm},
	"ui/screen":          {[]string{"store/soc", "ui/keys", "ui/theme"}, []string{"charm.land"}},
	"ui/grid":            {[]string{"store/soc", "ui/keys", "ui/theme", "ui/screen", "ui/words", "ui/pane"}, charm},
	"ui/dialog":          {[]string{"store/soc", "ui/life", "ui/keys", "ui/theme", "ui/screen", "ui/words", "ui/pane"}, append([]string{"github.com/sahilm/fuzzy"}, charm...)},
	"ui/queue":           {screenMay, charm},
	"ui/host":            {screenMay, charm},
	"ui/timers":          {screenMay, charm},
	"ui/settings":        {screenMay, charm},
	"ui/audit":           {screenMay, charm},
	"ui/reports":         {screenMay, charm},
	"ui": {
		[]string{"store/soc", "ui/keys", "ui/theme", "ui/screen", "ui/words", "ui/pane", "ui/grid", "ui/dialog", "ui/queue", "ui/host", "ui/timers", "ui/settings", "ui/audit", "ui/reports"},
		append([]string{"github.com/sahilm/fuzzy"}, charm...),
	},
	"ui/uitest":        {[]string{"store/soc", "ui/screen", "ui/theme", "ui/keys"}, append([]string{"github.com/charmbracelet/x/exp"}, charm...)},
	"ui/uitest/e2e":    {},
	"ui/uitest/term":   {nil, []string{"github.com/charmbracelet", "github.com/creack/pty"}},
	"ui/local":         {[]string{"store/soc"}, []string{"github.com/charmbracelet/x/term"}},
	"ui/cli":           {[]string{"store/soc"}, []string{"github.com/spf13/cobra"}},
	"ui/httpapi":       {[]string{"store/soc"}, nil},
	"ui/httpapi/meter": {[]string{"store/soc"}, []string{"github.com/prometheus/client_golang"}},
	// The body of main, which may be no more than one file.
	"ui/program": {
		[]string{
			"store", "store/ledger", "store/soc", "client", "client/channel", "client/report", "client/connect", "client/lockdown", "client/notify", "client/poll", "client/sim", "client/sim/receive", "config", "config/exchange", "config/secret",
			"ui", "ui/cli", "ui/local", "ui/words", "ui/httpapi", "ui/httpapi/meter",
		},
		[]string{"charm.land"},
	},
}

var (
	charm     = []string{"charm.land", "github.com/charmbracelet"}
	screenMay = []string{"store/soc", "ui/keys", "ui/theme", "ui/screen", "ui/form", "ui/grid", "ui/dialog", "ui/words", "ui/pane", "ui/life"}
)

type listed struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func listPackages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Standard", "./...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		pkgs = append(pkgs, p)
	}
}

// forbidden returns why pkg may not import imp, "" if it may.
func forbidden(pkg, imp string) string {
	row, ok := allowed[pkg]
	if !ok {
		return "has no row in the import table"
	}
	if ours, ok := strings.CutPrefix(imp, "cordon/"); ok {
		if !slices.Contains(row.ours, ours) {
			return "may not import " + ours
		}
		return ""
	}
	if imp == "cordon" {
		return "may not import main"
	}
	if !strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
		return "" // standard library
	}
	for _, t := range row.theirs {
		if imp == t || strings.HasPrefix(imp, t+"/") {
			return ""
		}
	}
	return "may not use " + imp
}

func TestImportTable(t *testing.T) {
	for _, p := range listPackages(t) {
		pkg := strings.TrimPrefix(p.ImportPath, "cordon/")
		if pkg == "cordon" {
			continue
		}
		if !slices.Contains([]string{"ui", "client", "store", "config"}, strings.SplitN(pkg, "/", 2)[0]) {
			t.Errorf("package %s is not in one of the four folders", pkg)
		}
		if len(p.Imports) == 0 && forbidden(pkg, "") != "" {
			t.Errorf("%s has no row in the import table", pkg)
		}
		for _, imp := range p.Imports {
			if why := forbidden(pkg, imp); why != "" {
				t.Errorf("%s %s", pkg, why)
			}
		}
	}
}

func TestImportTable_RefusesForbiddenArrows(t *testing.T) {
	arrows := [][2]string{
		{"ui/queue", "cordon/client"},
		{"ui/queue", "cordon/store"},
		{"ui/host", "cordon/ui/queue"},
		{"client", "cordon/store"},
		{"client/sim", "cordon/client"},
		{"client/sim", "cordon/store/soc"},
		{"store/soc", "go.etcd.io/bbolt"},
		{"client/lockdown", "cordon"},
		{"somewhere/new", "fmt"},
	}
	for _, a := range arrows {
		if forbidden(a[0], a[1]) == "" {
			t.Errorf("%s may import %s, want it refused", a[0], path.Clean(a[1]))
		}
	}
}
