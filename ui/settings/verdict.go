package settings

import (
	"slices"
	"strings"

	"cordon/store/soc"
)

// The result of a test in one sentence. A tenant whose app has some roles is of use without the others: the permission sets of several products
// allow either lockdowns or alerts (product sets of the permissions panel), so the sentence names what works and what does not.

const (
	rolePrefix    = "role: "
	profilePrefix = "profile: "
)

// mains are the capabilities that the sentence names, by the names of their steps.
func mains() []string {
	return []string{"read alerts", "read hosts and actions", "isolate and release"}
}

// verdict is the result of the last test in one sentence.
func (m *Model) verdict() string {
	if strings.HasPrefix(string(m.job.of), "c:") {
		return channelVerdict(m.job.steps, m.job.err)
	}
	return verdict(m.job.steps, m.job.err)
}

// channelVerdict is the result of the test of a channel.
func channelVerdict(steps []soc.Step, err error) string {
	for _, s := range steps {
		if s.Status == soc.StepFail {
			return "does not work: " + s.Name + " failed: " + s.Detail
		}
	}
	if err != nil {
		return "does not work: " + err.Error()
	}
	return "works"
}

// without reports that a role is not granted, whether it was asked for or not.
func without(s soc.Step) bool {
	return strings.HasPrefix(s.Name, rolePrefix) && (s.Status == soc.StepFail || strings.Contains(s.Detail, " is not granted"))
}

// verdict is the result of the test of a tenant.
func verdict(steps []soc.Step, err error) string {
	if failed(steps) == 0 && err != nil {
		return "NOT usable: " + err.Error()
	}
	for _, s := range steps {
		tolerated := strings.HasPrefix(s.Name, rolePrefix) || strings.HasPrefix(s.Name, profilePrefix) || s.Name == "clock"
		if s.Status == soc.StepFail && !tolerated {
			return "NOT usable: " + s.Name + " failed: " + s.Detail
		}
	}
	text := roleVerdict(steps)
	for _, s := range steps {
		switch {
		case s.Status != soc.StepFail:
		case strings.HasPrefix(s.Name, profilePrefix):
			text += ", but " + s.Detail
		case s.Name == "clock":
			text += ", but the clocks differ"
		}
	}
	return text
}

// roleVerdict names what the granted roles allow and what they do not, with the reason of the first.
func roleVerdict(steps []soc.Step) string {
	var can, cannot []string
	why := ""
	for _, s := range steps {
		name, isRole := strings.CutPrefix(s.Name, rolePrefix)
		main := slices.Contains(mains(), name)
		switch {
		case !isRole || s.Status == soc.StepSkip:
		case !without(s):
			if main {
				can = append(can, name)
			}
		case main || s.Status == soc.StepFail:
			cannot = append(cannot, name)
			if why == "" {
				why = s.Detail
			}
		}
	}
	switch {
	case len(cannot) == 0:
		return "can read and isolate"
	case len(can) == 0:
		return "NOT usable: " + why
	}
	return "can " + strings.Join(can, ", ") + "; cannot " + strings.Join(cannot, ", ") + ": " + why
}
