package english

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/egotsr/egotsr/decompose"
)

// named reads the words from j to e as a name with its noun last.
func (p *parser) named(m mention, j, e int) (*mention, bool) {
	m.end = e
	if w := p.text(e - 1); w == "one" || w == "ones" || e-1 > j && p.text(e-2) == "other" && slices.Contains(numbers, w) {
		m.one = true
		m.said = p.spoken(&m, j, e-1)
		return &m, e-1 > j
	}
	if e == j+1 && !m.definite && !m.indefinite && p.proper(j) {
		m.noun, m.said = &noun{p.text(j), "person", '@'}, p.words[j].said
		return &m, true
	}
	head, plural := (*noun)(nil), false
	last := e
	if w := p.text(e - 1); e-1 > j && label(w) { // plate 2, tray A
		last--
	}
	at := j
	for k := j; k < last && head == nil; k++ {
		head, plural = p.lookup(k, last)
		m.bare = k == j && last == e
		at = k
	}
	if head == nil {
		if head = p.brand(j, e); head == nil {
			return nil, false
		}
		at = j
	}
	if p.gibberish(j, e) {
		return nil, false
	}
	m.noun = head
	m.said = strings.TrimSpace(p.spoken(&m, j, at) + " " + p.joinedFrom(at, e))
	head = p.recast(head, j, e, at)
	m.noun = head
	p.quantified(&m, plural, e)
	if e == j+1 && !m.definite && !m.indefinite && head.class == '?' && p.capital(j) {
		m.noun, m.said, m.plural = &noun{head.name, head.kinds, '@'}, p.words[j].said, false
	}
	if w := p.text(j - 1); w == "another" || w == "other" {
		m.said, m.bare, m.indefinite = "other "+m.said, false, false
	}
	if head.name == "door" || head.name == "lid" {
		itself := m
		if p.doorOfKind(&m, j, e); m.noun != itself.noun {
			m.itself = &itself
		}
	}
	m.noun = p.handy(m.noun, j, last)
	return &m, true
}

// recast is what a noun stands for by the words before it, from j on: the red heart of a game, a strip that is cut as paper is, a puddle.
func (p *parser) recast(head *noun, j, e, at int) *noun {
	if e-1 > j && p.colours[p.text(e-2)] && slices.Contains(shapes, p.text(e-1)) {
		return &noun{name: p.text(e - 1), kinds: "block-like spot"}
	}
	if e-2 >= j && (p.partitives[head.name] || head.class == 'Z') && at == e-1 {
		of, _ := p.lookup(e-2, e-1)
		if of != nil && of.class != '?' && fitsKind(of.kinds, "cuttable") && (head.class != 'Z' || fitsKind(of.kinds, "food")) {
			return &noun{name: head.name, kinds: of.kinds + " item", class: of.class}
		}
	}
	spilt := slices.ContainsFunc(p.words[j:e-1], func(w word) bool { return w.text == "spilled" || w.text == "spilt" })
	if spilt && fitsKind(head.kinds, "liquid") {
		return &noun{name: head.name, kinds: "thing", class: 'X'}
	}
	return head
}

// shapes are those of blocks and of marks.
var shapes = strings.Fields("star heart moon crescent circle square triangle hexagon pentagon octagon diamond oval rectangle cross arrow semicircle trapezoid")

// capital tells whether the word at k, which begins no sentence, begins with a capital letter.
func (p *parser) capital(k int) bool {
	return k > 0 && unicode.IsUpper([]rune(p.words[k].said)[0])
}

// proper tells whether the word at k may be somebody's name, whatever else it means: Tom, after words that are not all capitalised.
func (p *parser) proper(k int) bool {
	if w := p.text(k); !p.capital(k) || len(w) < 3 || strings.ToUpper(w) == p.words[k].said || p.nouns[w] != nil || !slices.Contains([]string{"to", "give", "hand", "bring", "pass", "get", "for", "from", "with"}, p.text(k-1)) {
		return false
	}
	return unicode.IsLower([]rune(p.words[k-1].said)[0]) || k == 1
}

