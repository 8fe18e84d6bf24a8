package decompose

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// setting is a scene where the arm reaches everything.
func setting(things map[string]string, start ...string) *Problem {
	pr := &Problem{Objects: maps.Clone(things), Start: append([]string{"hand-empty", "at(here)"}, start...)}
	pr.Objects["here"] = "place"
	for _, o := range slices.Sorted(maps.Keys(things)) {
		k := things[o]
		inside := slices.ContainsFunc(start, func(s string) bool { return strings.HasPrefix(s, "in("+o+",") })
		if Skills().Is(k, "thing") && !inside {
			pr.Start = append(pr.Start, "located("+o+",here)")
		}
	}
	return pr
}

func (pr *Problem) want(goal ...string) *Problem {
	out := *pr
	out.Goal = goal
	return &out
}

// kitchen has enough to need ten steps and more.
func kitchen() *Problem {
	return setting(map[string]string{"counter": "counter", "sink": "sink", "fridge": "fridge", "microwave": "microwave", "drawer": "drawer",
		"apple": "apple", "mug": "mug", "fork": "fork", "plate": "plate", "sponge": "sponge", "knife": "knife", "milk bottle": "bottle", "milk": "milk",
		"lamp": "lamp", "faucet": "faucet", "water": "water", "bowl": "bowl"},
		"on(apple,counter)", "on(mug,counter)", "on(fork,counter)", "on(plate,counter)", "on(sponge,counter)", "on(knife,counter)", "on(bowl,counter)",
		"in(milk bottle,fridge)", "contains(milk bottle,milk)", "supplies(faucet,water)")
}

// flat is a home with rooms.
func flat() *Problem {
	pr := setting(map[string]string{"table": "table", "fridge": "fridge", "shelf": "shelf", "towel": "towel", "hook": "hook", "book": "book", "juice": "bottle", "Ann": "person"})
	pr.Objects["kitchen"], pr.Objects["living room"], pr.Objects["bathroom"] = "place", "place", "place"
	delete(pr.Objects, "here")
	pr.Start = []string{"hand-empty", "at(living room)", "located(table,living room)", "located(shelf,living room)", "located(Ann,living room)", "located(fridge,kitchen)",
		"located(hook,bathroom)", "located(towel,living room)", "located(book,living room)",
		"on(towel,table)", "on(book,table)", "in(juice,fridge)"}
	return pr
}

// blocks is a tower a on b on c.
func blocks() *Problem {
	return setting(map[string]string{"table": "table", "a": "block", "b": "block", "c": "block", "d": "block"},
		"on(a,b)", "on(b,c)", "on(c,table)", "on(d,table)", "not clear(b)", "not clear(c)")
}

// workshop is for rings, holes and tools.
func workshop() *Problem {
	return setting(map[string]string{"bench": "bench", "nut": "nut", "post": "post", "peg": "peg", "hole": "hole", "hammer": "hammer", "nail": "nail",
		"stick": "stick", "thermos": "thermos", "goal": "spot", "key": "key", "safe": "safe", "coin": "coin", "screw": "screw", "screwdriver": "screwdriver", "shirt": "shirt"},
		"on(nut,bench)", "on(peg,bench)", "on(hammer,bench)", "on(stick,bench)", "on(thermos,bench)", "on(key,bench)", "on(coin,bench)", "on(screwdriver,bench)", "on(shirt,bench)",
		"locked(safe)", "fits(key,safe)", "tight(screw)")
}

