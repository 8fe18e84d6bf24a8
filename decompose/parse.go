package decompose

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// ParseError says where a library's file, or the answer of a generator, is malformed.
type ParseError struct {
	File   string // "answer" where it is that of a generator
	Line   int    // from 1
	Reason string
	Err    error // of the reader, or nil
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("decompose: %s:%d: %s", e.File, e.Line, e.Reason)
}

func (e *ParseError) Unwrap() error { return e.Err }

const maxLine = 1 << 16 // bytes

// reader gathers the statements of files.
type reader struct {
	lib    *Library
	faults []LibraryFault // duplicates; what else is wrong shows once everything is read
	action *Action        // whose lines are being read
}

// newReader begins with everything that is in a library.
func newReader(l *Library) *reader {
	into := &Library{kinds: map[string]*kind{}, predicates: map[string]*predicate{}, byName: map[string]*Action{}}
	if l != nil {
		for name, k := range l.kinds {
			into.kinds[name] = &kind{name: k.name, where: k.where, parents: k.parents}
		}
		maps.Copy(into.predicates, l.predicates)
		maps.Copy(into.byName, l.byName)
		into.actions, into.given, into.never = slices.Clone(l.actions), slices.Clone(l.given), slices.Clone(l.never)
	}
	return &reader{lib: into}
}

func (r *reader) read(name string, from io.Reader) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		text, _, _ := strings.Cut(lines.Text(), "#")
		word, rest, _ := strings.Cut(strings.TrimSpace(strings.ReplaceAll(text, "\t", " ")), " ")
		if word == "" {
			continue
		}
		if err := r.line(fmt.Sprintf("%s:%d", name, n), word, strings.TrimSpace(rest)); err != nil {
			return &ParseError{File: name, Line: n, Reason: err.Error()}
		}
	}
	r.action = nil
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return &ParseError{name, n + 1, fmt.Sprintf("the line is longer than %d bytes", maxLine), err}
	} else if err != nil {
		return &ParseError{name, n + 1, err.Error(), err}
	}
	return nil
}

func (r *reader) line(where, word, rest string) error {
	begins := slices.Contains([]string{"kind", "predicate", "given", "never", "action"}, word)
	if begins {
		r.action = nil
	} else if r.action == nil {
		return fmt.Errorf("%q begins no statement and stands in no action", word)
	}
	var err error
	switch a := r.action; word {
	case "kind":
		return r.kind(where, rest)
	case "predicate":
		return r.predicate(where, rest)
	case "given", "never":
		return r.rule(where, word, rest)
	case "action":
		return r.begin(where, rest)
	case "with":
		var more []Param
		more, err = params(rest)
		a.With = append(a.With, more...)
	case "text":
		if a.Text != "" {
			return errors.New("a second text")
		}
		a.Text = rest
	case "needs", "effect":
		var more []Literal
		if more, err = ParseLiterals(rest); word == "needs" {
			a.Needs = append(a.Needs, more...)
		} else {
			a.Effects = append(a.Effects, more...)
		}
	case "undo":
		if !isWord(rest) || a.Undo != "" {
			return errors.New("undo takes the name of one action")
		}
		a.Undo = rest
	default:
		return fmt.Errorf("%q is no line of an action", word)
	}
	return err
}

func (r *reader) kind(where, rest string) error {
	left, right, _ := strings.Cut(rest, ":")
	names, parents := strings.Fields(left), strings.Fields(right)
	if len(names) == 0 {
		return errors.New("a kind without a name")
	}
	for _, name := range slices.Concat(names, parents) {
		if !isWord(name) {
			return fmt.Errorf("%q is not a word", name)
		}
	}
	for _, name := range names {
		if old := r.lib.kinds[name]; old != nil {
			r.faults = append(r.faults, LibraryFault{where, fmt.Sprintf("the kind %s is already at %s", name, old.where)})
			continue
		}
		r.lib.kinds[name] = &kind{name: name, where: where, parents: parents}
	}
	return nil
}