// gibberish tells whether words that nobody knows follow the name of a thing: apple asdf jkl, drawer asdf. What a thing is made of, or is for,
// may stand before a word that nobody knows.
func (p *parser) gibberish(j, e int) bool {
	for k := j + 1; k < e; k++ {
		n, _ := p.lookup(k-1, k)
		if known := n != nil && n.class != '?' && p.strange(k); !known || p.adjective(k-1) || p.toys[p.text(k-1)] {
			continue
		}
		if k+1 < e && p.strange(k+1) || k+1 == e && (n.class == 0 || strings.IndexByte("RBK", n.class) < 0) {
			return true
		}
	}
	return false
}

// strange tells whether no list and no lexicon has a word, and it is not made of words that are known: dishrack, drainer.
func (p *parser) strange(k int) bool {
	w := p.text(k)
	if p.familiar(k) || label(w) || strings.IndexFunc(w, unicode.IsDigit) >= 0 || strings.Contains(w, "-") || tail(w) != "" {
		return false
	}
	for _, ending := range []string{"er", "or", "ers", "ors"} {
		if stem, ok := strings.CutSuffix(w, ending); ok && stemOfVerb(stem) {
			return false
		}
	}
	return true
}

// tail is the last of the two words that a word is made of: rack, of dishrack; empty where it is not.
func tail(w string) string {
	for i := len(w) - 3; i >= 3; i-- {
		head, _ := look(w[:i])
		last, _ := look(w[i:])
		if head.thing() && last.thing() {
			return w[i:]
		}
	}
	return ""
}

// handy is a noun that a hand can hold, where the words from j to last say so: a toy boat, and the handle of a screwdriver, which one
// takes it by.
func (p *parser) handy(n *noun, j, last int) *noun {
	handle := n.name == "handle" && slices.ContainsFunc(p.words[j:last-1], func(w word) bool { n := p.nouns[w.text]; return n != nil && fitsKind(n.kinds, "item") })
	toy := slices.ContainsFunc(p.words[j:last-1], func(w word) bool { return p.toys[w.text] })
	if fitsKind(n.kinds, "item") || !handle && !toy {
		return n
	}
	with := *n
	if with.kinds += " item"; n.kinds == room {
		with.kinds = "block-like" // a wooden bridge
	}
	return &with
}

// quantified makes one of "two mugs" a mug, and notes where there are several and it is not said how many.
func (p *parser) quantified(m *mention, plural bool, e int) {
	if m.count > 1 || m.single {
		m.plural = false
	} else {
		m.plural = m.plural || plural && !m.indefinite
	}
	if (m.count > 0 || m.single) && plural {
		m.said = strings.TrimSpace(strings.TrimSuffix(m.said, p.text(e-1)) + p.oneOf(p.text(e-1)))
	}
}

// doorOfKind takes the fridge's door for the fridge.
func (p *parser) doorOfKind(m *mention, j, e int) {
	for k := j; k < e-1; k++ {
		n, _ := p.lookup(k, e-1)
		if n != nil && m.noun.name != "door" && !fitsKind(n.kinds, "container") && (strings.ContainsRune("ED", rune(n.class)) || fitsKind(n.kinds, "device")) {
			with := *n // the lid of a blender
			with.kinds += " container openable"
			m.noun, m.said = &with, strings.TrimSuffix(m.said, " "+p.text(e-1))
			return
		}
		if n != nil && (fitsKind(n.kinds, "container") || strings.ContainsRune("gED", rune(n.class))) && (m.noun.name == "door" || fitsKind(n.kinds, "openable")) && !fitsKind(n.kinds, "vessel") {
			m.noun, m.said = n, strings.TrimSuffix(m.said, " "+p.text(e-1))
			return
		}
	}
}

// spoken is a name as it is called from now on: states of a thing are no part of it.
func (p *parser) spoken(m *mention, j, e int) string {
	var said []string
	for k := j; k < e; k++ {
		w := p.text(k)
		if s := p.states[w]; s != nil && s.suits(m.noun) {
			m.states = append(m.states, s)
		} else if w != "the" {
			said = append(said, w)
		}
	}
	return strings.Join(said, " ")
}

// joinedFrom is the words from j to e.
func (p *parser) joinedFrom(j, e int) string {
	parts := make([]string, 0, e-j)
	for k := j; k < e; k++ {
		parts = append(parts, p.text(k))
	}
	return strings.Join(parts, " ")
}

