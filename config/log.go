package config

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// maxLog is how large a log file grows before it is set aside; one old file is kept.
const maxLog = 8 << 20

// OpenLog opens the log of a process, where cordon writes what has no place in the history: cordon.log in the data folder, 0600 and of bounded
// size, or to when it is not nil. Lines are written at once; the file lives as long as the process.
func OpenLog(c Config, to io.Writer) (*slog.Logger, error) {
	if to == nil {
		f := &logFile{path: filepath.Join(c.Data, "cordon.log")}
		if err := f.open(); err != nil {
			return nil, err
		}
		to = f
	}
	return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: level(c.LogLevel)})), nil
}

func level(name string) slog.Level {
	switch name {
	case "error":
		return slog.LevelError
	case "warn":
		return slog.LevelWarn
	case "debug":
		return slog.LevelDebug
	case "trace":
		return slog.LevelDebug - 4
	}
	return slog.LevelInfo
}

// logFile is a file that is renamed to NAME.1 when it is full.
type logFile struct {
	path string
	mu   sync.Mutex
	f    *os.File
	size int64
}

func (l *logFile) open() error {
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return fmt.Errorf("opening the log: %w", err)
	}
	l.f, l.size = f, info.Size()
	return nil
}

// Write appends a line. A full file is set aside first; if that fails the line still goes into the old one.
func (l *logFile) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size+int64(len(b)) > maxLog && os.Rename(l.path, l.path+".1") == nil {
		old := l.f
		if err := l.open(); err != nil {
			l.f = old
		} else {
			_ = old.Close()
		}
	}
	n, err := l.f.Write(b)
	l.size += int64(n)
	return n, err
}