// problems are tasks whose shortest plans are known by hand or, where steps is 0, only to the oracle.
func problems() []struct {
	name  string
	pr    *Problem
	steps int
	lib   *Library
} {
	type p = struct {
		name  string
		pr    *Problem
		steps int
		lib   *Library
	}
	k, f, b, w, m := kitchen(), flat(), blocks(), workshop(), bench()
	return []p{
		{"mug in sink", k.want("in(mug,sink)"), 2, Skills()},
		{"lamp", k.want("running(lamp)"), 1, Skills()},
		{"fork away", k.want("in(fork,drawer)", "not is-open(drawer)"), 4, Skills()},
		{"two away", k.want("in(fork,drawer)", "in(knife,drawer)", "not is-open(drawer)"), 6, Skills()},
		{"pour milk", k.want("contains(mug,milk)", "in(milk bottle,fridge)", "not is-open(fridge)"), 0, Skills()},
		{"hot apple", k.want("hot(apple)"), 0, Skills()},
		{"hot apple on plate", k.want("hot(apple)", "on(apple,plate)"), 0, Skills()},
		{"cold mug", k.want("cold(mug)"), 0, Skills()},
		{"rinse", k.want("rinsed(mug)", "on(mug,counter)", "not running(faucet)"), 5, Skills()},
		{"fill", k.want("contains(bowl,water)", "on(bowl,counter)"), 4, Skills()},
		{"slice", k.want("sliced(apple)", "in(knife,sink)"), 3, Skills()},
		{"wipe", k.want("wiped(counter)", "in(sponge,sink)"), 3, Skills()},
		{"five in the sink", k.want("in(mug,sink)", "in(fork,sink)", "in(plate,sink)", "in(knife,sink)", "in(bowl,sink)"), 10, Skills()},
		{"holding", k.want("holding(mug)", "running(lamp)"), 2, Skills()},
		{"towel", f.want("hung(towel,hook)"), 3, Skills()},
		{"folded", f.want("folded(towel)", "on(towel,shelf)"), 3, Skills()},
		{"juice for Ann", f.want("has(Ann,juice)"), 5, Skills()},
		{"juice, shut", f.want("has(Ann,juice)", "not is-open(fridge)"), 0, Skills()},
		{"errands", f.want("has(Ann,juice)", "hung(towel,hook)", "on(book,shelf)"), 0, Skills()},
		{"reverse", b.want("on(c,b)", "on(b,a)"), 0, Skills()},
		{"tower", b.want("on(a,b)", "on(b,c)", "on(c,d)"), 0, Skills()},
		{"nut", w.want("around(nut,post)"), 2, Skills()},
		{"peg", w.want("inserted(peg,hole)"), 2, Skills()},
		{"nail", w.want("driven(nail)", "on(hammer,bench)"), 3, Skills()},
		{"stick", w.want("pushed(thermos,goal)", "used(stick)"), 2, Skills()},
		{"safe", w.want("in(coin,safe)", "locked(safe)", "not is-open(safe)"), 0, Skills()},
		{"workshop", w.want("not tight(screw)", "folded(shirt)", "around(nut,post)", "inserted(peg,hole)"), 6, Skills()},
		{"motions: nut", m.want("around(nut,post)", "held(nut)"), 6, Motions()},
		{"motions: nut, and away", m.want("around(nut,post)", "away"), 7, Motions()},
		{"motions: button", m.want("pressed(button)", "kept(button)"), 3, Motions()},
		{"motions: drawer", m.want("in(cube,drawer)", "not is-open(drawer)", "away"), 0, Motions()},
		{"motions: nail", m.want("driven(nail)", "held(hammer)"), 6, Motions()},
	}
}

// bench is for single motions.
func bench() *Problem {
	return &Problem{
		Objects: map[string]string{"bench": "bench", "nut": "nut", "post": "post", "button": "button", "drawer": "drawer", "cube": "cube", "hammer": "hammer", "nail": "nail"},
		Start:   []string{"hand-empty", "away", "on(nut,bench)", "on(cube,bench)", "on(hammer,bench)"},
	}
}

func mustSearch(t testing.TB, l *Library, pr *Problem) *Plan {
	t.Helper()
	p, err := l.Search(context.Background(), pr, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func shown(p *Plan) (out []string) {
	for _, s := range p.Subtasks {
		out = append(out, fmt.Sprint(s, s.After))
	}
	return out
}

func rng() *rand.Rand { return rand.New(rand.NewPCG(7, 11)) }
