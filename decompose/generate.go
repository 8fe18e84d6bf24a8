package decompose

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of what a generator may answer. Honest answers stay far below.
const (
	maxAnswer  = 64 << 10 // bytes; of a longer answer the end counts, where the steps are asked for
	maxReason  = 4000     // bytes
	maxPlan    = 256      // steps
	maxObjects = 32       // that a generator may state
	maxFacts   = 500      // and literals
)

// GeneratorError reports that a generator has not come to a plan that can be proved.
type GeneratorError struct {
	Rounds int    // repairs that were asked for
	Last   string // the last answer, cut; empty where the generator failed
	Err    error  // an *OrderError, *ParseError or *ProblemError about the last answer, or the generator's own error
}

func (e *GeneratorError) Error() string {
	text := "decompose: the generator"
	if e.Rounds > 0 {
		text += fmt.Sprintf(", after %d repairs", e.Rounds)
	}
	return text + ": " + e.Err.Error()
}

func (e *GeneratorError) Unwrap() error { return e.Err }

// Decompose splits a goal in words into a causal sequence of atomic subtasks.
//
// Without a Generator the built-in grammar does it, with the errors of [Understand] and [Request.Plan]; where
// opts.Problem says in symbols what the words say, [Library.Search] does.
//
// A Generator gets the library's actions and writes steps. They are proved on opts.Problem, else on what the grammar
// makes of the words, where opts.Library is the grammar's or an extension of it. Words beyond the grammar leave it to the
// generator to state the objects, the start and the goal as well. Such a goal must not be empty nor hold at the start,
// and every thing that it speaks of must share a word with the goal in words, and be of the kind that the word is a name
// of, where it is one: the guard against a plan for something else. It cannot tell whether the generator has understood
// the words; [Plan.Start] and [Plan.Want] show what it took them for.
//
// Of an answer only the last JSON list or object counts. It is never trusted: a plan comes back if every step can be
// done, the goal is reached, nothing is superfluous and, where the grammar understood, everything asked for comes about in
// the order of the words. Else the generator is told the first thing wrong, and asked again, opts.Rounds times at most.
// Then it is a [*GeneratorError], as are a generator's own errors and its panics. The end of ctx ends the call, with the
// context's error, whatever the generator does.
func Decompose(ctx context.Context, goal string, opts *Options) (*Plan, error) {
	if opts == nil {
		opts = &Options{}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(goal) > maxSentence || !utf8.ValidString(goal) || strings.TrimSpace(goal) == "" {
		_, err := Understand(goal)
		return nil, err
	}
	g := &generation{Options: *opts, sentence: goal, lib: cmp.Or(opts.Library, Skills())}
	if opts.Generator != nil {
		return g.run(ctx)
	}
	if opts.Problem != nil {
		p, err := g.lib.Search(ctx, opts.Problem, opts.Search)
		if err == nil {
			p.Goal = goal
		}
		return p, err
	}
	r, err := Understand(goal)
	if err != nil {
		return nil, err
	}
	return r.Plan(ctx, opts.Search)
}

// generation is one goal on its way through a generator.
type generation struct {
	Options
	sentence string
	lib      *Library
	scene    *scene   // of the problem; nil where the generator has to state it
	request  *Request // where the problem is the grammar's
}

// lister is a generator that can be held to a JSON list.
type lister interface {
	GenerateList(ctx context.Context, prompt string, frames ...image.Image) (list []string, logProb float64, err error)
}

func (g *generation) run(ctx context.Context) (*Plan, error) {
	if err := g.understand(); err != nil {
		return nil, err
	}
	rounds := max(0, cmp.Or(g.Rounds, 3))
	_, lists := g.Generator.(lister)
	lists = lists && g.scene != nil
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
			failed := &GeneratorError{Rounds: round, Err: err}
			if answer != nil {
				failed.Last = short(*answer, maxReason)
			}
			return nil, failed
		}
		prompt = asked + complaint(*answer, err)
	}
}