func (r *reader) predicate(where, rest string) error {
	l, err := ParseLiteral(rest)
	if err != nil {
		return err
	}
	if l.Not {
		return errors.New("a predicate is declared without not")
	}
	if old := r.lib.predicates[l.Name]; old != nil {
		r.faults = append(r.faults, LibraryFault{where, fmt.Sprintf("the predicate %s is already at %s", l.Name, old.where)})
		return nil
	}
	r.lib.predicates[l.Name] = &predicate{name: l.Name, where: where, args: l.Args}
	return nil
}

// rule reads given and never: literals whose arguments are variables, each with its kind where it first stands.
func (r *reader) rule(where, word, rest string) error {
	out := rule{where: where}
	for text := range split(rest) {
		name, args, _ := strings.Cut(text, "(")
		for arg := range strings.SplitSeq(strings.TrimSuffix(args, ")"), ",") {
			if strings.Contains(arg, ":") {
				v, err := params(arg)
				if err != nil {
					return err
				}
				out.vars = append(out.vars, v...)
				text = strings.Replace(text, arg, v[0].Name, 1)
			}
		}
		l, err := ParseLiteral(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		out.literals = append(out.literals, l)
	}
	switch {
	case len(out.literals) == 0:
		return fmt.Errorf("%s takes literals", word)
	case word == "never" && len(out.literals) > maxParams:
		return fmt.Errorf("%d literals, at most %d are taken", len(out.literals), maxParams)
	case word == "never":
		r.lib.never = append(r.lib.never, out)
	case slices.ContainsFunc(out.literals, func(l Literal) bool { return l.Not }):
		return errors.New("everything is false unless it is given: no need of not")
	default:
		for _, l := range out.literals { // each by itself: a scene may have items and no holes
			one := rule{where: where, literals: []Literal{l}}
			for _, v := range out.vars {
				if slices.Contains(l.Args, v.Name) {
					one.vars = append(one.vars, v)
				}
			}
			r.lib.given = append(r.lib.given, one)
		}
	}
	return nil
}

func (r *reader) begin(where, rest string) error {
	name, list, hasParams := strings.Cut(rest, "(")
	a := &Action{Name: strings.TrimSpace(name), Where: where}
	if !isWord(a.Name) || a.Name == "not" {
		return fmt.Errorf("an action's name is a word, not %q", a.Name)
	}
	if hasParams {
		inside, ok := strings.CutSuffix(list, ")")
		if !ok {
			return errors.New("the parameters do not end in )")
		}
		var err error
		if a.Params, err = params(inside); err != nil {
			return err
		}
	}
	r.action = a
	if old := r.lib.byName[a.Name]; old != nil {
		r.faults = append(r.faults, LibraryFault{where, fmt.Sprintf("the action %s is already at %s", a.Name, old.Where)})
		return nil
	}
	r.lib.byName[a.Name] = a
	r.lib.actions = append(r.lib.actions, a)
	return nil
}

// params reads "x: item, s: surface".
func params(text string) (out []Param, err error) {
	for part := range strings.SplitSeq(text, ",") {
		name, kind, ok := strings.Cut(part, ":")
		p := Param{strings.TrimSpace(name), strings.TrimSpace(kind)}
		if !ok || !isWord(p.Name) || !isWord(p.Kind) {
			return nil, fmt.Errorf("%q is no parameter: write x: item", strings.TrimSpace(part))
		}
		out = append(out, p)
	}
	return out, nil
}

// ParseLiterals reads literals parted by commas, at least one.
func ParseLiterals(text string) (out []Literal, err error) {
	for part := range split(text) {
		l, err := ParseLiteral(part)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	if out == nil {
		err = errors.New("no literals")
	}
	return out, err
}

// split cuts at the commas that stand in no parentheses.
func split(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		depth, from := 0, 0
		for i, r := range text + "," {
			switch {
			case r == '(':
				depth++
			case r == ')':
				depth--
			case r == ',' && (depth <= 0 || i == len(text)):
				if part := strings.TrimSpace(text[from:i]); (part != "" || text != "") && !yield(part) {
					return
				}
				from = i + 1
			}
		}
	}
}
