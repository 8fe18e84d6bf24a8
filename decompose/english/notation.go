package english

import (
	"slices"
	"strings"
	"unicode"
)

// notation says in words what programs and notes say in signs: "pick_place(nut, tray)", "tape roll -> left bin".
func (p *parser) notation(all []word) []word {
	for i := range all {
		if all[i].text == "—" || all[i].text == "–" {
			all[i].text = ","
		}
	}
	for i := 0; i+1 < len(all); i++ { // the dishwasher's done
		if stem, ok := strings.CutSuffix(all[i].text, "'s"); ok && len(stem) > 3 && isAt(all, i+1, "done ready finished open closed on off full empty dirty wet") && i+2 < len(all) && slices.Contains([]string{",", "then", "and", ";"}, all[i+2].text) {
			is := word{"is", all[i].said, all[i].at}
			all = slices.Insert(slices.Clone(all), i+1, is)
			all[i].text = stem
		}
	}
	if len(all) > 2 && all[1].text == ":" && strings.IndexFunc(all[0].said[1:], unicode.IsUpper) >= 0 && strings.IndexFunc(all[0].said, unicode.IsLower) >= 0 && p.rules[all[2].text] != nil { // the name of a program before what it does
		p.say(all[:1])
		all = all[2:]
	}
	return p.topics(p.arrows(p.invoked(p.pickPlace(all))))
}

// pickPlace makes one verb of the two of "PickPlaceMugFromCounterToShelf".
func (p *parser) pickPlace(all []word) []word {
	if len(all) > 3 && all[0].text == "pick" && isAt(all, 1, "place n and") {
		k := 1 + boolean(!isAt(all, 1, "place"))
		if isAt(all, k, "place") && !isAt(all, k+1, "( it them") {
			all = slices.Clone(all)
			all[0].text = "put"
			return slices.Delete(all, 1, k+1)
		}
	}
	return all
}

// topics says "towel: fold" as "fold towel".
func (p *parser) topics(all []word) []word {
	p.words = all
	for i := 1; i+1 < len(all) && len(all) <= maxWords; i++ {
		if all[i].text != ":" {
			continue
		}
		from, end := i, i+1
		for from > 0 && !slices.Contains([]string{",", ".", ";"}, all[from-1].text) {
			from--
		}
		for end < len(all) && !slices.Contains([]string{",", ".", ";", ":"}, all[end].text) {
			end++
		}
		if end == i+1 || from == i {
			continue
		}
		_, named := p.named(mention{at: from}, from, i)
		alone := slices.ContainsFunc(all[i+2:end], func(w word) bool { return !p.trail[w.text] && w.text != "up" && w.text != "on" && w.text != "off" })
		if !named || alone || p.rules[all[i+1].text] == nil || p.acts[all[from].text] {
			continue
		}
		return slices.Concat(all[:from], all[i+1:i+2], all[from:i], p.topics(all[i+2:]))
	}
	return all
}

// invoked says calls of functions, "move(block, left)", as clauses. Brackets of anything else go.
func (p *parser) invoked(all []word) (out []word) {
	if !slices.ContainsFunc(all, func(w word) bool { return w.text == "(" }) {
		return all
	}
	p.words = all
	from := 0 // of the clause
	for i := 0; i < len(all); i++ {
		switch w := all[i]; {
		case w.text == "(" && p.rules[p.text(from)] != nil && i > from:
			end := i + 1
			for end < len(all) && all[end].text != ")" {
				end++
			}
			out = append(out[:len(out)-(i-from)], p.call(all[from:i], i+1, end)...)
			i = end
		case w.text != "(" && w.text != ")":
			out = append(out, w)
		}
		if i < len(all) && slices.Contains([]string{")", ",", ";", ".", "and", "then"}, all[i].text) {
			from = i + 1
			if all[i].text == ")" && from < len(all) && !slices.Contains([]string{",", ";", ".", "and", "then"}, all[from].text) {
				out = append(out, word{",", all[i].said, all[i].at})
			}
		}
	}
	return out
}

