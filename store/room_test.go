package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// fullDisk is a disk in memory: what is free, and commits that need room.
type fullDisk struct {
	free, total int64
	quota       bool // the free space does not show it
	unused      bool // control: the reserve does not help
}

func (d *fullDisk) options() Options {
	return Options{
		space: func(string) (space, error) {
			if d.quota {
				return space{free: d.total / 2, total: d.total}, nil
			}
			return space{d.free, d.total}, nil
		},
		allocate: func(path string, size int64) error {
			if d.free < size {
				return fmt.Errorf("making the reserve: %w", syscall.ENOSPC)
			}
			d.free -= size
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, size))
		},
		commit: func(tx *bbolt.Tx) error {
			const need = 64 << 10
			if d.free < need {
				if _, err := os.Stat(filepath.Join(filepath.Dir(tx.DB().Path()), "cordon.reserve")); err == nil || d.unused {
					return &diskError{syscall.ENOSPC}
				}
			}
			return tx.Commit()
		},
	}
}

// In the order in which they matter least: isolations, alerts, and releases never.
func TestF67_WhatStopsWhenTheDiskFills(t *testing.T) {
	d := &fullDisk{free: 500 << 30, total: 1000 << 30}
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), d.options())
	running := must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1")))
	tests := []struct {
		free              int64
		isolate, alert    string
		trouble           string
		releaseAndHistory bool
	}{
		{500 << 30, "", "", "", true},
		{200 << 20, "disk-low", "", "disk-low", true},
		{20 << 20, "disk-low", "disk-scarce", "disk-scarce", true},
		{0, "disk-scarce", "disk-scarce", "disk-scarce", true},
		{500 << 30, "", "", "", true},
	}
	for i, tt := range tests {
		d.free = tt.free
		s.look(t.Context())
		_, err := s.SaveLockdown(t.Context(), lockdown(fmt.Sprintf("LK-1%d", i), fmt.Sprintf("m1%d", i)))
		if code := codeOf(err); code != tt.isolate && tt.free > 0 {
			t.Errorf("%d free: a new lockdown gives %q (%v), want %q", tt.free, code, err, tt.isolate)
		}
		_, err = s.PutAlerts(t.Context(), "i1", []soc.RawAlert{rawAlert(fmt.Sprint(i), nil)}, soc.PollState{})
		if code := codeOf(err); code != tt.alert && tt.free > 0 {
			t.Errorf("%d free: an alert gives %q, want %q", tt.free, code, tt.alert)
		}
		running.Note = fmt.Sprint(i)
		if running, err = s.SaveLockdown(t.Context(), running, soc.AuditEntry{Action: "release"}); err != nil {
			t.Fatalf("%d free: a release is not stored: %v", tt.free, err)
		}
		s.look(t.Context())
		var code string
		if list := s.Troubles(); len(list) > 0 {
			code = list[0].Code
		}
		if code != tt.trouble {
			t.Errorf("%d free: trouble %q, want %q", tt.free, code, tt.trouble)
		}
	}
	if rep := must(s.VerifyAudit(t.Context())); !rep.OK || rep.Records != uint64(len(tests)) {
		t.Errorf("history = %+v", rep)
	}
}

func codeOf(err error) string {
	var e *soc.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// A disk that is full to the last byte, shown or hidden by a quota: the release and its line are written from the reserve. In the control
// the reserve does not help, and the release is lost.
func TestF67_F68_ReleaseIsWrittenFromTheReserve(t *testing.T) {
	for _, quota := range []bool{false, true} {
		for _, control := range []bool{false, true} {
			t.Run(fmt.Sprintf("quota=%v/control=%v", quota, control), func(t *testing.T) {
				d := &fullDisk{free: 500 << 30, total: 1000 << 30, quota: quota}
				s := open(t, filepath.Join(t.TempDir(), "cordon.db"), d.options())
				l := must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1")))
				d.free, d.unused = 0, control
				for n := range 5 {
					saved, err := s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "release"})
					if (err != nil) != control {
						t.Fatalf("release %d: %v", n, err)
					}
					if err == nil {
						l = saved
					}
				}
				if s.CanIsolate() == nil {
					t.Error("a host may be isolated on a full disk")
				}
				want := uint64(5)
				if control {
					want = 0
				}
				if rep := must(s.VerifyAudit(t.Context())); rep.Records != want {
					t.Errorf("%d lines of history, want %d", rep.Records, want)
				}
				d.free, d.unused = 500<<30, false
				s.look(t.Context())
				if err := s.CanIsolate(); err != nil {
					t.Errorf("with room again: %v", err)
				}
				if _, err := os.Stat(reservePath(s.path)); err != nil {
					t.Errorf("with room again there is no reserve: %v", err)
				}
			})
		}
	}
}

