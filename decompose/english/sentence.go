package english

import (
	"maps"
	"slices"
	"strings"
)

// piece is a clause of the sentence, and how it hangs together with the others.
type piece struct {
	readings []reading
	then     bool   // comes after all before it
	ahead    bool   // comes before the group that it stands in: "but first"
	seals    bool   // all that follows comes after it: "first"
	sub      string // "before" or "after": a subordinate clause
	lead     bool   // that stands before its main clause
	fresh    bool   // begins a sentence
	means    bool   // "by turning the knob": a gerund
	aside    []word // where it is done, which no step says
}

var joints = []struct {
	words []string
	what  string
}{
	{[]string{"when", "you're", "done"}, "then"}, {[]string{"when", "you", "are", "done"}, "then"}, {[]string{"once", "you're", "done"}, "then"}, {[]string{"once", "that's", "done"}, "then"}, {[]string{"when", "that's", "done"}, "then"},
	{[]string{"after", "that"}, "then"}, {[]string{"after", "this"}, "then"}, {[]string{"once", "done"}, "then"}, {[]string{"when", "done"}, "then"},
	{[]string{"at", "the", "end"}, "then"}, {[]string{"in", "the", "end"}, "then"}, {[]string{"but", "first"}, "ahead"}, {[]string{"and", "first"}, "ahead"},
	{[]string{"then"}, "then"}, {[]string{"next"}, "then"}, {[]string{"afterwards"}, "then"}, {[]string{"afterward"}, "then"}, {[]string{"subsequently"}, "then"},
	{[]string{"finally"}, "then"}, {[]string{"lastly"}, "then"}, {[]string{"first"}, "first"}, {[]string{"firstly"}, "first"}, {[]string{"and"}, ""}, {[]string{","}, ""}, {[]string{";"}, ""},
	{[]string{"."}, ""}, {[]string{"!"}, ""}, {[]string{":"}, ""}, {[]string{"-"}, ""}, {[]string{"&"}, ""}, {[]string{"in", "order", "to"}, ""}, {[]string{"to"}, ""}, {[]string{"so", "that"}, "so"}, {[]string{"such", "that"}, "so"}, {[]string{"so"}, "so"}, {[]string{"until"}, "so"}, {[]string{"by"}, "by"},
	{[]string{"and", "from", "there"}, "then"}, {[]string{"but"}, ""}, {[]string{"plus"}, ""},
}

// polite passes what is said around a request: "could you", "don't forget to". "Would you mind" has a gerund after it, and
// "make sure that" what is to be so.
func (p *parser) polite(i int) (end int, how string) {
	for _, f := range p.asking {
		if p.has(i, f) && p.text(i+len(f)) != "you" {
			return i + len(f), "gerund"
		}
	}
	for again := true; again; {
		again = false
		for _, f := range p.frames {
			if p.has(i, f) && i+len(f) < len(p.words) && !(f[0] == "go" && p.rules[p.text(i+len(f))] == nil) {
				next := i + len(f)
				if turns := f[0] == "turn" || f[0] == "look"; turns && p.text(next) != "," && p.text(next) != "and" {
					continue // turn around the knob
				} else if turns || p.text(next) == "," {
					next++
				}
				i, again = next, true
				break
			}
		}
	}
	for _, f := range [][]string{{"make", "sure"}, {"making", "sure"}, {"make", "certain"}, {"ensuring"}, {"be", "sure"}, {"ensure"}, {"see", "to", "it"}, {"check"}, {"verify"}, {"i", "want"}, {"i'd", "like"}, {"i", "would", "like"}, {"we", "want"}, {"i'd", "prefer"}, {"it", "would", "be", "great", "to", "have"}, {"it", "would", "be", "nice", "to", "have"}, {"it", "would", "be", "good", "to", "have"}} {
		if p.has(i, f) {
			if i += len(f); p.text(i) == "that" {
				return i + 1, "state"
			}
			if p.text(i) == "to" || p.text(i) == "you" {
				return i + 1, ""
			}
			return i, "state"
		}
	}
	return i, ""
}

// pieces reads the sentence from i on; verb is that of the clause before.
func (p *parser) pieces(i int, verb string) ([]piece, bool) {
	key := place{i, verb}
	if p.failed[key] || p.budget < 0 {
		return nil, false
	}
	out, ok := p.unit(i, verb)
	if !ok {
		p.failed[key] = true
	}
	return out, ok
}

// between passes the words between clauses from i on, and notes what they say of the order; so is where "so that" ends, and ok is false
// for a "first" that follows its clause.
func (p *parser) between(i int) (this piece, j, so int, parted, ok bool) {
	j, parted = i, i == 0
scan:
	for j < len(p.words) {
		for _, joint := range joints {
			if !p.has(j, joint.words) || joint.words[0] == "next" && p.text(j+1) == "to" || p.after(j, joint.words) {
				continue
			}
			switch joint.what {
			case "then":
				this.then = true
			case "by":
				if len(p.lemmas(p.text(j+1), gerund)) == 0 {
					break scan
				}
				this.ahead, this.means = true, true
			case "ahead":
				this.ahead = true
			case "so":
				if p.orders(j) {
					break
				}
				return this, j, j + len(joint.words), parted, i > 0
			case "first":
				if i > 0 && !parted { // "open the drawer first"
					return this, j, 0, parted, false
				}
				this.seals = true
			}
			parted = true
			this.fresh = this.fresh || joint.words[0] == "." || joint.words[0] == "!"
			j += len(joint.words)
			continue scan
		}
		break
	}
	return this, j, 0, parted, true
}

