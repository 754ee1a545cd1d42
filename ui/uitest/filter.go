package uitest

import (
	"slices"
	"strings"

	"cordon/store/soc"
)

func rowOf(a soc.Alert) soc.AlertRow {
	r := soc.AlertRow{
		Key: a.Key(), Severity: a.Severity, Status: a.Status, Title: a.Title, HostName: a.HostName, MachineID: a.MachineID,
		Owner: a.AssignedTo, User: a.User(), Category: a.Category, Evidence: len(a.Evidence), Created: a.Created, LastUpdate: a.LastUpdate,
		Reopened: !a.ReopenedAt.IsZero(), Late: a.Late,
	}
	if len(a.Techniques) > 0 {
		r.Technique = a.Techniques[0]
	}
	return r
}

func sortRows(rows []soc.AlertRow, by []soc.SortKey) {
	slices.SortFunc(rows, func(a, b soc.AlertRow) int {
		for _, k := range by {
			c := compare(k.Field, a, b)
			if k.Desc {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return strings.Compare(a.Key.String(), b.Key.String())
	})
}

func compare(field string, a, b soc.AlertRow) int {
	switch field {
	case "severity":
		return a.Severity.Rank() - b.Severity.Rank()
	case "time":
		return a.Created.Compare(b.Created)
	case "update":
		return a.LastUpdate.Compare(b.LastUpdate)
	case "title":
		return strings.Compare(a.Title, b.Title)
	case "host":
		return strings.Compare(a.HostName, b.HostName)
	case "status":
		return strings.Compare(string(a.Status), string(b.Status))
	case "owner":
		return strings.Compare(a.Owner, b.Owner)
	case "user":
		return strings.Compare(a.User, b.User)
	case "technique":
		return strings.Compare(a.Technique, b.Technique)
	case "evidence":
		return a.Evidence - b.Evidence
	}
	return 0
}

func facets(rows []soc.AlertRow) soc.Facets {
	f := soc.Facets{Severity: map[soc.Severity]int{}, Status: map[soc.AlertStatus]int{}, Owner: map[string]int{}, Category: map[string]int{}}
	for _, r := range rows {
		f.Severity[r.Severity]++
		f.Status[r.Status]++
		f.Owner[r.Owner]++
		f.Category[r.Category]++
	}
	return f
}
