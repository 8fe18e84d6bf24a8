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
	done := make([]bool, parts)
	var out []Subtask
	for range parts {
		best := -1
		for k := range parts {
			ready := !done[k] && !slices.ContainsFunc(before.ahead(k), func(j int) bool { return !done[j] })
			if ready && (best < 0 || wanted[k] < wanted[best]) {
				best = k
			}
		}
		if best < 0 {
			return nil, false // a circle
		}
		done[best] = true
		for i, s := range p.Subtasks {
			if part[i] == best {
				out = append(out, s)
			}
		}
	}
	return out, true
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