// understand finds the problem, where somebody but the generator knows it.
func (g *generation) understand() (err error) {
	if g.Problem != nil {
		g.scene, err = g.lib.scene(g.Problem)
		return err
	}
	r, err := Understand(g.sentence)
	if err != nil || g.Library != nil && !g.lib.covers(r.Library) {
		return nil
	}
	if g.Library == nil {
		g.lib = r.Library
	}
	s, err := g.lib.scene(r.Problem)
	if err != nil {
		return nil // the words contradict themselves; the generator may see what they mean
	}
	r.Library = g.lib
	g.request, g.scene, g.Problem = r, s, r.Problem
	return nil
}

// covers tells whether a library is another, or an extension of it.
func (l *Library) covers(base *Library) bool {
	return !slices.ContainsFunc(base.actions, func(a *Action) bool { return l.byName[a.Name] != a })
}

// round asks once. answer is nil where the generator gave none.
func (g *generation) round(ctx context.Context, prompt string, lists bool) (answer *string, p *Plan, err error) {
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
func (g *generation) prove(said *proposal, steps []Subtask) (p *Plan, err error) {
	if g.request != nil {
		return g.request.accept(steps)
	}
	pr := g.Problem
	if pr == nil {
		if pr, err = g.stated(said); err != nil {
			return nil, err
		}
	}
	if p, err = g.lib.Complete(pr, &Plan{Goal: g.sentence, Subtasks: steps}); err != nil {
		return nil, err
	}
	if err := g.lib.Check(pr, p); err != nil {
		return nil, err
	}
	return p, cmp.Or(p.Verify(nil), p.VerifyOrder(nil))
}

// accept proves steps as the grammar's own are proved. Where what was picked up cannot stay in the hand it need not.
func (r *Request) accept(steps []Subtask) (*Plan, error) {
	p, err := r.prove(steps, r.Problem)
	if free := r.letGo(); err != nil && free != nil {
		if q, e := r.prove(steps, free); e == nil {
			p, err = q, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return p, r.lean(p)
}

// lean is what Library.Check is, where a step may serve something that is asked for on the way.
func (r *Request) lean(p *Plan) error {
	start, steps, want, err := p.parse(nil)
	if err != nil {
		return err
	}
	for i := range steps {
		w, rest := newWorld(start), &Plan{Start: p.Start}
		for j, st := range steps {
			if _, lacks := w.lacks(st.pre); j != i && !lacks {
				w.apply(st.effects)
				rest.Subtasks = append(rest.Subtasks, p.Subtasks[j])
			}
		}
		if _, lacks := w.lacks(want); lacks {
			continue
		}
		if _, err := r.happen(rest, true); err == nil {
			return &OrderError{Fault: AdditionalStep, Step: i, Action: steps[i].name, Supplier: -1, Destroyer: -1,
				Reason: "all that is asked for comes about without it"}
		}
	}
	return nil
}

// stated is the problem as the generator sees it, if it can be about the sentence.
func (g *generation) stated(said *proposal) (*Problem, error) {
	pr := &Problem{Objects: said.Objects, Start: said.Start, Goal: said.Goal, Text: g.sentence}
	switch {
	case len(pr.Objects) > maxObjects:
		return nil, &ProblemError{"objects", fmt.Sprintf("%d things, at most %d are taken", len(pr.Objects), maxObjects)}
	case len(pr.Start)+len(pr.Goal) > maxFacts:
		return nil, &ProblemError{"start", fmt.Sprintf("%d literals with those of the goal, at most %d are taken", len(pr.Start)+len(pr.Goal), maxFacts)}
	case len(pr.Goal) == 0:
		return nil, &ProblemError{"goal", "is empty"}
	}
	s, err := g.lib.scene(pr)
	if err != nil {
		return nil, err
	}
	if _, lacks := newWorld(s.start).lacks(s.goal); !lacks {
		return nil, &ProblemError{"goal", "holds at the start already"}
	}
	for _, l := range s.goal {
		for _, thing := range l.Args {
			if err := s.named(thing, g.sentence); err != nil {
				return nil, err
			}
		}
	}
	return pr, nil
}
