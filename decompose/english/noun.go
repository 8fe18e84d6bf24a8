package english

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// mention is a phrase that stands for a thing, or for several of a sort.
type mention struct {
	said       string // without articles: "red mug"
	noun       *noun  // nil for a pronoun, and for "the left one" until it is known what that is
	pronoun    string // it, them, there, him, or taken, which is not said: what is in the hand
	definite   bool   // the, this, my
	indefinite bool   // a
	bare       bool   // nothing but the noun
	single     bool   // "one of the mugs"
	plural     bool   // "mugs", and it is not said how many
	several    bool   // "every mug"
	one        bool   // "the left one"
	count      int    // "two mugs"; else 0
	states     []*state
	of         *mention   // the milk in "bottle of milk"
	where      *mention   // and where it is
	how        string     // on, in
	beside     []*mention // what it is said to be near
	relation   string     // and how: beside, left-of, behind
	whole      *mention   // what it is a part of
	itself     *mention   // the door or the lid, of what is named by it where it is to be opened or closed
	part       string     // a slice, of "a slice of it"
	at, end    int        // words
}

// phrase is one way to read the words from some place on, up to end.
type phrase struct {
	list   []*mention
	end    int
	places int  // phrases such as "on the table" that are taken for descriptions
	with   bool // one of them begins with "with"
}

var (
	definite   = strings.Fields("the this that my your our their his its these those whose")
	indefinite = strings.Fields("a an some another")
	numbers    = strings.Fields("two three four five six seven eight nine ten eleven twelve")
	pronouns   = map[string]string{"it": "it", "itself": "it", "them": "them", "these": "them", "those": "them", "both": "them", "all": "them", "each": "them", "him": "him", "her": "him", "there": "there", "here": "there"}
)

// core reads things without what follows their noun, the longest phrase first: "two red mugs", "the yellow and white mug",
// "both", and two things of "the red and blue blocks".
func (p *parser) core(i int) (out []phrase) {
	m := mention{at: i}
	if p.coloured(i) { // stack pink on blue
		m.one, m.definite, m.said, m.end = true, true, p.text(i), i+1
		return []phrase{{list: []*mention{&m}, end: i + 1}}
	}
	if p.text(i) == "another" && !p.content(i+1) && p.text(i+1) != "one" { // the cans into one bin and the jars into another
		m.one, m.said, m.end = true, "other", i+1
		return []phrase{{list: []*mention{&m}, end: i + 1}}
	}
	j, quantity := p.determiners(i, &m)
	if ph := p.pronoun(i, j == i || quantity); ph != nil {
		return ph
	}
	if j == i && p.text(i) == "everything" { // that was spoken of, else that is there
		out = append(out, phrase{list: []*mention{{pronoun: "them", at: i, end: i + 1}}, end: i + 1})
	}
	if w := p.text(j); m.definite && (w == "one" || w == "ones") { // the one on the left
		m.one, m.end = true, j+1
		return append(out, phrase{list: []*mention{&m}, end: j + 1})
	}
	j = p.counts(j, &m)
	if j == i && p.commands(j) {
		return nil
	}
	end, split := p.run(j)
	p.far = max(p.far, min(j, len(p.words)))
	for e := end; e > j; e-- {
		if list := p.things(m, j, e, split); list != nil {
			if p.fluid[p.words[i].at] && list[0].noun != nil {
				list[0].noun = &noun{name: list[0].noun.name, kinds: "liquid", class: 'u'}
			}
			out = append(out, phrase{list: list, end: e})
		}
		if e > j+1 && !p.trails(e-1) && !p.tells(e-1) && len(out) > 0 {
			break
		}
	}
	if n := len(out); n > 0 {
		if more, ok := p.labels(out[0]); ok {
			return append([]phrase{more}, out...)
		}
	}
	if len(out) == 0 && m.definite && end > j && p.picks(j, end) { // the red of "the blue mug and the red"
		m.one, m.said, m.end = true, p.spoken(&m, j, end), end
		out = append(out, phrase{list: []*mention{&m}, end: end})
	}
	return out
}

