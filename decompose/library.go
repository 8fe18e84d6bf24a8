package decompose

import (
	"embed"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Library holds what can be done: kinds of things, predicates about them, and actions. It does not change once made,
// so any number of goroutines may share it.
type Library struct {
	kinds      map[string]*kind
	predicates map[string]*predicate
	actions    []*Action
	byName     map[string]*Action
	given      []rule
	never      []rule
}

// Action is something atomic that can be done. Its literals speak of its parameters, and two parameters never stand
// for the same thing.
type Action struct {
	Name    string
	Params  []Param   // what Subtask.Args names
	With    []Param   // what follows from the state: the surface that a thing is picked from
	Text    string    // English, with {x} where the thing bound to x belongs
	Needs   []Literal // must hold before
	Effects []Literal // hold after; everything else stays as it was
	Undo    string    // the action that takes it back, or empty
	Where   string    // file:line
}

// Param is a parameter of an action, and the kind of thing that it takes.
type Param struct {
	Name, Kind string
}

type kind struct {
	name, where string
	parents     []string
	all         map[string]bool // itself and everything above
}

type predicate struct {
	name, where string
	args        []string // kinds
}

// rule is a given fact, or literals that never hold together, over variables of kinds.
type rule struct {
	where    string
	vars     []Param
	literals []Literal
}

//go:embed things.txt skills.txt motions.txt
var files embed.FS

var (
	skills  = sync.OnceValue(func() *Library { return builtIn("things.txt", "skills.txt") })
	motions = sync.OnceValue(func() *Library { return builtIn("things.txt", "motions.txt") })
)

func builtIn(names ...string) *Library {
	l, err := Load(files, names...)
	if err != nil {
		panic(err) // a test reads these very bytes
	}
	return l
}

// Skills is the built-in library: what people name when they give a robot a task at a table, in a kitchen, or in a
// home that it drives through. "Pick up the mug" is one action.
func Skills() *Library { return skills() }

// Motions is the built-in library one level below [Skills], where "Pick up the mug" is reaching, grasping and
// lifting: the level at which robot episodes are annotated.
func Motions() *Library { return motions() }

// Load makes a library from files, which may use each other's kinds, predicates and actions.
func Load(fsys fs.FS, names ...string) (*Library, error) {
	r := newReader(nil)
	for _, name := range names {
		f, err := fsys.Open(name)
		if err != nil {
			return nil, err
		}
		err = r.read(name, f)
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	return r.library()
}

// Parse makes a library from one file; name is what errors call it. A malformed file is a *ParseError, and one that
// is well-formed but makes no sense a *SoundnessError.
//
// A file is lines; # begins a comment:
//
//	kind item                        a kind of thing
//	kind mug cup: item vessel        two kinds, each of which is an item and a vessel
//	predicate on(item, surface)
//	given clear(x: item)             holds at the start, for every item
//	never hand-empty, holding(x: item)
//
//	action pick(x: item)
//	  with   s: surface              a parameter that the state decides and nobody names
//	  text   Pick up the {x}
//	  needs  hand-empty, on(x, s)
//	  effect holding(x), not hand-empty, not on(x, s)
//	  undo   place-on
func Parse(name string, r io.Reader) (*Library, error) { return (*Library)(nil).Extend(name, r) }

// Extend makes a library that has everything of l and what the file adds. l stays as it is.
func (l *Library) Extend(name string, r io.Reader) (*Library, error) {
	into := newReader(l)
	if err := into.read(name, r); err != nil {
		return nil, err
	}
	return into.library()
}

// Actions lists the actions in the order of their files. They are shared: do not change them.
func (l *Library) Actions() []*Action { return slices.Clone(l.actions) }

// Action finds an action by name, or returns nil.
func (l *Library) Action(name string) *Action { return l.byName[name] }

// Kinds lists every kind of thing, sorted.
func (l *Library) Kinds() []string { return slices.Sorted(maps.Keys(l.kinds)) }

// Predicate gives the kinds of a predicate's arguments, or false where the library has no such predicate.
func (l *Library) Predicate(name string) (args []string, ok bool) {
	p := l.predicates[name]
	if p == nil {
		return nil, false
	}
	return slices.Clone(p.args), true
}

// Is tells whether every thing of a kind is also of the other: Is("mug", "item"). The kind may be several, parted by
// spaces.
func (l *Library) Is(kind, of string) bool {
	for name := range strings.FieldsSeq(kind) {
		if k := l.kinds[name]; k != nil && k.all[of] {
			return true
		}
	}
	return false
}

// all returns the parameters, named ones first.
func (a *Action) all() []Param { return append(slices.Clip(a.Params), a.With...) }

// signature is the action with its parameters: pick(x).
func (a *Action) signature() string {
	args := make([]string, len(a.Params))
	for i, p := range a.Params {
		args[i] = p.Name
	}
	return Literal{Name: a.Name, Args: args}.String()
}

// sentence fills the English template. bound has the things in the order of the parameters.
func (a *Action) sentence(bound []string) string {
	pairs := make([]string, 0, 2*len(bound))
	for i, p := range a.all() {
		pairs = append(pairs, "{"+p.Name+"}", bound[i])
	}
	return strings.NewReplacer(pairs...).Replace(a.Text)
}

// ground replaces parameters by things, given in the order of the parameters.
func (a *Action) ground(literals []Literal, bound []string) []Literal {
	out := make([]Literal, len(literals))
	all := a.all()
	for i, l := range literals {
		out[i] = l.With(func(name string) string {
			return bound[slices.IndexFunc(all, func(p Param) bool { return p.Name == name })]
		})
	}
	return out
}

// silent tells whether a parameter is in no effect, so that the same may be done by other words.
func (a *Action) silent() bool {
	return slices.ContainsFunc(a.Params, func(p Param) bool {
		return !slices.ContainsFunc(a.Effects, func(l Literal) bool { return slices.Contains(l.Args, p.Name) })
	})
}