// suits tells whether a state can be that of a thing: water is called hot, and it is a name.
func (s *state) suits(n *noun) bool {
	if n == nil || s.literal.Name == "holding" {
		return true
	}
	args, _ := decompose.Skills().Predicate(s.literal.Name)
	return decompose.Skills().Is(n.kinds, args[0]) || n.class == '?' || s.literal.Name == "is-open"
}

// oneOf is the singular of a word.
func (p *parser) oneOf(w string) string {
	if p.nouns[w] != nil {
		return w
	}
	if one := p.singular(w); one != "" {
		return one
	}
	for _, s := range singulars(w) {
		if _, ok := look(s); ok {
			return s
		}
	}
	return w
}

// lookup finds the noun that the words from k to e are: in grammar.txt, else in the lexicon; a single word that nobody knows is a
// noun too.
func (p *parser) lookup(k, e int) (n *noun, plural bool) {
	key := p.joinedFrom(k, e)
	if n := p.nouns[key]; n != nil {
		return n, p.plurals[key]
	}
	if one := p.singular(key); one != "" {
		return p.nouns[one], true
	}
	if e-k > 3 {
		return nil, false
	}
	if slices.Contains(numbers, key) {
		return nil, false
	}
	joined := strings.ReplaceAll(key, " ", "_")
	found, ok := look(joined)
	if generic := strings.IndexByte("IKXgOM", found.kind) >= 0; ok && generic && e-k > 1 && p.headed(e-1) {
		return nil, false // a front door is a door
	}
	if ok && found.thing() && p.classes[found.kind] != "" {
		return &noun{name: key, kinds: p.classes[found.kind], class: found.kind}, false
	}
	for _, s := range singulars(joined) {
		if f, known := look(s); known && !(e-k > 1 && p.headed(e-1)) && f.thing() && p.classes[f.kind] != "" && (!ok || !found.thing()) {
			return &noun{name: strings.ReplaceAll(s, "_", " "), kinds: p.classes[f.kind], class: f.kind}, true
		}
	}
	if rest := tail(key); e-k == 1 && !ok && rest != "" && p.rules[key] == nil && !p.known[key] { // a dishrack is a rack
		if n := p.nouns[rest]; n != nil {
			return &noun{name: key, kinds: n.kinds, class: n.class}, false
		}
		last, _ := look(rest)
		if kinds := p.classes[last.kind]; kinds != "" && last.kind != 'K' {
			return &noun{name: key, kinds: kinds, class: last.kind}, false
		}
	}
	if e-k == 1 && !ok && p.invented(key) {
		return &noun{name: key, kinds: "item", class: '?'}, strings.HasSuffix(key, "s") && !strings.HasSuffix(key, "ss")
	}
	return nil, false
}

// brand is what words are a name of that begins with one that nobody knows: mtn dew.
func (p *parser) brand(j, e int) *noun {
	if _, known := look(p.text(j)); e-j < 2 || known || !p.invented(p.text(j)) || p.known[p.text(j)] || p.trails(e-1) || p.rules[p.text(e-1)] != nil {
		return nil
	}
	if last, ok := look(p.text(e - 1)); !ok || last.kind == '.' || last.kind == 0 {
		return nil
	}
	return &noun{name: p.joinedFrom(j, e), kinds: "item", class: '?'}
}

// headed tells whether grammar.txt knows more of a word than that a hand can hold it.
func (p *parser) headed(k int) bool {
	n := p.nouns[p.text(k)]
	if one := p.singular(p.text(k)); n == nil && one != "" {
		n = p.nouns[one]
	}
	return n != nil && n.kinds != "item" && n.kinds != "thing"
}

// invented tells whether a word that nobody knows can be a noun: a brand, say.
func (p *parser) invented(w string) bool {
	if slices.Contains(numbers, w) || p.adjectives[w] || p.states[w] != nil || p.rules[w] != nil || isNumber(w) || strings.HasSuffix(w, "ly") {
		return false
	}
	for _, s := range singulars(w) {
		if _, ok := look(s); ok {
			return false // of what cannot be touched
		}
	}
	for _, f := range []form{gerund, participle} {
		if len(p.lemmas(w, f)) > 0 {
			return false
		}
	}
	return len([]rune(w)) > 1 && (len(w) < 4 || strings.ContainsAny(w, "aeiouy0123456789") || w[0] >= 0x80)
}

func isNumber(w string) bool {
	_, err := strconv.Atoi(w)
	return err == nil
}
