package store

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"cordon/store/soc"
)

// inUse is the refusal of a second opener; it names the process that holds the file (F55).
func inUse(path string, err error) error {
	who := "another process"
	if pid := holder(path); pid > 0 {
		who = fmt.Sprintf("process %d", pid)
	}
	return &soc.Error{
		Kind: soc.KindConflict, Code: "store-in-use", Err: err, What: fmt.Sprintf("%s is using the store %s", who, path),
		Means: "two consoles on one store would act against each other", Next: "use that one, it keeps the timers; a background process hands over when \"cordon\" starts; or give this one its own --data",
	}
}

// Holder is the process that has the store at path open, 0 if none has or nobody knows.
func Holder(path string) int { return lockHolder(path) }

// holder finds the process id that locks the file: from the kernel's list, else from the file that the holder leaves beside the store.
// 0 means unknown.
func holder(path string) int {
	if pid := lockHolder(path); pid > 0 {
		return pid
	}
	b, err := os.ReadFile(pidPath(path))
	if err != nil {
		return 0
	}
	text, _, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	pid, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return pid
}

// lockHolder reads /proc/locks, whose lines look like "1: FLOCK ADVISORY WRITE 4242 fe:01:1837 0 EOF".
func lockHolder(path string) int {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	b, err := os.ReadFile("/proc/locks")
	if err != nil {
		return 0
	}
	inode := ":" + strconv.FormatUint(st.Ino, 10)
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 6 || f[1] != "FLOCK" || !strings.HasSuffix(f[5], inode) {
			continue
		}
		if pid, err := strconv.Atoi(f[4]); err == nil && pid > 0 {
			return pid
		}
	}
	return 0
}

func pidPath(path string) string { return path + ".pid" }

// writePID leaves our process id beside the store. It is a courtesy for the message of a second opener, so failing is not an error.
func writePID(path string, background bool) {
	f, err := os.OpenFile(pidPath(path), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return
	}
	text := strconv.Itoa(os.Getpid())
	if background {
		text += " " + backgroundMark
	}
	_, _ = fmt.Fprintln(f, text)
	_ = f.Close()
}

func removePID(path string) { _ = os.Remove(pidPath(path)) }
