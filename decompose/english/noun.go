package english

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/egotsr/egotsr/decompose"
)

// mention is a phrase that stands for a thing.
type mention struct {
	said       string // without articles: "red mug"
	noun       *noun  // nil for a pronoun
	pronoun    string // it, them, there, him, or taken, which is not said: what is in the hand
	definite   bool   // the, this, my
	indefinite bool   // a
	unknown    bool   // the noun is in no list
	bare       bool   // nothing but the noun
	count      int    // "two mugs"; else 0
	states     []*state
	of         *mention // the milk in "bottle of milk"
	where      *mention // and where it is
	how        string   // on, in
	at, end    int      // words
}

// phrase is one way to read the words from some place on, up to end.
type phrase struct {
	list   []*mention
	end    int
	places int // phrases such as "on the table" that are taken for descriptions
}

type parser struct {
	*lexicon
	words   []word
	singles map[int][]phrase
	failed  map[place]bool
	budget  int
	far     int // the first word that no reading got past
	unfit   unfit
	fit     int // the farthest end of a thing that fits
}

// place is one where a clause may begin, after one with a verb.
type place struct {
	word int
	verb string
}

// unfit is a thing of a kind that a verb does not take, at the farthest such place.
type unfit struct {
	at    int // where the phrase ends
	verb  string
	kinds []string // that it would take
}

// refuse notes a thing that does not fit.
func (u *unfit) refuse(at int, verb, kind string) {
	if at > u.at {
		*u = unfit{at: at, verb: verb}
	}
	if at == u.at && !slices.Contains(u.kinds, kind) {
		u.kinds = append(u.kinds, kind)
	}
}

// text is the word at i, or nothing at the end.
func (p *parser) text(i int) string {
	if i < len(p.words) {
		return p.words[i].text
	}
	return ""
}

// has tells whether the words stand at i.
func (p *parser) has(i int, words []string) bool {
	for j, w := range words {
		if p.text(i+j) != w {
			return false
		}
	}
	return true
}

// longestNoun finds a noun at i, and where it ends. A plural counts where plural is set.
func (p *parser) longestNoun(i int, plural bool) (*noun, int) {
	for n := min(p.longest, len(p.words)-i); n > 0; n-- {
		var key string
		if n == 1 {
			key = p.words[i].text
		} else {
			parts := make([]string, n)
			for j := range parts {
				parts[j] = p.words[i+j].text
			}
			key = strings.Join(parts, " ")
		}
		if found := p.nouns[key]; found != nil {
			return found, i + n
		}
		if one := p.singular(key); plural && one != "" {
			return p.nouns[one], i + n
		}
	}
	return nil, i
}

var (
	definite   = []string{"the", "this", "that", "my", "your", "our", "their", "his", "its", "these", "those"}
	indefinite = []string{"a", "an", "some"}
	numbers    = []string{"two", "three", "four", "five", "six"}
	pronouns   = map[string]string{"it": "it", "them": "them", "both": "them", "him": "him", "her": "him", "there": "there"}
	notNames   = append(append(append([]string{"of", "you", "have", "has", "been", "is", "are", "and", "then", "next", "afterwards", "afterward", "subsequently",
		"finally", "lastly", "first", "firstly", "last", "but", "before", "after", "once", "when", "that", "soon", "as", "one", "ones", "i", "we", "they", "she", "he",
		"everyone", "above", "below", "behind", "previous", "following", "rest", "tidy", "clear", "be", "am", "was", "were", "go", "let", "lets", "let's", "myself",
		"yourself", "itself", "us", "you", "instruction", "instructions", "prompt", "system", "task", "command", "commands", "way", "thing", "things", "stuff", "item",
		"items", "object", "objects", "place", "mess", "everything", "content", "up", "down", "out", "with", "at", "for", "by", "than", "so", "because"}, definite...), indefinite...), numbers...)
)

