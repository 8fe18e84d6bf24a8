package english

import (
	"slices"

	"github.com/egotsr/egotsr/decompose"
)

// constraint reads what is not to be done: "don't touch the knife". It holds of every plan that knows no knife, and the builder
// refuses a sentence that names it elsewhere.
func (p *parser) constraint(i int) map[int][]reading {
	out := map[int][]reading{}
	for _, not := range [][]string{{"don't"}, {"dont"}, {"do", "not"}, {"not"}} {
		if !p.has(i, not) {
			continue
		}
		k := i + len(not)
		if not[0] != "not" {
			if p.rules[p.text(k)] == nil && !slices.Contains([]string{"touch", "bump", "hit", "disturb", "spill", "break"}, p.text(k)) {
				continue
			}
			k++
		}
		if careful := p.carefully(i, k); careful != nil {
			return careful
		}
		if p.rules[p.text(k-1)] != nil && not[0] != "not" {
			p.forbidden(i, k-1, out)
		}
		if len(out) > 0 {
			return out
		}
		if end := p.contrast(k); end > 0 && not[0] == "not" {
			out[end] = append(out[end], reading{rule: &saying{}, told: true, verb: "tell", manner: p.words[i:end], at: i, end: end})
			return out
		}
		for _, ph := range p.single(k) {
			if m := ph.list[0]; len(ph.list) == 1 && m.noun != nil && (ph.end == len(p.words) || slices.Contains([]string{",", ".", ";", "and", "!"}, p.text(ph.end))) {
				out[ph.end] = append(out[ph.end], reading{rule: &saying{}, told: true, never: true, verb: "tell", slots: []slot{{"X", "thing", ph.list}}, at: i, end: ph.end})
			}
		}
		return out
	}
	return out
}

// carefully reads how something is to be done that is asked for next: "don't drop the glass, set it on the table".
func (p *parser) carefully(i, k int) map[int][]reading {
	if !slices.Contains([]string{"drop", "spill", "break", "tilt", "crush", "smash", "scratch", "damage", "bump", "tip"}, p.text(k-1)) {
		return nil
	}
	for _, ph := range p.single(k) {
		next := ph.end + boolean(p.text(ph.end) == "over")
		for slices.Contains([]string{",", ".", ";", "but", "instead"}, p.text(next)) {
			next++
		}
		if m := ph.list[0]; len(ph.list) == 1 && m.noun != nil && next > ph.end && !p.content(next-1) && p.rules[p.text(next)] != nil && pronouns[p.text(next+1)] != "" {
			end := ph.end + boolean(p.text(ph.end) == "over")
			return map[int][]reading{end: {{rule: &saying{}, told: true, verb: "tell", manner: p.words[i:end], slots: []slot{{"X", "thing", ph.list}}, at: i, end: end}}}
		}
	}
	return nil
}

// forbidden reads what is not to be done, where something else is: "don't put the mug in the sink, put it on the shelf".
func (p *parser) forbidden(i, k int, out map[int][]reading) {
	for end, list := range p.clause(k, plain, "") {
		last := end >= len(p.words)-boolean(p.text(len(p.words)-1) == ".")
		if next := p.text(end); !last && next != "," && next != "but" && next != ";" && next != "." {
			continue
		}
		for _, r := range list {
			if r.rule != nil && (len(r.slots) > 1 && !last || last && len(r.slots) == 1 && slices.ContainsFunc(r.rule.goal, func(l decompose.Literal) bool {
				return l.Name == "running" || l.Name == "is-open" || l.Name == "locked"
			})) {
				r.told, r.forbids, r.at = true, true, i
				out[end] = append(out[end], r)
			}
		}
	}
}

// undone reads "without heating it" beside an order. Its verb is not that of what comes next.
func (p *parser) undone(i int) map[int][]reading {
	if p.text(i) != "without" {
		return nil
	}
	out := map[int][]reading{}
	for end, list := range p.clause(i+1, gerund, "") {
		for _, r := range list {
			if r.rule != nil && len(r.rule.goal) > 0 && len(r.slots) > 0 {
				r.told, r.forbids, r.verb, r.at = true, true, "tell", i
				out[end] = append(out[end], r)
			}
		}
	}
	return out
}

// contrast passes the rest of "not in the sink" and of "not the red one".
func (p *parser) contrast(k int) int {
	w, place := p.text(k), false
	if place = slices.Contains([]string{"in", "on", "into", "onto", "next", "under", "behind", "near", "beside", "from"}, w); place {
		if k++; p.text(k) == "to" {
			k++
		}
	}
	for _, ph := range p.single(k) {
		if ended := ph.end == len(p.words) || slices.Contains([]string{",", ".", ";", "!"}, p.text(ph.end)); ended && len(ph.list) == 1 && (place || ph.list[0].one) {
			return ph.end
		}
	}
	return 0
}