// The largest size of the store counts as a disk (F73).
func TestF67_F73_LargestSizeStopsAlertsBeforeReleases(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{maxSize: 48 << 20})
	l := must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1")))
	var err error
	for i := 0; err == nil && i < 4000; i += 4 {
		batch := []soc.RawAlert{bulky(i), bulky(i + 1), bulky(i + 2), bulky(i + 3)}
		_, err = s.PutAlerts(t.Context(), "i1", batch, soc.PollState{})
	}
	if code := codeOf(err); code != "disk-scarce" && code != "store-full" { // a large batch can jump over the last step
		t.Fatalf("alerts stop with %v", err)
	}
	wantCode(t, s.CanIsolate(), soc.KindRefused, "disk-low")
	for range 20 {
		if l, err = s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "release"}); err != nil {
			t.Fatal(err)
		}
	}
}

// bulky is an alert that can not be compressed.
func bulky(i int) soc.RawAlert {
	b := make([]byte, 48<<10)
	x := uint64(i)*0x9e3779b97f4a7c15 + 1
	for j := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[j] = "abcdefghijklmnopqrstuvwxyz012345ABCDEFGHIJKLMNOPQRSTUVWXYZ6789+/"[x>>40&63]
	}
	return rawAlert(fmt.Sprint("big", i), func(a *soc.Alert) { a.Description = string(b) })
}

// tinyDisk mounts a file system of n MiB; where that is not allowed the test says so and does not run.
func tinyDisk(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=0700", n)); err != nil {
		t.Skipf("NOT TESTED: a real full disk needs the right to mount (%v)", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// A real file system, filled to the last byte by somebody else.
func TestF67_RealFullDisk(t *testing.T) {
	for _, control := range []bool{false, true} {
		t.Run(fmt.Sprintf("control=%v", control), func(t *testing.T) {
			dir := tinyDisk(t, 24)
			s := open(t, filepath.Join(dir, "cordon.db"), Options{space: statSpace})
			l := must(s.SaveLockdown(context.Background(), lockdown("LK-1", "m1")))
			if control {
				s.opt.allocate = func(string, int64) error { return syscall.ENOSPC }
				s.giveReserve()
			}
			fillDisk(t, filepath.Join(dir, "other"))
			s.look(t.Context())
			wantCode(t, s.CanIsolate(), soc.KindRefused, map[bool]string{true: "disk-scarce", false: "disk-low"}[control])
			_, err := s.PutAlerts(t.Context(), "i1", []soc.RawAlert{bulky(1)}, soc.PollState{})
			wantCode(t, err, soc.KindUnavailable, "disk-scarce")
			lost := 0
			for range 50 {
				next, err := s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "release"})
				if err != nil {
					lost++
					continue
				}
				l = next
			}
			if (lost > 0) != control {
				t.Errorf("%d of 50 releases were not stored", lost)
			}
			if err := os.Remove(filepath.Join(dir, "other")); err != nil {
				t.Fatal(err)
			}
			s.opt.allocate = allocate
			s.look(t.Context())
			if err := errors.Join(s.CanIsolate(), s.AppendAudit(t.Context(), soc.AuditEntry{Action: "fine"})); err != nil {
				t.Errorf("with room again: %v", err)
			}
		})
	}
}

func fillDisk(t *testing.T, name string) {
	t.Helper()
	f := must(os.Create(name))
	defer f.Close()
	for _, n := range []int{1 << 20, 4096} {
		for {
			if _, err := f.Write(make([]byte, n)); err != nil {
				break
			}
		}
	}
}
