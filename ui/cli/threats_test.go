package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
	"cordon/ui/cli"
)

// otherWays are the methods of Channels that no test here calls.
type otherWays = cli.Channels

// desk is a Reports and Channels made of plain values.
type desk struct {
	otherWays
	channels []soc.ChannelStatus
	threats  []soc.Threat
	pushed   []soc.Pushed
	have     soc.IndicatorList
	results  []soc.ItemResult
	fail     error
	told     int
	added    []soc.Indicator
	deleted  string
}

func (d *desk) Channels(context.Context) ([]soc.ChannelStatus, error) { return d.channels, nil }

func (d *desk) Report(_ context.Context, s soc.Session, ch soc.ChannelID, in soc.ThreatInput) (soc.Threat, error) {
	in, err := in.Checked(now)
	if err != nil {
		return soc.Threat{}, err
	}
	t := soc.Threat{
		Key: soc.ThreatKey(ch, in.ID), ID: in.ID, Level: in.Level, Vendor: in.Vendor, Title: in.Title, Device: soc.ThreatDevice(in.Device),
		Sender: s.Actor.Name, State: soc.ThreatWaiting, ReceivedAt: now,
	}
	d.threats = append(d.threats, t)
	return t, nil
}

func (d *desk) Threats(_ context.Context, q soc.ThreatQuery) (out []soc.Threat, err error) {
	for _, t := range d.threats {
		if (len(q.States) == 0 || t.State == q.States[0]) && (q.Managed == nil || t.Device.Managed != nil && *t.Device.Managed == *q.Managed) {
			out = append(out, t)
		}
	}
	return out, nil
}

func (d *desk) ResolveThreat(_ context.Context, _ soc.Session, key string) (soc.Threat, error) {
	for i := range d.threats {
		if d.threats[i].Key == key {
			d.threats[i].State = soc.ThreatResolving
			return d.threats[i], d.fail
		}
	}
	return soc.Threat{}, soc.ErrNotFound
}

func (d *desk) Once(context.Context) error {
	d.told++
	for i, t := range d.threats {
		switch t.State {
		case soc.ThreatWaiting:
			d.threats[i].State, d.threats[i].AlertID = soc.ThreatSent, "da1"
		case soc.ThreatResolving:
			d.threats[i].State = soc.ThreatResolved
		}
	}
	return nil
}

func (d *desk) Pushed(context.Context) ([]soc.Pushed, error) { return d.pushed, nil }

func (d *desk) Indicators(context.Context, soc.Session, soc.IntegrationID) (soc.IndicatorList, error) {
	return d.have, d.fail
}

func (d *desk) AddIndicators(_ context.Context, _ soc.Session, _ soc.IntegrationID, list []soc.Indicator) ([]soc.ItemResult, error) {
	d.added = list
	return d.results, d.fail
}

func (d *desk) DeleteIndicator(_ context.Context, _ soc.Session, _ soc.IntegrationID, id string) error {
	d.deleted = id
	return d.fail
}

func (d *desk) Readiness(context.Context, soc.IntegrationID) ([]soc.Readiness, error) {
	return []soc.Readiness{{Item: "Cloud protection is on", State: "cannot verify", Detail: "the API does not tell"}}, nil
}

// at runs a command on the desk.
func (d *desk) at(t *testing.T, stdin string, args ...string) (out, errOut string, err error) {
	t.Helper()
	s := &shelf{ins: []soc.Integration{{ID: "int-1", Name: "contoso", TenantID: "tid"}}}
	app := s.app()
	app.Open = func(context.Context, cli.Options) (*cli.Backend, error) {
		return &cli.Backend{
			Store: s, Session: soc.Session{Actor: soc.Actor{Name: "mona"}}, Channels: d, Reports: d, Close: func() error { return nil },
		}, nil
	}
	var o, e bytes.Buffer
	root := cli.New(app, strings.NewReader(stdin), &o, &e)
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	return o.String(), e.String(), err
}

func way(id, name string, typ soc.ChannelType) soc.ChannelStatus {
	return soc.ChannelStatus{Channel: soc.Channel{ID: soc.ChannelID(id), Name: name, Type: typ, Enabled: true}}
}

const rooted = `{"id":"1","level":"Critical","vendor":"Acme","title":"Rooted","device":{"name":"phone"}}`

