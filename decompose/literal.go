package decompose

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Literal is a fact about the world or its negation: hand-empty, on(mug,table), not open(drawer).
type Literal struct {
	Not  bool
	Name string
	Args []string
}

// LiteralError reports text that is no literal.
type LiteralError struct {
	Text, Reason string
}

func (e *LiteralError) Error() string {
	return fmt.Sprintf("decompose: literal %.80q: %s", e.Text, e.Reason)
}

// ParseLiteral reads a literal. Its name is a word; its arguments are words parted by commas, and single spaces inside
// are part of them: on(red mug, table). A word is made of letters, digits, "-", "_", "." and "'".
func ParseLiteral(s string) (Literal, error) {
	fail := func(reason string) (Literal, error) { return Literal{}, &LiteralError{s, reason} }
	text := strings.TrimSpace(s)
	var l Literal
	if rest, ok := strings.CutPrefix(text, "not"); ok && rest != "" && unicode.IsSpace([]rune(rest)[0]) {
		l.Not, text = true, strings.TrimSpace(rest)
	}
	name, rest, args := strings.Cut(text, "(")
	l.Name = strings.TrimSpace(name)
	if l.Name == "not" || !isWord(l.Name) {
		return fail("its name is not a word")
	}
	if !args {
		return l, nil
	}
	inside, ok := strings.CutSuffix(strings.TrimSpace(rest), ")")
	if !ok {
		return fail("its arguments do not end in )")
	}
	for arg := range strings.SplitSeq(inside, ",") {
		words := strings.Fields(arg)
		if len(words) == 0 || slices.ContainsFunc(words, func(w string) bool { return !isWord(w) }) {
			return fail("an argument is not made of words")
		}
		l.Args = append(l.Args, strings.Join(words, " "))
	}
	return l, nil
}

func isWord(s string) bool {
	for _, r := range s {
		if r == unicode.ReplacementChar || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.'", r) {
			return false
		}
	}
	return s != ""
}

// String gives the one form in which literals are compared: without any space but those inside arguments.
func (l Literal) String() string {
	if l.Not {
		return "not " + l.Atom()
	}
	return l.Atom()
}

// Atom is the literal without its negation.
func (l Literal) Atom() string {
	if len(l.Args) == 0 {
		return l.Name
	}
	return l.Name + "(" + strings.Join(l.Args, ",") + ")"
}

// Negated is the opposite.
func (l Literal) Negated() Literal {
	l.Not = !l.Not
	return l
}

// Equal tells whether two literals say the same.
func (l Literal) Equal(m Literal) bool {
	return l.Not == m.Not && l.Name == m.Name && slices.Equal(l.Args, m.Args)
}

// With replaces arguments by what they are bound to.
func (l Literal) With(bound func(string) string) Literal {
	args := make([]string, len(l.Args))
	for i, a := range l.Args {
		args[i] = bound(a)
	}
	return Literal{l.Not, l.Name, args}
}

// places are the predicates of which at most one holds of a thing at any time.
var places = []string{"holding", "on", "in", "inserted", "around", "hung", "has"}

// Placed is the thing whose place a literal tells, the mug of on(mug,table); empty where it tells none.
func (l Literal) Placed() string {
	switch {
	case !slices.Contains(places, l.Name):
		return ""
	case l.Name == "has":
		return l.Args[1]
	}
	return l.Args[0]
}

// Opposes tells whether two literals cannot hold together: a thing is in one place, and not both hot and cold.
func (l Literal) Opposes(m Literal) bool {
	if l.Not != m.Not {
		return l.Atom() == m.Atom()
	}
	if l.Not {
		return false
	}
	if l.Placed() != "" && m.Placed() != "" {
		return l.Placed() == m.Placed() && !l.Equal(m)
	}
	hot := []string{"hot", "cold"}
	return l.Name == "at" && m.Name == "at" && l.Args[0] != m.Args[0] ||
		l.Name != m.Name && slices.Contains(hot, l.Name) && slices.Contains(hot, m.Name) && l.Args[0] == m.Args[0]
}

// Fleeting tells whether a literal is only on the way: the next motion may end it.
func (l Literal) Fleeting() bool { return l.Name == "near" || l.Name == "away" }

func parseLiterals(texts []string) ([]Literal, error) {
	out := make([]Literal, len(texts))
	for i, s := range texts {
		var err error
		if out[i], err = ParseLiteral(s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func texts(literals []Literal) []string {
	out := make([]string, len(literals))
	for i, l := range literals {
		out[i] = l.String()
	}
	return out
}

// contradiction finds a literal that stands beside its own negation.
func contradiction(literals []Literal) (Literal, bool) {
	for i, l := range literals {
		for _, m := range literals[:i] {
			if l.Equal(m.Negated()) {
				return l, true
			}
		}
	}
	return Literal{}, false
}

// world is a state: the atoms that hold. What is not in it is false.
type world map[string]bool

func newWorld(literals []Literal) world {
	w := world{}
	w.apply(literals)
	return w
}

func (w world) holds(l Literal) bool { return w[l.Atom()] != l.Not }

func (w world) apply(effects []Literal) {
	for _, l := range effects {
		if l.Not {
			delete(w, l.Atom())
		} else {
			w[l.Atom()] = true
		}
	}
}

// lacks returns the first literal that does not hold.
func (w world) lacks(literals []Literal) (Literal, bool) {
	for _, l := range literals {
		if !w.holds(l) {
			return l, true
		}
	}
	return Literal{}, false
}
