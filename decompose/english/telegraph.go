package english

import "slices"

// telegraph says the "in" and "on" that a sentence without articles leaves out: "place apple bowl", "pick kitkat place white bowl". It
// tells whether there was any.
func (p *parser) telegraph() bool {
	if slices.ContainsFunc(p.words, func(w word) bool { return slices.Contains(definite, w.text) || slices.Contains(indefinite, w.text) }) {
		return false
	}
	var out []word
	from := 0
	for i := 0; i < len(p.words); i++ {
		if !slices.Contains([]string{"put", "place", "drop", "insert", "set", "throw"}, p.text(i)) {
			continue
		}
		end := i + 1
		for end < len(p.words) && p.content(end) && !p.begins(end) {
			end++
		}
		if at, how := p.leftOut(i+1, end); how != "" {
			out = append(append(out, p.words[from:at]...), word{how, "", p.words[at].at})
			p.said = append(p.said, `"`+how+`" is left out before "`+p.quoted(p.words[at:end])+`"`)
			from = at
		}
	}
	if from == 0 {
		return false
	}
	p.words, p.singles = append(out, p.words[from:]...), map[int][]phrase{}
	return true
}

// leftOut finds where, between i and end, a name ends and that of a place begins, which may be all there is after a clause.
func (p *parser) leftOut(i, end int) (at int, how string) {
	for at := end - 1; at >= i && end < len(p.words)+1; at-- {
		y, ok := p.named(mention{at: at}, at, end)
		if !ok || y.noun == nil || at < end-1 && !p.describes(at, end-1) {
			continue
		}
		how := "on"
		if fitsKind(y.noun.kinds, "container") {
			how = "in"
		} else if !fitsKind(y.noun.kinds, "surface") {
			return 0, ""
		}
		if at == i {
			if i > 1 { // what was taken before
				return at, how
			}
			return 0, ""
		}
		x, ok := p.named(mention{at: i}, i, at)
		if compound, _ := p.lookup(i, end); compound != nil || !ok || x.noun == nil || p.adjective(at-1) || fitsKind(x.noun.kinds, "liquid") || p.fits(x, "item") == unfit {
			continue
		}
		return at, how
	}
	return 0, ""
}
