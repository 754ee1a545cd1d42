package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"cordon/store/soc"
)

// machineList serves n machines with $top and $skip, after tamper changed the page.
func machineList(n int, tamper func(r *http.Request, ids []string) (page []string, next string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		top, _ := strconv.Atoi(r.URL.Query().Get("$top"))
		skip, _ := strconv.Atoi(r.URL.Query().Get("$skip"))
		var ids []string
		for i := skip; i < min(n, skip+top); i++ {
			ids = append(ids, fmt.Sprintf("%040x", i))
		}
		next := ""
		if tamper != nil {
			ids, next = tamper(r, ids)
		}
		var items []string
		for _, id := range ids {
			items = append(items, fmt.Sprintf(`{"id":%q,"computerDnsName":"ws-%s"}`, id, id[36:]))
		}
		body := `{"@odata.context":"x","value":[` + strings.Join(items, ",") + `]`
		if next != "" {
			body += fmt.Sprintf(`,"@odata.nextLink":%q`, next)
		}
		reply200(w, 200, body+"}")
	}
}

func machines(t *testing.T, wt *wireTest, top int) ([]soc.Host, error) {
	t.Helper()
	return wt.Machines(t.Context(), MachinesQuery{Filter: "healthStatus eq 'Active'", Top: top})
}

func TestC13_AllPagesOnceEach(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 9, 10, 11, 20, 95} {
		wt := newWireTest(t, machineList(n, func(r *http.Request, ids []string) ([]string, string) {
			if r.URL.Query().Get("$filter") != "healthStatus eq 'Active'" {
				t.Errorf("the filter is lost in %s", r.URL)
			}
			return ids, ""
		}))
		hosts, err := machines(t, wt, 10)
		if err != nil || len(hosts) != n {
			t.Fatalf("n = %d: %d hosts, %v", n, len(hosts), err)
		}
	}
}

func TestC13_RecordsThatMoveBetweenPagesComeOnce(t *testing.T) {
	t.Parallel()
	// A record inserted at the front moves the last one of page 1 to page 2.
	wt := newWireTest(t, machineList(25, func(r *http.Request, ids []string) ([]string, string) {
		if s := r.URL.Query().Get("$skip"); s == "10" {
			ids = append([]string{fmt.Sprintf("%040x", 9)}, ids[:9]...)
		} else if s == "20" {
			ids = append([]string{fmt.Sprintf("%040x", 19)}, ids...)
		}
		return ids, ""
	}))
	hosts, err := machines(t, wt, 10)
	if err != nil || len(hosts) != 25 {
		t.Fatalf("%d hosts, %v; want 25", len(hosts), err)
	}
}

func TestF40_HostilePagers(t *testing.T) {
	t.Parallel()
	var stray atomic.Int32
	other := newWireTest(t, func(http.ResponseWriter, *http.Request) { stray.Add(1) })
	first := func(n int) []string {
		var ids []string
		for i := range n {
			ids = append(ids, fmt.Sprintf("%040x", i))
		}
		return ids
	}
	for name, tamper := range map[string]func(r *http.Request, ids []string) ([]string, string){
		"link to another host": func(_ *http.Request, ids []string) ([]string, string) {
			return ids, other.srv.URL + "/api/machines?$skip=10"
		},
		"link to plain http": func(r *http.Request, ids []string) ([]string, string) {
			return ids, "http://" + r.Host + "/api/machines?$skip=10"
		},
		"link to another path": func(r *http.Request, ids []string) ([]string, string) {
			return ids, "https://" + r.Host + "/api/machineactions?$skip=10"
		},
		"link with a user": func(r *http.Request, ids []string) ([]string, string) {
			return ids, "https://a@" + r.Host + "/api/machines?$skip=10"
		},
		"relative link": func(_ *http.Request, ids []string) ([]string, string) { return ids, "/api/machines?$skip=10" },
		"rubbish link":  func(_ *http.Request, ids []string) ([]string, string) { return ids, "::%zz" },
		"link to itself": func(r *http.Request, ids []string) ([]string, string) {
			return ids, "https://" + r.Host + r.URL.String()
		},
		"full page for ever": func(*http.Request, []string) ([]string, string) { return first(10), "" },
		"endless empty pages": func(r *http.Request, _ []string) ([]string, string) {
			q := r.URL.Query()
			q.Set("n", q.Get("n")+"x")
			return nil, "https://" + r.Host + "/api/machines?" + q.Encode()
		},
		"same page, other links": func(r *http.Request, _ []string) ([]string, string) {
			q := r.URL.Query()
			q.Set("n", q.Get("n")+"x")
			return first(5), "https://" + r.Host + "/api/machines?" + q.Encode()
		},
	} {
		wt := newWireTest(t, machineList(1000, tamper))
		wt.limit.shared.quota = Quota{Minute: 100_000, Hour: 100_000}
		hosts, err := machines(t, wt, 10)
		if soc.KindOf(err) != soc.KindUnavailable || hosts != nil {
			t.Errorf("%s: %d hosts, error %v; want an error and no half list", name, len(hosts), err)
		}
		if wt.gets.Load() > maxPages {
			t.Errorf("%s: %d requests", name, wt.gets.Load())
		}
	}
	if stray.Load() != 0 {
		t.Errorf("%d requests followed a link to another host", stray.Load())
	}
}