// TestM01_ReportThreat: every item has its result, and the exit code tells none, some or all.
func TestM01_ReportThreat(t *testing.T) {
	t.Parallel()
	d := &desk{channels: []soc.ChannelStatus{way("c", "mtd", soc.ChannelThreats), way("m", "mail", soc.ChannelMail)}}
	out, _, err := d.at(t, rooted, "report-threat", "-")
	if err != nil || !strings.Contains(out, "sent") || !strings.Contains(out, "da1") || d.told != 1 {
		t.Errorf("one good item: %v\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "t.ndjson")
	if err := os.WriteFile(file, []byte(rooted+"\n"+strings.Replace(rooted, "Critical", "Hgh", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _, err = d.at(t, "", "report-threat", file, "--channel", "mtd", "--json", "--wait", "0")
	if cli.ExitCode(err) != cli.ExitPartly || d.told != 1 {
		t.Errorf("a good and a bad item: exit %d, told %d times", cli.ExitCode(err), d.told)
	}
	var doc struct {
		Results []struct {
			Item   int
			Taken  bool
			Reason string
		}
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil || len(doc.Results) != 2 || !doc.Results[0].Taken || !strings.Contains(doc.Results[1].Reason, "level") {
		t.Errorf("results: %+v, %v", doc, err)
	}
	_, _, err = d.at(t, `{"id":"1"}`, "report-threat", "-")
	if cli.ExitCode(err) != cli.ExitUsage || !strings.Contains(err.Error(), "level") {
		t.Errorf("a bad item alone: %v", err)
	}
	if _, _, err = d.at(t, `{"id":1}`, "report-threat", "-"); cli.ExitCode(err) != cli.ExitUsage || !strings.Contains(err.Error(), "item 1: id") {
		t.Errorf("a bad kind: %v", err)
	}
	for _, args := range [][]string{{"report-threat"}, {"report-threat", "/none/there"}} {
		if _, _, err := d.at(t, "", args...); cli.ExitCode(err) != cli.ExitUsage {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// TestM11_TheChannelMustBeClear: without a name the only one is used; none and several are said.
func TestM01_TheChannelMustBeClear(t *testing.T) {
	t.Parallel()
	none := &desk{}
	if _, _, err := none.at(t, rooted, "report-threat", "-"); cli.ExitCode(err) != cli.ExitNotFound || !strings.Contains(err.Error(), "channels add threats") {
		t.Errorf("no channel: %v", err)
	}
	two := &desk{channels: []soc.ChannelStatus{way("a", "one", soc.ChannelThreats), way("b", "two", soc.ChannelThreats)}}
	if _, _, err := two.at(t, rooted, "report-threat", "-"); cli.ExitCode(err) != cli.ExitNotFound || !strings.Contains(err.Error(), "--channel") {
		t.Errorf("two channels: %v", err)
	}
}

// TestM09_ThreatsListShowResolve.
func TestM08_M09_ThreatsListShowResolve(t *testing.T) {
	t.Parallel()
	yes := true
	d := &desk{threats: []soc.Threat{
		{Key: "c/1", ID: "1", Level: "Critical", Vendor: "Acme", Title: "Rooted", State: soc.ThreatSent, ReceivedAt: now.Add(-time.Hour), Device: soc.ThreatDevice{Name: "phone", Managed: &yes}},
		{Key: "c/2", ID: "2", Level: "Low", Vendor: "Zorblax", Title: "Old OS", State: soc.ThreatUnmatched, Reason: "no such device", Forensics: map[string]string{"port": "4"}},
		{Key: "d/2", ID: "2", Level: "Low", Vendor: "Zorblax", Title: "Old OS", State: soc.ThreatSuppressed},
	}}
	out, _, err := d.at(t, "", "threats", "list")
	if err != nil || !strings.Contains(out, "no such device") || !strings.Contains(out, "yes") || strings.Count(out, "\n") != 4 {
		t.Errorf("list: %v\n%s", err, out)
	}
	if out, _, _ = d.at(t, "", "threats", "list", "--managed", "yes"); strings.Contains(out, "Zorblax") || !strings.Contains(out, "Acme") {
		t.Errorf("managed only:\n%s", out)
	}
	if out, _, _ = d.at(t, "", "threats", "list", "--state", "unmatched", "--json"); !json.Valid([]byte(out)) || strings.Contains(out, "Acme") {
		t.Errorf("json:\n%s", out)
	}
	for _, args := range [][]string{{"--state", "gone"}, {"--managed", "perhaps"}, {"--limit", "-1"}} {
		if _, _, err := d.at(t, "", append([]string{"threats", "list"}, args...)...); cli.ExitCode(err) != cli.ExitUsage {
			t.Errorf("%v: %v", args, err)
		}
	}
	if out, _, err = d.at(t, "", "threats", "show", "c/2"); err != nil || !strings.Contains(out, "forensics port") {
		t.Errorf("show: %v\n%s", err, out)
	}
	if _, _, err = d.at(t, "", "threats", "show", "2"); cli.ExitCode(err) != cli.ExitNotFound || !strings.Contains(err.Error(), "d/2") {
		t.Errorf("an id of two: %v", err)
	}
	if out, _, err = d.at(t, "", "threats", "resolve", "1"); err != nil || !strings.Contains(out, "resolved") {
		t.Errorf("resolve: %v\n%s", err, out)
	}
}

// TestP04_IndicatorCommands.
func TestP04_P05_P12_IndicatorCommands(t *testing.T) {
	t.Parallel()
	d := &desk{
		have: soc.IndicatorList{Cap: 15_000, Partial: "only its own", Indicators: []soc.Indicator{
			{ID: "7", Type: "IpAddress", Value: "192.0.2.7", Action: "Block"}, {ID: "8", Type: "Url", Value: "https://x.test", Action: "Audit"},
		}},
		pushed: []soc.Pushed{{Key: "k", Test: "mimikatz", State: soc.PushedEarly, Reason: "too early to tell", Indicator: soc.Indicator{Type: "Url", Value: "https://x.test"}}},
	}
	out, errOut, err := d.at(t, "", "indicators", "list")
	if err != nil || !strings.Contains(out, "custom_ti_indicators/ips?tid=tid") || !strings.Contains(errOut, "only its own") || !strings.Contains(errOut, "2 of 15000") {
		t.Errorf("list: %v\n%s%s", err, out, errOut)
	}
	if out, _, err = d.at(t, "", "indicators", "status"); err != nil || !strings.Contains(out, "mimikatz") || !strings.Contains(out, "too early") {
		t.Errorf("status: %v\n%s", err, out)
	}
	if out, _, err = d.at(t, "", "indicators", "readiness", "--json"); err != nil || !strings.Contains(out, "cannot verify") {
		t.Errorf("readiness: %v\n%s", err, out)
	}
	if _, _, err = d.at(t, "", "indicators", "delete", "HTTPS://X.test"); err != nil || d.deleted != "8" {
		t.Errorf("delete by value: %v, %q", err, d.deleted)
	}
	if _, _, err = d.at(t, "", "indicators", "delete", "9"); cli.ExitCode(err) != cli.ExitNotFound {
		t.Errorf("delete what is not there: %v", err)
	}
	d.results = []soc.ItemResult{{Item: "192.0.2.9", OK: true}}
	if _, _, err = d.at(t, "", "indicators", "add", "192.0.2.9", "--expires", "30d"); err != nil || d.added[0].Type != "IpAddress" || !d.added[0].Expires.Equal(now.AddDate(0, 0, 30)) {
		t.Errorf("add: %v, %+v", err, d.added)
	}
	if _, _, err = d.at(t, "", "indicators", "add", "192.0.2.9", "--expires", "2001-01-01"); cli.ExitCode(err) != cli.ExitUsage {
		t.Errorf("a time that is over: %v", err)
	}
}

// TestP04_ImportReadsCSVAndJSON, row by row, and says what it can not read before anything is sent.
func TestP04_ImportReadsCSVAndJSON(t *testing.T) {
	t.Parallel()
	d := &desk{results: []soc.ItemResult{{Item: "a", OK: true}, {Item: "b", Reason: "no"}}}
	for _, in := range []string{
		"\ufeffvalue,type,action,title\nevil.test,,Audit,T\n198.51.100.1,IpAddress,,\n",
		`[{"value":"evil.test","action":"Audit","title":"T"},{"value":"198.51.100.1","type":"IpAddress"}]`,
		`{"value":"evil.test","action":"Audit","title":"T"}` + "\n" + `{"value":"198.51.100.1"}`,
	} {
		_, _, err := d.at(t, in, "indicators", "import", "-", "--severity", "High")
		if cli.ExitCode(err) != cli.ExitPartly || len(d.added) != 2 {
			t.Fatalf("%q: %v, %d rows", in, err, len(d.added))
		}
		a, b := d.added[0], d.added[1]
		if a.Type != "DomainName" || a.Action != "Audit" || a.Title != "T" || a.Severity != "High" || b.Type != "IpAddress" || b.Action != "Block" {
			t.Errorf("%q: %+v, %+v", in, a, b)
		}
	}
	for _, in := range []string{"", "value\n", "value,colour\na,b\n", `{"valeu":"x"}`, "value,expires\nevil.test,yesterday\n", `[{"value":"x"}] 7`} {
		d.added = nil
		if _, _, err := d.at(t, in, "indicators", "import", "-"); cli.ExitCode(err) != cli.ExitUsage || d.added != nil {
			t.Errorf("%q: %v, sent %v", in, err, d.added)
		}
	}
}
