package decompose

import "math"

// cutter computes the landmark-cut heuristic: a lower bound on the steps that remain, and the ops that count in it.
// It finds, one after the other, sets of ops of which every plan must have one, makes these ops free, and goes on
// until the goal costs nothing (Helmert and Domshlak, 2009).
type cutter struct {
	t          *task
	goal, free int32     // two facts more: the goal as a whole, and what always holds
	needs      [][]int32 // op → facts; the last op reaches the goal for nothing
	adds       [][]int32
	neededBy   [][]int32 // fact → ops
	addedBy    [][]int32

	cost, level  []int32 // of ops, of facts
	unmet        []int32
	by           []int32 // op → its dearest need, the last to come about
	now, later   []int32
	zone         []bool // from here the goal is free
	seen         []bool
	inZone, path []int32
	landmark     []bool // ops that were in a cut
}

const never = math.MaxInt32

func newCutter(t *task) *cutter {
	n, m := t.facts+2, len(t.ops)+1
	c := &cutter{t: t, goal: int32(t.facts), free: int32(t.facts + 1), neededBy: make([][]int32, n), addedBy: make([][]int32, n),
		cost: make([]int32, m), level: make([]int32, n), unmet: make([]int32, m), by: make([]int32, m),
		zone: make([]bool, n), seen: make([]bool, n), landmark: make([]bool, m)}
	for _, o := range t.ops {
		c.needs, c.adds = append(c.needs, o.pre), append(c.adds, o.add)
	}
	c.needs, c.adds = append(c.needs, t.goal), append(c.adds, []int32{c.goal})
	for i := range c.needs {
		if len(c.needs[i]) == 0 {
			c.needs[i] = []int32{c.free}
		}
		for _, f := range c.needs[i] {
			c.neededBy[f] = append(c.neededBy[f], int32(i))
		}
		for _, f := range c.adds[i] {
			c.addedBy[f] = append(c.addedBy[f], int32(i))
		}
	}
	return c
}

// bound returns the lower bound for a state, or false if nothing leads from it to the goal.
func (c *cutter) bound(state []uint64) (int32, bool) {
	for i := range c.cost {
		c.cost[i], c.landmark[i] = 1, false
	}
	c.cost[len(c.cost)-1] = 0
	for total := int32(0); ; total++ {
		c.spread(state)
		switch c.level[c.goal] {
		case 0:
			return total, true
		case never:
			return 0, false
		}
		c.cut(state)
	}
}

func (c *cutter) holds(state []uint64, f int32) bool {
	return f == c.free || f < c.goal && state[f/64]>>(f%64)&1 == 1
}

// spread finds the level of every fact: the cost of the dearest thing on the cheapest way to it, if nothing is ever
// taken away.
func (c *cutter) spread(state []uint64) {
	c.now, c.later = c.now[:0], c.later[:0]
	for f := range c.level {
		c.level[f] = never
		if c.holds(state, int32(f)) {
			c.level[f] = 0
			c.now = append(c.now, int32(f))
		}
	}
	for i := range c.unmet {
		c.unmet[i] = int32(len(c.needs[i]))
	}
	for d := int32(0); len(c.now) > 0; d++ {
		for len(c.now) > 0 {
			f := c.now[len(c.now)-1]
			c.now = c.now[:len(c.now)-1]
			if c.level[f] != d {
				continue // it came about more cheaply
			}
			for _, o := range c.neededBy[f] {
				if c.unmet[o]--; c.unmet[o] > 0 {
					continue
				}
				c.by[o] = f
				at := d + c.cost[o]
				for _, g := range c.adds[o] {
					if c.level[g] <= at {
						continue
					}
					if c.level[g] = at; at == d {
						c.now = append(c.now, g)
					} else {
						c.later = append(c.later, g)
					}
				}
			}
		}
		c.now, c.later = c.later, c.now
	}
}

// cut finds the ops that lead into the zone from which the goal is free, and makes them free.
func (c *cutter) cut(state []uint64) {
	clear(c.zone)
	clear(c.seen)
	c.zone[c.goal] = true
	c.inZone = append(c.inZone[:0], c.goal)
	for len(c.inZone) > 0 {
		f := c.inZone[len(c.inZone)-1]
		c.inZone = c.inZone[:len(c.inZone)-1]
		for _, o := range c.addedBy[f] {
			if c.unmet[o] <= 0 && c.cost[o] == 0 && !c.zone[c.by[o]] {
				c.zone[c.by[o]] = true
				c.inZone = append(c.inZone, c.by[o])
			}
		}
	}
	c.path = c.path[:0]
	for f := range c.level {
		if c.level[f] == 0 && !c.zone[f] && c.holds(state, int32(f)) {
			c.seen[f] = true
			c.path = append(c.path, int32(f))
		}
	}
	for len(c.path) > 0 {
		f := c.path[len(c.path)-1]
		c.path = c.path[:len(c.path)-1]
		for _, o := range c.neededBy[f] {
			if c.unmet[o] > 0 || c.by[o] != f {
				continue
			}
			for _, g := range c.adds[o] {
				if c.zone[g] {
					c.cost[o], c.landmark[o] = 0, true
				} else if !c.seen[g] {
					c.seen[g] = true
					c.path = append(c.path, g)
				}
			}
		}
	}
}
