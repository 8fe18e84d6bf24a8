package english

import (
	"slices"
	"strings"
)

// side reads "on the left", "at the back", "in the middle".
func (p *parser) side(i int) (side string, end int) {
	k := i
	if w := p.text(k); w != "on" && w != "at" && w != "in" && w != "to" {
		return "", 0
	}
	if k++; p.text(k) == "the" || p.text(k) == "your" {
		k++
	}
	if p.text(k) == "far" || p.text(k) == "very" {
		k++
	}
	w := strings.TrimSuffix(p.text(k), "-hand")
	if !p.sides[w] {
		return "", 0
	}
	if k++; p.text(k) == "side" || p.text(k) == "corner" || p.text(k) == "end" {
		k++
	}
	if p.text(i) == "to" || p.text(k) == "of" || p.content(k) {
		return "", 0 // to the left of the plate, on the left plate
	}
	if w == "center" || w == "centre" {
		w = "middle"
	}
	return w, k
}

// beside passes what only tells which thing is meant, by others near it: "next to the plate", "between the cup and the bowl".
func (p *parser) beside(i int) (end int, near []*mention) {
	for _, words := range p.nearby {
		if !p.has(i, words) {
			continue
		}
		at := i + len(words)
		list := p.single(at)
		if words[0] == "between" {
			list = p.several(at)
		}
		if len(list) > 0 {
			best := shortest(list)
			if !slices.Contains([]string{"next", "beside", "near", "by", "close", "to", "left", "right", "on", "behind", "in"}, words[0]) {
				return best.end, nil // the shelf above the toilet: it tells which shelf
			}
			return best.end, best.list
		}
	}
	return 0, nil
}

// relation is the predicate of the words at i that tell where something is with respect to others.
func (p *parser) relation(i int) string {
	for _, words := range p.nearby {
		if !p.has(i, words) {
			continue
		}
		for name, word := range map[string]string{"left-of": "left", "right-of": "right", "behind": "behind", "in-front-of": "front"} {
			if slices.Contains(words, word) && words[0] != "from" {
				return name
			}
		}
		break
	}
	return "beside"
}

// shortest is the phrase that claims the least.
func shortest(list []phrase) phrase {
	best := list[0]
	for _, ph := range list[1:] {
		if ph.places < best.places {
			best = ph
		}
	}
	return best
}

// hallmark passes "with the orange grip", "containing a pair of glasses".
func (p *parser) hallmark(i int) int {
	w := p.text(i)
	if next := p.text(i + 1); (w == "that" || w == "which") && slices.Contains([]string{"has", "have", "had", "contains", "holds"}, next) && (slices.Contains(definite, p.text(i+2)) || slices.Contains(indefinite, p.text(i+2))) {
		i, w = i+1, "containing" // the drawer that has the spoon in it
	}
	if w == "without" && len(p.lemmas(p.text(i+1), gerund)) > 0 {
		return 0
	}
	if !slices.Contains([]string{"without", "with", "w", "containing", "holding", "labeled", "labelled", "marked", "named", "called", "full", "for", "missing"}, w) {
		return 0
	}
	if i++; p.text(i) == "/" || w == "full" && p.text(i) == "of" {
		i++
	}
	within := [][]string{{"on", "it"}, {"in", "it"}, {"on", "them"}, {"inside"}, {"on", "top"}}
	list := p.several(i)
	list = slices.DeleteFunc(slices.Clone(list), func(ph phrase) bool {
		m := ph.list[0]
		if slices.ContainsFunc(within, func(more []string) bool { return p.has(ph.end, more) }) {
			return m.pronoun != ""
		}
		return m.pronoun != "" || m.noun != nil && (strings.ContainsRune("TDgM", rune(m.noun.class)) || fitsKind(m.noun.kinds, "tool/device"))
	})
	if len(list) == 0 {
		if p.content(i) && w != "with" && w != "for" {
			return i + 1
		}
		return 0
	}
	end := shortest(list).end
	for _, more := range within {
		if p.has(end, more) {
			return end + len(more)
		}
	}
	return end
}

