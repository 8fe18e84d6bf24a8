package english

import (
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// putDown lets a task put down what it takes where the one hand is needed for what comes after, and asks for the last such thing to be
// in the hand again at the end: "take the juice and close the fridge". It is false where nothing is taken.
func putDown(r *decompose.Request) bool {
	last := -1
	for i := range r.Events {
		e := &r.Events[i]
		if len(e.Goal) != 1 || e.Loose && i < len(r.Events)-1 || e.Passing || !strings.HasPrefix(e.Goal[0], "holding(") {
			continue
		}
		if last >= 0 {
			r.Problem.Goal = slices.DeleteFunc(slices.Clone(r.Problem.Goal), func(l string) bool { return l == r.Events[last].Goal[0] })
		}
		if last = i; i == len(r.Events)-1 {
			break
		}
		e.Loose = true
		r.Assumed = append(r.Assumed, "the "+strings.TrimSuffix(strings.TrimPrefix(e.Goal[0], "holding("), ")")+" may be put down for what comes after, since there is one hand")
	}
	if last < 0 || len(r.Events) == 1 {
		return false
	}
	if last < len(r.Events)-1 {
		again := decompose.Event{Text: r.Events[last].Text, Goal: r.Events[last].Goal}
		for i := range r.Events {
			again.After, again.Said = append(again.After, i), append(again.Said, i)
		}
		r.Events = append(r.Events, again)
	}
	return true
}

// again tells whether something is put into the same thing twice.
func again(p *decompose.Plan) bool {
	for i, s := range p.Subtasks {
		if s.Action == "place-in" && slices.ContainsFunc(p.Subtasks[:i], func(t decompose.Subtask) bool { return t.String() == s.String() }) {
			return true
		}
	}
	return false
}
