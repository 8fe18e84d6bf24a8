package decompose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Describe says in words and symbols what a language model has to know of a library to write a plan: each action on a line,
// then the things, the start and the goal of a problem. Where the problem is nil, the kinds and predicates that one can be
// stated in follow instead. Its error is a [*ProblemError].
func (l *Library) Describe(pr *Problem) (string, error) {
	var s *scene
	if pr != nil {
		var err error
		if s, err = l.scene(pr); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("The actions, with what must hold before and what holds after. Everything else stays as it is; what comes after \"with\" follows from the state and is not written down:")
	for _, a := range l.actions {
		if s == nil || s.allows(a) {
			line("%s", a.compact())
		}
	}
	if s == nil {
		l.vocabulary(line)
	} else {
		s.situation(line)
	}
	return b.String(), nil
}

// allows tells whether the scene has things of all the kinds that an action takes.
func (s *scene) allows(a *Action) bool {
	return !slices.ContainsFunc(a.all(), func(p Param) bool {
		return !slices.ContainsFunc(s.objects, func(o string) bool { return s.is(o, p.Kind) })
	})
}

// compact is an action on one line.
func (a *Action) compact() string {
	list := func(params []Param) string {
		out := make([]string, len(params))
		for i, p := range params {
			out[i] = p.Name + ": " + p.Kind
		}
		return strings.Join(out, ", ")
	}
	text := a.Name
	if len(a.Params) > 0 {
		text += "(" + list(a.Params) + ")"
	}
	if len(a.With) > 0 {
		text += " with " + list(a.With)
	}
	return text + "; before: " + strings.Join(texts(a.Needs), ", ") + "; after: " + strings.Join(texts(a.Effects), ", ")
}

// vocabulary is what problems can be stated in.
func (l *Library) vocabulary(line func(string, ...any)) {
	var kinds, predicates []string
	for _, name := range l.Kinds() {
		if up := l.kinds[name].parents; len(up) > 0 {
			name += " < " + strings.Join(up, " ")
		}
		kinds = append(kinds, name)
	}
	line("The kinds of things, with the kinds that each belongs to:\n%s", strings.Join(kinds, "; "))
	for _, name := range slices.Sorted(maps.Keys(l.predicates)) {
		predicates = append(predicates, Literal{Name: name, Args: l.predicates[name].args}.String())
	}
	line("What can be true, and of which kinds; what the start does not list is false:\n%s", strings.Join(predicates, "; "))
	var given []string
	for _, rule := range l.given {
		for _, f := range rule.literals {
			given = append(given, f.With(func(name string) string { return "any " + rule.vars[slices.IndexFunc(rule.vars, named(name))].Kind }).String())
		}
	}
	if given != nil {
		line("Except for these, which hold at the start unless it says \"not\":\n%s", strings.Join(given, "; "))
	}
}

// situation is the problem, where it is known.
func (s *scene) situation(line func(string, ...any)) {
	var things []string
	for _, o := range s.objects {
		of := map[string]bool{}
		for k := range strings.FieldsSeq(s.kinds[o]) {
			maps.Copy(of, s.lib.kinds[k].all)
		}
		things = append(things, o+": "+strings.Join(slices.Sorted(maps.Keys(of)), " "))
	}
	line("The things, with their kinds:\n%s", strings.Join(things, "; "))
	line("At the start these hold, and nothing else:\n%s", strings.Join(texts(s.start), ", "))
	line("At the end must hold:\n%s", strings.Join(texts(s.goal), ", "))
}
