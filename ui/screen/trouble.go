package screen

import (
	"slices"

	"cordon/store/soc"
)

// NotCurrent returns the trouble, if there is one, that keeps the records from being the present: the store can not be written, so what was
// read was true when the trouble began, and nothing that happened since can be in it.
func NotCurrent(list []soc.Trouble) (soc.Trouble, bool) {
	i := slices.IndexFunc(list, func(t soc.Trouble) bool { return t.Code == "store-failed" || t.Code == "store-gone" })
	if i < 0 {
		return soc.Trouble{}, false
	}
	return list[i], true
}

// TroubleLevel is the level of a notice that is as loud as the trouble.
func TroubleLevel(l soc.Level) Level {
	switch l {
	case soc.LevelBad:
		return Bad
	case soc.LevelWarn:
		return Warn
	}
	return Info
}
