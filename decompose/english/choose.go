package english

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// choose picks the reading of a clause: that which takes the fewest phrases for descriptions and assumes the least. Two that take
// the words for different things are one too many, unless one puts something somewhere and the other only near something.
func (b *builder) choose(all []reading) (reading, error) {
	fewest := slices.MinFunc(all, func(r, s reading) int { return r.places - s.places }).places
	var fit []reading
	var failed, doubtful error
	for _, r := range all {
		if r.places != fewest {
			continue
		}
		assumed, err := b.fits(r)
		if err == nil {
			r.taken += assumed
			fit = append(fit, r)
		} else {
			failed = cmp.Or(failed, err)
			var unplaced *decompose.UnplacedError
			if errors.As(err, &unplaced) && strings.HasPrefix(unplaced.Reason, "could be") {
				doubtful = err
			}
		}
	}
	if len(fit) == 0 {
		return reading{}, failed
	}
	if slices.ContainsFunc(fit, reading.takesOut) { // take out the cup, of what was opened
		fit = slices.DeleteFunc(fit, func(r reading) bool { return len(r.slots) == 1 && r.rule != nil && r.rule.loose && takes(r.rule) })
	}
	if fewest > 0 && different(fit) {
		if into := slices.DeleteFunc(slices.Clone(fit), reading.near); len(into) > 0 {
			fit = into
		}
		if onto := slices.DeleteFunc(slices.Clone(fit), func(r reading) bool { return !r.furnished() }); different(fit) && len(onto) > 0 && len(onto) < len(fit) {
			fit = onto
		}
		if different(fit) {
			return reading{}, b.fault(fit[0].at, fit[0].end, "can be read in two ways")
		}
	}
	if fewest > 0 && !fit[0].furnished() { // "hang the mug on the cup" hangs no mug that is on a cup
		for _, s := range fit[0].slots {
			if m := s.list[len(s.list)-1]; m.where != nil && !b.goes[m.end] && b.misfit.at == m.end && b.misfit.verb == fit[0].verb && slices.ContainsFunc(b.misfit.kinds, func(k string) bool { return strings.Contains(k, "/") || b.general[k] }) {
				return reading{}, b.fault(m.end-1, m.end, "%q takes no such thing there (%s)", b.misfit.verb, strings.Join(b.misfit.kinds, ", "))
			}
		}
	}
	best := slices.MinFunc(fit, func(r, s reading) int {
		return 2*(r.taken-s.taken) - boolean(b.provided(r)) + boolean(b.provided(s)) - boolean(r.pours()) + boolean(s.pours())
	})
	if best.taken > 0 && doubtful != nil {
		return reading{}, doubtful // an assumption settles no doubt
	}
	return best, nil
}

// pours tells whether a liquid that is added to what holds liquids is poured there, and not put there with what it is in.
func (r reading) pours() bool {
	liquid, vessel := false, false
	for _, s := range r.slots {
		if m := s.list[0]; m.noun != nil {
			liquid = liquid || s.name == "L" && fitsKind(m.noun.kinds, "liquid")
			vessel = vessel || s.name == "T" && (r.verb == "add" && fitsKind(m.noun.kinds, "basin") && !fitsKind(m.noun.kinds, "item") || fitsKind(m.noun.kinds, "vessel")) && !fitsKind(m.noun.kinds, "container openable")
		} else if s.name == "T" {
			vessel = true
		}
	}
	return liquid && vessel && slices.Contains([]string{"add", "put", "serve"}, r.verb)
}

// provided tells whether what a reading needs and does not name has been named, by the very kind: spin them, in the centrifuge.
func (b *builder) provided(r reading) bool {
	return r.rule != nil && slices.ContainsFunc(r.rule.needs, func(n need) bool {
		return !b.general[n.kind] && slices.ContainsFunc(b.objects, func(o *object) bool { return o.is(n.kind) })
	})
}

func different(all []reading) bool {
	return slices.ContainsFunc(all, func(r reading) bool { return !sameSlots(r, all[0]) })
}

// furnished tells whether what a reading puts a thing on or in stands on a piece of furniture: "put the glasses on the book on the
// table" asks for no glasses that are on the book.
func (r reading) furnished() bool {
	at := slices.IndexFunc(r.slots, func(s slot) bool { return s.name == "Y" })
	if at < 0 {
		return false
	}
	y := r.slots[at].list[0]
	return y.where != nil && y.where.noun != nil && !fitsKind(y.where.noun.kinds, "item") &&
		(y.how == "on" && fitsKind(y.where.noun.kinds, "surface") || y.how == "in" && fitsKind(y.where.noun.kinds, "basin"))
}

// near tells whether a reading only brings a thing near another.
func (r reading) near() bool {
	return r.rule == nil || slices.ContainsFunc(r.rule.goal, func(l decompose.Literal) bool { return slices.Contains(nearness, l.Name) })
}

// nearness are the predicates of being somewhere with respect to a thing, and neither on nor in it.
var nearness = strings.Fields("moved pushed beside under behind in-front-of left-of right-of between placed-at")

// sameSlots tells whether two readings take the same words for things.
func sameSlots(r, s reading) bool {
	return slices.EqualFunc(r.slots, s.slots, func(a, b slot) bool {
		return slices.EqualFunc(a.list, b.list, func(m, n *mention) bool { return m.at == n.at && m.end == n.end })
	})
}

// fits tells whether every pronoun of a reading stands for something, and for how many a kind has to be assumed.
func (b *builder) fits(r reading) (assumed int, err error) {
	b.content = r.ofContent()
	named := b.named(r)
	var nouns []*noun
	several := 0
	for _, s := range r.slots {
		for _, m := range s.list {
			if s.name == "X" {
				several += max(1, m.count)
			}
			switch {
			case m.pronoun != "":
				found, err := b.referTo(r, s, m, named)
				if err != nil {
					return 0, err
				}
				if !found[0].is(s.kind) {
					assumed++
				}
				named = append(named, found...) // put it beside it
				if s.name == "X" {
					several += len(found) - 1
				}
			case m.one:
				if !b.sort(s.kind, nouns) && !(b.unnamed(m) && (fitsKind("item", s.kind) || b.assumes("item", 0, false, s.kind))) {
					return 0, b.fault(m.at, m.end, "stands for nothing that was named before")
				}
				if n := len(b.past); n > 0 && !slices.ContainsFunc(b.past[n-1].objects, func(o *object) bool { return fitsKind(o.noun.kinds, s.kind) }) && !slices.ContainsFunc(nouns, func(n *noun) bool { return fitsKind(n.kinds, s.kind) }) {
					assumed++
				}
			default:
				if _, err := b.find(m); err != nil {
					return 0, err
				}
				nouns = append(nouns, m.noun)
			}
		}
	}
	if several > 1 && r.rule != nil && slices.ContainsFunc(r.rule.goal, func(l decompose.Literal) bool { return l.Name == "inserted" && !l.Not }) {
		assumed++ // that there is a place for each
	}
	return assumed, nil
}

// sort tells whether something that was named is of a kind, for "the left one" to be one of its sort.
func (b *builder) sort(kind string, now []*noun) bool {
	fits := func(n *noun) bool { return fitsKind(n.kinds, kind) || b.assumes(n.kinds, n.class, false, kind) }
	return slices.ContainsFunc(now, fits) || slices.ContainsFunc(b.spared, func(m *mention) bool { return m.noun != nil && fits(m.noun) }) || slices.ContainsFunc(b.past, func(p past) bool {
		return slices.ContainsFunc(p.objects, func(o *object) bool { return fits(o.noun) })
	})
}
