package sim

import "time"

// World is a choice of content.
type World int

// The worlds. The sized ones follow the distributions of a real tenant: alerts
// and machines are 10k/5k, 100k/50k, 540k/100k and 1M/500k.
const (
	WorldStory World = iota // 48 hosts, 60 alerts and an attack that unfolds
	WorldS
	WorldM
	WorldL
	WorldXL
)

// String names the world as flags and messages do.
func (w World) String() string {
	switch w {
	case WorldStory:
		return "story"
	case WorldS:
		return "S"
	case WorldM:
		return "M"
	case WorldL:
		return "L"
	case WorldXL:
		return "XL"
	}
	return "unknown"
}

// Worlds lists all worlds.
func Worlds() []World { return []World{WorldStory, WorldS, WorldM, WorldL, WorldXL} }

// size is how much of a world there is at the start.
func (w World) size() (hosts, alerts int, past time.Duration) {
	const day = 24 * time.Hour
	switch w {
	case WorldS:
		return 5_000, 10_000, 180 * day
	case WorldM:
		return 50_000, 100_000, 104 * day
	case WorldL:
		return 100_000, 540_000, 180 * day
	case WorldXL:
		return 500_000, 1_000_000, 180 * day
	}
	return 48, 60, 5 * day
}

// build lays out the world: machines, the skeleton of the alerts, live events.
func (t *Tenant) build() {
	hosts, alerts, past := t.opt.World.size()
	hosts, alerts = override(t.opt.Hosts, hosts), override(t.opt.Alerts, alerts)
	t.hosts = hostStore{
		seed: t.opt.Seed, count: int32(hosts),
		full: map[int32]*Machine{}, ids: map[string]int32{}, state: map[int32]*hostState{},
	}
	t.alerts = alertStore{seed: t.opt.Seed, full: map[int32]*Alert{}, ids: map[string]int32{}}
	t.journal.calls = map[string]int{}
	if t.opt.World == WorldStory {
		t.castStory()
	}
	t.layAlerts(alerts, past)
	t.alerts.index()
	t.live.init(t)
}

// override reads a size option: 0 keeps the size of the world, negative is none.
func override(option, size int) int {
	if option == 0 {
		return size
	}
	return max(0, option)
}

// layAlerts spreads n alerts over the past. Some come in bursts that share one
// timestamp, as they do when one event raises many alerts.
func (t *Tenant) layAlerts(n int, past time.Duration) {
	if n == 0 {
		return
	}
	t.alerts.rows = make([]alertRow, n)
	d := newDice(t.opt.Seed, saltAlertTime, 0)
	gaps := make([]uint32, n)
	var total int64
	burst := 0
	for i := range gaps {
		switch {
		case burst > 0:
			burst--
		default:
			gaps[i] = uint32(1 + d.n(1000)*d.n(1000)/500)
			if d.chance(30) {
				burst = 1 + d.n(11)
			}
		}
		total += int64(gaps[i])
	}
	end := tickOf(t.start)
	var at int64
	for i := range t.alerts.rows {
		at += int64(gaps[i])
		age := tick(float64(past/100) * float64(total-at) / float64(total+1))
		t.layAlert(i, end-age-tick(ticksPerSecond), gaps[i] == 0, end)
	}
}

// layAlert fills one row. The members of a burst repeat the time of the row
// before them.
func (t *Tenant) layAlert(i int, created tick, again bool, end tick) {
	d := newDice(t.opt.Seed, saltAlertTime, int64(i)+1)
	row := &t.alerts.rows[i]
	row.created = created.round(d.n(8))
	if again && i > 0 {
		row.created = t.alerts.rows[i-1].created
	}
	row.severity = drawSeverity(&d)
	row.template = t.names.pickTemplate(row.severity, &d)
	row.host = t.drawHost(&d)
	age := end - row.created
	row.status = drawStatus(&d, age)
	row.updated = row.created + t.drawDelay(&d, row.status)
	if again && i > 0 && d.chance(600) {
		row.updated = t.alerts.rows[i-1].updated
	}
	row.updated = max(row.created, min(row.updated.round(d.n(8)), end))
}

// drawSeverity follows the mix High 8, Medium 25, Low 42, Informational 25 %.
func drawSeverity(d *dice) uint8 {
	switch roll := d.n(100); {
	case roll < 8:
		return sevHigh
	case roll < 33:
		return sevMedium
	case roll < 75:
		return sevLow
	}
	return sevInformational
}

// drawHost prefers a twentieth of the machines; one alert in a hundred is about
// no machine at all.
func (t *Tenant) drawHost(d *dice) int32 {
	count := int(t.hosts.count)
	switch {
	case count == 0 || d.chance(10):
		return -1
	case d.chance(300):
		return int32(count - 1 - d.n(max(1, count/20)))
	}
	return int32(d.n(count))
}

// drawStatus makes old alerts mostly resolved and young ones mostly new.
func drawStatus(d *dice, age tick) uint8 {
	const day = 24 * 3600 * ticksPerSecond
	resolved, progress := 300, 150
	switch {
	case age > 14*day:
		resolved, progress = 970, 10
	case age > 2*day:
		resolved, progress = 700, 100
	}
	switch roll := d.n(1000); {
	case roll < resolved:
		return statusResolved
	case roll < resolved+progress:
		return statusInProgress
	}
	return statusNew
}

func (t *Tenant) drawDelay(d *dice, status uint8) tick {
	seconds := 1 + d.n(5)
	if status != statusNew {
		seconds = 600 + d.n(6*3600)
	}
	if d.chance(100) {
		seconds += d.n(3 * 86400)
	}
	return tick(seconds)*ticksPerSecond + tick(d.n(ticksPerSecond))
}
