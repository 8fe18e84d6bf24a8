package decompose

import (
	"encoding/binary"
	"slices"
)

// task is a problem as the search sees it: facts are literals by number, and only those that bear on the goal are left.
type task struct {
	scene *scene
	words int // of 64 facts in a state
	facts int
	start []uint64
	goal  []int32
	ops   []op
}

// op is an action with all its parameters bound.
type op struct {
	action        *Action
	bound         []int32 // objects
	pre, add, del []int32 // facts
	rank          int     // of the first literal of the goal that it works for, by the look of it
}

// atoms numbers atoms, given as the predicate's number and the objects'.
type atoms struct {
	ids  map[string]int32
	buf  []byte
	args [][]int32 // of each atom, after its predicate
}

func (a *atoms) key(predicate int32, args []int32) []byte {
	a.buf = binary.LittleEndian.AppendUint32(a.buf[:0], uint32(predicate))
	for _, o := range args {
		a.buf = binary.LittleEndian.AppendUint32(a.buf, uint32(o))
	}
	return a.buf
}

// add returns the number of an atom, and whether it is new.
func (a *atoms) add(predicate int32, args []int32) (int32, bool) {
	key := a.key(predicate, args)
	if id, ok := a.ids[string(key)]; ok {
		return id, false
	}
	id := int32(len(a.args))
	a.ids[string(key)] = id
	a.args = append(a.args, append([]int32{predicate}, args...))
	return id, true
}

// schema is an action by numbers: each of its literals is a predicate and parameters.
type schema struct {
	action         *Action
	kinds          [][]bool // parameter → object → fits
	needs, effects []pattern
	seen           int // atoms of its needs' predicates when it was last bound
}

type pattern struct {
	not       bool
	predicate int32
	params    []int32
}

type grounder struct {
	scene      *scene
	objects    map[string]int32
	predicates map[string]int32
	deleted    []bool // by predicate: some action takes such atoms away
	reached    atoms
	byPred     [][]int32 // atoms
	initial    int       // so many atoms hold at the start
	schemas    []*schema
	found      map[string]bool // ops, by action and objects
	ops        []op
	without    []string
}

// ground binds the actions in every way that, by what can come about at all, may be done.
func (s *scene) ground(without []string) *grounder {
	g := &grounder{scene: s, objects: map[string]int32{}, predicates: map[string]int32{}, found: map[string]bool{}, without: without}
	g.reached.ids = map[string]int32{}
	for i, o := range s.objects {
		g.objects[o] = int32(i)
	}
	for _, l := range s.start {
		g.atom(l)
	}
	g.initial = len(g.reached.args)
	g.choose()
	for more := true; more; {
		more = false
		for i, sc := range g.schemas {
			seen := 0
			for _, n := range sc.needs {
				if !n.not {
					seen += len(g.byPred[n.predicate]) + 1
				}
			}
			if seen+1 > sc.seen {
				sc.seen, more = seen+1, true
				g.bind(int32(i), sc)
			}
		}
	}
	return g
}

func (g *grounder) predicate(name string) int32 {
	id, ok := g.predicates[name]
	if !ok {
		id = int32(len(g.byPred))
		g.predicates[name] = id
		g.byPred, g.deleted = append(g.byPred, nil), append(g.deleted, false)
	}
	return id
}

func (g *grounder) atom(l Literal) {
	args := make([]int32, len(l.Args))
	for i, a := range l.Args {
		args[i] = g.objects[a]
	}
	g.reach(g.predicate(l.Name), args)
}

func (g *grounder) reach(p int32, args []int32) {
	if id, fresh := g.reached.add(p, args); fresh {
		g.byPred[p] = append(g.byPred[p], id)
	}
}

// choose keeps the actions with an effect that the goal, or the needs of an action kept, may want.
func (g *grounder) choose() {
	type signed struct {
		not  bool
		name string
	}
	wanted := map[signed]bool{}
	for _, l := range g.scene.goal {
		wanted[signed{l.Not, l.Name}] = true
	}
	kept := map[*Action]bool{}
	for more := true; more; {
		more = false
		for _, a := range g.scene.lib.actions {
			useful := slices.ContainsFunc(a.Effects, func(l Literal) bool { return wanted[signed{l.Not, l.Name}] })
			if kept[a] || !useful || slices.Contains(g.without, a.Name) {
				continue
			}
			kept[a], more = true, true
			for _, l := range a.Needs {
				wanted[signed{l.Not, l.Name}] = true
			}
		}
	}
	fits := map[string][]bool{}
	for _, a := range g.scene.lib.actions {
		if !kept[a] {
			continue
		}
		all := a.all()
		sc := &schema{action: a, needs: g.patterns(a.Needs, all), effects: g.patterns(a.Effects, all)}
		for _, p := range all {
			if fits[p.Kind] == nil {
				fits[p.Kind] = make([]bool, len(g.scene.objects))
				for i, o := range g.scene.objects {
					fits[p.Kind][i] = g.scene.is(o, p.Kind)
				}
			}
			sc.kinds = append(sc.kinds, fits[p.Kind])
		}
		for _, e := range sc.effects {
			g.deleted[e.predicate] = g.deleted[e.predicate] || e.not
		}
		g.schemas = append(g.schemas, sc)
	}
}