// relative passes "that is lying" before "on the table", and reads "that is open", "you are holding".
func (p *parser) relative(i int) (int, *state) {
	k := i
	if w := p.text(k); w == "that" || w == "which" || w == "who" {
		k++
	}
	if w := p.text(k); w == "you" || w == "i" || w == "we" {
		return p.held(i, k+1)
	}
	be := slices.Contains([]string{"is", "are", "was", "were", "has", "have", "'s"}, p.text(k))
	if be || p.text(i) == "that's" {
		k++
		if end, s := p.being(i, k); end > 0 {
			return end, s
		}
		for p.text(k) == "still" || p.text(k) == "already" || p.text(k) == "currently" {
			k++
		}
	}
	if p.lies(k) {
		k++
		if w := p.text(k); (w == "down" || w == "around" || w == "over" || w == "up") && !slices.Contains(definite, p.text(k+1)) && !slices.Contains(indefinite, p.text(k+1)) {
			k++
		}
		return k, nil
	}
	if k == i+1 && p.text(i) != "that's" { // only "that"
		return i, nil
	}
	return k, nil
}

// lies tells whether a word says how a thing is where it is: standing there, spilled on the counter, thrown on the floor.
func (p *parser) lies(k int) bool {
	w := p.text(k)
	if p.standing[w] || !slices.Contains(spatial, p.text(k+1)) {
		return p.standing[w]
	}
	stem, ok := strings.CutSuffix(w, "ed")
	if itself, _ := look(w); !ok || p.adjectives[w] || p.modifiers[w] || p.states[w] != nil || p.nouns[w] != nil || itself.thing() {
		return false
	}
	return stemOfVerb(stem)
}

// held reads "you are holding" from after "you" on.
func (p *parser) held(i, k int) (int, *state) {
	if w := p.text(k); w == "are" || w == "have" || w == "just" {
		k++
	}
	switch p.text(k) {
	case "hold", "holding", "grasped", "picked":
		if k++; p.text(k) == "up" {
			k++
		}
		return k, p.states["held"]
	}
	return i, nil
}

// being reads what a thing is said to be after "that is".
func (p *parser) being(i, k int) (end int, s *state) {
	for p.text(k) == "still" || p.text(k) == "already" || p.text(k) == "currently" {
		k++
	}
	if p.text(k) == "left" && p.states[p.text(k+1)] != nil {
		k++
	}
	w, next := p.text(k), p.text(k+1)
	switch s := p.states[w]; {
	case s != nil && s.need == nil:
		return k + 1, s
	case (w == "on" || w == "off") && k > i+1 && !p.content(k+1) && !slices.Contains(definite, next) && !slices.Contains(indefinite, next):
		return k + 1, p.states["running"]
	case (w == "fallen" || w == "tipped") && next == "over":
		return k + 2, p.states["toppled"]
	case p.adjective(k) && !p.content(k+1) && !p.stop[w]:
		return k + 1, nil
	}
	return 0, nil
}

// inHand passes "in your hand", "in the left gripper".
func (p *parser) inHand(i int) int {
	if p.text(i) == "held" {
		i++
	}
	if p.text(i) != "in" {
		return 0
	}
	k := i + 1
	if slices.Contains(definite, p.text(k)) {
		k++
	}
	if w := p.text(k); w == "left" || w == "right" || w == "both" {
		k++
	}
	if w := p.text(k); w == "hand" || w == "gripper" || w == "hands" || w == "arm" || w == "arms" || w == "grippers" {
		return k + 1
	}
	return 0
}

// clauseEnds lists where a relative clause that only tells which thing is meant may end: "that fell off the shelf".
func (p *parser) clauseEnds(i int) (ends []int) {
	if w := p.text(i); w != "" && w != "," && w != "." && w != "and" {
		for k := i + 1; k <= len(p.words) && k < i+9; k++ {
			w := p.text(k)
			if before := p.text(k - 1); (before == "left" || before == "put" || before == "placed" || before == "dropped" || before == "forgot") && (w == "on" || w == "in") {
				continue // that someone left on the piano
			}
			if p.text(k-1) == "upright" {
				break // set the pot that fell over upright
			}
			if w == "" || slices.Contains([]string{",", ".", "and", "upright", "then", "in", "on", "to", "into", "onto", "from", "with", "next", "back", "off", "out", "up", "away"}, w) && !(k == i+1 && (p.text(i) == "is" || p.text(i) == "are" || p.text(i) == "was" || p.text(i) == "you")) {
				ends = append(ends, k)
			}
			if w == "." || w == ";" || p.refuse[w] != "" {
				break
			}
		}
	}
	return ends
}
