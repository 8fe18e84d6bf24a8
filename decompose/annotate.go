package decompose

import (
	"cmp"
	"slices"
	"strings"
)

// Annotated makes a plan of what people (or a model trained on them) call the actions of an episode, such as "Lower the
// gripper onto the mug." Their words are no library's, so the steps keep their texts, and get only those literals that
// every arm obeys: a thing is reached before it is touched, touched before it is lifted or carried, carried before it is
// put, and only then kept there; a tool is in the hand while it is used; nothing enters or leaves
// what has been closed. A step needs the nearest of those that the list has for its thing at all, wherever it has it, so
// that a rest of a plan stands for itself; what no step supplies must hold at the start.
//
// The error is the *OrderError of a list whose order is impossible.
func Annotated(goal string, texts []string) (*Plan, error) {
	steps := make([]annotation, len(texts))
	for i, text := range texts {
		steps[i] = readAnnotation(text)
	}
	p := &Plan{Goal: goal}
	for i, a := range steps {
		p.Subtasks = append(p.Subtasks, Subtask{Text: texts[i], Action: a.verb, Args: a.args(), Pre: a.needs(steps), Effect: a.effects()})
	}
	p.Start = assumed(p.Subtasks)
	return p, p.Order(p.Start)
}

// annotation is a text as far as causes go.
type annotation struct {
	verb    string
	thing   string // what is acted on; of "move the gripper to the mug" the mug
	place   string // where it goes to, or what it is
	tool    string
	rung    int // 0: nothing is known of it
	opening int // +1 opens the thing, -1 closes it
	inward  bool
}

// The rungs that a thing climbs in an arm's care.
var rungs = []string{"", "near", "touched", "carried", "done", "kept"}

const (
	near = 1 + iota
	touched
	carried
	acted
	kept
)

// verbRungs has the verbs that are not simply done to a thing.
var verbRungs = map[string]int{
	"reach": near, "approach": near,
	"grasp": touched, "grab": touched, "pick": touched, "take": touched, "hook": touched, "touch": touched, "grip": touched,
	"lift": carried, "raise": carried, "move": carried, "carry": carried, "bring": carried, "transport": carried, "align": carried,
	"keep": kept, "hold": kept,
}

// readAnnotation takes the verb, the first thing named after it, and what stands behind prepositions.
func readAnnotation(text string) (a annotation) {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(" \t\n.,;:!?\"", r) })
	if len(words) == 0 {
		return a
	}
	a.verb = strings.Trim(words[0], "()")
	parts, into := a.phrases(words[1:])
	a.thing, a.tool = parts[""], parts["with"]
	if into != "" {
		a.place, a.inward = parts[into], into == "in" || into == "into" || into == "inside"
	}
	if a.thing == "" {
		a.thing, a.place, a.inward = a.place, "", false // "pick up the mug"
	}
	a.rung = acted
	if rung, ok := verbRungs[a.verb]; ok {
		a.rung = rung
	}
	if a.thing == "gripper" || a.thing == "arm" || a.thing == "hand" {
		a.rung, a.thing, a.place, a.tool, a.inward = near, cmp.Or(a.place, a.tool), "", "", false
	}
	switch {
	case a.rung == kept || a.rung < acted:
		a.opening = 0
	case a.verb == "open":
		a.opening = 1
	case a.verb == "close" || a.verb == "shut":
		a.opening = -1
	}
	if a.thing == "" {
		a.rung = 0
	}
	return a
}

// phrases are what follows each preposition, the first of them that says where to, and whether something is opened or closed.
func (a *annotation) phrases(words []string) (parts map[string]string, into string) {
	parts = map[string]string{}
	at := ""
	for _, w := range words {
		switch {
		case slices.Contains(prepositions, w):
			at = w
		case w == "and":
			at = "and" // a second verb: "and align it with the hole"
		case w == "the" || w == "a" || w == "an" || w == "its" || w == "it":
		default:
			parts[at] = strings.TrimSpace(parts[at] + " " + w)
			if at != "" && at != "with" && at != "and" && into == "" {
				into = at
			}
		}
		switch w {
		case "open", "opened":
			a.opening = 1
		case "closed", "shut":
			a.opening = -1
		}
	}
	return parts, into
}

var prepositions = []string{
	"above", "onto", "on", "to", "toward", "towards", "beside", "below", "in", "into", "inside", "under", "with", "from", "out", "off", "of",
	"through", "around", "at", "by", "over", "against", "near", "behind", "outside", "up", "down", "front",
	"open", "opened", "closed", "shut", "pressed", "turned", // what is reached, after the thing
}

func (a annotation) args() (list []string) {
	for _, s := range []string{a.thing, a.place, a.tool} {
		if s != "" && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// sameThing reports whether two names mean one thing to the hand: a drawer is pulled by the drawer handle, and the blue cube is the cube.
func sameThing(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+" ") || strings.HasPrefix(b, a+" ") || strings.HasSuffix(a, " "+b) || strings.HasSuffix(b, " "+a)
}

// needs are the highest rung below the step's own that some step of the list gives its thing, the same of its tool, and that what
// it enters or leaves is open, where the list opens or closes that.
func (a annotation) needs(all []annotation) (out []string) {
	climb := func(thing string, below int) {
		best := annotation{}
		for _, b := range all {
			if b.rung < below && b.rung > best.rung && sameThing(b.thing, thing) {
				best = b
			}
		}
		if best.rung > 0 {
			out = append(out, best.literal())
		}
	}
	if a.rung > near {
		climb(a.thing, a.rung)
	}
	if a.tool != "" {
		climb(a.tool, acted)
	}
	for _, b := range all {
		l := Literal{Name: "open", Args: []string{b.thing}}.String()
		if b.opening != 0 && a.inward && sameThing(a.place, b.thing) && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}

// literal is what the step brings about.
func (a annotation) literal() string {
	return Literal{Name: rungs[a.rung], Args: []string{a.thing}}.String()
}

func (a annotation) effects() (out []string) {
	if a.rung == 0 {
		return nil
	}
	out = append(out, a.literal())
	open := Literal{Name: "open", Args: []string{a.thing}}.String()
	switch a.opening {
	case 1:
		out = append(out, open)
	case -1:
		out = append(out, "not "+open)
	}
	return out
}

// assumed are the needs that no step supplies: they hold from the start, or there is no plan.
func assumed(steps []Subtask) (start []string) {
	supplied := map[string]bool{}
	for _, s := range steps {
		for _, e := range s.Effect {
			supplied[e] = true
		}
	}
	for _, s := range steps {
		for _, l := range s.Pre {
			if !supplied[l] && !slices.Contains(start, l) {
				start = append(start, l)
			}
		}
	}
	return start
}
