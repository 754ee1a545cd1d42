package secret_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"cordon/config/secret"
)

const dumpChild = "CORDON_TEST_DUMP"

// A process that called NoDumps writes no core file and may not be traced; the control is the same process before that (SC44).
func TestSC44_NoCoreDumps(t *testing.T) {
	if os.Getenv(dumpChild) != "" {
		before, _ := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
		must(t, secret.NoDumps())
		after, _ := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
		var limit unix.Rlimit
		must(t, unix.Getrlimit(unix.RLIMIT_CORE, &limit))
		if before == 1 && after == 0 && limit.Cur == 0 && limit.Max == 0 {
			t.Log("no dumps now")
		}
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestSC44_NoCoreDumps$", "-test.v")
	cmd.Env = append(os.Environ(), dumpChild+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "no dumps now") {
		t.Errorf("%v\n%s", err, out)
	}
}