func (g *grounder) patterns(literals []Literal, params []Param) []pattern {
	out := make([]pattern, len(literals))
	for i, l := range literals {
		out[i] = pattern{not: l.Not, predicate: g.predicate(l.Name)}
		for _, a := range l.Args {
			out[i].params = append(out[i].params, int32(slices.IndexFunc(params, named(a))))
		}
	}
	return out
}

// binding is a schema whose parameters are bound one need after the other.
type binding struct {
	*grounder
	number int32 // of the schema
	schema *schema
	bound  []int32 // objects, -1 where not yet
	open   []bool  // needs that are not yet joined
}

// bind finds the bindings of a schema whose needs can come about, by joining its needs with the atoms reached.
func (g *grounder) bind(number int32, sc *schema) {
	b := &binding{g, number, sc, make([]int32, len(sc.kinds)), make([]bool, len(sc.needs))}
	for i := range b.bound {
		b.bound[i] = -1
	}
	for i, n := range sc.needs {
		b.open[i] = !n.not
	}
	b.next()
}

// put binds a parameter, if the object is of its kind and nothing else is bound to it.
func (b *binding) put(param, object int32) bool {
	if b.bound[param] >= 0 {
		return b.bound[param] == object
	}
	if !b.schema.kinds[param][object] || slices.Contains(b.bound, object) {
		return false
	}
	b.bound[param] = object
	return true
}

// narrowest is the open need that leaves the fewest choices, and how many of its parameters are not bound; -1 where none is open.
func (b *binding) narrowest() (best, bestFree int) {
	best, size := -1, 0
	for i, n := range b.schema.needs {
		if !b.open[i] {
			continue
		}
		free := 0
		for _, p := range n.params {
			if b.bound[p] < 0 {
				free++
			}
		}
		if atoms := len(b.byPred[n.predicate]); best < 0 || min(free, 1) < min(bestFree, 1) || min(free, 1) == min(bestFree, 1) && atoms < size {
			best, bestFree, size = i, free, atoms
		}
	}
	return best, bestFree
}

// next joins one more need, then binds what no need speaks of, then takes the op.
func (b *binding) next() {
	best, free := b.narrowest()
	if best >= 0 {
		b.open[best] = false
		b.join(b.schema.needs[best], free)
		b.open[best] = true
		return
	}
	if i := slices.Index(b.bound, -1); i >= 0 { // no need speaks of it
		for o := range b.scene.objects {
			if b.put(int32(i), int32(o)) {
				b.next()
				b.bound[i] = -1
			}
		}
		return
	}
	b.take(b.number, b.schema, b.bound)
}

// join goes on with every atom reached that a need can be.
func (b *binding) join(n pattern, free int) {
	if free == 0 {
		if _, ok := b.reached.ids[string(b.reached.key(n.predicate, pick(b.bound, n.params)))]; ok {
			b.next()
		}
		return
	}
	saved := slices.Clone(b.bound)
	for _, id := range b.byPred[n.predicate] {
		args, ok := b.reached.args[id][1:], true
		for j, p := range n.params {
			if ok = b.put(p, args[j]); !ok {
				break
			}
		}
		if ok {
			b.next()
		}
		copy(b.bound, saved)
	}
}

func pick(bound, params []int32) []int32 {
	out := make([]int32, len(params))
	for i, p := range params {
		out[i] = bound[p]
	}
	return out
}

// take adds an op, unless it is known or needs the absence of what nothing takes away.
func (g *grounder) take(number int32, sc *schema, bound []int32) {
	for _, n := range sc.needs {
		if !n.not || g.deleted[n.predicate] {
			continue
		}
		id, ok := g.reached.ids[string(g.reached.key(n.predicate, pick(bound, n.params)))]
		if ok && int(id) < g.initial {
			return
		}
	}
	key := string(g.reached.key(number, bound))
	if g.found[key] {
		return
	}
	g.found[key] = true
	g.ops = append(g.ops, op{action: sc.action, bound: slices.Clone(bound)})
	for _, e := range sc.effects {
		if !e.not {
			g.reach(e.predicate, pick(bound, e.params))
		}
	}
}
