package english

import (
	"slices"
	"strings"
)

// past is what a clause spoke of: what pronouns can stand for.
type past struct {
	objects []*object
	plural  []*object // of a list
	taken   *object   // it ended up in the hand
	topic   *object   // it was called "it", or what is done to it alone
	tool    *object   // it was only a means
	base    *object   // something was stacked on it
	put     *object   // it was put into what is next, or into something that is not carried
	into    *object   // of what can be carried
	wholes  []*object // that parts of were spoken of
	holder  *object   // the same, whether it can be carried or not
	left    *object   // something was taken out of it
}

// one is the thing of a clause that a pronoun stands for: the only one that fits, else what was taken, what others were put into, or
// what was not just a tool. content is set where it is rather what was
// put somewhere than what that was put into. Else all that fit are returned.
func (last past) one(pronoun, kind string, fits func(*object) bool, content bool) (*object, []*object) {
	var all []*object
	for _, o := range last.objects {
		if fits(o) && !slices.Contains(all, o) {
			all = append(all, o)
		}
	}
	switch {
	case pronoun == "there" && last.left != nil && slices.Contains(all, last.left):
		return last.left, nil
	case pronoun == "it" && last.topic != nil && slices.Contains(all, last.topic):
		return last.topic, nil
	case len(all) == 0:
		return nil, nil
	case len(all) == 1:
		return all[0], nil
	case len(all) == 2 && pronoun == "it" && inPlural(all[0].name) != inPlural(all[1].name):
		return all[boolean(inPlural(all[0].name))], nil
	case len(all) == 2:
		if o := last.ofTwo(kind, all, content); o != nil {
			return o, nil
		}
	}
	switch alone := last.alone(all); {
	case pronoun == "it" && len(last.plural) > 1 && len(alone) == 1:
		return alone[0], nil
	case pronoun == "it" && slices.Contains(all, last.taken):
		return last.taken, nil
	case len(all) == 2 && slices.Contains(all, last.tool):
		return all[1-slices.Index(all, last.tool)], nil
	}
	return nil, all
}

// ofTwo is which of two things is meant by how they were handled; nil where that does not tell.
func (last past) ofTwo(kind string, all []*object, content bool) *object {
	put := slices.Contains(all, last.put)
	switch {
	case kind == "openable" && slices.Contains(all, last.holder):
		return last.holder
	case put && (content || kind == "pressable"):
		return last.put
	case put && slices.Contains(all, last.into):
		return last.into // and what is in it goes along
	case put && (kind == "item/openable" || kind == "turnable"):
		return last.put // what was loaded is clamped, and the key is turned
	}
	return nil
}

// alone lists what is not one of several that were named together.
func (last past) alone(all []*object) []*object {
	return slices.DeleteFunc(slices.Clone(all), func(o *object) bool { return slices.Contains(last.plural, o) })
}

// several is what "them" stands for in a clause: its list, what it has several of, or what was put on each other.
func (last past) several(said string, fits func(*object) bool) []*object {
	if last.base != nil && fits(last.base) {
		return []*object{last.base} // what stands on it goes along
	}
	if len(last.plural) > 1 && !slices.ContainsFunc(last.plural, func(o *object) bool { return !fits(o) }) {
		return last.plural
	}
	if said == "both" && len(last.objects) == 2 && fits(last.objects[0]) && fits(last.objects[1]) {
		return last.objects
	}
	for _, o := range last.objects {
		if (o.plural || inPlural(o.name)) && fits(o) {
			return []*object{o}
		}
	}
	return nil
}

// inPlural tells whether a name is in the plural by its form: scissors, lights.
func inPlural(name string) bool {
	return strings.HasSuffix(name, "s") && !strings.HasSuffix(name, "ss") && !strings.HasSuffix(name, "us")
}
