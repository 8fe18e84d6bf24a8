package decompose

import "slices"

// rearrange puts the parts of a plan, between any two times at which the hand is empty, in the order of the words, as far
// as their causes let it. Whether the result is a plan is for others to prove.
func (r *Request) rearrange(steps []Subtask, pr *Problem) ([]Subtask, bool) {
	bare := &Plan{Goal: r.Text}
	for _, s := range steps {
		bare.Subtasks = append(bare.Subtasks, Subtask{Action: s.Action, Args: s.Args})
	}
	p, err := r.Library.Complete(pr, bare)
	if err != nil {
		return nil, false
	}
	graph, err := p.Links(nil)
	if err != nil {
		return nil, false
	}
	part, parts := partition(p)
	at, err := r.happen(p, false)
	if err != nil {
		return nil, false
	}
	before := r.partial(graph, part, parts, at)
	wanted := make([]int, parts) // the first event that a part comes before or is of
	for k := range wanted {
		wanted[k] = len(r.Events)
	}
	for i := range slices.Backward(r.Events) {
		if at[i] >= 0 {
			wanted[part[at[i]]] = i
			for _, k := range before.ahead(part[at[i]]) {
				wanted[k] = i
			}
		}
	}
	order, ok := earliest(before, wanted)
	if !ok {
		return nil, false // a circle
	}
	var out []Subtask
	for _, best := range order {
		for i, s := range p.Subtasks {
			if part[i] == best {
				out = append(out, s)
			}
		}
	}
	return out, true
}

// partial is which parts come before which, by their causes and by the words.
func (r *Request) partial(graph []Link, part []int, parts int, at []int) *partial {
	before := newPartial(parts)
	follow := func(i, j int) {
		if i >= 0 && j >= 0 && i < len(part) && j < len(part) && part[i] != part[j] {
			before.add(part[i], part[j])
		}
	}
	for _, l := range graph {
		if l.Literal != "hand-empty" { // between parts it always holds
			follow(l.From, l.To)
		}
	}
	for i, e := range r.Events {
		for _, j := range e.After {
			if !r.Events[j].Passing || r.consumes(i, j) {
				follow(at[j], at[i])
			}
		}
	}
	before.close()
	return before
}

// earliest puts in order what a partial order leaves open, the smallest of some numbers first.
func earliest(before *partial, wanted []int) (order []int, ok bool) {
	done := make([]bool, len(wanted))
	for range wanted {
		best := -1
		for k := range wanted {
			ready := !done[k] && !slices.ContainsFunc(before.ahead(k), func(j int) bool { return !done[j] })
			if ready && (best < 0 || wanted[k] < wanted[best]) {
				best = k
			}
		}
		if best < 0 {
			return nil, false
		}
		done[best] = true
		order = append(order, best)
	}
	return order, true
}

// partition numbers the parts of a plan between any two times at which the hand is empty.
func partition(p *Plan) (part []int, parts int) {
	free := slices.Contains(p.Start, "hand-empty")
	for _, s := range p.Subtasks {
		part = append(part, parts)
		if slices.Contains(s.Effect, "hand-empty") {
			free = true
		} else if slices.Contains(s.Effect, "not hand-empty") {
			free = false
		}
		if free {
			parts++
		}
	}
	if !free {
		parts++
	}
	return part, parts
}
