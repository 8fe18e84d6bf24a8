package english

import (
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// drawn dispenses what was drawn up before: "aspirate the buffer and add it to the tube" pours nothing.
func (b *builder) drawn(c *understood) {
	l := c.bound["L"]
	if c.rule == nil || c.rule.by == nil || c.rule.by.Name != "pour" || len(l) != 1 || len(c.bound["T"]) != 1 {
		return
	}
	for _, earlier := range b.clauses[:len(b.clauses)-1] {
		if k := earlier.bound["K"]; earlier.rule != nil && len(k) == 1 && slices.Contains(earlier.bound["L"], l[0]) && earlier.rule.by != nil && earlier.rule.by.Name == "aspirate" {
			by := decompose.Literal{Name: "dispense", Args: []string{"L", "K", "T"}}
			c.rule, c.bound["K"] = &saying{goal: []decompose.Literal{{Name: "contains", Args: []string{"T", "L"}}}, by: &by}, k
			return
		}
	}
}

// within stirs what things were put into: "crack the eggs into the bowl and whisk them".
func (b *builder) within(c *understood) {
	if c.rule == nil || len(c.bound["X"]) == 0 || len(c.rule.goal) == 0 || c.rule.goal[0].Name != "stirred" {
		return
	}
	in := decompose.Literal{Name: "in", Args: []string{"X", "Y"}}
	for _, earlier := range slices.Backward(b.clauses[:len(b.clauses)-1]) {
		y := append(slices.Clip(earlier.bound["Y"]), earlier.bound["C"]...)
		put := earlier.rule != nil && slices.ContainsFunc(earlier.rule.goal, func(l decompose.Literal) bool { return l.Name == in.Name && !l.Not && l.Args[0] == "X" })
		if put && len(y) == 1 && y[0].is("item") && !slices.ContainsFunc(c.bound["X"], func(o *object) bool { return !slices.Contains(earlier.bound["X"], o) }) {
			c.bound["X"] = y
			return
		}
	}
}

// inPlace sets on something what was put into it and has things done to it there: "put the part in the fixture and clamp it". What is inside
// of something would have to be taken out for that.
func (b *builder) inPlace(c *understood) {
	x := c.bound["X"]
	cover := c.verb == "cover" && len(x) == 1 && len(c.bound["Y"]) == 1
	if cover {
		x = c.bound["Y"]
	}
	if c.rule == nil || len(x) != 1 || len(c.rule.goal) == 0 || !cover && !slices.Contains(worked, c.rule.goal[0].Name) {
		return
	}
	in := decompose.Literal{Name: "in", Args: []string{"X", "Y"}}
	for _, earlier := range slices.Backward(b.clauses[:len(b.clauses)-1]) {
		y := earlier.bound["Y"]
		if earlier.rule == nil || len(y) != 1 || !slices.Contains(earlier.bound["X"], x[0]) || len(earlier.rule.goal) != 1 || !earlier.rule.goal[0].Equal(in) {
			continue
		}
		if cover { // what covers it goes in there too
			c.rule, c.bound["Y"] = &saying{goal: []decompose.Literal{in}}, y
		} else if !y[0].is("openable") || y[0].is("screwable") {
			y[0].kinds += " surface"
			earlier.rule = &saying{goal: []decompose.Literal{{Name: "on", Args: in.Args}}, without: []string{"stack"}}
		}
		return
	}
}

// worked is what is done to a thing where it was set.
var worked = strings.Fields("fastened drilled scanned inspected sprayed watered measured stamped sawn tight is-open")
