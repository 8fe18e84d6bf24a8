package english

import (
	"slices"
	"strings"
)

// pronoun reads "it", "both of them", "me"; alone is set where nothing but a determiner may stand there.
func (p *parser) pronoun(i int, alone bool) []phrase {
	w, next := p.text(i), p.text(i+1)
	stands := func(pronoun string, n int) []phrase {
		return []phrase{{list: []*mention{{pronoun: pronoun, at: i, end: i + n}}, end: i + n}}
	}
	to, known := pronouns[w]
	all := w == "both" || w == "all" || w == "each"
	switch {
	case (next == "both" || next == "all") && !p.content(i+2) && known && !all: // put them both away
		return stands(to, 2)
	case alone && (w == "this" || w == "that") && p.pointed(i):
		return stands("it", 1)
	case w == "some" && !p.content(i+1) && next != "of" && !slices.Contains(definite, next) && p.content(i-1): // pour some into the glass
		return stands("it", 1)
	case known && alone && (to == "it" || w == "them" || !p.content(i+1)) && next != "of" && !slices.Contains(definite, next):
		return stands(to, 1)
	case all && next == "of" && pronouns[p.text(i+2)] == "them" && !p.content(i+3):
		return stands("them", 3)
	case slices.Contains([]string{"me", "us", "you", "myself"}, w):
		return []phrase{{list: []*mention{{noun: p.nouns["me"], said: "user", definite: true, at: i, end: i + 1}}, end: i + 1}}
	}
	return nil
}

// pointed tells whether "this" or "that" at i stands for a thing, and not before one, nor before a clause.
func (p *parser) pointed(i int) bool {
	return !p.content(i+1) && !slices.Contains([]string{"is", "one", "the", "a", "of"}, p.text(i+1)) && p.text(i-1) != "so" && p.text(i-1) != "such"
}

// coloured tells whether a colour alone stands for a thing.
func (p *parser) coloured(i int) bool {
	if next := p.text(i + 1); p.colours[p.text(i)] {
		return next == "" || slices.Contains([]string{",", ".", "and", "on", "onto", "in", "into", "to", "next", "beside", "from"}, next)
	}
	return false
}

// labels reads "wells A1 and A2" as two things that share a noun.
func (p *parser) labels(ph phrase) (phrase, bool) {
	m, e := ph.list[0], ph.end
	if len(ph.list) != 1 || m.noun == nil || m.count > 0 || e-m.at < 2 || !label(p.text(e-1)) {
		return ph, false
	}
	first := *m
	stem := strings.TrimSuffix(m.said, p.text(e-1))
	if at := strings.TrimSpace(stem); m.plural {
		word := at[strings.LastIndexByte(at, ' ')+1:]
		stem = strings.TrimSuffix(at, word) + p.oneOf(word) + " "
	}
	if p.text(e) == "through" && label(p.text(e+1)) { // wells A1 through A6
		all := *m
		all.plural, all.end, all.said = true, e+2, m.said+" "+p.joinedFrom(e, e+2)
		return phrase{[]*mention{&all}, e + 2, ph.places, ph.with}, true
	}
	first.plural, first.said = false, stem+p.text(e-1)
	list := []*mention{&first}
	for {
		k := e
		if p.text(k) == "," {
			k++
		}
		if p.text(k) == "and" || p.text(k) == "&" {
			k++
		}
		if k == e || !label(p.text(k)) {
			break
		}
		next := first
		next.at, next.end, next.said = k, k+1, stem+p.text(k)
		list, e = append(list, &next), k+1
	}
	return phrase{list, e, ph.places, ph.with}, len(list) > 1
}

// label tells whether a word is one that things are told apart by: 2, A, b3.
func label(w string) bool {
	if w == "" || slices.Contains(numbers, w) {
		return w != ""
	}
	if len(w) == 1 && w[0] > 'H' && w[0] <= 'Z' {
		return true
	}
	if c := w[0] | 32; c >= 'a' && c <= 'h' {
		return len(w) == 1 && w[0] < 'a' || len(w) > 1 && isNumber(w[1:])
	}
	return isNumber(w)
}
