package decompose

import (
	"fmt"
	"slices"
	"strings"
)

// LibraryFault is something that makes no sense in a library.
type LibraryFault struct {
	Where, Reason string // file:line, and what is wrong there
}

// SoundnessError lists all that makes no sense in a library: names that nobody declared, wrong numbers and kinds of
// arguments, effects that contradict each other or change nothing, actions that can never apply, promises to undo that
// are not kept, and things declared twice.
type SoundnessError struct {
	Faults []LibraryFault
}

func (e *SoundnessError) Error() string {
	var b strings.Builder
	b.WriteString("decompose: the library is not sound")
	for _, f := range e.Faults {
		fmt.Fprintf(&b, "\n\t%s: %s", f.Where, f.Reason)
	}
	return b.String()
}

// maxParams bounds what the checks and the search have to try: an action's parameters and a rule's literals.
// A rule's variables are tried on all things of a scene.
const (
	maxParams = 8
	maxVars   = 4
)

// library closes the reader: it resolves all names and checks that the whole makes sense.
func (r *reader) library() (*Library, error) {
	c := checker{lib: r.lib, faults: r.faults}
	for _, name := range r.lib.Kinds() {
		c.kind(r.lib.kinds[name], nil)
	}
	for _, p := range r.lib.predicates {
		for _, k := range p.args {
			c.known(p.where, k)
		}
	}
	for _, rules := range [][]rule{r.lib.given, r.lib.never} {
		for _, rule := range rules {
			c.params(rule.where, rule.vars)
			if len(rule.vars) > maxVars {
				c.complain(rule.where, "%d variables, at most %d are taken", len(rule.vars), maxVars)
			}
			c.literals(rule.where, rule.literals, rule.vars)
		}
	}
	for _, a := range r.lib.actions {
		c.action(a)
	}
	sound := len(c.faults) == 0
	for _, a := range r.lib.actions {
		if a.Undo != "" && sound {
			c.undo(a)
		}
	}
	if len(c.faults) > 0 {
		slices.SortStableFunc(c.faults, func(a, b LibraryFault) int { return compareWhere(a.Where, b.Where) })
		return nil, &SoundnessError{c.faults}
	}
	return r.lib, nil
}

// compareWhere sorts a:9 before a:10.
func compareWhere(a, b string) int {
	i, j := strings.LastIndexByte(a, ':'), strings.LastIndexByte(b, ':')
	if c := strings.Compare(a[:i], b[:j]); c != 0 || len(a) == len(b) {
		return c + (1-c*c)*strings.Compare(a, b)
	}
	return len(a) - len(b)
}

type checker struct {
	lib    *Library
	faults []LibraryFault
}

func (c *checker) complain(where, format string, args ...any) {
	c.faults = append(c.faults, LibraryFault{where, fmt.Sprintf(format, args...)})
}

func (c *checker) known(where, kind string) bool {
	if c.lib.kinds[kind] != nil {
		return true
	}
	c.complain(where, "there is no kind %s", kind)
	return false
}

// kind fills in everything above a kind. below is the way to it.
func (c *checker) kind(k *kind, below []string) {
	if slices.Contains(below, k.name) {
		c.complain(k.where, "the kind %s is above itself", k.name)
		return
	}
	if k.all != nil {
		return
	}
	all := map[string]bool{k.name: true}
	for _, p := range k.parents {
		if c.known(k.where, p) {
			c.kind(c.lib.kinds[p], append(below, k.name))
			for name := range c.lib.kinds[p].all {
				all[name] = true
			}
		}
	}
	k.all = all
}

func (c *checker) params(where string, list []Param) {
	for i, p := range list {
		c.known(where, p.Kind)
		if slices.ContainsFunc(list[:i], func(q Param) bool { return q.Name == p.Name }) {
			c.complain(where, "the parameter %s stands twice", p.Name)
		}
	}
}

// literals checks names, numbers and kinds of arguments; it tells whether all are right.
func (c *checker) literals(where string, list []Literal, params []Param) bool {
	before := len(c.faults)
	for i, l := range list {
		if slices.ContainsFunc(list[:i], l.Equal) {
			c.complain(where, "%v stands twice", l)
		}
		p := c.lib.predicates[l.Name]
		if p == nil {
			c.complain(where, "there is no predicate %s", l.Name)
			continue
		}
		if len(l.Args) != len(p.args) {
			c.complain(where, "%v has %d arguments, %s takes %d", l, len(l.Args), l.Name, len(p.args))
			continue
		}
		for j, arg := range l.Args {
			at := slices.IndexFunc(params, func(q Param) bool { return q.Name == arg })
			if at < 0 {
				c.complain(where, "%v: there is no parameter %s", l, arg)
			} else if k := params[at].Kind; !c.lib.Is(k, p.args[j]) && c.lib.kinds[k] != nil {
				c.complain(where, "%v: %s is a %s, %s takes a %s", l, arg, k, l.Name, p.args[j])
			}
		}
	}
	return len(c.faults) == before
}