// commands tells whether a word is a verb with a thing after it: "place it", "close the".
func (p *parser) commands(j int) bool {
	w, next := p.text(j), p.text(j+1)
	return p.acts[w] || p.rules[w] != nil && (next == "it" || next == "them") || p.rules[w] != nil && p.nouns[w] == nil && (slices.Contains(definite, next) || slices.Contains(indefinite, next) || pronouns[next] != "" || next == "up" || next == "down" || next == "both")
}

// counts reads "two", "three of the".
func (p *parser) counts(j int, m *mention) int {
	n, ok := p.number(j)
	switch {
	case ok && n > 1 && (p.content(j+1) || p.text(j+1) == "of"):
		m.count = n
		if j++; p.text(j) == "of" {
			j++
		}
		if slices.Contains(definite, p.text(j)) {
			j++
		}
	case p.text(j) == "1" && p.content(j+1):
		j++
	}
	return j
}

// determiners passes "both of the", "all", "my", and notes them.
func (p *parser) determiners(i int, m *mention) (end int, quantity bool) {
	if next := p.text(i + 1); p.text(i) == "half" && (next == "of" || slices.Contains(definite, next) || slices.Contains(indefinite, next)) {
		i++ // half a lemon
		i += boolean(p.text(i) == "of")
	}
	switch p.text(i) {
	case "both":
		m.count, quantity = 2, true
	case "all", "every", "each", "any", "several", "many", "some", "most":
		quantity, m.plural = true, p.text(i) != "some" && p.text(i) != "any" && p.text(i) != "most"
		m.several = p.text(i) == "every" || p.text(i) == "each"
	case "another", "one":
		m.single = p.text(i) == "one" && p.text(i+1) == "of"
		if p.text(i) == "one" && !p.content(i+1) && p.text(i+1) != "of" {
			return i, false
		}
		quantity = true
	}
	if quantity {
		if i++; p.text(i) == "single" {
			i++
		}
		if p.text(i) == "of" {
			i++
		}
	}
	switch w := p.text(i); {
	case slices.Contains(definite, w) && (p.content(i+1) || p.text(i+1) == "one" || p.text(i+1) == "ones"):
		m.definite = true
		i++
	case slices.Contains(indefinite, w):
		m.indefinite = true
		i++
	}
	return i, quantity
}

// number reads a count, as a word or in digits.
func (p *parser) number(i int) (int, bool) {
	w := p.text(i)
	if k := slices.Index(numbers, w); k >= 0 {
		return k + 2, true
	}
	n, err := strconv.Atoi(w)
	return n, err == nil && n > 0 && n <= 12
}

// content tells whether a word can be part of a thing's name.
func (p *parser) content(i int) bool {
	w := p.text(i)
	if w == "" || p.refuse[w] != "" {
		return false
	}
	if p.stop[w] {
		// the back compartment
		if w == "back" && slices.Contains([]string{"on", "onto", "in", "at"}, p.text(i-1)) && p.nouns[p.text(i+1)] != nil {
			return true // on back burner
		}
		if slices.Contains([]string{"marked", "labeled", "labelled", "named", "filled", "nearest", "closest", "nearer", "closer", "farthest", "furthest"}, w) && slices.Contains(definite, p.text(i-1)) {
			return p.content(i + 1) // the marked spot
		}
		return slices.Contains([]string{"back", "next", "inside", "outside", "upright", "flat"}, w) && (slices.Contains(definite, p.text(i-1)) || strings.HasSuffix(p.text(i-1), "'s")) && (p.content(i+1) || w == "back" && p.text(i+1) == "of")
	}
	first := []rune(w)[0]
	return unicode.IsLetter(first) || unicode.IsDigit(first) || first == '-' && len(w) > 1 && digit(w[1])
}

