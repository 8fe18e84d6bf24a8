package english

import (
	"fmt"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// noun is what a name stands for.
type noun struct {
	name  string // the same for all its synonyms
	kinds string
	class byte // of the lexicon; '?' where nobody knows the word, 'u' where it is measured by volume, '@' where it may be somebody's name, 0 where grammar.txt or the library has it
}

const (
	room   = "room"      // the one kind of the grammar's own that a noun can be of
	poured = "bowl-like" // what a liquid is in that is named without it
)

// fit is how well a thing is of a kind.
type fit int

const (
	unfit   fit = iota
	assumed     // nothing speaks against it
	sure
)

// guess is a kind that things may be taken to be of, and the words for it.
type guess struct {
	of   []string // letters of classes, kinds, "plural"; after ! those that it is never said of
	as   string   // the kind to add
	text string
}

// fits tells whether what is mentioned may be of a kind, or of one of several: "container/surface". A liquid stands for what
// holds it.
func (p *parser) fits(m *mention, kind string) fit {
	best := unfit
	for k := range strings.SplitSeq(kind, "/") {
		best = max(best, p.fitsOne(m, k))
	}
	return best
}

func (p *parser) fitsOne(m *mention, kind string) fit {
	switch {
	case m.pronoun != "":
		if kind != room && kind != "tap-water" && (m.pronoun != "him" || kind == "person") {
			return sure
		}
		return unfit
	case m.one:
		return sure // it is found out later what it is
	case kind == "tap-water":
		if m.noun.name == "water" {
			return sure
		}
		return unfit
	case fitsKind(m.noun.kinds, kind), m.noun.class == '@' && kind == "person":
		return sure
	case p.assumes(m.noun.kinds, m.noun.class, m.plural || m.count > 0, kind):
		return assumed
	}
	return unfit
}

// assumes tells whether nothing speaks against taking a thing to be of a kind.
func (x *vocabulary) assumes(kinds string, class byte, plural bool, kind string) bool {
	g := x.guesses[kind]
	if g == nil || slices.ContainsFunc(g.of, func(of string) bool {
		of, never := strings.CutPrefix(of, "!")
		return never && (len(of) == 1 && of[0] == class || decompose.Skills().Is(kinds, of))
	}) {
		return false
	}
	return slices.ContainsFunc(g.of, func(of string) bool {
		return len(of) == 1 && (of[0] == class || of == "?" && class == '@') || of == "plural" && plural && class == 'I' || len(of) > 1 && class == 0 && (of == kinds || decompose.Skills().Is(kinds, of))
	})
}

// fitsKind tells whether a thing of some kinds is surely of another, or stands for one that is.
func fitsKind(kinds, kind string) bool {
	for kind := range strings.SplitSeq(kind, "/") {
		switch {
		case kind == "heats":
			if decompose.Skills().Is(kinds, "heater") || decompose.Skills().Is(kinds, "hotplate") {
				return true
			}
		case kinds == kind, decompose.Skills().Is(kinds, kind):
			return true
		case decompose.Skills().Is(kinds, "liquid") && kind != "thing" && decompose.Skills().Is(poured, kind):
			return true
		}
	}
	return false
}

// become makes a thing of a kind that it is not known to be of, and notes that this is an assumption.
func (b *builder) become(o *object, kind string) bool {
	if o.is(kind) {
		return true
	}
	if o.noun.class == '@' && kind == "person" {
		o.kinds = kind
		return true
	}
	for k := range strings.SplitSeq(kind, "/") {
		if !b.assumes(o.noun.kinds, o.noun.class, o.plural, k) {
			continue
		}
		g := b.guesses[k]
		if o.room {
			o.room, o.kinds = false, "thing"
		}
		if g.as == room {
			o.room, o.kinds = true, room // one goes there
		} else if g.as == "liquid" && len(b.past) == 0 {
			o.kinds = g.as // it is poured, and what holds it is handled
		} else if !strings.Contains(" "+o.kinds+" ", " "+g.as+" ") {
			o.kinds += " " + g.as
		}
		b.assume(fmt.Sprintf(g.text, o.name))
		return true
	}
	return false
}

// assume notes what a plan will rest on.
func (b *builder) assume(text string) {
	if !slices.Contains(b.request.Assumed, text) {
		b.request.Assumed = append(b.request.Assumed, text)
	}
}
