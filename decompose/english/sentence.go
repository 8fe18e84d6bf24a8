package english

import (
	"maps"
	"slices"
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
}

var joints = []struct {
	words []string
	what  string
}{
	{[]string{"after", "that"}, "then"}, {[]string{"after", "this"}, "then"}, {[]string{"once", "done"}, "then"}, {[]string{"when", "done"}, "then"},
	{[]string{"at", "the", "end"}, "then"}, {[]string{"in", "the", "end"}, "then"}, {[]string{"but", "first"}, "ahead"}, {[]string{"and", "first"}, "ahead"},
	{[]string{"then"}, "then"}, {[]string{"next"}, "then"}, {[]string{"afterwards"}, "then"}, {[]string{"afterward"}, "then"}, {[]string{"subsequently"}, "then"},
	{[]string{"finally"}, "then"}, {[]string{"lastly"}, "then"}, {[]string{"first"}, "first"}, {[]string{"firstly"}, "first"}, {[]string{"and"}, ""}, {[]string{","}, ""}, {[]string{";"}, ""},
	{[]string{"."}, ""}, {[]string{"!"}, ""},
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

func (p *parser) unit(i int, verb string) ([]piece, bool) {
	j := i
	var this piece
	parted := i == 0
scan:
	for j < len(p.words) {
		for _, joint := range joints {
			if !p.has(j, joint.words) {
				continue
			}
			switch joint.what {
			case "then":
				this.then = true
			case "ahead":
				this.ahead = true
			case "first":
				if i > 0 && !parted { // "open the drawer first"
					return nil, false
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
	if p.far = max(p.far, j); j == len(p.words) {
		return nil, i > 0
	}
	for _, sub := range []struct {
		words []string
		how   string
	}{{[]string{"before"}, "before"}, {[]string{"after"}, "after"}, {[]string{"once"}, "after"}, {[]string{"when"}, "after"}, {[]string{"as", "soon", "as"}, "after"}} {
		if p.has(j, sub.words) {
			return p.subordinate(j+len(sub.words), sub.how, parted, this)
		}
	}
	if !parted {
		return nil, false
	}
	if pieces, ok := p.follow(p.clause(j, plain, ""), this); ok {
		return pieces, true
	}
	if verb != "" && !this.fresh && p.rules[p.text(j)] == nil {
		return p.follow(p.clause(j, plain, verb), this)
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
		this.readings = ends[end]
		next := end
		last := this
		if p.text(end) == "first" && (end+1 == len(p.words) || slices.Contains([]string{",", ".", "then", "and", "!", ";"}, p.text(end+1))) {
			last.ahead, last.seals, next = true, true, end+1
		}
		if rest, ok := p.pieces(next, this.readings[0].verb); ok {
			return append([]piece{last}, rest...), true
		}
	}
	return nil, false
}

// subordinate reads "closing the drawer" or "you have closed the drawer", and more of the same after "and".
func (p *parser) subordinate(i int, how string, lead bool, this piece) ([]piece, bool) {
	ends := map[int][]reading{}
	if p.text(i) == "you" || p.text(i) == "you've" {
		if p.text(i+1) == "have" {
			i++
		}
		for _, f := range []form{plain, participle} {
			maps.Copy(ends, p.clause(i+1, f, ""))
		}
	} else {
		maps.Copy(ends, p.clause(i, gerund, ""))
		maps.Copy(ends, p.condition(i))
	}
	for _, end := range best(ends) {
		this.readings, this.sub, this.lead = ends[end], how, lead
		if p.text(end) == "and" {
			if more, ok := p.subordinate(end+1, how, lead, piece{}); ok {
				return append([]piece{this}, more...), true
			}
		}
		if end == len(p.words) && lead {
			continue // nothing that it is subordinate to
		}
		next := end
		if lead && p.text(next) == "," {
			next++
		}
		if lead {
			if rest, ok := p.follow(p.clause(next+boolean(p.text(next) == "then"), plain, ""), piece{}); ok {
				return append([]piece{this}, rest...), true
			}
			continue
		}
		if rest, ok := p.pieces(end, ""); ok {
			return append([]piece{this}, rest...), true
		}
	}
	return nil, false
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}
