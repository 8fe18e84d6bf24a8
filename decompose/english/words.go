package english

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/egotsr/egotsr/decompose"
)

// vocabulary is grammar.txt, read: which words there are and what they ask for.
type vocabulary struct {
	skip                                                                                            [][]string        // words and phrases without meaning
	refuse                                                                                          map[string]string // word → why it ends the reading
	adjectives                                                                                      map[string]bool
	states                                                                                          map[string]*state
	nouns                                                                                           map[string]*noun
	longest                                                                                         int                  // words in a noun
	general                                                                                         map[string]bool      // kinds that have others below them
	open                                                                                            map[string]bool      // kinds
	forms                                                                                           map[string]string    // took → take
	rules                                                                                           map[string][]*saying // by verb
	known                                                                                           map[string]bool      // every word that is part of anything
	tidy                                                                                            map[string][]belongs
	lets                                                                                            map[string]string
	classes                                                                                         map[byte]string // kinds of the lexicon's letters
	guesses                                                                                         map[string]*guess
	manner                                                                                          [][]string // how something is to be done: no step says so
	frames                                                                                          [][]string // "could you": what may stand before a clause
	asking                                                                                          [][]string // "would you mind": the same before a gerund
	idioms                                                                                          [][]string // "take a photo": no taking of a thing
	nearby                                                                                          [][]string // "next to": tell which thing is meant by others
	partitives, stop, trail, sides, toys, standing, acts, plurals, colours, units, grips, modifiers map[string]bool
	tooled                                                                                          map[string]bool // verbs that take a tool, after "with"
}

// state is a word for what is true of a thing.
type state struct {
	word    string
	literal decompose.Literal // of X
	need    *need
}

// need is a thing that a clause asks for and does not name.
type need struct{ slot, kind, name string }

type belongs struct{ noun, preposition, place string }

// saying is what a clause asks for.
type saying struct {
	patterns         [][]element
	goal, start, was []decompose.Literal
	needs            []need
	by               *decompose.Literal
	without          []string
	never            []string // kinds that X is not of
	motions          bool
	loose            bool   // what it takes in the hand need not stay there
	pair             string // what each thing is to be to the one before it: on it, or changed for it
}

// element of a pattern: words that may stand there, or a thing, or both where the words point back to a thing.
type element struct {
	words      [][]string
	optional   bool
	manner     bool // no step says it
	slot, kind string
}

var english = sync.OnceValue(func() *vocabulary {
	x, err := readVocabulary()
	if err != nil {
		panic(err) // a test reads these very bytes
	}
	return x
})

func readVocabulary() (*vocabulary, error) {
	x := &vocabulary{refuse: map[string]string{}, adjectives: map[string]bool{}, states: map[string]*state{}, nouns: map[string]*noun{}, open: map[string]bool{}, general: map[string]bool{},
		forms: map[string]string{}, rules: map[string][]*saying{}, known: map[string]bool{}, tidy: map[string][]belongs{}, lets: map[string]string{},
		classes: map[byte]string{}, guesses: map[string]*guess{}, partitives: map[string]bool{}, stop: map[string]bool{}, trail: map[string]bool{},
		sides: map[string]bool{}, toys: map[string]bool{}, standing: map[string]bool{}, acts: map[string]bool{}, plurals: map[string]bool{}, colours: map[string]bool{}, units: map[string]bool{}, grips: map[string]bool{}, modifiers: map[string]bool{}, tooled: map[string]bool{}}
	x.leaves(decompose.Skills())
	text, err := files.ReadFile("grammar.txt")
	if err != nil {
		return nil, err
	}
	return x, x.read(string(text))
}

// leaves makes a noun of every kind that has none below it: of mug and table, not of item and surface.
func (x *vocabulary) leaves(l *decompose.Library) {
	all := l.Kinds()
	for _, name := range all {
		leaf := !slices.ContainsFunc(all, func(k string) bool { return k != name && l.Is(k, name) })
		if x.general[name] = !leaf; leaf && !slices.Contains([]string{"place", "person", "spot", "liquid"}, name) {
			x.noun(name, name)
		}
	}
	for _, name := range []string{"drawer", "box", "door", "lid"} {
		x.noun(name, name)
	}
}

func (x *vocabulary) noun(name, kinds string) {
	n := &noun{name: strings.ReplaceAll(name, "-", " "), kinds: kinds}
	for _, form := range []string{name, n.name} {
		x.nouns[form] = n
		words := strings.Fields(form)
		x.longest = max(x.longest, len(words))
		x.know(words...)
	}
}

func (x *vocabulary) know(words ...string) {
	for _, w := range words {
		x.known[w] = true
	}
}

