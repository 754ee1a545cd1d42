package config

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cordon/store/soc"
)

// fieldSpec is one setting: its key in the file, and how it is read and written as text. Environment and flag names follow from the key.
type fieldSpec struct {
	key  string
	kind string // text, bool, number (also as text): what the file may hold
	help string
	get  func(*Config) string
	set  func(*Config, string) error
}

func (f fieldSpec) env() string {
	return "CORDON_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(f.key))
}

func (f fieldSpec) flag() string { return "--" + strings.ReplaceAll(f.key, ".", "-") }

func fields() []fieldSpec {
	return append([]fieldSpec{
		text("data", "folder of the store and its key", func(c *Config) *string { return &c.Data }, absolute),
		text("theme", "auto, dark, light or mono", func(c *Config) *string { return &c.Theme }, oneOf("auto", "dark", "light", "mono")),
		boolean("ascii", "plain ASCII borders and bars", func(c *Config) *bool { return &c.ASCII }),
		boolean("bell", "the terminal rings when a release keeps failing", func(c *Config) *bool { return &c.Bell }),
		boolean("read-only", "nobody changes anything through this process", func(c *Config) *bool { return &c.ReadOnly }),
		text("log.level", "error, warn, info, debug or trace", func(c *Config) *string { return &c.LogLevel },
			oneOf("error", "warn", "info", "debug", "trace")),
		{
			key: "shifts", kind: "text", help: "when somebody is on duty: Mon-Fri 08:00-18:00 Europe/Paris",
			get: func(c *Config) string { return c.Shifts.String() },
			set: func(c *Config, v string) (err error) { c.Shifts, err = soc.ParseShifts(v); return err },
		},
		duration("poll.interval", "how often a new tenant is polled", func(c *Config) *time.Duration { return &c.PollInterval }),
		text("poll.max-history", "how far back a new tenant's poll may reach", func(c *Config) *string { return &c.MaxHistory }, history),
		{
			key: "poll.max-restarts", kind: "number", help: "how often a poller that fails is started again before it stays down",
			get: func(c *Config) string { return strconv.Itoa(c.MaxRestarts) },
			set: func(c *Config, v string) error {
				n, err := strconv.Atoi(v)
				if err != nil || n < 1 || n > 100 {
					return fmt.Errorf("want a number from 1 to 100, not %q", v)
				}
				c.MaxRestarts = n
				return nil
			},
		},
		{
			key: "retention", kind: "number", help: "how long resolved alerts are kept; 0 = for ever",
			get: func(c *Config) string { return days(c.Retention) },
			set: func(c *Config, v string) (err error) { c.Retention, err = parseDays(v); return err },
		},
		text("ssh.listen", "address of the SSH console", func(c *Config) *string { return &c.SSH }, address),
		text("http.listen", "address of the HTTP interface", func(c *Config) *string { return &c.HTTP }, address),
		duration("heartbeat", "time between two signs of life to the notification sinks", func(c *Config) *time.Duration { return &c.Heartbeat }),
	}, append(keyFields(), httpFields()...)...)
}

func field(key string) (fieldSpec, bool) {
	all := fields()
	i := slices.IndexFunc(all, func(f fieldSpec) bool { return f.key == key })
	if i < 0 {
		return fieldSpec{}, false
	}
	return all[i], true
}

func text(key, help string, at func(*Config) *string, check func(string) (string, error)) fieldSpec {
	return fieldSpec{
		key: key, kind: "text", help: help,
		get: func(c *Config) string { return *at(c) },
		set: func(c *Config, v string) error {
			v, err := check(v)
			if err == nil {
				*at(c) = v
			}
			return err
		},
	}
}

func boolean(key, help string, at func(*Config) *bool) fieldSpec {
	return fieldSpec{
		key: key, kind: "bool", help: help,
		get: func(c *Config) string { return strconv.FormatBool(*at(c)) },
		set: func(c *Config, v string) error {
			b, err := strconv.ParseBool(v)
			if err != nil {
				return fmt.Errorf("want true or false, not %q", v)
			}
			*at(c) = b
			return nil
		},
	}
}

func duration(key, help string, at func(*Config) *time.Duration) fieldSpec {
	return fieldSpec{
		key: key, kind: "text", help: help,
		get: func(c *Config) string { return at(c).String() },
		set: func(c *Config, v string) error {
			d, err := time.ParseDuration(v)
			if err != nil {
				return fmt.Errorf("want a duration such as 30s or 5m, not %q", v)
			}
			if d < 10*time.Second || d > 24*time.Hour {
				return fmt.Errorf("%s is outside 10s to 24h", v)
			}
			*at(c) = d
			return nil
		},
	}
}

func oneOf(words ...string) func(string) (string, error) {
	return func(v string) (string, error) {
		if slices.Contains(words, v) {
			return v, nil
		}
		return "", fmt.Errorf("want one of %s, not %q", strings.Join(words, ", "), v)
	}
}

func absolute(v string) (string, error) {
	if v == "" {
		return "", errors.New("want a folder")
	}
	p, err := filepath.Abs(v)
	if err != nil {
		return "", fmt.Errorf("finding the folder %q: %w", v, err)
	}
	return p, nil
}

func address(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	_, port, err := net.SplitHostPort(v)
	if err != nil {
		return "", fmt.Errorf("want host:port, not %q", v)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", fmt.Errorf("%q is not a port", port)
	}
	return v, nil
}

// history accepts what T-30 names; the poller turns it into a time.
func history(v string) (string, error) {
	ago := regexp.MustCompile(`^[1-9][0-9]{0,3} (minute|hour|day|week|month)s? ago$`)
	if ago.MatchString(v) {
		return v, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if _, err := time.Parse(layout, v); err == nil {
			return v, nil
		}
	}
	return "", fmt.Errorf("want \"30 days ago\", a date or a time, not %q", v)
}

func days(d time.Duration) string { return strconv.Itoa(int(d/(24*time.Hour))) + "d" }

// parseDays reads a number of days, with or without a d.
func parseDays(v string) (time.Duration, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(v, "d"))
	if err != nil || n < 0 || n > 36500 {
		return 0, fmt.Errorf("want a number of days such as 180d, or 0 for ever, not %q", v)
	}
	return time.Duration(n) * 24 * time.Hour, nil
}