// after tells whether words that come to "then" have a verb after them: "once you're done wiping the table".
func (p *parser) after(j int, words []string) bool {
	return words[len(words)-1] == "done" && (p.text(j+len(words)) == "with" || len(p.lemmas(p.text(j+len(words)), gerund)) > 0)
}

func (p *parser) unit(i int, verb string) ([]piece, bool) {
	this, j, so, parted, ok := p.between(i)
	switch {
	case !ok:
		return nil, false
	case so > 0:
		return p.follow(p.condition(so, true), this)
	}
	if p.far = max(p.far, j); j == len(p.words) {
		return nil, i > 0
	}
	if k := p.done(j); k > 0 {
		return p.subordinate(k, "after", parted, this)
	}
	for _, sub := range []struct {
		words []string
		how   string
	}{{[]string{"before"}, "before"}, {[]string{"after"}, "after"}, {[]string{"once"}, "after"}, {[]string{"when"}, "after"}, {[]string{"as", "soon", "as"}, "after"}} {
		if p.has(j, sub.words) {
			return p.subordinate(j+len(sub.words), sub.how, parted, this)
		}
	}
	if ends := p.undone(j); i > 0 && len(ends) > 0 {
		return p.follow(ends, this)
	}
	if !parted && !p.acts[p.text(j)] && p.text(j) != "if" {
		return nil, false
	}
	return p.request(j, verb, this)
}

// request reads what is asked for at j: by a verb, as something that should be so, as something told beside it, or by the verb of
// the clause before.
func (p *parser) request(j int, verb string, this piece) ([]piece, bool) {
	first, from := j == 0, j
	j, how := p.polite(j)
	if p.far = max(p.far, min(j, len(p.words))); how == "state" || verb == "is" {
		if pieces, ok := p.follow(p.condition(j, true), this); ok {
			return pieces, true
		}
	}
	if how == "state" && slices.Contains([]string{"check", "i", "i'd", "we"}, p.text(from)) {
		j = from
	}
	if first && slices.ContainsFunc(p.words, func(w word) bool { return w.text == ":" }) {
		if ends := p.heading(j); len(ends) > 0 {
			return p.follow(ends, this)
		}
	}
	f := plain
	if how == "gerund" || this.means {
		f = gerund
	}
	if p.has(j, []string{"wait", "for"}) { // the light to turn green
		if ends := p.waits(j); len(ends) > 0 {
			return p.follow(ends, this)
		}
	}
	if pieces, ok := p.follow(p.clause(j, f, ""), this); ok {
		return pieces, true
	}
	if p.text(j-1) == "," && len(p.lemmas(p.text(j), gerund)) > 0 { // unstack the blocks, leaving the blue one there
		if pieces, ok := p.follow(p.clause(j, gerund, ""), this); ok {
			return pieces, true
		}
	}
	if first && p.wished(j) { // lamp on, the drawer should be closed
		if ends := p.condition(j, true); len(ends) > 0 {
			return p.follow(ends, this)
		}
	}
	if how == "state" && j != from {
		return nil, false // what is to be so is not only told
	}
	for _, told := range []func(int) map[int][]reading{p.suppose, p.statement, p.constraint, p.heading, p.waits, p.context, p.reason} {
		if ends := told(j); len(ends) > 0 {
			return p.follow(ends, this)
		}
	}
	if verb != "" && !this.fresh && p.rules[p.text(j)] == nil && !p.calls(j) {
		ends := p.clause(j, plain, verb)
		if !this.then { // a thing alone is part of the list before it, if of anything: "with the sponge and the soap"
			for end, list := range ends {
				if ends[end] = slices.DeleteFunc(list, func(r reading) bool { return len(r.slots) == 1 && r.ends() }); len(ends[end]) == 0 {
					delete(ends, end)
				}
			}
		}
		return p.follow(ends, this)
	}
	return nil, false
}

// best sorts where clauses end: those that take the fewest phrases for descriptions of things first, then the longest.
func best(ends map[int][]reading) []int {
	places := func(end int) int {
		return slices.MinFunc(ends[end], func(r, s reading) int { return r.places - s.places }).places
	}
	return slices.SortedFunc(maps.Keys(ends), func(a, b int) int {
		if d := places(a) - places(b); d != 0 {
			return d
		}
		return b - a
	})
}

// follow takes the best clause after which the rest can be read too.
func (p *parser) follow(ends map[int][]reading, this piece) ([]piece, bool) {
	for _, end := range best(ends) {
		if p.text(end) == ":" && !ends[end][0].told && !p.orders(end) {
			continue // set the table: a fork
		}
		this.readings = ends[end]
		p.reach(this.readings[0])
		next := end
		last := this
		if p.text(end) == "first" && (end+1 == len(p.words) || slices.Contains([]string{",", ".", "then", "and", "!", ";"}, p.text(end+1))) {
			last.ahead, last.seals, next = true, true, end+1
		}
		if rest, ok := p.pieces(next, this.readings[0].verb); ok {
			return append([]piece{last}, rest...), true
		}
		if aside := p.aside(next, this.readings[0]); aside > 0 && (!this.readings[0].ends() || p.text(next) == "with" || p.text(next) == "using" || strings.HasSuffix(p.text(next-1), "ward")) { // "turn the light off by the door"
			if rest, ok := p.pieces(aside, this.readings[0].verb); ok {
				last.aside = p.words[next:aside]
				return append([]piece{last}, rest...), true
			}
		}
	}
	return nil, false
}
