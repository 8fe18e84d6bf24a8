package english

import (
	"fmt"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// say reads patterns: "put|place X:item [back] on|onto Y:surface".
func (x *vocabulary) say(r *saying, text string) error {
	for name, words := range x.lets {
		if strings.Contains(text, name) {
			text = replaceWord(text, name, words)
		}
	}
	if strings.Contains(text, "$") {
		return fmt.Errorf("a name that stands for nothing in %q", text)
	}
	fields := strings.Fields(text)
	pattern := make([]element, len(fields))
	for i, f := range fields {
		e := &pattern[i]
		if inside, ok := strings.CutPrefix(f, "["); ok {
			f, e.optional = strings.TrimSuffix(inside, "]"), true
		}
		if inside, ok := strings.CutPrefix(f, "~"); ok {
			f, e.manner = inside, true
		}
		words := f
		if slot, kind, ok := strings.Cut(f, ":"); ok {
			e.slot, words, _ = strings.Cut(slot, "@")
			e.kind = kind
		}
		for w := range strings.SplitSeq(words, "|") {
			if w != "" {
				e.words = append(e.words, strings.Split(w, "_"))
				x.know(strings.Split(w, "_")...)
			}
		}
		// "pick" must not hide "pick up"
		slices.SortStableFunc(e.words, func(a, b []string) int { return len(b) - len(a) })
	}
	if len(pattern) == 0 || pattern[0].slot != "" {
		return fmt.Errorf("%q begins with no verb", text)
	}
	r.patterns = append(r.patterns, pattern)
	with := len(pattern) > 1 && pattern[1].slot != "" && slices.ContainsFunc(pattern, func(e element) bool {
		return slices.ContainsFunc(e.words, func(w []string) bool { return w[0] == "with" && e.slot == "" })
	})
	for _, verb := range pattern[0].words {
		x.tooled[verb[0]] = x.tooled[verb[0]] || with
		if !slices.Contains(x.rules[verb[0]], r) {
			x.rules[verb[0]] = append(x.rules[verb[0]], r)
		}
	}
	return nil
}

// said tells whether a pattern has a verb, of one word or of several joined by _, and not only the first of its words.
func (r *saying) said(verb string) bool {
	return slices.ContainsFunc(r.patterns, func(pattern []element) bool {
		return slices.ContainsFunc(pattern[0].words, func(w []string) bool { return strings.Join(w, "_") == verb })
	})
}

// replaceWord puts words where a name stands, alone or between bars.
func replaceWord(text, name, by string) string {
	var out strings.Builder
	for {
		before, after, ok := strings.Cut(text, name)
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		if after == "" || strings.ContainsRune("|] ", rune(after[0])) {
			out.WriteString(by)
		} else {
			out.WriteString(name)
		}
		text = after
	}
}

// line reads what a clause asks for.
func (r *saying) line(word, rest string) (err error) {
	switch word {
	case "goal":
		r.goal, err = decompose.ParseLiterals(rest)
	case "start":
		r.start, err = decompose.ParseLiterals(rest)
	case "was":
		r.was, err = decompose.ParseLiterals(rest)
	case "motions":
		r.motions = true
	case "loose":
		r.loose = true
	case "pair":
		if r.pair = "on"; rest != "" {
			r.pair = rest
		} else {
			r.without = []string{"place-on"}
		}
	case "never":
		r.never = strings.Fields(rest)
	case "without":
		r.without = strings.Fields(rest)
	case "by":
		var l decompose.Literal
		l, err = decompose.ParseLiteral(rest)
		r.by = &l
	case "need":
		slot, of, _ := strings.Cut(rest, ":")
		kind, name, ok := strings.Cut(of, "=")
		if !ok {
			return fmt.Errorf("%q is no need: write H: hole = socket", rest)
		}
		r.needs = append(r.needs, need{strings.TrimSpace(slot), strings.TrimSpace(kind), strings.TrimSpace(name)})
	}
	return err
}

// lemmas lists the verbs that a word may be a form of.
func (x *vocabulary) lemmas(w string, f form) []string {
	if f == plain {
		return []string{w}
	}
	var out []string
	if base := x.forms[w]; base != "" && strings.HasSuffix(w, "ing") == (f == gerund) {
		out = append(out, base)
	}
	ending := "ed"
	if f == gerund {
		ending = "ing"
	}
	if stem, ok := strings.CutSuffix(w, ending); ok && len(stem) > 1 {
		out = append(out, stem, stem+"e")
		if n := len(stem); stem[n-1] == stem[n-2] {
			out = append(out, stem[:n-1])
		}
		if i, ok := strings.CutSuffix(stem, "i"); ok {
			out = append(out, i+"y")
		}
	}
	return slices.DeleteFunc(out, func(v string) bool { return x.rules[v] == nil })
}

// form of a verb: open, opening, opened.
type form uint8

const (
	plain form = iota
	gerund
	participle
)

// singular finds the noun of a plural.
func (x *vocabulary) singular(w string) string {
	for _, s := range singulars(w) {
		if x.nouns[s] != nil {
			return s
		}
	}
	return ""
}
