package dialog

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// leave asks what becomes of live lockdowns when the console that keeps their timers is about to end (K-13). Staying is the default; going
// without a keeper needs a typed word, because nothing releases the hosts then.
type leave struct {
	base
	form
	live    []soc.Lockdown
	problem string // the lockdowns could not be read
	keep    func(ctx context.Context) error
	busy    bool

	word Field
	stay Button
	back Button
	quit Button
}

// LeaveWord must be typed to quit although nothing keeps the timers.
const LeaveWord = "quit"

// backMsg is the answer of the background process.
type backMsg struct {
	dialog int
	err    error
}

func (m backMsg) to() int { return m.dialog }

// NewLeave returns the question. background is nil when a background process is impossible; problem says why live may be incomplete.
func NewLeave(env Env, live []soc.Lockdown, problem string, background func(ctx context.Context) error) Dialog {
	d := &leave{base: base{env: env}, live: live, problem: problem, keep: background}
	d.word = Field{Limit: 12, NoPast: true}
	d.stay, d.back, d.quit = Button{Text: "Stay"}, Button{Text: "Keep running in background"}, Button{Text: "Quit anyway"}
	d.parts = []part{{id: "stay", button: &d.stay}}
	if background != nil {
		d.parts = append(d.parts, part{id: "back", button: &d.back})
	}
	d.parts = append(d.parts, part{id: "word", field: &d.word}, part{id: "do", button: &d.quit})
	d.judge()
	return d
}

func (d *leave) judge() {
	d.quit.Off = ""
	if !strings.EqualFold(strings.TrimSpace(d.word.Text()), LeaveWord) {
		d.quit.Off = "until " + LeaveWord + " is typed"
	}
	d.back.Off = ""
	if d.busy {
		d.back.Off = "starting it"
	}
}

// Key handles a key.
func (d *leave) Key(p Press) tea.Cmd {
	if p.String() == "esc" {
		d.closed = true
		return nil
	}
	pressed := d.form.key(p)
	d.judge()
	switch pressed {
	case "stay":
		d.closed = true
	case "back":
		return d.background()
	case "do":
		if d.quit.Off != "" {
			d.note = d.quit.Off
			return nil
		}
		d.closed = true
		return screen.Send(QuitMsg{})
	}
	return nil
}

func (d *leave) background() tea.Cmd {
	if d.busy {
		return nil
	}
	d.busy = true
	d.judge()
	id, keep := d.id, d.keep
	return d.env.Run(func(ctx context.Context) tea.Msg { return backMsg{id, keep(ctx)} })
}

// Update handles the answer of the background process: only when it took the timers over may the console end.
func (d *leave) Update(msg tea.Msg) tea.Cmd {
	m, ok := msg.(backMsg)
	if !ok {
		return nil
	}
	d.busy = false
	d.judge()
	if m.err != nil {
		d.note = "the background process did not take over: " + errText(m.err)
		return nil
	}
	d.closed = true
	return screen.Send(QuitMsg{})
}

func (d *leave) Ticking() bool { return true }

// View draws the question.
func (d *leave) View(w, h int) string {
	t, bw := d.env.Theme, min(maxPalette, w)
	in := bw - 4
	head := []string{t.Strong.Render(theme.Clip(words.Count(len(d.live), "live lockdown")+": the timers run in this console", in))}
	if d.problem != "" {
		head = append(head, t.Bad.Render(theme.Clip("the list could not be read: "+d.problem, in)))
	}
	var rows []string
	for _, l := range d.live {
		word := l.Word(d.now)
		left := left(l.Left(d.now))
		if l.Deadline.IsZero() {
			left = words.Period(l.Period) + " once confirmed"
		}
		rows = append(rows, theme.Clip(theme.Fit(l.HostName, 26)+" "+t.State(word).Render(theme.Fit(word, 10))+" "+theme.Fit(left, 18)+" by "+l.By.Name, in))
	}
	foot := []string{"", t.Bad.Render(theme.Clip("! Quit anyway: NOTHING releases these hosts until cordon runs again.", in))}
	if d.keep == nil {
		foot = append(foot, t.Muted.Render(theme.Clip("a background process is not possible here", in)))
	}
	foot = append(foot, t.Warn.Render("To quit anyway, type "+LeaveWord+": ")+d.line(t, "word", 10), "")
	foot = append(foot, d.buttons(t, d.ready, in)...)
	if d.note != "" {
		foot = append(foot, t.Warn.Render(theme.Clip(d.note, in)))
	}
	room := max(1, h-2-len(head)-len(foot))
	if len(rows) > room {
		rows = append(rows[:room-1], fmt.Sprintf("and %d more", len(rows)-room+1))
	}
	return draw(t, "Leave cordon", "tab move  esc stay", append(append(head, rows...), foot...), bw, 0)
}

// Hints are the keys that work now.
func (d *leave) Hints() []keys.Binding {
	return []keys.Binding{
		{ID: "dialog.cancel", Keys: []string{"esc"}, Hint: "stay"},
		{ID: "dialog.tab", Keys: []string{"tab"}, Hint: "next"},
		{ID: "dialog.enter", Keys: []string{"enter"}, Hint: "on a button"},
	}
}
