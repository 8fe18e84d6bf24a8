package english

import "slices"

// suppose reads "if the window is open, " and "..., if it is open": the plan is for the case in which that is so, and says that it rests on it.
func (p *parser) suppose(i int) map[int][]reading {
	if p.text(i) != "if" || slices.ContainsFunc(p.words, func(w word) bool { return w.text == "otherwise" || w.text == "else" }) {
		return nil
	}
	last := i > 0 && !slices.Contains([]string{".", ";", "!"}, p.text(i-1))
	ends := func(end int) bool {
		if last {
			return end >= len(p.words) || p.text(end) == "." || p.text(end) == "!"
		}
		return p.text(end) == "," || p.text(end) == "then"
	}
	supposed := func(end int, slots []slot) map[int][]reading {
		return map[int][]reading{end: {{rule: &saying{}, told: true, supposes: true, verb: "tell", manner: p.words[i+1 : end], slots: slots, at: i, end: end}}}
	}
	if !last {
		for end, list := range p.statement(i + 1) {
			if ends(end) {
				return supposed(end, list[0].slots)
			}
		}
	}
	end := i + 2
	for end < len(p.words) && !ends(end) && (p.refuse[p.text(end)] == "" || p.text(end) == "not") && p.text(end) != "?" {
		end++
	}
	subject := slices.Contains(subjects, p.text(i+1)) || p.text(i+1) == "you"
	told := subject || p.subject(i+1) != nil || pronouns[p.text(i+1)] != ""
	if !told || !ends(end) || !last && !p.orders(end) {
		return nil
	}
	if m := p.toldOf(i+1, end, subject); m != nil && !last {
		return supposed(end, []slot{{"X", "thing", []*mention{m}}})
	}
	return supposed(end, nil)
}