// call says what a function is called for, with what stands between its brackets, from i to end.
func (p *parser) call(verb []word, i, end int) []word {
	var args [][2]int
	from := i
	for k := i; k <= end; k++ {
		if k+1 < end && p.text(k+1) == "=" { // target=bowl
			from = k + 2
		}
		if k == end || p.text(k) == "," {
			if k > from {
				args = append(args, [2]int{from, k})
			}
			from = k + 1
		}
	}
	said := func(text string, like word) word { return word{text, like.said, like.at} }
	var words []word
	for _, w := range verb {
		if len(words) > 0 && words[0].text == "pick" && (w.text == "place" || w.text == "and") {
			continue // pick_and_place
		}
		words = append(words, w)
	}
	if len(words) < len(verb) {
		words[0].text = "put"
	}
	if len(args) == 0 {
		return words
	}
	last := words[len(words)-1]
	var how []word
	if n := len(words); n > 1 && slices.Contains([]string{"on", "in", "into", "onto", "to", "from", "next", "near", "with", "at"}, last.text) && len(args) > 1 && words[0].text != "turn" && words[0].text != "switch" {
		words, how = words[:n-1], []word{last}
	}
	out := append(words, p.words[args[0][0]:args[0][1]]...)
	for n, a := range args[1:] {
		if n > 0 || how == nil {
			how = nil
			for w := range strings.FieldsSeq(p.between2(words[0].text, a, n)) {
				how = append(how, said(w, p.words[a[0]]))
			}
		}
		if isNumber(p.text(a[0])) {
			continue // degrees, or a place by its coordinates: no step says it
		}
		out = append(append(out, how...), p.words[a[0]:a[1]]...)
	}
	return out
}

// between2 is the preposition before an argument of a function that is called as a verb is.
func (p *parser) between2(verb string, a [2]int, n int) string {
	switch {
	case p.sides[p.text(a[0])] && a[1] == a[0]+1:
		return "to the"
	case slices.Contains(strings.Fields("pick grasp grab take get remove unload fetch retrieve"), verb):
		return []string{"from", "to"}[min(n, 1)]
	case slices.Contains(strings.Fields("wipe clean cut slice stir tighten loosen unlock scoop open close"), verb):
		return "with"
	case slices.Contains(strings.Fields("give hand pass bring push pull slide drag attach connect move carry deliver"), verb):
		return "to"
	case slices.Contains(strings.Fields("pour insert"), verb):
		return "into"
	case verb == "stack" || verb == "hang":
		return "on"
	}
	return p.onto(a[0], a[1])
}

// onto is "in" before what is a container, and else "on".
func (p *parser) onto(from, end int) string {
	if y, ok := p.named(mention{at: from}, from, end); ok && y.noun != nil && fitsKind(y.noun.kinds, "container/hole") {
		return "in"
	}
	return "on"
}

// arrows makes commas of arrows between orders, "open the drawer -> take the cup", and says of a thing what it is to be put on or in: "nut -> tray".
func (p *parser) arrows(all []word) (out []word) {
	from := 0
	for i := 0; i < len(all); i++ {
		n := arrow(all, i)
		if n == 0 {
			if out = append(out, all[i]); starts(all, i+1) {
				from = i + 1
			}
			continue
		}
		p.words = all
		end := i + n
		for end < len(all) && !slices.Contains([]string{",", ";", ".", "!", "and", "then"}, all[end].text) && arrow(all, end) == 0 {
			end++
		}
		sign, ordered := all[i], p.rules[p.text(i+n)] != nil && p.nouns[p.text(i+n)] == nil && !p.adjectives[p.text(i+n)]
		switch {
		case ordered || end == i+n || !p.content(i+n):
			out = append(out, word{",", sign.said, sign.at})
		case p.acts[p.text(from)] || p.text(from) == "grasp":
			out = append(out, word{",", sign.said, sign.at}, word{"place", sign.said, sign.at}, word{p.onto(i+n, end), sign.said, sign.at})
		default:
			put := word{"put", sign.said, sign.at}
			out = append(slices.Insert(out, len(out)-(i-from), put), word{p.onto(i+n, end), sign.said, sign.at})
		}
		i += n - 1
		from = i + 1
	}
	return out
}

// arrow is how many words an arrow at i takes: ->, =>, →, and what is left of it where it touches a word.
func arrow(all []word, i int) int {
	switch w := all[i].text; {
	case (w == "-" || w == "=" || w == "--") && isAt(all, i+1, ">"):
		return 2
	case w == "->" || w == "→" || w == "⇒" || w == ">" && i > 0 && strings.HasSuffix(all[i-1].text, "-"):
		return 1
	}
	return 0
}
