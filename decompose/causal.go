package decompose

import (
	"fmt"
	"slices"
)

// Link is an edge of a plan's causal graph: From supplies the literal that To needs, or, with Threat, one of the two
// takes away the literal that the other needs (or supplies), so they must not change places.
type Link struct {
	From, To int // -1 is the initial state, the number of subtasks the goal
	Literal  string
	Threat   bool
}

// Links derives the causal graph from a plan that Verify accepts, and fails as Verify does otherwise. Every literal
// that a step needs has one link: from the earliest supplier after which nobody takes it away. Who takes it away comes
// before the supplier or after the needer. So every order of the subtasks that respects the links can be executed, and
// reaches Want.
func (p *Plan) Links(initial []string) ([]Link, error) {
	start, steps, want, err := p.parse(initial)
	if err != nil {
		return nil, err
	}
	if e := run(start, steps, want); e != nil {
		return nil, e
	}
	return links(start, steps, want), nil
}

func links(start []Literal, steps []step, want []Literal) (out []Link) {
	first := newWorld(start)
	for to := range len(steps) + 1 {
		needs := want
		if to < len(steps) {
			needs = steps[to].pre
		}
		for _, l := range needs {
			gone := l.Negated()
			from, supplied := -1, first.holds(l)
			for j, s := range steps[:to] {
				if s.has(gone) {
					supplied = false
				} else if !supplied && s.has(l) {
					from, supplied = j, true
				}
			}
			out = append(out, Link{from, to, l.String(), false})
			for j, s := range steps {
				switch {
				case j == to || !s.has(gone):
				case j < to:
					out = append(out, Link{j, from, l.String(), true})
				default:
					out = append(out, Link{to, j, l.String(), true})
				}
			}
		}
	}
	return out
}

func (s step) has(effect Literal) bool { return slices.ContainsFunc(s.effects, effect.Equal) }

// Order fills in After by the causal links from the initial state (nil stands for Start), whatever the order in the
// list: all suppliers of what a subtask needs, and those that threats put before it, unless that follows from others.
// It fails, and changes nothing, where Verify fails.
func (p *Plan) Order(initial []string) error {
	graph, err := p.Links(initial)
	if err != nil {
		return err
	}
	n := len(p.Subtasks)
	before := newPartial(n)
	for _, l := range graph {
		if l.From >= 0 && l.To < n {
			before.add(l.From, l.To)
		}
	}
	before.close()
	after := make([][]int, n)
	for _, l := range graph {
		if l.From < 0 || l.To == n || slices.Contains(after[l.To], l.From) {
			continue
		}
		if !l.Threat || !before.between(l.From, l.To, func(int) bool { return true }) {
			after[l.To] = append(after[l.To], l.From)
		}
	}
	for i := range p.Subtasks {
		slices.Sort(after[i])
		p.Subtasks[i].After = after[i]
	}
	return nil
}

// VerifyOrder proves After: whatever order the subtasks are done in, as long as it respects After, each finds its Pre
// and all of Want holds at the end. The order of the list plays no part. It decides exactly, without trying orders, by
// the modal truth criterion: a literal holds whenever its time comes if a supplier always comes before, and after
// everybody who may take it away before, another supplier always comes in between.
func (p *Plan) VerifyOrder(initial []string) error {
	start, steps, want, err := p.parse(initial)
	if err != nil {
		return err
	}
	n := len(steps)
	fault := func(f Fault, i int, missing, reason string) *OrderError {
		e := &OrderError{Fault: f, Step: i, Literal: missing, Supplier: -1, Destroyer: -1, Reason: reason}
		if i < n {
			e.Action = steps[i].name
		}
		return e
	}
	before := newPartial(n + 1) // the goal comes last
	for i, sub := range p.Subtasks {
		before.add(i, n)
		for _, j := range sub.After {
			if j < 0 || j >= n {
				return fault(Malformed, i, "", fmt.Sprintf("comes after step %d, which is none", j))
			}
			before.add(j, i)
		}
	}
	before.close()
	for i := range n {
		if before.has(i, i) {
			return fault(Malformed, i, "", "comes after itself")
		}
	}
	first := newWorld(start)
	for i := range n + 1 {
		needs := want
		if i < n {
			needs = steps[i].pre
		}
		for _, l := range needs {
			gone := l.Negated()
			supplied := first.holds(l) || slices.ContainsFunc(before.ahead(i), func(j int) bool { return steps[j].has(l) })
			if !supplied {
				return withSupplier(fault(WrongOrder, i, l.String(), ""), steps, l)
			}
			for j, s := range steps {
				safe := j == i || before.has(i, j) || !s.has(gone) ||
					before.between(j, i, func(k int) bool { return steps[k].has(l) })
				if !safe {
					e := fault(WrongOrder, i, l.String(), fmt.Sprintf("step %d may come before it", j))
					if e.Destroyer = j; i == n {
						e.Fault = GoalNotReached
					}
					return e
				}
			}
		}
	}
	return nil
}

// withSupplier says who could supply a literal if the order were another.
func withSupplier(e *OrderError, steps []step, l Literal) *OrderError {
	for j, s := range steps {
		if j != e.Step && s.has(l) {
			e.Supplier = j
			return e
		}
	}
	if e.Fault = MissingStep; e.Step == len(steps) {
		e.Fault = GoalNotReached
	}
	return e
}

// partial is a partial order: bit j of row i says that j comes before i.
type partial struct {
	n, words int
	rows     []uint64
}

func newPartial(n int) *partial {
	words := (n + 63) / 64
	return &partial{n, words, make([]uint64, n*words)}
}

func (p *partial) row(i int) []uint64     { return p.rows[i*p.words : (i+1)*p.words] }
func (p *partial) add(before, i int)      { p.row(i)[before/64] |= 1 << (before % 64) }
func (p *partial) has(before, i int) bool { return p.row(i)[before/64]>>(before%64)&1 == 1 }

// close makes it transitive.
func (p *partial) close() {
	for k := range p.n {
		for i := range p.n {
			if p.has(k, i) {
				for w, bits := range p.row(k) {
					p.row(i)[w] |= bits
				}
			}
		}
	}
}

// ahead lists what comes before i.
func (p *partial) ahead(i int) (out []int) {
	for j := range p.n {
		if p.has(j, i) {
			out = append(out, j)
		}
	}
	return out
}

// between tells whether something of a sort always comes after i and before j.
func (p *partial) between(i, j int, sort func(int) bool) bool {
	for k := range p.n {
		if k != i && k != j && p.has(i, k) && p.has(k, j) && sort(k) {
			return true
		}
	}
	return false
}
