package cli_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"cordon/store/soc"
	"cordon/ui/cli"
)

func TestK11_BackupRestoreAndDoctorVerbs(t *testing.T) {
	var did []string
	files := cli.Files{
		Backup: func(_ context.Context, _ cli.Options, to string) (cli.FileReport, error) {
			did = append(did, "backup "+to)
			return cli.FileReport{Path: to, Lockdowns: 2, Open: 1, Audit: 7}, nil
		},
		Restore: func(_ context.Context, _ cli.Options, from string) (cli.FileReport, string, error) {
			did = append(did, "restore "+from)
			return cli.FileReport{Path: from}, "old.db", nil
		},
		Accept: func(_ context.Context, _ cli.Options, reason string) error {
			did = append(did, "accept "+reason)
			return nil
		},
		Rotate:  func(context.Context, cli.Options) (int, error) { return 3, nil },
		Compact: func(context.Context, cli.Options) (int64, int64, error) { return 4096, 1024, nil },
		Doctor: func(context.Context, cli.Options) ([][2]string, []soc.Trouble, []string, error) {
			return [][2]string{{"disk free", "9 GiB"}}, []soc.Trouble{{Code: "disk-low", What: "filling up"}}, []string{"lockdown LK-1"}, nil
		},
	}
	tests := []struct{ args, want, did string }{
		{"backup b.db", "2 lockdowns (1 open), 7 records", "backup b.db"},
		{"restore b.db", "old.db", "restore b.db"},
		{"restore --accept --reason looked", "accepted", "accept looked"},
		{"doctor", "TROUBLE disk-low", ""},
		{"doctor", "unreadable: lockdown LK-1", ""},
		{"doctor rotate-key", "3 credentials", ""},
		{"doctor compact", "4 KiB before, 1 KiB after", ""},
	}
	for _, tt := range tests {
		var out, errOut bytes.Buffer
		root := cli.New(cli.App{Files: files}, strings.NewReader(""), &out, &errOut)
		root.SetArgs(strings.Fields(tt.args))
		if err := root.ExecuteContext(t.Context()); err != nil || !strings.Contains(out.String(), tt.want) {
			t.Errorf("%s: %q, %v", tt.args, out.String(), err)
		}
		if tt.did != "" && did[len(did)-1] != tt.did {
			t.Errorf("%s did %q", tt.args, did[len(did)-1])
		}
	}
	n := len(did)
	for _, args := range []string{"restore", "restore --accept", "restore --accept --reason x b.db", "backup"} {
		root := cli.New(cli.App{Files: files}, strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{})
		root.SetArgs(strings.Fields(args))
		if root.ExecuteContext(t.Context()) == nil || len(did) != n {
			t.Errorf("%q was carried out", args)
		}
	}
}
