package dialog

import (
	"strings"

	"github.com/sahilm/fuzzy"

	"cordon/store/soc"
	"cordon/ui/theme"
	"cordon/ui/words"
)

func (d *palette) hostRows() []row {
	var rows []row
	for _, h := range d.hosts {
		state := "ok"
		if w := d.word[h.Key]; w != "" && w != soc.NotIsolated {
			state = strings.ToUpper(string(w))
		}
		rows = append(rows, row{
			cells: []string{h.Name, state, words.Dash(h.Health) + ", seen " + words.Since(d.now, h.LastSeen) + " ago  " + words.ShortID(h.Key.MachineID)},
			id:    "host:" + h.Key.String(),
		})
	}
	return rows
}

// commandRows ranks the commands by how well they fit; without a text they come in their own order.
func (d *palette) commandRows(text string) []row {
	var rows []row
	add := func(e Entry) {
		scope := e.Scope
		if e.Off != "" {
			scope = "off: " + e.Off
		}
		tail := theme.Fit(e.Keys, 7) + " " + theme.Fit(scope, 10)
		rows = append(rows, row{cells: []string{e.Title}, tail: tail, off: e.Off, id: "cmd:" + e.Title + e.Scope})
	}
	if text == "" {
		for _, e := range d.entries {
			add(e)
		}
		return rows
	}
	titles := make([]string, len(d.entries))
	for i, e := range d.entries {
		titles[i] = e.Title
	}
	for _, m := range fuzzy.Find(text, titles) {
		add(d.entries[m.Index])
	}
	return rows
}

func grammarRows(text string) []row {
	var rows []row
	first, _, _ := strings.Cut(text, " ")
	for _, v := range verbs() {
		if text == "" || strings.HasPrefix(v[0], strings.ToLower(first)) {
			rows = append(rows, row{cells: []string{v[0] + " " + v[1]}, id: "verb:" + v[0]})
		}
	}
	return rows
}

func (d *palette) recentRows() []row {
	var rows []row
	for _, r := range d.recent {
		rows = append(rows, row{cells: []string{r}, id: "past:" + r})
	}
	return rows
}
