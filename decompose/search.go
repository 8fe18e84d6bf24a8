package decompose

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
)

// SearchOptions bound a search. Nil stands for the zero value.
type SearchOptions struct {
	Nodes   int      // states looked at, at most; 0 = 100,000
	Without []string // actions not to use
}

// LimitError reports that a search looked at as many states as it may, and found no plan so far.
type LimitError struct {
	Nodes int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("decompose: no plan among the first %d states", e.Nodes)
}

// Search finds a plan with the fewest steps there can be. Where several have as few, literals that stand first in the
// goal are brought about first, and the same problem always yields the same plan; it is empty where the goal holds
// from the start. Errors are a *ProblemError, a *NoPlanError, a *LimitError, or the context's.
func (l *Library) Search(ctx context.Context, pr *Problem, opts *SearchOptions) (*Plan, error) {
	if opts == nil {
		opts = &SearchOptions{}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := l.scene(pr)
	if err != nil {
		return nil, err
	}
	if together := s.impossible(func(l Literal) bool { return slices.ContainsFunc(s.goal, l.Equal) }); together != "" {
		return nil, &NoPlanError{together}
	}
	t, err := s.compile(opts.Without)
	if err != nil {
		return nil, err
	}
	limit := opts.Nodes
	if limit <= 0 {
		limit = 100_000
	}
	found, err := t.search(ctx, limit)
	if err != nil {
		return nil, err
	}
	steps := make([]grounded, len(found))
	for i, o := range found {
		steps[i] = s.bind(o)
	}
	return s.plan(pr.Text, s.prefer(s.arrange(steps), t))
}

// bind gives an op its names.
func (s *scene) bind(o op) grounded {
	bound, a := make([]string, len(o.bound)), o.action
	for j, object := range o.bound {
		bound[j] = s.objects[object]
	}
	name := Literal{Name: a.Name, Args: bound[:len(a.Params)]}.String()
	return grounded{step{name, a.ground(a.Needs, bound), a.ground(a.Effects, bound)}, a, bound, a.sentence(bound)}
}

// prefer exchanges steps for others that do the same, and name what the next steps are about: go to Ann, not to
// the book beside her.
func (s *scene) prefer(steps []grounded, t *task) []grounded {
	w := newWorld(s.start)
	for i, st := range steps {
		best, nearest := st, len(steps)
		for _, o := range t.ops {
			if !st.action.silent() || o.action != st.action {
				continue
			}
			other := s.bind(o)
			if _, lacks := w.lacks(other.pre); lacks || !slices.EqualFunc(other.effects, st.effects, Literal.Equal) {
				continue
			}
			about := func(later grounded) bool {
				return slices.ContainsFunc(other.bound[:len(st.action.Params)], func(o string) bool { return slices.Contains(later.bound, o) })
			}
			if j := slices.IndexFunc(steps[i+1:max(i+1, nearest)], about); j >= 0 {
				best, nearest = other, i+1+j
			}
		}
		steps[i] = best
		w.apply(best.effects)
	}
	return steps
}

// plan writes down proved steps.
func (s *scene) plan(goal string, steps []grounded) (*Plan, error) {
	p := &Plan{Goal: goal, Start: texts(s.start), Want: texts(s.goal)}
	for _, st := range steps {
		p.Subtasks = append(p.Subtasks, Subtask{Text: st.text, Action: st.action.Name, Args: st.bound[:len(st.action.Params):len(st.action.Params)],
			Pre: texts(st.pre), Effect: texts(st.effects)})
	}
	return p, p.Order(nil)
}

// arrange sorts steps so that, as far as their causal order lets it, those for the goal's first literals come first.
func (s *scene) arrange(steps []grounded) []grounded {
	n := len(steps)
	plain := make([]step, n)
	for i, st := range steps {
		plain[i] = st.step
	}
	serves := make([]int, n) // the first literal of the goal that a step works for
	before := newPartial(n)
	graph := links(s.start, plain, s.goal)
	for i := range serves {
		serves[i] = len(s.goal)
	}
	for _, l := range graph {
		if l.To < n && l.From >= 0 {
			before.add(l.From, l.To)
		}
	}
	before.close()
	for _, l := range graph {
		if l.To == n && l.From >= 0 && !l.Threat {
			place := slices.IndexFunc(s.goal, func(g Literal) bool { return g.String() == l.Literal })
			for _, i := range append(before.ahead(l.From), l.From) {
				serves[i] = min(serves[i], place)
			}
		}
	}
	out, done := make([]grounded, 0, n), make([]bool, n)
	for range n {
		best := -1
		for i := range n {
			ready := !done[i] && !slices.ContainsFunc(before.ahead(i), func(j int) bool { return !done[j] })
			if ready && (best < 0 || serves[i] < serves[best]) {
				best = i
			}
		}
		done[best] = true
		out = append(out, steps[best])
	}
	return out
}

// node is a state reached, its packed facts at the same place in space.states.
type node struct {
	steps, parent, op int32
	closed            bool
}

// entry is a node that waits, with a lower bound of the steps that remain from it.
type entry struct {
	node, steps, bound int32
}

// space holds what a search has seen.
type space struct {
	t      *task
	states []uint64
	nodes  []node
	index  map[string]int32 // packed state → node
	key    []byte
	open   [][][]entry // by the length of the plan through it, then by what remains; last in, first out
}

func (s *space) state(n int32) []uint64 { return s.states[int(n)*s.t.words : (int(n)+1)*s.t.words] }

func (s *space) push(e entry) {
	f := int(e.steps + e.bound)
	for len(s.open) <= f {
		s.open = append(s.open, nil)
	}
	for len(s.open[f]) <= int(e.bound) {
		s.open[f] = append(s.open[f], nil)
	}
	s.open[f][e.bound] = append(s.open[f][e.bound], e)
}

func (s *space) pop() (entry, bool) {
	for f := range s.open {
		for h, stack := range s.open[f] {
			if len(stack) > 0 {
				s.open[f][h] = stack[:len(stack)-1]
				return stack[len(stack)-1], true
			}
		}
	}
	return entry{}, false
}

// visit records a way to a state, if it is new or shorter than the one known.
func (s *space) visit(state []uint64, steps, parent, op, bound int32) {
	s.key = s.key[:0]
	for _, w := range state {
		s.key = binary.LittleEndian.AppendUint64(s.key, w)
	}
	id, ok := s.index[string(s.key)]
	if !ok {
		id = int32(len(s.nodes))
		s.nodes = append(s.nodes, node{})
		s.states = append(s.states, state...)
		s.index[string(s.key)] = id
	} else if s.nodes[id].steps <= steps {
		return
	}
	s.nodes[id] = node{steps: steps, parent: parent, op: op}
	s.push(entry{id, steps, bound})
}

// search is A*. A node is pushed with a bound that its parent implies: an op that is in none of the parent's cuts
// leaves every one of them to be crossed. Only a node that is popped gets a bound of its own.
func (t *task) search(ctx context.Context, limit int) ([]op, error) {
	s := &space{t: t, index: map[string]int32{}}
	c := newCutter(t)
	next := make([]uint64, t.words)
	s.visit(t.start, 0, -1, -1, 0)
	for popped := 0; ; popped++ {
		e, ok := s.pop()
		if !ok {
			return nil, &NoPlanError{}
		}
		if popped%64 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		at := s.nodes[e.node]
		if at.closed || at.steps < e.steps {
			continue
		}
		cuts, alive := c.bound(s.state(e.node))
		if !alive {
			continue
		}
		if cuts > e.bound {
			s.push(entry{e.node, e.steps, cuts})
			continue
		}
		if t.reached(s.state(e.node)) {
			return s.path(e.node), nil
		}
		s.nodes[e.node].closed = true
		for i := len(t.ops) - 1; i >= 0; i-- { // the first op ends up on top
			o := &t.ops[i]
			if !t.applies(o, s.state(e.node)) {
				continue
			}
			copy(next, s.state(e.node))
			for _, f := range o.del {
				next[f/64] &^= 1 << (f % 64)
			}
			for _, f := range o.add {
				next[f/64] |= 1 << (f % 64)
			}
			rest := cuts
			if c.landmark[i] {
				rest--
			}
			s.visit(next, e.steps+1, e.node, int32(i), max(rest, e.bound-1, 0))
		}
		if len(s.nodes) > limit {
			return nil, &LimitError{limit}
		}
	}
}

func (t *task) applies(o *op, state []uint64) bool {
	for _, f := range o.pre {
		if state[f/64]>>(f%64)&1 == 0 {
			return false
		}
	}
	return true
}

func (t *task) reached(state []uint64) bool { return t.applies(&op{pre: t.goal}, state) }

// path lists the ops that lead to a node.
func (s *space) path(n int32) (out []op) {
	for ; s.nodes[n].parent >= 0; n = s.nodes[n].parent {
		out = append(out, s.t.ops[s.nodes[n].op])
	}
	slices.Reverse(out)
	return out
}