func (x *vocabulary) read(text string) error {
	var r *saying
	body := false
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if word == "" {
			continue
		}
		var err error
		switch rest = strings.TrimSpace(rest); word {
		case "say":
			if r == nil || body {
				r, body = &saying{}, false
			}
			err = x.say(r, rest)
		case "goal", "start", "was", "need", "by", "without", "never", "motions", "loose", "pair":
			body = true
			err = r.line(word, rest)
		default:
			if r != nil && !body {
				err = errors.New("a say before it has no goal")
			} else {
				r, err = nil, x.line(word, rest)
			}
		}
		if err != nil {
			return fmt.Errorf("english: grammar.txt:%d: %w", i+1, err)
		}
	}
	return nil
}

// lists and sets are the lines that only collect words; _ joins those of a phrase.
func (x *vocabulary) lists() map[string]*[][]string {
	return map[string]*[][]string{"skip": &x.skip, "manner": &x.manner, "frame": &x.frames, "asking": &x.asking, "nearby": &x.nearby, "idiom": &x.idioms}
}

func (x *vocabulary) sets() map[string]map[string]bool {
	return map[string]map[string]bool{"partitive": x.partitives, "stop": x.stop, "trail": x.trail, "side": x.sides, "toy": x.toys, "standing": x.standing,
		"act": x.acts, "colour": x.colours, "unit": x.units, "grip": x.grips, "modifier": x.modifiers, "plural": x.plurals, "open": x.open, "adjective": x.adjectives}
}

func (x *vocabulary) line(word, rest string) error {
	left, right, _ := strings.Cut(rest, ":")
	fields := strings.Fields(rest)
	if list := x.lists()[word]; list != nil {
		for _, w := range fields {
			*list = append(*list, strings.Split(w, "_"))
		}
		slices.SortStableFunc(*list, func(a, b []string) int { return len(b) - len(a) })
		return nil
	}
	if set := x.sets()[word]; set != nil {
		for _, w := range fields {
			if set[strings.ReplaceAll(w, "_", " ")] = true; word == "partitive" && x.nouns[w] == nil {
				x.noun(w, "item")
			}
		}
		if word == "adjective" || word == "modifier" {
			x.know(fields...)
		}
		return nil
	}
	switch word {
	case "class":
		x.classes[left[0]] = strings.TrimSpace(right)
	case "assume":
		return x.guess(left, right)
	case "refuse":
		for w := range strings.FieldsSeq(right) {
			x.refuse[w] = left
		}
	case "noun":
		x.called(strings.TrimSpace(left), right)
	case "room":
		x.called(room, rest)
	case "state":
		return x.state(left, right)
	case "form":
		for w := range strings.FieldsSeq(right) {
			x.forms[w] = strings.TrimSpace(left)
		}
	case "let":
		name, words, _ := strings.Cut(rest, " ")
		x.lets["$"+name] = strings.TrimSpace(words)
	case "tidy":
		for part := range strings.SplitSeq(right, ",") {
			f := strings.Fields(part)
			if len(f) != 3 {
				return fmt.Errorf("%q is not a thing, a preposition and a place", part)
			}
			x.tidy[left] = append(x.tidy[left], belongs{f[0], f[1], f[2]})
		}
	default:
		return fmt.Errorf("%q begins nothing", word)
	}
	return nil
}

// called adds names for things of some kinds.
func (x *vocabulary) called(kinds, names string) {
	same := x.nouns[kinds]
	if x.general[kinds] {
		same = nil // an item is no name for a stapler
	}
	for name := range strings.SplitSeq(names, ",") {
		x.noun(strings.TrimSpace(name), kinds)
		if same != nil {
			x.nouns[strings.TrimSpace(name)].name = same.name
		}
	}
}

func (x *vocabulary) guess(kind, rest string) error {
	of, text, ok := strings.Cut(rest, " = ")
	if !ok {
		return fmt.Errorf("%q has no words for it", rest)
	}
	kind, as, _ := strings.Cut(kind, " ")
	x.guesses[kind] = &guess{strings.Fields(of), cmp.Or(as, kind), strings.TrimSpace(text)}
	return nil
}

func (x *vocabulary) state(words, rest string) error {
	literal, needs, _ := strings.Cut(rest, " needs ")
	l, err := decompose.ParseLiteral(literal)
	if err != nil {
		return err
	}
	var n *need
	if kind, name, ok := strings.Cut(needs, "="); ok {
		n = &need{kind: strings.TrimSpace(kind), name: strings.TrimSpace(name)}
	}
	for w := range strings.FieldsSeq(words) {
		x.states[w] = &state{w, l, n}
		x.know(w)
	}
	return nil
}
