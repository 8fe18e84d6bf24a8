package english

import (
	"maps"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// calls tells whether a sentence ends with the name of somebody who is spoken to.
func (p *parser) calls(j int) bool {
	list := p.single(j)
	if len(list) == 0 || list[0].list[0].noun == nil {
		return false
	}
	return list[0].list[0].noun.class == '@' && (list[0].end == len(p.words) || p.text(list[0].end) == ".")
}

// wished tells whether the words from i on say how something should be, and not how it is.
func (p *parser) wished(i int) bool {
	for k := i; k < len(p.words); k++ {
		switch p.text(k) {
		case "should", "must", "has", "needs", "need", "have", "ought":
			return true
		case "is", "are":
			return false
		}
	}
	return len(p.words) < 6
}

// aside passes where something is done: "by the door", and, where nothing is put anywhere, "in the sink".
func (p *parser) aside(i int, r reading) int {
	if end, _ := p.beside(i); end > 0 && !slices.Contains([]string{"put", "place", "set", "stand"}, r.verb) {
		return end
	}
	if w := p.text(i); (w == "with" || w == "using") && (!p.tooled[r.verb] || r.handles()) {
		for _, ph := range p.single(i + 1) {
			if m := ph.list[0]; len(ph.list) == 1 && m.noun != nil && p.toEnd(ph.end, ph.end) == 0 && (r.handles() && p.grips[p.text(ph.end-1)] ||
				slices.Contains(poking, r.verb) && fitsKind(m.noun.kinds, "item") || !p.tooled[r.verb] && fitsKind(m.noun.kinds, "tool") && (w == "using" || slices.Contains(instrumental, r.verb))) {
				return ph.end
			}
		}
	}
	if slot := r.slots; len(slot) > 1 && (p.text(i) == "on" || p.text(i) == "in" || p.text(i) == "along") { // two squares forward on the board
		if m := slot[len(slot)-1].list[0]; m.noun != nil && m.bare && m.noun.kinds == "spot" && strings.HasSuffix(m.noun.name, "ward") {
			if list := p.single(i + 1); len(list) > 0 {
				return shortest(list).end
			}
		}
	}
	attitude := r.rule != nil && slices.ContainsFunc(r.rule.goal, func(l decompose.Literal) bool {
		return l.Name == "upright" || l.Name == "flipped" || l.Name == "toppled"
	})
	if w := p.text(i); attitude && (w == "in" || w == "on" || w == "at") {
		if list := p.single(i + 1); len(list) > 0 {
			return shortest(list).end
		}
	}
	return 0
}

// instrumental are verbs that what follows "with" does, and is not what they are said of: remove the lid with a spoon.
var instrumental = strings.Fields("remove retrieve lift extract pull pluck pry poke prod move nudge loosen detach topple knock")

// poking are instrumental verbs that say nothing of which thing is meant after "with".
var poking = strings.Fields("poke prod jab nudge pry")

// done passes "when you're done" and "once you have finished" where what was done follows; 0 where they are not at i.
func (p *parser) done(i int) int {
	k := i + 1
	if !slices.Contains([]string{"when", "once", "after"}, p.text(i)) || !slices.Contains([]string{"you", "you're", "you've"}, p.text(k)) {
		return 0
	}
	if k++; p.text(k) == "are" || p.text(k) == "have" {
		k++
	}
	if !slices.Contains([]string{"done", "finished", "finish", "through"}, p.text(k)) {
		return 0
	}
	if k++; p.text(k) == "with" || len(p.text(k)) > 4 && strings.HasSuffix(p.text(k), "ing") {
		return k
	}
	return 0
}

// past finds where what comes before something else ends, of which nothing is to be done now: sweeping, with the dishes.
func (p *parser) past(i int) int {
	stem, ok := strings.CutSuffix(p.text(i), "ing")
	doing := ok && stemOfVerb(stem)
	if end := i + p.toEnd(i, i+1); p.text(end) == "," && (doing && end == i+1 || p.text(i) == "with" && p.text(i-1) != "with") {
		return end
	}
	return 0
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
		maps.Copy(ends, p.condition(i, false))
	}
	if end := p.past(i); len(ends) == 0 && lead && end > 0 {
		ends[end] = []reading{{rule: &saying{}, told: true, verb: "tell", manner: p.words[i:end], at: i, end: end}}
	}
	if len(ends) == 0 {
		maps.Copy(ends, p.awaited(i, p.happens(i)))
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
			if rest, ok := p.request(next+boolean(p.text(next) == "then"), "", piece{}); ok {
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
