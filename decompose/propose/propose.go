// Package propose asks a language model for plans and lets through what can be proved.
package propose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// Bounds of what a generator may answer. Honest answers stay far below.
const (
	maxAnswer  = 64 << 10 // bytes; of a longer answer the end counts, where the steps are asked for
	maxReason  = 4000     // bytes
	maxPlan    = 256      // steps
	maxObjects = 32       // that a generator may state
	maxFacts   = 500      // and literals
)

// Plan asks opts.Generator for a plan of the goal and proves what it answers. Of a request, what a grammar made of the words, the
// problem and the order are taken; nil leaves it to the generator to state the objects, the start and the goal as well, unless
// opts.Problem does.
//
// A Generator gets the library's actions and writes steps. They are proved on opts.Problem, else on the request's, where
// opts.Library is the request's or an extension of it. A goal that the generator states must not be empty nor hold at the start,
// and every thing that it speaks of must share a word with the goal in words, and be of the kind that the word is a name
// of, where it is one: the guard against a plan for something else. It cannot tell whether the generator has understood
// the words; [decompose.Plan] shows in Start and Want what it took them for.
//
// Of an answer only the last JSON list or object counts. It is never trusted: a plan comes back if every step can be
// done, the goal is reached, nothing is superfluous and, with a request, everything asked for comes about in
// the order of the words. Else the generator is told the first thing wrong, and asked again, opts.Rounds times at most.
// Then it is a [*decompose.GeneratorError], as are a generator's own errors and its panics. The end of ctx ends the call, with the
// context's error, whatever the generator does.
func Plan(ctx context.Context, goal string, r *decompose.Request, opts *decompose.Options) (*decompose.Plan, error) {
	g := &generation{Options: *opts, sentence: goal, lib: cmp.Or(opts.Library, decompose.Skills()), problem: opts.Problem}
	if g.problem == nil && r != nil {
		g.use(r)
	}
	var err error
	if g.described, err = g.lib.Describe(g.problem); err != nil {
		return nil, err
	}
	return g.run(ctx)
}

// generation is one goal on its way through a generator.
type generation struct {
	decompose.Options
	sentence  string
	lib       *decompose.Library
	problem   *decompose.Problem // nil where the generator has to state it
	request   *decompose.Request // where the problem is its
	described string
}

// lister is a generator that can be held to a JSON list.
type lister interface {
	GenerateList(ctx context.Context, prompt string, frames ...image.Image) (list []string, logProb float64, err error)
}

func (g *generation) run(ctx context.Context) (*decompose.Plan, error) {
	rounds := max(0, cmp.Or(g.Rounds, 3))
	_, lists := g.Generator.(lister)
	lists = lists && g.problem != nil
	asked := g.prompt(lists)
	prompt := asked
	for round := 0; ; round++ {
		answer, p, err := g.round(ctx, prompt, lists)
		switch {
		case err == nil:
			p.Repairs = round
			return p, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case round == rounds || answer == nil:
			failed := &decompose.GeneratorError{Rounds: round, Err: err}
			if answer != nil {
				failed.Last = short(*answer, maxReason)
			}
			return nil, failed
		}
		prompt = asked + complaint(*answer, err)
	}
}

// use takes the problem from a request, if the library has its actions and the words do not contradict themselves: else the
// generator may see what they mean.
func (g *generation) use(r *decompose.Request) {
	if g.Library != nil && !covers(g.lib, r.Library) {
		return
	}
	lib := cmp.Or(g.Library, r.Library)
	if err := lib.Verify(r.Problem, &decompose.Plan{}); errors.As(err, new(*decompose.ProblemError)) {
		return
	}
	mine := *r
	mine.Library = lib
	g.lib, g.request, g.problem = lib, &mine, r.Problem
}

// covers tells whether a library is another, or an extension of it.
func covers(l, base *decompose.Library) bool {
	return !slices.ContainsFunc(base.Actions(), func(a *decompose.Action) bool { return l.Action(a.Name) != a })
}

