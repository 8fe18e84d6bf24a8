package decompose

import "slices"

// NoPlanError reports that nothing in the library leads from the start to the goal.
type NoPlanError struct {
	Literal string // of the goal, that nothing can bring about; empty where only all its literals together cannot be
}

func (e *NoPlanError) Error() string {
	if e.Literal == "" {
		return "decompose: no plan: the goal's literals cannot be brought about together"
	}
	return "decompose: no plan: nothing can bring about " + e.Literal
}

// compile numbers the facts that needs and goal speak of, and drops ops and facts that cannot come about or do not bear
// on the goal. Where a need is negative, its absence is a fact of its own.
func (s *scene) compile(without []string) (*task, error) {
	g := s.ground(without)
	c := &compiler{grounder: g, schemas: map[*Action]*schema{}, ids: map[int32]int32{}}
	for _, sc := range g.schemas {
		c.schemas[sc.action] = sc
	}
	for i := range g.ops {
		c.needs(&g.ops[i])
	}
	t := &task{scene: s}
	for _, l := range s.goal {
		args := make([]int32, len(l.Args))
		for i, a := range l.Args {
			args[i] = g.objects[a]
		}
		t.goal = append(t.goal, c.fact(l.Not, g.predicate(l.Name), args))
	}
	for i := range g.ops {
		c.effects(&g.ops[i])
	}
	holds := make([]bool, len(c.facts)) // at the start
	for i, f := range c.facts {
		holds[i] = (int(f>>1) < g.initial) == (f&1 == 0)
	}
	ops, can := reachable(g.ops, holds)
	for i, f := range t.goal {
		if !can[f] {
			return nil, &NoPlanError{s.goal[i].String()}
		}
	}
	t.narrow(ops, holds)
	return t, nil
}

type compiler struct {
	*grounder
	schemas map[*Action]*schema
	ids     map[int32]int32 // twice the atom, plus one for its absence → fact
	facts   []int32         // and back
}

func (c *compiler) fact(not bool, predicate int32, args []int32) int32 {
	atom, _ := c.reached.add(predicate, args)
	f := atom << 1
	if not {
		f |= 1
	}
	id, ok := c.ids[f]
	if !ok {
		id = int32(len(c.facts))
		c.ids[f] = id
		c.facts = append(c.facts, f)
	}
	return id
}

func (c *compiler) needs(o *op) {
	for _, n := range c.schemas[o.action].needs {
		o.pre = append(o.pre, c.fact(n.not, n.predicate, pick(o.bound, n.params)))
	}
}

// effects keeps those that some need or the goal speaks of.
func (c *compiler) effects(o *op) {
	for _, e := range c.schemas[o.action].effects {
		atom, _ := c.reached.add(e.predicate, pick(o.bound, e.params))
		f := atom << 1
		if e.not {
			f |= 1
		}
		if id, ok := c.ids[f]; ok {
			o.add = append(o.add, id)
		}
		if id, ok := c.ids[f^1]; ok {
			o.del = append(o.del, id)
		}
	}
}

// reachable keeps the ops whose needs can all come about, if nothing is ever taken away.
func reachable(ops []op, holds []bool) ([]op, []bool) {
	can, done, kept := slices.Clone(holds), make([]bool, len(ops)), []op(nil)
	for more := true; more; {
		more = false
		for i, o := range ops {
			if done[i] || slices.ContainsFunc(o.pre, func(f int32) bool { return !can[f] }) {
				continue
			}
			done[i], more = true, true
			kept = append(kept, o)
			for _, f := range o.add {
				can[f] = true
			}
		}
	}
	return kept, can
}

// narrow keeps the ops and facts that bear on the goal, and numbers the facts anew.
func (t *task) narrow(ops []op, holds []bool) {
	fixed := slices.Clone(holds) // nothing takes it away
	for _, o := range ops {
		for _, f := range o.del {
			fixed[f] = false
		}
	}
	wanted, used := make([]bool, len(holds)), make([]bool, len(ops))
	for _, f := range t.goal {
		wanted[f] = !fixed[f]
	}
	for more := true; more; {
		more = false
		for i, o := range ops {
			if used[i] || !slices.ContainsFunc(o.add, func(f int32) bool { return wanted[f] }) {
				continue
			}
			used[i], more = true, true
			for _, f := range o.pre {
				wanted[f] = wanted[f] || !fixed[f]
			}
		}
	}
	number := make([]int32, len(holds))
	for f := range number {
		number[f] = -1
		if wanted[f] {
			number[f] = int32(t.facts)
			t.facts++
		}
	}
	renumber := func(list []int32) (out []int32) {
		for _, f := range list {
			if number[f] >= 0 {
				out = append(out, number[f])
			}
		}
		return out
	}
	t.words = (t.facts + 63) / 64
	t.start = make([]uint64, t.words)
	for f, n := range number {
		if n >= 0 && holds[f] {
			t.start[n/64] |= 1 << (n % 64)
		}
	}
	t.goal = renumber(t.goal)
	for i, o := range ops {
		if used[i] {
			o.pre, o.add, o.del = renumber(o.pre), renumber(o.add), renumber(o.del)
			o.rank = t.rank(o)
			t.ops = append(t.ops, o)
		}
	}
	slices.SortStableFunc(t.ops, func(a, b op) int { return a.rank - b.rank })
}

// rank is the place of the first literal in the goal that speaks of the first thing the op acts on.
func (t *task) rank(o op) int {
	if len(o.bound) > 0 {
		first := t.scene.objects[o.bound[0]]
		if i := slices.IndexFunc(t.scene.goal, func(l Literal) bool { return slices.Contains(l.Args, first) }); i >= 0 {
			return i
		}
	}
	return len(t.scene.goal)
}
