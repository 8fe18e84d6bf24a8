package decompose

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// linear returns the indices of a plan's subtasks in a random order that respects After.
func linear(p *Plan, r *rand.Rand) (out []int) {
	for len(out) < len(p.Subtasks) {
		var ready []int
		for i, s := range p.Subtasks {
			if !slices.Contains(out, i) && !slices.ContainsFunc(s.After, func(j int) bool { return !slices.Contains(out, j) }) {
				ready = append(ready, i)
			}
		}
		if ready == nil {
			return nil
		}
		out = append(out, ready[r.IntN(len(ready))])
	}
	return out
}

// arranged is a plan in another order, without After.
func arranged(p *Plan, order []int) *Plan {
	out := &Plan{Start: p.Start, Want: p.Want}
	for _, i := range order {
		s := p.Subtasks[i]
		s.After = nil
		out.Subtasks = append(out.Subtasks, s)
	}
	return out
}

// TestLinearisations: every order that After allows can be executed and reaches the goal.
func TestLinearisations(t *testing.T) {
	r := rng()
	for _, c := range problems() {
		p := mustSearch(t, c.lib, c.pr)
		for range 50 {
			order := linear(p, r)
			q := arranged(p, order)
			if err := errors.Join(q.Verify(nil), c.lib.Verify(c.pr, q)); err != nil {
				t.Fatalf("%s, order %v: %v", c.name, order, err)
			}
			// In the new order, causal links give an order that is as good.
			if err := errors.Join(q.Order(nil), q.VerifyOrder(nil)); err != nil {
				t.Fatal(c.name, err)
			}
		}
	}
}

// random makes plans over a few atoms, most of which cannot be executed.
func random(r *rand.Rand, n int) *Plan {
	atoms := []string{"a", "b", "c", "d"}
	literals := func(most int) (out []string) {
		for _, i := range r.Perm(len(atoms))[:r.IntN(most+1)] {
			out = append(out, []string{"", "not "}[r.IntN(2)]+atoms[i])
		}
		return out
	}
	p := &Plan{Want: literals(2), Start: []string{"a", "b"}}
	for i := range n {
		s := Subtask{Action: string(rune('p' + i)), Pre: literals(2), Effect: literals(2)}
		for j := range i {
			if r.IntN(3) == 0 {
				s.After = append(s.After, j)
			}
		}
		p.Subtasks = append(p.Subtasks, s)
	}
	return p
}

// TestVerifyOrderExact compares the criterion with trying all orders.
func TestVerifyOrderExact(t *testing.T) {
	r := rng()
	accepted := 0
	for range 30000 {
		p := random(r, 1+r.IntN(5))
		all := true
		var try func(order []int)
		try = func(order []int) {
			if len(order) == len(p.Subtasks) {
				all = all && arranged(p, order).Verify(nil) == nil
				return
			}
			for i, s := range p.Subtasks {
				if all && !slices.Contains(order, i) && !slices.ContainsFunc(s.After, func(j int) bool { return !slices.Contains(order, j) }) {
					try(append(slices.Clip(order), i))
				}
			}
		}
		try(nil)
		err := p.VerifyOrder(nil)
		if (err == nil) != all {
			t.Fatalf("all orders work: %v, and yet %v: %+v", all, err, p)
		}
		if all {
			accepted++
		}
		// What Order derives from a plan that works in the order listed is proved too.
		if p.Verify(nil) == nil {
			if err := errors.Join(p.Order(nil), p.VerifyOrder(nil)); err != nil {
				t.Fatalf("%v: %+v", err, p)
			}
		}
	}
	if accepted < 1000 {
		t.Errorf("only %d plans were accepted", accepted)
	}
}

func TestOrderThreat(t *testing.T) {
	p := &Plan{Start: []string{"hand-empty"}, Want: []string{"lit", "holding(mug)"}, Subtasks: []Subtask{
		{Action: "light", Pre: []string{"hand-empty"}, Effect: []string{"lit"}},
		{Action: "pick", Args: []string{"mug"}, Pre: []string{"hand-empty"}, Effect: []string{"holding(mug)", "not hand-empty"}},
	}}
	if err := p.Order(nil); err != nil || !slices.Equal(p.Subtasks[1].After, []int{0}) {
		t.Errorf("%v, %v", p.Subtasks[1].After, err)
	}
	p.Subtasks[1].After = nil
	var e *OrderError
	if err := p.VerifyOrder(nil); !errors.As(err, &e) || e.Fault != WrongOrder || e.Step != 0 || e.Destroyer != 1 || e.Literal != "hand-empty" {
		t.Errorf("%+v", e)
	}
	for _, after := range [][]int{{1}, {-1}, {2}} {
		p.Subtasks[1].After = after
		if err := p.VerifyOrder(nil); !errors.As(err, &e) || e.Fault != Malformed || e.Step != 1 {
			t.Errorf("after %v: %v", after, err)
		}
	}
	p.Subtasks[0].After, p.Subtasks[1].After = []int{1}, nil
	if err := p.VerifyOrder(nil); !errors.As(err, &e) || e.Step != 0 || e.Literal != "hand-empty" {
		t.Error(err)
	}
}
