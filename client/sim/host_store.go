package sim

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// hostStore holds the machines. A handle below made is generated on demand.
type hostStore struct {
	seed  uint64
	count int32 // all handles
	full  map[int32]*Machine
	ids   map[string]int32 // ids that were not made from a handle
	state map[int32]*hostState
	names []uint64 // hash of a name above, handle below, sorted; nil until asked for
}

// hostState is what the actions did to a machine: the truth that Defender does
// not show.
type hostState struct {
	scope      string // isolation scope, empty when connected
	restricted bool
}

// madeID spreads the handle over the first eight digits and fills up with
// digits that follow from it.
func (s *hostStore) madeID(h int32) string {
	d := newDice(s.seed, saltHost, int64(h)+1<<40)
	v := scatter(h, s.seed)
	var b [8]byte
	for i := range b {
		b[i] = hexDigits[v>>(28-4*i)&15]
	}
	return string(b[:]) + d.hex(32)
}

func (s *hostStore) findID(id string) (int32, bool) {
	if h, ok := s.ids[id]; ok {
		return h, true
	}
	if len(id) != 40 {
		return 0, false
	}
	v, err := strconv.ParseUint(id[:8], 16, 32)
	if err != nil {
		return 0, false
	}
	h := gather(uint32(v), s.seed)
	if h < 0 || h >= s.count || s.madeID(h) != id {
		return 0, false
	}
	if m := s.full[h]; m != nil && m.ID != id {
		return 0, false
	}
	return h, true
}

// copies says whether the handle is a second record of the handle before it:
// 3 % of a world. merged says whether that second record was merged (1 %).
func (s *hostStore) copies(h int32) bool {
	return h > 0 && s.copyRoll(h) < 31 && s.copyRoll(h-1) >= 31
}

func (s *hostStore) merged(h int32) bool { return s.copies(h) && s.copyRoll(h) < 10 }

func (s *hostStore) copyRoll(h int32) int {
	d := newDice(s.seed, saltHostName, int64(h)+1<<40)
	return d.n(1000)
}

// madeName follows the naming rule of the organisation; 2 % do not.
func (s *hostStore) madeName(h int32, c *catalog) string {
	if s.copies(h) {
		h--
	}
	d := newDice(s.seed, saltHostName, int64(h))
	number := strconv.Itoa(1000 + int(h))
	switch roll := d.n(1000); {
	case roll < 20:
		return d.pick(oddHostNames()) + "-" + number
	case roll < 720:
		return "WS-" + d.pick(c.depts) + "-" + number + "." + domain
	case roll < 820:
		return "lt-" + strings.ToLower(d.pick(c.depts)) + "-" + number + "." + domain
	case roll < 850:
		return "MAC-" + d.pick(c.depts) + "-" + number
	case roll < 880:
		return "SRV-LNX-" + number + "." + domain
	case roll < 990:
		return "SRV-" + d.pick(c.roles) + "-" + number + "." + domain
	}
	return "DC-" + d.pick(c.sites) + "-" + number + "." + domain
}

// findHost resolves an id or a DNS name; of several records with one name the
// one that the service would return is the first that is active and not merged.
func (t *Tenant) findHost(idOrName string) (int32, bool) {
	if h, ok := t.hosts.findID(idOrName); ok {
		return h, true
	}
	all := t.named(idOrName)
	for _, h := range all {
		if m := t.viewHost(h); m.MergedIntoMachineID == "" && m.HealthStatus != "Inactive" {
			return h, true
		}
	}
	if len(all) > 0 {
		return all[0], true
	}
	return 0, false
}

// named returns the handles with exactly this DNS name, in any letter case.
func (t *Tenant) named(name string) []int32 {
	s := &t.hosts
	if s.names == nil {
		s.names = make([]uint64, 0, s.count)
		for h := range s.count {
			s.names = append(s.names, uint64(nameHash(t.hostName(h)))<<32|uint64(uint32(h)))
		}
		slices.Sort(s.names)
	}
	var out []int32
	hash := nameHash(name)
	i, _ := slices.BinarySearch(s.names, uint64(hash)<<32)
	for ; i < len(s.names) && uint32(s.names[i]>>32) == hash; i++ {
		if h := int32(uint32(s.names[i])); strings.EqualFold(t.hostName(h), name) {
			out = append(out, h)
		}
	}
	return out
}

func nameHash(name string) uint32 {
	f := fnv.New32a()
	_, _ = f.Write([]byte(strings.ToLower(name)))
	return f.Sum32()
}

func (t *Tenant) hostName(h int32) string {
	if m := t.hosts.full[h]; m != nil {
		return m.ComputerDNSName
	}
	return t.hosts.madeName(h, t.names)
}

func (t *Tenant) hostID(h int32) string {
	if m := t.hosts.full[h]; m != nil {
		return m.ID
	}
	return t.hosts.madeID(h)
}

// viewHost returns the machine of a handle, for reading.
func (t *Tenant) viewHost(h int32) *Machine {
	if m := t.hosts.full[h]; m != nil {
		return m
	}
	m := new(Machine)
	t.makeHost(h, m)
	return m
}

// ownHost makes a machine changeable.
func (t *Tenant) ownHost(h int32) *Machine {
	m := t.viewHost(h)
	t.hosts.full[h] = m
	return m
}

func (t *Tenant) hostState(h int32) *hostState {
	s := t.hosts.state[h]
	if s == nil {
		s = new(hostState)
		t.hosts.state[h] = s
	}
	return s
}

// addHost appends a machine and returns its handle.
func (t *Tenant) addHost(m Machine) int32 {
	h := t.hosts.count
	t.hosts.count++
	if m.ID == "" {
		m.ID = t.hosts.madeID(h)
	}
	t.hosts.full[h] = &m
	t.hosts.ids[m.ID] = h
	t.hosts.names = nil
	return h
}
