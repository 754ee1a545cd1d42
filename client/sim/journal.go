package sim

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Post is one write that reached the tenant, whatever became of it.
type Post struct {
	At        time.Time
	Method    string
	Path      string
	MachineID string // for calls about a machine or one of its actions
	Kind      string // last path segment: isolate, unisolate, cancel, batchUpdate, …; "update" for PATCH, "delete" for DELETE
	Body      string
	Fault     FaultKind // the fault that met it, empty for none
	Effect    bool      // whether it changed something
	ActionID  string    // the action that it made, cancelled or was given
	Status    int       // the status that was sent, 0 when the reply was cut off

	mu *sync.Mutex
}

// Request is one line of the tenant's access log.
type Request struct {
	At     time.Time
	Method string
	Path   string
	Query  url.Values
}

// journal remembers what arrived. Writes are kept all, reads in a ring.
type journal struct {
	requests int
	log      []Request
	posts    []*Post
	calls    map[string]int
}

const maxLog = 8192

// arrive books a request; the caller holds the lock.
func (t *Tenant) arrive(c *call, fault *hit) {
	j := &t.journal
	j.requests++
	if len(j.log) >= maxLog {
		j.log = append(j.log[:0], j.log[maxLog/2:]...)
	}
	j.log = append(j.log, Request{At: t.at, Method: c.r.Method, Path: c.r.URL.Path, Query: c.r.URL.Query()})
	if c.r.Method == http.MethodGet || len(c.path) < 2 || !strings.EqualFold(c.path[0], "api") {
		return
	}
	p := &Post{
		At: t.at, Method: c.r.Method, Path: c.r.URL.Path, Body: string(c.body),
		Kind: c.path[len(c.path)-1], mu: &t.mu,
	}
	if c.r.Method == http.MethodPatch {
		p.Kind = "update"
	}
	if c.r.Method == http.MethodDelete {
		p.Kind = "delete"
	}
	if fault != nil {
		p.Fault = fault.Kind
	}
	if len(c.path) > 2 {
		p.MachineID = t.aboutMachine(c.path[1], c.path[2])
	}
	c.post = p
	j.posts = append(j.posts, p)
}

// aboutMachine finds the machine that a write is about, also for names and
// actions, so that a test can ask by machine id alone.
func (t *Tenant) aboutMachine(set, id string) string {
	switch strings.ToLower(set) {
	case "machines":
		if h, ok := t.findHost(id); ok {
			return t.hostID(h)
		}
		return id
	case "machineactions":
		if a := t.actions.byID[strings.ToLower(id)]; a != nil {
			return a.MachineID
		}
	}
	return ""
}

func (p *Post) setStatus(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Status = status
}

// effect marks the write as done; the caller holds the lock.
func (c *call) effect(actionID string) {
	if c.post != nil {
		c.post.Effect = true
		c.post.ActionID = actionID
	}
}