// run finds where a name may end. Adjectives may be joined: "yellow and white mug"; split is where the second of them begins.
func (p *parser) run(j int) (end, split int) {
	for k := j; ; k++ {
		switch {
		case p.content(k) && !(k > j && p.begins(k)):
		case k > j && (p.text(k) == "and" || p.text(k) == "&") && split == 0 && p.adjective(k-1) && p.joined(k+1) && !p.sideAlone(j, k):
			split = k + 1
		case split == k && k > 0 && p.text(k) == "the" && p.content(k+1):
		default:
			return k, split
		}
		if k-j > 10 {
			return k, split
		}
	}
}

// sideAlone tells whether "the left" from j to k is a place: "on the left and the green book on the right".
func (p *parser) sideAlone(j, k int) bool {
	return k == j+1 && p.sides[p.text(j)] && p.text(k+1) == "the" && slices.Contains([]string{"on", "at", "to", "in"}, p.text(j-2))
}

// joined tells whether an adjective with a noun stands at k: "white mug" after "yellow and".
func (p *parser) joined(k int) bool {
	if p.text(k) == "the" {
		k++
	}
	return p.adjective(k) && p.content(k+1) && !p.trails(k+1)
}

// adjective tells whether a word can only describe.
func (p *parser) adjective(k int) bool {
	w := p.text(k)
	if p.adjectives[w] || p.modifiers[w] || strings.HasSuffix(w, "-capped") || strings.HasSuffix(w, "-colored") {
		return true
	}
	e, _ := look(w)
	return e.adjective && !e.thing() && p.nouns[w] == nil
}

// describes tells whether all words from j to e only describe.
func (p *parser) describes(j, e int) bool {
	for k := j; k < e; k++ {
		if p.modifiers[p.text(k)] || !p.adjective(k) && p.text(k) != "other" {
			return false
		}
	}
	return true
}

// picks tells whether all words from j to e can pick out one of several: the red, the left.
func (p *parser) picks(j, e int) bool {
	for k := j; k < e; k++ {
		if !p.adjectives[p.text(k)] && p.text(k) != "other" {
			return false
		}
	}
	return true
}

// begins tells whether a word in the middle of a name rather begins a clause, "pick kitkat place white bowl", or says where a thing is.
func (p *parser) begins(k int) bool {
	return p.acts[p.text(k)] || p.lies(k) && slices.Contains(spatial, p.text(k+1))
}

// trails tells whether a word may follow a name without being part of it: "push the block left".
func (p *parser) trails(k int) bool {
	w := p.text(k)
	if p.trail[w] {
		return true
	}
	if p.nouns[w] != nil {
		return false
	}
	e, ok := look(w)
	return ok && !e.thing() && (e.adverb || e.adjective)
}

// things makes mentions of the words from j to e.
func (p *parser) things(m mention, j, e, split int) []*mention {
	if split > 0 && split < e {
		first, second := m, m
		second.at = split
		if p.text(split) == "the" { // the red and the blue block
			last, ok := p.named(m, split+1, e)
			if !ok {
				return nil
			}
			return []*mention{p.like(first, j, split-1, last), last}
		}
		last, ok := p.named(m, split, e)
		if !ok {
			return nil
		}
		if last.plural || m.count == 2 {
			last.count, last.plural, first.count = 0, false, 0
			last.said = strings.TrimSuffix(last.said, p.text(e-1)) + p.oneOf(p.text(e-1))
			return []*mention{p.like(first, j, split-1, last), last}
		}
	}
	one, ok := p.named(m, j, e)
	if !ok {
		return nil
	}
	return []*mention{one}
}

// like is the first of two things that share a noun: "red" of "red and blue block".
func (p *parser) like(m mention, j, e int, last *mention) *mention {
	var said []string
	for k := j; k < e; k++ {
		said = append(said, p.text(k))
	}
	if last.noun == nil { // of "the red and the green one"
		m.one, m.said, m.end = true, strings.Join(said, " "), last.end
		return &m
	}
	m.noun, m.said, m.end, m.plural = last.noun, strings.Join(append(said, last.noun.name), " "), last.end, false
	return &m
}
