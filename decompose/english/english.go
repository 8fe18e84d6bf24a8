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
		_, err := Understand(goal)
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
	r, err := Understand(goal)
	if opts.Generator != nil {
		return propose.Plan(ctx, goal, r, opts)
	}
	if err != nil {
		return nil, err
	}
	return r.Plan(ctx, opts.Search)
}

const (
	maxSentence = 2000   // bytes
	maxWords    = 200    //
	maxTries    = 40_000 // parts of patterns laid beside words
	maxEvents   = 40
)

// Understand reads a sentence, or a few. Its error is an [*UnplacedError].
//
// A word carries no meaning only if grammar.txt lists it as such. A noun that no list has is taken for a plain thing
// that a hand can hold, if it follows an article, everything else is placed, and nothing but holding is asked of it: the
// flurb can be picked up, not opened. Adjectives tell things apart: the red mug is not the blue one.
func Understand(sentence string) (*decompose.Request, error) {
	whole := func(reason string) (*decompose.Request, error) {
		return nil, &decompose.UnplacedError{Sentence: sentence, Reason: reason}
	}
	switch {
	case len(sentence) > maxSentence:
		return whole(fmt.Sprintf("it is %d bytes long, at most %d are taken", len(sentence), maxSentence))
	case !utf8.ValidString(sentence):
		return whole("it is not valid UTF-8")
	}
	p := &parser{lexicon: english(), singles: map[int][]phrase{}, failed: map[place]bool{}, budget: maxTries}
	p.words = p.meaningful(tokens(sentence))
	switch {
	case !slices.ContainsFunc(p.words, func(w word) bool { return !slices.Contains([]string{",", ".", ";", "!"}, w.text) }):
		return whole("it asks for nothing")
	case len(p.words) > maxWords:
		return whole(fmt.Sprintf("it has %d words, at most %d are taken", len(p.words), maxWords))
	}
	pieces, ok := p.pieces(0, "")
	if !ok {
		return nil, p.unplaced(sentence)
	}
	b := &builder{parser: p, sentence: sentence, request: &decompose.Request{Text: sentence, Library: decompose.Skills()}}
	return b.build(pieces)
}

// meaningful drops the words that are listed as meaningless.
func (p *parser) meaningful(all []word) (out []word) {
	p.words = all
	for i := 0; i < len(all); {
		skipped := 0
		for _, s := range p.skip {
			if p.has(i, s) {
				skipped = len(s)
				break
			}
		}
		if skipped == 0 {
			out = append(out, all[i])
			skipped = 1
		}
		i += skipped
	}
	return out
}

// unplaced finds what to blame: words that end the reading, else those that nobody knows, else those where every reading
// stopped.
func (p *parser) unplaced(sentence string) error {
	e := &decompose.UnplacedError{Sentence: sentence}
	var reasons []string
	blame := func(i int, reason string) {
		e.Words = append(e.Words, decompose.Word{Text: p.words[i].said, Offset: p.words[i].at})
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
		e.Reason = strings.Join(reasons, "; ")
	}
	for i, w := range p.words {
		if reason := p.refuse[w.text]; reason != "" {
			blame(i, "is part of "+reason)
		} else if w.text == "?" {
			blame(i, "is part of a question")
		} else if !p.familiar(i) {
			blame(i, "no list has it")
		}
	}
	if e.Words != nil {
		return e
	}
	if p.budget < 0 {
		e.Reason = "it can be read in too many ways"
		return e
	}
	if u := p.unfit; u.at >= p.far && u.at > p.fit {
		blame(u.at-1, fmt.Sprintf("%q takes no such thing there (%s)", u.verb, strings.Join(u.kinds, ", ")))
		return e
	}
	last := min(p.far, len(p.words)-1)
	if last > 0 && (p.far > last || slices.Contains([]string{".", ",", "!", ";"}, p.text(last))) {
		blame(min(p.far-1, last), "something is missing after it")
	} else {
		blame(last, "it fits nothing before it")
	}
	return e
}

// familiar tells whether a word is in some list, in some form.
func (p *parser) familiar(i int) bool {
	w := p.words[i].text
	if p.known[w] || pronouns[w] != "" || p.singular(w) != "" || len(p.lemmas(w, gerund))+len(p.lemmas(w, participle)) > 0 {
		return true
	}
	for _, list := range [][]string{notNames, {"me", "tidy", "clear", ",", ".", ";", "!", "and"}} {
		for _, known := range list {
			if w == known {
				return true
			}
		}
	}
	return false
}