// single reads one thing at i, in every way there is.
func (p *parser) single(i int) []phrase {
	if out, ok := p.singles[i]; ok {
		return out
	}
	var out []phrase
	if m := p.core(i); m != nil {
		out = append(out, phrase{[]*mention{m}, m.end, 0})
		if m.noun != nil {
			for _, how := range [][]string{{"on", "top", "of"}, {"on"}, {"in"}, {"inside"}, {"of"}} {
				if p.has(m.end, how) {
					out = append(out, p.described(m, how[0], m.end+len(how))...)
					break
				}
			}
		}
	}
	p.singles[i] = out
	return out
}

// described reads what a thing is said to be on, in, or part of.
func (p *parser) described(m *mention, how string, i int) (out []phrase) {
	if how == "inside" {
		how = "in"
	}
	for _, in := range p.single(i) {
		y := in.list[0]
		if y.noun == nil {
			continue
		}
		with := *m
		with.end = in.end
		item, liquid := decompose.Skills().Is(m.noun.kinds, "item") || m.unknown, decompose.Skills().Is(y.noun.kinds, "liquid")
		switch {
		case how == "in" && y.noun.kinds == room && m.noun.kinds != room:
			with.where, with.how = y, "room"
			out = append(out, phrase{[]*mention{&with}, in.end, in.places + 1})
		case how == "of" && liquid && decompose.Skills().Is(m.noun.kinds, "vessel"):
			with.of = y
			out = append(out, phrase{[]*mention{&with}, in.end, in.places})
		case how == "of" && m.noun.name == "door" && m.bare && decompose.Skills().Is(y.noun.kinds, "container"):
			out = append(out, phrase{[]*mention{y}, in.end, in.places})
		case (how == "of" || how == "on" && !decompose.Skills().Is(m.noun.kinds, "container") && !decompose.Skills().Is(m.noun.kinds, "surface")) && !item && !decompose.Skills().Is(m.noun.kinds, "liquid") && m.noun.kinds != room && !decompose.Skills().Is(m.noun.kinds, "person") && y.noun.kinds != room:
			with.said = y.said + " " + m.said // the handle of the drawer, the button on the fan
			out = append(out, phrase{[]*mention{&with}, in.end, in.places})
		case how != "of" && (how == "in" && decompose.Skills().Is(m.noun.kinds, "container") && !decompose.Skills().Is(m.noun.kinds, "vessel") || !item && decompose.Skills().Is(m.noun.kinds, "surface") || !item && decompose.Skills().Is(m.noun.kinds, "container")) &&
			(decompose.Skills().Is(y.noun.kinds, "container") || decompose.Skills().Is(y.noun.kinds, "surface")):
			with.where, with.how = y, "at"
			out = append(out, phrase{[]*mention{&with}, in.end, in.places + 1})
		case how == "on" && item && decompose.Skills().Is(y.noun.kinds, "surface"), how == "in" && item && decompose.Skills().Is(y.noun.kinds, "container"):
			with.where, with.how = y, how
			out = append(out, phrase{[]*mention{&with}, in.end, in.places + 1})
		}
	}
	return out
}

