package store

import "cordon/store/soc"

func (x *index) kill(row uint32) {
	k := row >> chunkBits
	c := x.views[k].c
	if c == nil || c.died[row&chunkMask].Load() != 0 {
		return
	}
	c.died[row&chunkMask].Store(x.rev)
	x.dead[k]++
	x.last[k] = x.rev
	x.live--
}

// clean empties chunks that are full and mostly dead, and drops those that nobody can pin any more.
func (x *index) clean() {
	for k := range x.views {
		v := &x.views[k]
		if v.c == nil || v.n < chunkRows || x.dead[k]*4 < v.n*3 {
			continue
		}
		if x.dead[k] == v.n {
			if x.rev-x.last[k] > pinsKept {
				x.minPin = max(x.minPin, x.last[k])
				*v = view{n: v.n, born: v.born}
			}
			continue
		}
		for i := range v.n {
			if x.views[k].c.died[i].Load() == 0 {
				x.move(uint32(k<<chunkBits + i))
			}
		}
	}
}

// move appends a copy of a row as its newest version.
func (x *index) move(row uint32) {
	from, i := x.views[row>>chunkBits].c, int(row&chunkMask)
	id := string(x.views[row>>chunkBits].id(i))
	to := x.appendRow(func(c *chunk, j int) {
		for col := range numCols {
			c.words[col][j] = from.words[col][i]
		}
		c.created[j], c.updated[j], c.seq[j], c.hash[j] = from.created[i], from.updated[i], from.seq[i], from.hash[i]
		c.evidence[j], c.flags[j], c.prev[j] = from.evidence[i], from.flags[i], row+1
	}, id)
	x.ids.replace(x.idHash(from.words[colTenant][i], id), row, to)
	x.kill(row)
}

// forget removes every row of an integration.
func (x *index) forget(id soc.IntegrationID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	tenant, ok := x.words[colTenant].find(string(id))
	if !ok {
		return
	}
	x.rev++
	for k := range x.views {
		v := &x.views[k]
		for i := 0; v.c != nil && i < v.n; i++ {
			if v.c.words[colTenant][i] == tenant {
				x.kill(uint32(k<<chunkBits + i))
			}
		}
	}
	x.clean()
	x.publish(false)
}
