package decompose

import (
	"context"
	"fmt"
	"image"
	"slices"
	"strings"
	"unicode/utf8"
)

// Options say how a goal is split. Nil stands for the zero value.
type Options struct {
	Generator Generator      // nil = the built-in grammar
	Search    *SearchOptions // of the grammar
	Library   *Library       // the actions that a Generator or a Problem speaks of; nil = Skills
	Problem   *Problem       // the scene and the goal in symbols; nil = what the words say
	Frames    []image.Image  // what the Generator is shown beside its prompt
	Rounds    int            // answers that the Generator may mend, at most; 0 = 3, negative = none
}

// Generator answers prompts: a model that is loaded, an [Endpoint], a fake. What it answers is never trusted.
//
// One that also has
//
//	GenerateList(ctx context.Context, prompt string, frames ...image.Image) (list []string, logProb float64, err error)
//
// is asked that way for steps in a scene that is known, since a list always parses.
type Generator interface {
	Generate(ctx context.Context, prompt string, frames ...image.Image) (string, error)
}

// Grammar splits a task in English imperatives into a causal sequence of atomic subtasks:
//
//	Pick up the mug and put it in the sink, then close the drawer
//
// It is [Understand], then [Request.Plan]: the plan found is the shortest that does what the sentence says, in the order
// that it says, and is proved. What the grammar cannot place ends in an [*UnplacedError], never in a guess.
func Grammar(ctx context.Context, sentence string) (*Plan, error) {
	r, err := Understand(sentence)
	if err != nil {
		return nil, err
	}
	return r.Plan(ctx, nil)
}

// Request is a task in words, understood. What the words do not say is taken to be so: a thing that can be held stands
// on a surface called workspace; everything is within reach, unless the words go somewhere; what has a door is closed,
// other containers are open; what is to be closed, turned off or unfolded as the first thing done to it is open, on or
// folded. A verb that needs a tool, and names none, takes the one that the sentence names elsewhere, else the usual
// one: a knife to cut, a cloth to wipe, a faucet to wash, a microwave to heat, a fridge to cool.
type Request struct {
	Text    string
	Library *Library // Skills, or Motions where the words speak of the gripper
	Problem *Problem // the start, and what holds at the end
	Events  []Event  // what is asked for, in the order of the words
}

// Event is one thing that a request asks for.
type Event struct {
	Text  string   // the words
	Goal  []string // what must hold at some time, and unless a later event says otherwise, at the end
	By    string   // the step that must bring it about; empty where any may
	After []int    // the events that it must come after, because the words or the things say so

	without []string // actions
	soft    bool     // it may hold already
	pick    bool     // it only takes a thing in the hand
	passing bool     // and a later event puts that thing somewhere
	said    []int    // of After, what the words say
}

// UnplacedError lists the words of a sentence that the grammar cannot place, and why.
type UnplacedError struct {
	Sentence string
	Words    []Word // in their order; empty where the sentence as a whole is at fault
	Reason   string // "nobody knows the word", "is a negation", "could be the mug or the plate"
}

// Word is part of a sentence.
type Word struct {
	Text   string
	Offset int // bytes before it
}

func (e *UnplacedError) Error() string {
	if len(e.Words) == 0 {
		return fmt.Sprintf("decompose: cannot place %.80q: %s", e.Sentence, e.Reason)
	}
	words := make([]string, len(e.Words))
	for i, w := range e.Words {
		words[i] = fmt.Sprintf("%.40q (byte %d)", w.Text, w.Offset)
	}
	return fmt.Sprintf("decompose: cannot place %s: %s", strings.Join(words, ", "), e.Reason)
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
func Understand(sentence string) (*Request, error) {
	whole := func(reason string) (*Request, error) { return nil, &UnplacedError{Sentence: sentence, Reason: reason} }
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
	b := &builder{parser: p, sentence: sentence, request: &Request{Text: sentence, Library: Skills()}}
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
	e := &UnplacedError{Sentence: sentence}
	var reasons []string
	blame := func(i int, reason string) {
		e.Words = append(e.Words, Word{p.words[i].said, p.words[i].at})
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
