// Package config finds out how cordon was told to run: flags before CORDON_* environment before the file before the defaults.
//
// It promises that nothing is ignored silently. A key that does not exist, a value of the wrong type, a value out of range: each is an
// error that names the place (file:line with the line itself, the variable or the flag) and nothing starts. And it can say where every
// value came from (Settings), which is what `cordon config show` prints.
//
// What is here is about this process only. Tenants, credentials, rules, roles and users live in the store, where changes are audited; the
// file never holds a secret.
package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/adrg/xdg"

	"cordon/store/soc"
)

// Config is how this process runs. It is a value; Load makes it.
type Config struct {
	File string // the file that was read, empty if there is none
	Data string // folder of the store, the key and the log

	Theme    string // auto, dark, light, mono
	ASCII    bool   // plain borders and bars
	Bell     bool   // the terminal rings when a release keeps failing
	ReadOnly bool   // nobody changes anything through this process
	LogLevel string // error, warn, info, debug, trace

	Shifts soc.Shifts // when somebody is there to see a release, empty = always

	PollInterval time.Duration // of a newly attached tenant
	MaxHistory   string        // of a newly attached tenant: "30 days ago", a date or a time
	MaxRestarts  int           // of a poller that keeps failing (T-19)

	Retention time.Duration // of resolved alerts, since their last change; 0 = for ever

	SSH  string // address of the SSH console, empty = off
	HTTP string // address of the HTTP interface, empty = off

	HTTPOptions HTTPOptions

	Key KeyOptions // where the key of the credentials comes from

	Notify    []Sink        // who is told what happens
	Heartbeat time.Duration // between two signs of life to them

	origins map[string]string
}

// Setting is one value as `cordon config show` prints it.
type Setting struct {
	Key, Value string
	Origin     string // "default", "/path/config.yaml:3", "CORDON_THEME" or "--theme"
	Help       string
}

// Sources is where Load looks.
type Sources struct {
	File  string            // --config; empty means CORDON_CONFIG, then the default path, which may be absent
	Env   []string          // as os.Environ returns it
	Flags map[string]string // only flags that were given, by key: "poll.interval" → "1m"
	// NoSinks leaves the section "notify" of the file unread, right or wrong: for a command that must work and tells nobody.
	NoSinks bool
}

// Default returns the configuration of a process that was told nothing.
func Default() Config {
	state, _ := folders()
	return Config{
		Data: filepath.Join(state, "cordon"), Theme: "auto", Bell: true, LogLevel: "info",
		PollInterval: time.Minute, MaxHistory: "30 days ago", MaxRestarts: 3, Retention: 180 * 24 * time.Hour, Heartbeat: time.Minute,
		origins: map[string]string{},
	}
}

// DefaultFile returns where the file is looked for: $XDG_CONFIG_HOME/cordon/config.yaml.
func DefaultFile() string {
	_, dir := folders()
	return filepath.Join(dir, "cordon", "config.yaml")
}

// reading keeps two readers of the environment apart, because the library keeps what it read in variables of its own.
var reading sync.Mutex

// folders are the user's folders for state and configuration, by the environment as it is now.
func folders() (state, config string) {
	reading.Lock()
	defer reading.Unlock()
	xdg.Reload() // it reads the environment once, at import
	return xdg.StateHome, xdg.ConfigHome
}

// Load puts the sources together. Its errors are *Error and name the place.
func Load(src Sources) (Config, error) {
	c := Default()
	if err := c.loadFile(src); err != nil {
		return Config{}, err
	}
	if err := c.loadEnv(src.Env); err != nil {
		return Config{}, err
	}
	if err := c.loadFlags(src.Flags); err != nil {
		return Config{}, err
	}
	return c, c.Validate()
}

// Store returns the path of the database.
func (c Config) Store() string { return filepath.Join(c.Data, "cordon.db") }

// Settings lists every value with its origin, in the order of the documentation.
func (c Config) Settings() []Setting {
	var out []Setting
	for _, f := range fields() {
		origin := c.origins[f.key]
		if origin == "" {
			origin = "default"
		}
		out = append(out, Setting{Key: f.key, Value: f.get(&c), Origin: origin, Help: f.help})
	}
	for _, n := range c.Notify {
		out = append(out, Setting{Key: sinksKey + "." + n.Name, Value: n.target(), Origin: n.origin, Help: "a receiver of notifications"})
	}
	return out
}

// Validate checks what one value alone can not show.
func (c Config) Validate() error {
	if c.SSH != "" && c.SSH == c.HTTP {
		return &Error{Where: c.origin("http.listen"), What: "ssh.listen and http.listen are the same address " + c.SSH}
	}
	if key, what := c.HTTPOptions.check(c.HTTP); what != "" {
		return &Error{Where: c.origin(key), What: what}
	}
	if !filepath.IsAbs(c.Data) {
		return &Error{Where: c.origin("data"), What: "data is not an absolute path: " + c.Data}
	}
	return nil
}

func (c Config) origin(key string) string {
	if o := c.origins[key]; o != "" {
		return o
	}
	return "default"
}

func (c *Config) loadEnv(env []string) error {
	for _, f := range fields() {
		i := slices.IndexFunc(env, func(kv string) bool { return strings.HasPrefix(kv, f.env()+"=") })
		if i < 0 {
			continue
		}
		value := env[i][len(f.env())+1:]
		if value == "" {
			continue
		}
		if err := c.set(f, value, f.env()); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) loadFlags(flags map[string]string) error {
	for key, value := range flags {
		f, ok := field(key)
		if !ok {
			return &Error{Where: "--" + key, What: "there is no such setting" + guess(key)}
		}
		if err := c.set(f, value, f.flag()); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) loadFile(src Sources) error {
	path, chosen := src.File, src.File != ""
	for _, kv := range src.Env {
		if v, ok := strings.CutPrefix(kv, "CORDON_CONFIG="); ok && v != "" && !chosen {
			path, chosen = v, true
		}
	}
	if !chosen {
		path = DefaultFile()
	}
	text, err := readFile(path)
	if os.IsNotExist(err) && !chosen {
		return nil
	}
	if err != nil {
		return err
	}
	c.File = path
	return c.parse(path, text, src.NoSinks)
}

func (c *Config) set(f fieldSpec, value, where string) error {
	if err := f.set(c, value); err != nil {
		return &Error{Where: where, What: f.key + ": " + err.Error()}
	}
	c.origins[f.key] = where
	return nil
}
