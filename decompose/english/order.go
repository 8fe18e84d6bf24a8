package english

import (
	"slices"

	"github.com/egotsr/egotsr/decompose"
)

// sequence finds what the words put after what.
type sequence struct {
	clauses []*understood
	group   []int // clauses since the last "then"
	before  []int // and all before them
	late    []int // "before doing this": comes after the group
}

// order turns order words into what comes after what.
func order(pieces []piece, clauses []*understood) {
	q := &sequence{clauses: clauses}
	for i, pc := range pieces {
		if pc.fresh { // a sentence ends what "before" reaches
			q.settle()
			q.group, q.late = append(q.group, q.late...), nil
		}
		if pc.then && (pc.sub == "" || pc.lead) {
			q.next()
		}
		q.place(pieces, i)
	}
	q.next()
}

// after notes that a clause comes after earlier ones.
func (q *sequence) after(i int, earlier ...int) {
	for _, j := range earlier {
		if i != j && !slices.Contains(q.clauses[i].said, j) {
			q.clauses[i].said = append(q.clauses[i].said, j)
		}
	}
}

// settle puts what comes late after the group before it.
func (q *sequence) settle() {
	for _, l := range q.late {
		q.after(l, slices.DeleteFunc(slices.Clone(q.group), func(g int) bool { return g < l })...)
	}
}

// next begins a group that comes after all so far.
func (q *sequence) next() {
	if len(q.group)+len(q.late) == 0 {
		return
	}
	q.settle()
	q.group, q.late, q.before = nil, nil, append(slices.Clip(q.group), q.late...)
}

// place puts one clause into the order.
func (q *sequence) place(pieces []piece, i int) {
	pc := pieces[i]
	switch {
	case pc.sub == "before" && pc.lead:
		q.late = append(q.late, i)
	case pc.sub == "after" && pc.lead:
		if i == 0 || !(pieces[i-1].sub == "after" && pieces[i-1].lead) {
			q.next()
		}
		q.group = append(q.group, i)
		q.after(i, q.before...)
		if pieces[i+1].sub == "" {
			q.next()
		}
	case pc.sub != "":
		main := i - 1
		for main > 0 && pieces[main].sub == pc.sub && !pieces[main].lead {
			main--
		}
		if pc.sub == "before" {
			q.after(i, main)
		} else {
			q.after(main, i)
		}
		q.group = append(q.group, i)
	default:
		if pc.ahead {
			for _, j := range q.group {
				q.after(j, i)
			}
		}
		q.after(i, q.before...)
		if q.group = append(q.group, i); pc.seals {
			q.next()
		}
	}
}

// narrated puts clauses that do something to the same thing in the order in which they are told: fold it, then hang it.
// Where untied is set, what was put into something may be done to before that: cut the apple that goes into the bowl.
func narrated(clauses []*understood, untied bool) {
	for i, c := range clauses {
		for j, earlier := range clauses[:i] {
			done := slices.Concat(earlier.bound["X"], earlier.bound["V"])
			used := slices.Concat(c.bound["X"], c.bound["V"])
			if earlier.rule != nil && !takes(earlier.rule) || earlier.takesOut() {
				used = slices.Concat(used, c.bound["T"], c.bound["Y"])
			}
			shared := slices.ContainsFunc(used, func(o *object) bool { return slices.Contains(done, o) }) || c.follows(earlier) || earlier.takesOut() && slices.ContainsFunc(earlier.bound["Y"], func(o *object) bool { return slices.Contains(used, o) })
			if untied && earlier.rule != nil && slices.ContainsFunc(earlier.rule.goal, decompose.Literal{Name: "in", Args: []string{"X", "Y"}}.Equal) && c.rule != nil && !takes(c.rule) {
				continue
			}
			if shared && !slices.Contains(earlier.said, i) && !slices.Contains(c.said, j) {
				c.said = append(c.said, j)
			}
		}
	}
}

// follows tells whether a clause is about the whole of what an earlier one did something to: the pot whose lid is lifted.
func (c *understood) follows(earlier *understood) bool {
	return slices.ContainsFunc(earlier.bound["X"], func(o *object) bool {
		return o.whole != nil && slices.ContainsFunc(c.slots, func(s slot) bool { return slices.Contains(c.bound[s.name], o.whole) })
	})
}

// topological sorts clauses by what they come after, and otherwise as the words have them. It is nil for a circle.
func topological(clauses []*understood) (out []int) {
	done := make([]bool, len(clauses))
	for range clauses {
		best := slices.IndexFunc(clauses, func(c *understood) bool {
			i := slices.Index(clauses, c)
			return !done[i] && !slices.ContainsFunc(c.said, func(j int) bool { return !done[j] })
		})
		if best < 0 {
			return nil
		}
		done[best] = true
		out = append(out, best)
	}
	return out
}
