package english

import (
	"slices"
	"strings"
)

// passive says as an order what somebody says that is to be done: "the floor needs to be mopped", "these dishes need washing", "could the window be
// opened?".
func (p *parser) passive(all []word) []word {
	p.words = all
	for i := range all {
		asked := boolean(slices.Contains([]string{"can", "could", "will", "would", "may"}, p.text(i)))
		if !starts(all, i) || !p.content(i+asked) && !slices.Contains(definite, p.text(i+asked)) && !slices.Contains([]string{"all", "both", "every"}, p.text(i+asked)) || p.acts[p.text(i)] {
			continue
		}
		for end := i + asked + 1; end < min(i+9, len(all)); end++ {
			if at := p.touching(end); at > 0 && p.isThing(i+asked, end) {
				like := func(text string) word { return word{text, all[end].said, all[end].at} }
				return slices.Concat(all[:i], []word{like("put")}, all[i+asked:end], []word{like("next"), like("to")}, all[at:])
			}
			k, f := p.needing(end, asked == 1)
			if k == 0 || !p.isThing(i+asked, end) {
				continue
			}
			list := p.lemmas(p.text(k), f)
			if len(list) == 0 || p.rules[list[0]] == nil {
				continue
			}
			out := append(slices.Clone(all[:i]), word{list[0], all[k].said, all[k].at})
			out = append(append(out, all[i+asked:end]...), all[k+1:]...)
			return p.passive(out)
		}
	}
	return all
}

// touching finds where "needs to touch" and "should be touching" end; 0 where they do not stand at i.
func (p *parser) touching(i int) int {
	k := i
	for slices.Contains([]string{"needs", "need", "should", "must", "has", "have", "to", "be"}, p.text(k)) {
		k++
	}
	if w := p.text(k); k > i && (w == "touch" || w == "touching") {
		return k + 1
	}
	return 0
}

// isThing tells whether the words from i to end are those of one thing.
func (p *parser) isThing(i, end int) bool {
	all := p.words
	defer func() { p.words, p.singles = all, map[int][]phrase{} }()
	p.words, p.singles = all[:end], map[int][]phrase{}
	return slices.ContainsFunc(p.single(i), func(ph phrase) bool {
		return ph.end == end && len(ph.list) == 1 && ph.list[0].noun != nil
	})
}

// needing passes "needs to be", "should be", "needs" before what is to be done, which is a participle or, after "needs", a gerund; k is 0 where
// nothing like that stands at i.
func (p *parser) needing(i int, asked bool) (k int, f form) {
	if asked {
		if p.text(i) == "be" {
			return i + 1, participle
		}
		return 0, plain
	}
	for _, words := range [][]string{{"needs", "to", "be"}, {"need", "to", "be"}, {"has", "to", "be"}, {"have", "to", "be"}, {"ought", "to", "be"}, {"should", "be"}, {"must", "be"}, {"is", "to", "be"}, {"are", "to", "be"}, {"could", "be"}} {
		if p.has(i, words) {
			return i + len(words), participle
		}
	}
	if p.has(i, []string{"could", "use", "a"}) || p.has(i, []string{"needs", "a"}) || p.has(i, []string{"need", "a"}) {
		k = i + 2 + boolean(p.text(i) == "could")
		if strings.HasSuffix(p.text(k), "ing") || !ends(p.words, k+1) {
			return k, gerund
		}
		return k, plain
	}
	if w := p.text(i); w == "needs" || w == "need" || w == "wants" {
		return i + 1, gerund
	}
	return 0, plain
}
