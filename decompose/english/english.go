// Package english reads tasks in English: words and grammar, from a sentence to what must come about, and from there to a plan.
package english

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/decompose/propose"
)

//go:embed grammar.txt
var files embed.FS

// Decompose splits a goal in words into a causal sequence of atomic subtasks.
//
// Without a Generator the grammar does it, with the errors of [Understand] and [decompose.Request.Plan]; where
// opts.Problem says in symbols what the words say, [decompose.Library.Search] does. With one, [propose.Plan] asks it, on what the
// grammar makes of the words.
func Decompose(ctx context.Context, goal string, opts *decompose.Options) (*decompose.Plan, error) {
	if opts == nil {
		opts = &decompose.Options{}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(goal) > maxSentence || !utf8.ValidString(goal) || strings.TrimSpace(goal) == "" {
		_, err := understand(goal, opts.Strict, false)
		return nil, err
	}
	if opts.Problem != nil && opts.Generator == nil {
		lib := opts.Library
		if lib == nil {
			lib = decompose.Skills()
		}
		p, err := lib.Search(ctx, opts.Problem, opts.Search)
		if err == nil {
			p.Goal = goal
		}
		return p, err
	}
	r, err := understand(goal, opts.Strict, false)
	if opts.Generator != nil {
		return propose.Plan(ctx, goal, r, opts)
	}
	if err != nil {
		return nil, err
	}
	p, err := r.Plan(ctx, opts.Search)
	if err == nil && again(p) { // rather than to take it out once more
		if r, e := understand(goal, opts.Strict, true); e == nil {
			if q, e := r.Plan(ctx, opts.Search); e == nil && !again(q) && len(q.Subtasks) < len(p.Subtasks) {
				return q, nil
			}
		}
	}
	if err == nil || opts.Strict || !putDown(r) {
		return p, err
	}
	if q, e := r.Plan(ctx, opts.Search); e == nil {
		return q, nil
	}
	return nil, err
}

const (
	maxSentence = 2000   // bytes
	maxWords    = 200    //
	maxTries    = 40_000 // parts of patterns laid beside words
	maxEvents   = 40
)

// Understand reads a sentence, or a few. Its error is a [*decompose.UnplacedError].
//
// What the words do not say is taken to be so: a thing that can be held stands
// on a surface called workspace; everything is within reach, unless the words go somewhere; what has a door is closed,
// other containers are open; what is to be closed, turned off or unfolded as the first thing done to it is open, on or
// folded. A verb that needs a tool, and names none, takes the one that the sentence names elsewhere, else the usual
// one: a knife to cut, a cloth to wipe, a faucet to wash, a microwave to heat, a fridge to cool; that there is one is among the assumptions,
// unless in strict mode. What is got right after something was opened is in that. What happens by itself, as "once the water boils" has it,
// is taken to happen; what "if the window is open" says is taken to be so, and "otherwise" is refused.
//
// Any noun names a thing. Its kinds are those that grammar.txt lists for it, else those of its sense in WordNet, else, for a word that
// nobody knows, a plain thing that a hand can hold. Where a verb asks for more, as "in the caddy" does, and nothing speaks
// against it, the thing is taken to be so, and [decompose.Request.Assumed] says that. Adjectives tell things apart: the red mug is not the blue one.
// What is not to be done, as in "without washing it", no step does, or the sentence is refused.
// A verb that stands for no skill, and words that the grammar cannot place, end in an error, never in a plan for the rest.
func Understand(sentence string) (*decompose.Request, error) {
	return understand(sentence, false, false)
}

func understand(sentence string, strict, untied bool) (*decompose.Request, error) {
	whole := func(reason string) (*decompose.Request, error) {
		return nil, &decompose.UnplacedError{Sentence: sentence, Reason: reason}
	}
	switch {
	case len(sentence) > maxSentence:
		return whole(fmt.Sprintf("it is %d bytes long, at most %d are taken", len(sentence), maxSentence))
	case !utf8.ValidString(sentence):
		return whole("it is not valid UTF-8")
	}
	p := &parser{vocabulary: english()}
	ok, pieces := false, []piece(nil)
	var first error
	for _, bare := range []bool{false, true} {
		p = &parser{vocabulary: p.vocabulary, singles: map[int][]phrase{}, failed: map[place]bool{}, goes: map[int]bool{}, fluid: map[int]bool{}, budget: maxTries}
		p.words = p.prepare(tokens(sentence), bare)
		switch {
		case !slices.ContainsFunc(p.words, func(w word) bool { return !slices.Contains([]string{",", ".", ";", "!"}, w.text) }):
			return whole("it asks for nothing")
		case len(p.words) > maxWords:
			return whole(fmt.Sprintf("it has %d words, at most %d are taken", len(p.words), maxWords))
		}
		if at, n := p.idiom(); n > 0 {
			return nil, p.blamed(sentence, at, at+n, "is an idiom, and no skill does it")
		}
		if pieces, ok = p.pieces(0, ""); ok {
			break
		}
		if first == nil {
			first = p.unplaced(sentence)
		}
		if p.telegraph() {
			p.failed, p.budget = map[place]bool{}, maxTries
			if pieces, ok = p.pieces(0, ""); ok {
				break
			}
		}
		if !slices.ContainsFunc(p.words, func(w word) bool { return w.text == "with" }) {
			break // no tool to leave out
		}
	}
	if !ok {
		return nil, first
	}
	b := &builder{parser: p, sentence: sentence, strict: strict, untied: untied, request: &decompose.Request{Text: sentence, Library: decompose.Skills()}}
	for _, said := range p.said {
		b.assume(said)
	}
	r, err := b.build(pieces)
	if err == nil && strict && len(r.Assumed) > 0 {
		return whole("it rests on assumptions: " + strings.Join(r.Assumed, "; "))
	}
	return r, err
}
