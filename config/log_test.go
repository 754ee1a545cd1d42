package config

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLog_HonoursTheLevelAndItsSize(t *testing.T) {
	c := Config{Data: t.TempDir(), LogLevel: "warn"}
	log, err := OpenLog(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("quiet")
	path := filepath.Join(c.Data, "cordon.log")
	info, err := os.Stat(path)
	if err != nil || info.Size() != 0 || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	log.Warn("loud")
	if info, _ = os.Stat(path); info.Size() == 0 {
		t.Error("a warning was not written")
	}
	f := &logFile{path: path, size: 0}
	if err := f.open(); err != nil {
		t.Fatal(err)
	}
	f.size = maxLog
	if _, err := f.Write([]byte("next\n")); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "next\n" {
		t.Errorf("a full log was not set aside: %q, %v", b, err)
	}
}