// round asks once. answer is nil where the generator gave none.
func (g *generation) round(ctx context.Context, prompt string, lists bool) (answer *string, p *decompose.Plan, err error) {
	text, list, err := g.ask(ctx, prompt, lists)
	if err != nil {
		return nil, nil, err
	}
	said := &proposal{Steps: list}
	if lists {
		text = listed(list)
	} else {
		if text = strings.ToValidUTF8(text[max(0, len(text)-maxAnswer):], "\uFFFD"); text == "" {
			return &text, nil, malformed(1, "is empty")
		}
		if said, err = g.read(text); err != nil {
			return &text, nil, err
		}
	}
	steps, err := said.subtasks()
	if err != nil {
		return &text, nil, err
	}
	if p, err = g.prove(said, steps); err == nil {
		p.Reason = said.reason
	}
	return &text, p, err
}

// ask waits for the generator, and no longer than ctx lasts: what ignores it is left behind.
func (g *generation) ask(ctx context.Context, prompt string, lists bool) (text string, list []string, err error) {
	type reply struct {
		text string
		list []string
		err  error
	}
	came := make(chan reply, 1)
	go func() {
		var r reply
		defer func() {
			if v := recover(); v != nil {
				r = reply{err: fmt.Errorf("it panicked: %v", v)}
			}
			came <- r
		}()
		if lists {
			r.list, _, r.err = g.Generator.(lister).GenerateList(ctx, prompt, g.Frames...)
		} else {
			r.text, r.err = g.Generator.Generate(ctx, prompt, g.Frames...)
		}
	}()
	select {
	case r := <-came:
		return r.text, r.list, cmp.Or(ctx.Err(), r.err)
	case <-ctx.Done():
		return "", nil, ctx.Err()
	}
}

// prove accepts steps as a plan, or says what is wrong with them.
func (g *generation) prove(said *proposal, steps []decompose.Subtask) (p *decompose.Plan, err error) {
	if g.request != nil {
		return g.request.Accept(steps)
	}
	pr := g.problem
	if pr == nil {
		if pr, err = g.stated(said); err != nil {
			return nil, err
		}
	}
	if p, err = g.lib.Complete(pr, &decompose.Plan{Goal: g.sentence, Subtasks: steps}); err != nil {
		return nil, err
	}
	if err := g.lib.Check(pr, p); err != nil {
		return nil, err
	}
	return p, cmp.Or(p.Verify(nil), p.VerifyOrder(nil))
}

// stated is the problem as the generator sees it, if it can be about the sentence.
func (g *generation) stated(said *proposal) (*decompose.Problem, error) {
	pr := &decompose.Problem{Objects: said.Objects, Start: said.Start, Goal: said.Goal, Text: g.sentence}
	switch {
	case len(pr.Objects) > maxObjects:
		return nil, &decompose.ProblemError{Where: "objects", Reason: fmt.Sprintf("%d things, at most %d are taken", len(pr.Objects), maxObjects)}
	case len(pr.Start)+len(pr.Goal) > maxFacts:
		return nil, &decompose.ProblemError{Where: "start", Reason: fmt.Sprintf("%d literals with those of the goal, at most %d are taken", len(pr.Start)+len(pr.Goal), maxFacts)}
	case len(pr.Goal) == 0:
		return nil, &decompose.ProblemError{Where: "goal", Reason: "is empty"}
	}
	err := g.lib.Verify(pr, &decompose.Plan{})
	switch {
	case errors.As(err, new(*decompose.ProblemError)):
		return nil, err
	case err == nil:
		return nil, &decompose.ProblemError{Where: "goal", Reason: "holds at the start already"}
	}
	for _, text := range pr.Goal {
		l, err := decompose.ParseLiteral(text)
		if err != nil {
			return nil, err
		}
		for _, thing := range l.Args {
			if err := g.named(thing, pr); err != nil {
				return nil, err
			}
		}
	}
	return pr, nil
}
