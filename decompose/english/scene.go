package english

import (
	"slices"

	"github.com/egotsr/egotsr/decompose"
)

// build makes a request of the pieces of a sentence.
func (b *builder) build(pieces []piece) (*decompose.Request, error) {
	if !slices.ContainsFunc(pieces, func(pc piece) bool { return !pc.readings[0].told }) {
		return nil, b.fault(0, len(b.words), "it asks for nothing")
	}
	for _, pc := range pieces {
		r, err := b.choose(pc.readings)
		if err != nil {
			return nil, err
		}
		if r.rule != nil && r.rule.motions {
			b.request.Library = decompose.Motions()
		}
		c, err := b.commit(r)
		if err != nil {
			return nil, err
		}
		for _, words := range [][]word{r.manner, pc.aside} {
			if len(words) > 0 {
				b.say(words)
				b.assume(b.said[len(b.said)-1])
			}
		}
		if r.rule == nil {
			if c.rule, err = b.untidy(c); err != nil {
				return nil, err
			}
			continue
		}
		for _, n := range r.rule.needs {
			// what the goal or the start speaks of is needed now; of tools, later clauses may name one
			about := func(l decompose.Literal) bool { return slices.Contains(l.Args, n.slot) }
			if n.kind == "support" {
				continue
			}
			if slices.ContainsFunc(r.rule.goal, about) || r.rule.by != nil && about(*r.rule.by) || slices.ContainsFunc(r.rule.start, about) || slices.ContainsFunc(r.rule.was, about) {
				o, err := b.supply(c, n)
				if err != nil {
					return nil, err
				}
				c.bound[n.slot] = []*object{o}
			} else {
				b.needs = append(b.needs, n)
			}
		}
	}
	b.furnish()
	order(pieces, b.clauses)
	narrated(b.clauses)
	s := &setter{builder: b, here: "here", holds: map[string]bool{}, now: map[string]*decompose.Literal{}, placed: map[string]*object{}}
	sorted := topological(b.clauses)
	if sorted == nil {
		return nil, b.fault(0, len(b.words), "the order that it asks for runs in a circle")
	}
	for _, i := range sorted {
		if err := s.events(i); err != nil {
			return nil, err
		}
	}
	return s.finish()
}

// untidy adds what is taken to be on a thing that is to be tidied.
func (b *builder) untidy(c *understood) (*saying, error) {
	on := c.bound["X"][0]
	r := &saying{}
	for _, t := range b.tidy[c.tidy] {
		x, y := b.usual(t.noun), b.usual(t.place)
		if x.where != nil || slices.ContainsFunc(b.past[:len(b.past)-1], func(p past) bool { return slices.Contains(p.objects, x) }) {
			return nil, b.fault(c.at, c.end, "what is there, beside the %s?", x.name)
		}
		x.where, x.how = on, "on"
		c.goal = append(c.goal, decompose.Literal{Name: t.preposition, Args: []string{x.name, y.name}})
	}
	return r, nil
}

func (b *builder) usual(name string) *object {
	for _, o := range b.objects {
		if o.noun.name == name {
			return o
		}
	}
	return b.add(name, b.nouns[name])
}

// order turns order words into what comes after what.
func order(pieces []piece, clauses []*understood) {
	var group, before []int // clauses since the last "then", and all before them
	var late []int          // "before doing this": comes after the group
	after := func(i int, earlier ...int) {
		for _, j := range earlier {
			if i != j && !slices.Contains(clauses[i].said, j) {
				clauses[i].said = append(clauses[i].said, j)
			}
		}
	}
	next := func() {
		if len(group)+len(late) == 0 {
			return
		}
		for _, l := range late {
			after(l, slices.DeleteFunc(slices.Clone(group), func(g int) bool { return g < l })...)
		}
		group, late, before = nil, nil, append(slices.Clip(group), late...)
	}
	for i, pc := range pieces {
		if pc.fresh { // a sentence ends what "before" reaches
			for _, l := range late {
				after(l, slices.DeleteFunc(slices.Clone(group), func(g int) bool { return g < l })...)
			}
			group, late = append(group, late...), nil
		}
		if pc.then && pc.sub == "" || pc.then && pc.lead {
			next()
		}
		switch {
		case pc.sub == "before" && pc.lead:
			late = append(late, i)
		case pc.sub == "after" && pc.lead:
			if i == 0 || !(pieces[i-1].sub == "after" && pieces[i-1].lead) {
				next()
			}
			group = append(group, i)
			after(i, before...)
			if pieces[i+1].sub == "" {
				next()
			}
		case pc.sub == "before":
			main := i - 1
			for main > 0 && pieces[main].sub == "before" && !pieces[main].lead {
				main--
			}
			after(i, main)
			group = append(group, i)
		case pc.sub == "after":
			main := i - 1
			for main > 0 && pieces[main].sub == "after" && !pieces[main].lead {
				main--
			}
			after(main, i)
			group = append(group, i)
		case pc.ahead:
			for _, j := range group {
				after(j, i)
			}
			after(i, before...)
			group = append(group, i)
			if pc.seals {
				next()
			}
		default:
			group = append(group, i)
			after(i, before...)
			if pc.seals {
				next()
			}
		}
	}
	next()
}

// narrated puts clauses that do something to the same thing in the order in which they are told: fold it, then hang it.
func narrated(clauses []*understood) {
	for i, c := range clauses {
		for j, earlier := range clauses[:i] {
			shared := slices.ContainsFunc(c.bound["X"], func(o *object) bool { return slices.Contains(earlier.bound["X"], o) })
			if shared && !slices.Contains(earlier.said, i) && !slices.Contains(c.said, j) {
				c.said = append(c.said, j)
			}
		}
	}
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
