package queue

import (
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

// TestN04_QueueSaysWhyThereAreNoAlerts: a tenant whose app may not read alerts is not one that has none (the sets of two products give lockdowns
// and no queue), and a tenant that was never reached is neither.
func TestN04_QueueSaysWhyThereAreNoAlerts(t *testing.T) {
	refused := soc.Conn{
		Integration: soc.Integration{Name: "contoso"}, State: "refused", Problem: "a long text of Defender",
		Roles: []string{"Machine.Isolate", "Machine.Read.All"},
	}
	m := &Model{conns: []soc.Conn{refused}}
	if v := strings.Join(m.emptyLines(), "\n"); !strings.Contains(v, "Alert.Read.All is missing") || strings.Contains(v, "No alerts yet") {
		t.Errorf("refused for want of a role:\n%s", v)
	}
	may := refused
	may.Roles = append([]string{"Alert.ReadWrite.All"}, refused.Roles...)
	m.conns = []soc.Conn{may}
	if v := strings.Join(m.emptyLines(), "\n"); !strings.Contains(v, "was never read") {
		t.Errorf("refused for another reason:\n%s", v)
	}
	good := soc.Conn{Integration: refused.Integration, State: "ok", LastOK: time.Unix(1, 0), Roles: may.Roles}
	m.conns = []soc.Conn{good}
	if v := strings.Join(m.emptyLines(), "\n"); !strings.Contains(v, "No alerts yet") {
		t.Errorf("nothing is wrong:\n%s", v)
	}
}