func TestD07_LinkThatLostTheFilterIsIgnored(t *testing.T) {
	t.Parallel()
	wt := newWireTest(t, machineList(25, func(r *http.Request, ids []string) ([]string, string) {
		if len(ids) < 10 {
			return ids, ""
		}
		return ids, "https://" + r.Host + "/api/machines?$skip=10&$skip=20&$top=10"
	}))
	hosts, err := machines(t, wt, 10)
	if err != nil || len(hosts) != 25 {
		t.Fatalf("%d hosts, %v; want 25 by $skip", len(hosts), err)
	}
	// One that kept it is followed, also when the page is short.
	wt = newWireTest(t, machineList(25, func(r *http.Request, ids []string) ([]string, string) {
		q := r.URL.Query()
		skip, _ := strconv.Atoi(q.Get("$skip"))
		if skip >= 20 {
			return ids, ""
		}
		q.Set("$skip", strconv.Itoa(skip+5))
		return ids[:5], "https://" + r.Host + "/api/machines?" + q.Encode()
	}))
	if hosts, err = machines(t, wt, 10); err != nil || len(hosts) != 25 {
		t.Fatalf("%d hosts, %v; want 25 by link", len(hosts), err)
	}
}

func TestEmptyMachineListMayBe404(t *testing.T) {
	t.Parallel()
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) { reply200(w, 404, `{"error":{"code":"NotFound"}}`) })
	hosts, err := machines(t, wt, 10)
	if err != nil || len(hosts) != 0 {
		t.Errorf("%d hosts, %v; want none and no error", len(hosts), err)
	}
}

func TestOneOddItemDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	skipped := 0
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
		reply200(w, 200, `{"value":[null,7,{"id":null},{"id":"a","evidence":{"entityType":"File"},"comments":"none","mitreTechniques":[null,"T1"]},"x"]}`)
	})
	wt.onCall = func(c Call) { skipped += c.Skipped }
	alerts, err := wt.Alerts(t.Context(), AlertsQuery{})
	if err != nil || len(alerts) != 1 || skipped != 4 {
		t.Fatalf("%d alerts, %d skipped, %v; want 1 and 4", len(alerts), skipped, err)
	}
	if a := alerts[0].Alert; len(a.Evidence) != 1 || a.Evidence[0].EntityType != "File" || len(a.Techniques) != 1 {
		t.Errorf("alert = %+v", a)
	}
}

// FuzzNextLink: whatever the service writes, a link is followed only within origin and path.
func FuzzNextLink(f *testing.F) {
	api, _ := url.Parse("https://api.example")
	for _, s := range []string{"https://api.example/api/machines?$skip=1", "https://api.example.evil/api/machines", "//x", "https://api.example:443/api/machines", "https://api.example/api/../x", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, link string) {
		q, err := sameCollection(link, api, "machines")
		if err != nil {
			return
		}
		u, perr := url.Parse(link)
		if perr != nil || u.Scheme != "https" && u.Scheme != "HTTPS" && !strings.EqualFold(u.Scheme, "https") || !strings.EqualFold(u.Hostname(), "api.example") ||
			u.Port() != "" && u.Port() != "443" || !strings.EqualFold(u.Path, "/api/machines") || u.User != nil {
			t.Fatalf("%q was let through", link)
		}
		_ = q.Encode()
	})
}

func TestReadPageKeepsEveryByte(t *testing.T) {
	t.Parallel()
	item := "{ \"id\" :\t\"a\",\r\n \"title\":\"\\u0041\\/<&\xff\", \"n\": 1.50e+01 , \"n\":2}"
	var got []string
	next, err := readPage(strings.NewReader(" { \"value\" : [ "+item+" ,\n"+item+"] , \"@odata.nextLink\":\"x\"} "), false, func(raw json.RawMessage) error {
		got = append(got, string(raw))
		return nil
	})
	if err != nil || next != "x" || len(got) != 2 || got[0] != item || got[1] != item {
		t.Errorf("T-33: %q, next %q, %v", got, next, err)
	}
	for _, bad := range []string{
		"", "[]", "null", `{"value":[]`, `{"value":{}}`, `{"values":[]}`, `{"value":[],"value":[]}`, `{"value":[]} {}`, `{"value":[1,]}`, `{"value":["a"`, `x`,
	} {
		if _, err := readPage(strings.NewReader(bad), false, func(json.RawMessage) error { return nil }); err == nil {
			t.Errorf("%q is taken for a page", bad)
		}
	}
}
