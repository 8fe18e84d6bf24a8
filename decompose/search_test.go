package decompose

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"
)

func TestSearch(t *testing.T) {
	for _, c := range problems() {
		p := mustSearch(t, c.lib, c.pr)
		if c.steps > 0 && len(p.Subtasks) != c.steps {
			t.Errorf("%s: %d steps, want %d: %q", c.name, len(p.Subtasks), c.steps, shown(p))
		}
		if err := p.Verify(nil); err != nil {
			t.Error(c.name, err)
		}
		if err := p.VerifyOrder(nil); err != nil {
			t.Error(c.name, err)
		}
		if err := c.lib.Check(c.pr, p); err != nil {
			t.Error(c.name, err)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	for _, c := range problems() {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				mustSearch(b, c.lib, c.pr)
			}
		})
	}
}

// TestSearchRandom walks at random, wants some of what then holds, and expects a plan no longer than the walk.
func TestSearchRandom(t *testing.T) {
	r := rng()
	for round := range 150 {
		pr := []*Problem{kitchen(), flat(), blocks(), workshop()}[round%4]
		s, err := Skills().scene(pr)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(s.start)
		objects := slices.Sorted(maps.Keys(pr.Objects))
		steps := 0
		for tries := 0; tries < 20000 && steps < 2+round%5; tries++ {
			a := Skills().actions[r.IntN(len(Skills().actions))]
			sub := Subtask{Action: a.Name}
			for range a.Params {
				sub.Args = append(sub.Args, objects[r.IntN(len(objects))])
			}
			g, e := s.instance(sub, w)
			if e != nil {
				continue
			}
			if _, lacks := w.lacks(g.pre); lacks {
				continue
			}
			steps++
			w.apply(g.effects)
			if together := s.impossible(w.holds); together != "" {
				t.Fatalf("after %v: %s", sub, together)
			}
		}
		var goal []string
		for _, f := range slices.Sorted(maps.Keys(w)) {
			if !slices.ContainsFunc(s.start, func(l Literal) bool { return l.Atom() == f }) && r.IntN(3) > 0 {
				goal = append(goal, f)
			}
		}
		for _, l := range s.start {
			if !w[l.Atom()] && r.IntN(3) == 0 {
				goal = append(goal, l.Negated().String())
			}
		}
		pr = pr.want(goal...)
		p := mustSearch(t, Skills(), pr)
		if len(p.Subtasks) > steps {
			t.Errorf("%v: %d steps, a walk has %d", goal, len(p.Subtasks), steps)
		}
		if err := errors.Join(Skills().Check(pr, p), p.VerifyOrder(nil)); err != nil {
			t.Error(goal, err)
		}
		if again := mustSearch(t, Skills(), pr); !reflect.DeepEqual(p, again) {
			t.Errorf("%v: twice %q and %q", goal, shown(p), shown(again))
		}
	}
}

func TestSearchErrors(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var limit *LimitError
	var none *NoPlanError
	var problem *ProblemError
	k, l := kitchen(), Skills()
	if _, err := l.Search(ctx, k.want("in(mug,sink)"), nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := l.Search(context.Background(), k.want("in(mug,fridge)", "hot(apple)", "not is-open(fridge)"), &SearchOptions{Nodes: 3}); !errors.As(err, &limit) || limit.Nodes != 3 {
		t.Error(err)
	}
	for literal, goal := range map[string][]string{
		"supplies(faucet,milk)":         {"contains(mug,water)", "supplies(faucet,milk)"},
		"not at(here)":                  {"not at(here)"},
		"holding(mug) and in(mug,sink)": {"in(mug,sink)", "holding(mug)"},
	} {
		if _, err := l.Search(context.Background(), k.want(goal...), nil); !errors.As(err, &none) || none.Literal != literal {
			t.Errorf("%v: %v", goal, err)
		}
	}
	if _, err := l.Search(context.Background(), blocks().want("on(a,b)", "on(b,a)"), nil); !errors.As(err, &none) || none.Literal != "" {
		t.Error(err) // only looking at all there is shows it
	}
	if _, err := l.Search(context.Background(), k.want("tight(mug)"), nil); !errors.As(err, &problem) {
		t.Error(err)
	}
	if _, err := l.Search(context.Background(), k.want("in(mug,sink)"), &SearchOptions{Without: []string{"pick"}}); !errors.As(err, &none) {
		t.Error(err)
	}
	if p := mustSearch(t, l, k.want("on(mug,counter)")); len(p.Subtasks) != 0 || p.Verify(nil) != nil {
		t.Errorf("what holds already takes %q", shown(p))
	}
}

// TestSearchBudget: ten steps in 20 ms, and nothing is kept from call to call.
func TestSearchBudget(t *testing.T) {
	for _, c := range problems() {
		best := time.Hour
		for range 5 {
			begin := time.Now()
			mustSearch(t, c.lib, c.pr)
			best = min(best, time.Since(begin))
		}
		if best > 20*time.Millisecond && !testing.Short() {
			t.Errorf("%s takes %v", c.name, best)
		}
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	pr := kitchen().want("in(mug,sink)")
	mustSearch(t, Skills(), pr)
	before := heap()
	for range 2000 {
		p := mustSearch(t, Skills(), pr)
		if err := errors.Join(p.Verify(nil), Skills().Check(pr, p)); err != nil {
			t.Fatal(err)
		}
	}
	if after := heap(); after > before+1<<18 {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
}
