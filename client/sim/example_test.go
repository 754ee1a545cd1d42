package sim_test

import (
	"fmt"
	"time"

	"cordon/client/sim"
)

// A test gives the tenant a clock, picks a machine, makes something go wrong,
// and looks at the truth afterwards. The client talks to httptest.NewServer(t).
func Example() {
	clock := sim.NewClock(time.Date(2026, 2, 3, 4, 0, 0, 0, time.UTC))
	tenant := sim.New(sim.Options{Seed: 42, Now: clock.Now})
	tenant.Inject(sim.Fault{Match: "POST /api/machines/*/isolate", Kind: sim.FaultCut, After: true})

	host, err := tenant.Machine("WS-FIN-0142.corp.example")
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := tenant.ExternalIsolate(host.ID, "mira.holt@corp.example"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("ordered:", tenant.Isolated(host.ID))
	clock.Add(10 * time.Second)
	fmt.Println("later:", tenant.Isolated(host.ID), len(tenant.Posts(host.ID, "isolate")))
	// Output:
	// ordered: false
	// later: true 0
}
