package english

import "slices"

// statement reads what is only told of the scene, beside what is asked for: "there is a spoon on the floor", "the towel is wet",
// "the detergent is next to the faucet".
func (p *parser) statement(i int) map[int][]reading {
	out := map[int][]reading{}
	found := func(m *mention, end int) {
		out[end] = append(out[end], reading{rule: &saying{}, told: true, verb: "tell", slots: []slot{{"X", "thing", []*mention{m}}}, at: i, end: end})
	}
	ends := func(k int) bool {
		return k == len(p.words) || slices.Contains([]string{",", ".", ";", "and", "so", "then", "!"}, p.text(k))
	}
	for _, there := range [][]string{{"there's"}, {"there", "is"}, {"there", "are"}} {
		if !p.has(i, there) {
			continue
		}
		for _, ph := range p.single(i + len(there)) {
			if m := ph.list[0]; len(ph.list) == 1 && m.noun != nil && ends(ph.end) {
				found(m, ph.end)
			}
		}
		return out
	}
	for _, ph := range p.single(i) {
		m, k := ph.list[0], ph.end+1
		if be := p.text(ph.end); len(ph.list) != 1 || m.noun == nil || be != "is" && be != "are" {
			continue
		}
		if s := p.states[p.text(k)]; s != nil && s.need == nil && s.literal.Name != "holding" && s.suits(m.noun) && ends(k+1) {
			found(p.inState(*m, s), k+1)
		} else if p.adjective(k) && ends(k+1) {
			found(m, k+1)
		} else if end, _ := p.beside(k); end > 0 && ends(end) {
			found(m, end)
		} else if how := p.text(k); how == "on" || how == "in" {
			for _, y := range p.single(k + 1) {
				if len(y.list) != 1 || y.list[0].noun == nil || !ends(y.end) {
					continue
				}
				if with, _ := p.described(m, how, y.list[0]); with != nil {
					found(with, y.end)
				}
			}
		}
	}
	return out
}