func (c *checker) action(a *Action) {
	all := a.all()
	c.params(a.Where, all)
	if len(all) > maxParams {
		c.complain(a.Where, "%s has %d parameters, at most %d are taken", a.Name, len(all), maxParams)
		return
	}
	if len(a.Effects) == 0 {
		c.complain(a.Where, "%s changes nothing", a.Name)
	}
	if a.Text == "" {
		c.complain(a.Where, "%s has no text", a.Name)
	}
	for rest := a.Text; ; {
		_, after, found := strings.Cut(rest, "{")
		name, tail, closed := strings.Cut(after, "}")
		if !found {
			break
		}
		if !closed || !slices.ContainsFunc(all, func(p Param) bool { return p.Name == name }) {
			c.complain(a.Where, "the text names {%s}, which is no parameter", name)
			break
		}
		rest = tail
	}
	sound := c.literals(a.Where, a.Needs, all)
	if !c.literals(a.Where, a.Effects, all) || !sound {
		return
	}
	for _, p := range a.With {
		if !slices.ContainsFunc(a.Needs, func(l Literal) bool { return !l.Not && slices.Contains(l.Args, p.Name) }) {
			c.complain(a.Where, "nothing that must hold decides %s", p.Name)
		}
	}
	if l, ok := contradiction(a.Needs); ok {
		c.complain(a.Where, "%s can never apply: it needs %v and its opposite", a.Name, l)
	}
	for _, rule := range c.lib.never {
		if m, ok := match(rule.literals, rule.vars, a.Needs, all, c.lib); ok {
			c.complain(a.Where, "%s can never apply: it needs %s, which never hold together (%s)", a.Name, strings.Join(texts(m), " and "), rule.where)
		}
	}
	if l, ok := contradiction(a.Effects); ok {
		c.complain(a.Where, "the effects of %s contradict each other: %v", a.Name, l)
	}
	for _, l := range a.Effects {
		if slices.ContainsFunc(a.Needs, l.Equal) {
			c.complain(a.Where, "the effect %v of %s holds before it", l, a.Name)
		}
	}
}

// undo checks a promise, once everything else is right.
func (c *checker) undo(a *Action) {
	if b := c.lib.byName[a.Undo]; b == nil {
		c.complain(a.Where, "there is no action %s to undo %s", a.Undo, a.Name)
	} else if !c.lib.undoes(b, a) {
		c.complain(a.Where, "%s does not undo %s", b.Name, a.Name)
	}
}

// match binds the variables of the pattern so that all its literals are among those given, whose arguments are
// parameters; it returns the literals matched.
func match(pattern []Literal, vars []Param, among []Literal, params []Param, lib *Library) ([]Literal, bool) {
	bound := map[string]string{}
	var matched []Literal
	var next func(i int) bool
	next = func(i int) bool {
		if i == len(pattern) {
			return true
		}
		for _, l := range among {
			if l.Not != pattern[i].Not || l.Name != pattern[i].Name || len(l.Args) != len(pattern[i].Args) {
				continue
			}
			var fresh []string
			fits := true
			for j, v := range pattern[i].Args {
				k, p := slices.IndexFunc(vars, named(v)), slices.IndexFunc(params, named(l.Args[j]))
				if old, ok := bound[v]; ok {
					fits = fits && old == l.Args[j]
				} else if fits = fits && k >= 0 && p >= 0 && lib.Is(params[p].Kind, vars[k].Kind); fits {
					bound[v] = l.Args[j]
					fresh = append(fresh, v)
				}
			}
			matched = append(matched, l)
			if fits && next(i+1) {
				return true
			}
			matched = matched[:len(matched)-1]
			for _, v := range fresh {
				delete(bound, v)
			}
		}
		return false
	}
	return matched, next(0)
}

func named(name string) func(Param) bool { return func(p Param) bool { return p.Name == name } }

// undoes tells whether b can follow a on the same things and brings back all that a changed. b's parameters are bound
// to a's in every way that their kinds allow.
func (l *Library) undoes(b, a *Action) bool {
	from, to := a.all(), b.all()
	after := newWorld(slices.Concat(a.Needs, a.Effects))
	bound := make([]string, 0, len(to))
	var next func() bool
	next = func() bool {
		if i := len(bound); i < len(to) {
			for _, p := range from {
				if !slices.Contains(bound, p.Name) && l.related(p.Kind, to[i].Kind) {
					bound = append(bound, p.Name)
					if next() {
						return true
					}
					bound = bound[:i]
				}
			}
			return false
		}
		needs, effects := b.ground(b.Needs, bound), b.ground(b.Effects, bound)
		for _, n := range needs { // what a says nothing of may be as b wants it
			known := slices.ContainsFunc(slices.Concat(a.Needs, a.Effects), func(m Literal) bool { return m.Atom() == n.Atom() })
			if known && !after.holds(n) {
				return false
			}
		}
		for _, e := range a.Effects {
			if !slices.ContainsFunc(effects, e.Negated().Equal) {
				return false
			}
		}
		return true
	}
	return next()
}

// related tells whether one kind is the other or above it.
func (l *Library) related(a, b string) bool { return l.Is(a, b) || l.Is(b, a) }