// core reads a thing without what follows its noun.
func (p *parser) core(i int) *mention {
	m := &mention{at: i}
	w := p.text(i)
	if to, ok := pronouns[w]; ok {
		if m.pronoun, m.end = to, i+1; to == "them" && p.text(i+1) == "both" {
			m.end++
		}
		if w != "both" || p.text(i+1) == "" || !unicode.IsLetter(rune(p.text(i + 1)[0])) || p.known[p.text(i+1)] && p.nouns[p.text(i+1)] == nil {
			return m
		}
		return nil
	}
	if w == "me" {
		m.noun, m.said, m.end, m.definite = p.nouns["me"], "user", i+1, true
		return m
	}
	j := i
	m.definite, m.indefinite = slices.Contains(definite, w), slices.Contains(indefinite, w)
	if m.definite || m.indefinite {
		j++
	}
	if k := slices.Index(numbers, p.text(j)); k >= 0 {
		m.count = k + 2
		j++
	}
	from := j
	var said []string
	var before *noun
	for j < len(p.words) {
		if n, end := p.longestNoun(j, m.count > 0); n != nil {
			if m.noun != nil && !p.compound(m.noun, n) {
				break
			}
			before, m.noun, m.bare = m.noun, n, j == from
			m.end, j = end, end
			continue
		}
		if p.adjectives[p.text(j)] || p.states[p.text(j)] != nil {
			j++
			continue
		}
		break
	}
	if m.noun == nil {
		found := p.nameless(m, j, from)
		if found == nil && j > i {
			p.far = max(p.far, j)
		}
		return found
	}
	for k := from; k < m.end; k++ {
		w := p.words[k].text
		if s := p.states[w]; s != nil {
			m.states = append(m.states, s)
		} else if m.count > 0 && k == m.end-1 {
			if one := p.singular(w); one != "" {
				w = one
			}
			said = append(said, w)
		} else {
			said = append(said, w)
		}
	}
	m.said = strings.Join(said, " ")
	if m.noun.name == "door" && before != nil && decompose.Skills().Is(before.kinds, "container") { // the fridge's door is the fridge
		m.noun, m.said = before, strings.TrimSuffix(m.said, " door")
	}
	return m
}

// compound tells whether two nouns make one: soup bowl, drawer handle, but not mug sink.
func (p *parser) compound(first, head *noun) bool {
	is := func(n *noun, kinds ...string) bool {
		return slices.ContainsFunc(kinds, func(k string) bool { return n.kinds == k || decompose.Skills().Is(n.kinds, k) })
	}
	switch {
	case is(first, room):
		return !is(head, room, "person")
	case is(first, "liquid", "food"):
		return is(head, "vessel", "container", "surface") && !is(head, "openable") || is(head, "can", "jar", "bottle", "box", "liquid")
	case is(first, "spot"): // the left drawer, not the goal drawer
		return p.adjectives[first.name]
	}
	return !is(first, "item", "person") && !is(head, "item", "person", room)
}

// nameless reads a noun that is in no list: after an article, a plain thing that can be held; without, and with a
// capital, a person's name.
func (p *parser) nameless(m *mention, j, from int) *mention {
	w := p.text(j)
	letters := strings.IndexFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' }) < 0
	if len(w) < 2 || !letters || p.familiar(j) || p.refuse[w] != "" || strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") {
		return nil
	}
	if next := p.text(j + 1); next != "" && !p.known[next] && !slices.Contains(notNames, next) && unicode.IsLetter([]rune(next)[0]) {
		return nil // two unknown words: which is the noun?
	}
	m.end = j + 1
	switch capital, _ := utf8.DecodeRuneInString(p.words[j].said); {
	case m.count > 0:
		return nil
	case m.definite || m.indefinite:
		m.unknown, m.noun = true, &noun{w, "item"}
		var said []string
		for k := from; k <= j; k++ {
			if s := p.states[p.words[k].text]; s != nil {
				m.states = append(m.states, s)
			} else {
				said = append(said, p.words[k].text)
			}
		}
		m.said = strings.Join(said, " ")
	case j == from && unicode.IsUpper(capital) && j > 0:
		m.noun, m.said, m.definite = &noun{w, "person"}, p.words[j].said, true
	default:
		return nil
	}
	return m
}

// several reads one thing or a list of them, the longest list first.
func (p *parser) several(i int) (out []phrase) {
	for _, one := range p.single(i) {
		if one.list[0].pronoun == "" || one.list[0].pronoun == "it" {
			j := one.end
			if p.text(j) == "," {
				j++
			}
			if p.text(j) == "and" {
				j++
			}
			if j > one.end && p.budget > 0 {
				p.budget--
				for _, rest := range p.several(j) {
					out = append(out, phrase{append(one.list[:1:1], rest.list...), rest.end, one.places + rest.places})
				}
			}
		}
		out = append(out, one)
	}
	return out
}
