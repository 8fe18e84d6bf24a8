package decompose

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func steps(text string) (out []Subtask) {
	for part := range split(text) {
		l, err := ParseLiteral(part)
		if err != nil {
			panic(err)
		}
		out = append(out, Subtask{Action: l.Name, Args: l.Args})
	}
	return out
}

func TestLibraryVerify(t *testing.T) {
	pr := kitchen().want("in(mug,sink)")
	for plan, want := range map[string]OrderError{
		"pick(mug), place-in(mug,sink)":              {Fault: 99},
		"pick(mug), rotate(mug), place-in(mug,sink)": {Fault: 99}, // though Check minds
		"place-in(mug,sink)":                         {Fault: MissingStep, Step: 0, Literal: "holding(mug)", Supplier: -1, Destroyer: -1},
		"place-in(mug,sink), pick(mug)":              {Fault: WrongOrder, Step: 0, Literal: "holding(mug)", Supplier: 1, Destroyer: -1},
		"pick(mug)":                                  {Fault: GoalNotReached, Step: 1, Literal: "in(mug,sink)", Supplier: -1, Destroyer: -1},
		"":                                           {Fault: GoalNotReached, Step: 0, Literal: "in(mug,sink)", Supplier: -1, Destroyer: -1},
		"pick(mug), pick(fork), place-in(mug,sink)":     {Fault: WrongOrder, Step: 1, Literal: "hand-empty", Supplier: 2, Destroyer: 0},
		"pick(mug), turn-on(lamp)":                      {Fault: WrongOrder, Step: 1, Literal: "hand-empty", Supplier: -1, Destroyer: 0},
		"open(drawer), open(drawer)":                    {Fault: AdditionalStep, Step: 1, Literal: "not is-open(drawer)", Supplier: -1, Destroyer: 0},
		"pick(mug), place-in(mug,drawer), open(drawer)": {Fault: WrongOrder, Step: 1, Literal: "is-open(drawer)", Supplier: 2, Destroyer: -1},
		"fly(mug)":                      {Fault: UnknownAction, Step: 0, Supplier: -1, Destroyer: -1},
		"open(mug)":                     {Fault: UnmetAffordance, Step: 0, Supplier: -1, Destroyer: -1},
		"pick(mug), place-in(mug,lamp)": {Fault: UnmetAffordance, Step: 1, Supplier: -1, Destroyer: -1},
		"pick(teapot)":                  {Fault: UnmetAffordance, Step: 0, Supplier: -1, Destroyer: -1},
		"pick(mug), place-on(mug,plate), pick(plate), stack(plate,plate)": {Fault: UnmetAffordance, Step: 3, Supplier: -1, Destroyer: -1},
		"pick": {Fault: Malformed, Step: 0, Supplier: -1, Destroyer: -1},
		"pick(mug), place-in(mug,sink), take-out(mug,sink)": {Fault: GoalNotReached, Step: 3, Literal: "in(mug,sink)", Supplier: -1, Destroyer: 2},
	} {
		err := Skills().Verify(pr, &Plan{Subtasks: steps(plan)})
		if want.Fault == 99 {
			if err != nil {
				t.Errorf("%s: %v", plan, err)
			}
			continue
		}
		var got *OrderError
		if !errors.As(err, &got) {
			t.Errorf("%s: %v", plan, err)
			continue
		}
		if got.Fault != want.Fault || got.Step != want.Step || got.Literal != want.Literal || got.Supplier != want.Supplier || got.Destroyer != want.Destroyer {
			t.Errorf("%s: %+v", plan, got)
		}
		if got.Literal != "" && len(got.Actions) == 0 || got.Literal == "" && got.Reason == "" {
			t.Errorf("%s: explains nothing: %v", plan, got)
		}
	}
}

func TestCheck(t *testing.T) {
	pr := kitchen().want("in(mug,sink)")
	for plan, step := range map[string]int{
		"pick(mug), place-in(mug,sink)":                                            -1,
		"pick(mug), rotate(mug), place-in(mug,sink)":                               1,
		"pick(fork), place-on(fork,plate), pick(mug), place-in(mug,sink)":          0,
		"pick(mug), place-on(mug,plate), pick(mug), place-in(mug,sink)":            1,
		"pick(mug), place-in(mug,sink), open(drawer), close(drawer), open(drawer)": 2,
	} {
		err := Skills().Check(pr, &Plan{Subtasks: steps(plan)})
		var e *OrderError
		if step < 0 && err != nil || step >= 0 && (!errors.As(err, &e) || e.Fault != AdditionalStep || e.Step != step) {
			t.Errorf("%s: %v", plan, err)
		}
	}
}

func TestPlanVerify(t *testing.T) {
	p := mustSearch(t, Skills(), kitchen().want("in(fork,drawer)", "not is-open(drawer)"))
	if err := p.Verify(nil); err != nil {
		t.Fatal(err)
	}
	var e *OrderError
	if err := p.Verify([]string{}); !errors.As(err, &e) || e.Fault != WrongOrder || e.Step != 0 || e.Supplier != 2 {
		t.Error("in an empty world:", err)
	}
	for name, c := range map[string]struct {
		change func(p *Plan)
		fault  Fault
		step   int
	}{
		"first gone":    {func(p *Plan) { p.Subtasks = p.Subtasks[1:] }, MissingStep, 1},
		"last gone":     {func(p *Plan) { p.Subtasks = p.Subtasks[:3] }, GoalNotReached, 3},
		"reversed":      {func(p *Plan) { slices.Reverse(p.Subtasks) }, AdditionalStep, 0},
		"exchanged":     {func(p *Plan) { p.Subtasks[1], p.Subtasks[2] = p.Subtasks[2], p.Subtasks[1] }, WrongOrder, 1},
		"bad literal":   {func(p *Plan) { p.Subtasks[2].Pre = []string{"on(mug"} }, Malformed, 2},
		"contradiction": {func(p *Plan) { p.Subtasks[2].Effect = []string{"a", "not a"} }, Malformed, 2},
		"bad start":     {func(p *Plan) { p.Start = []string{"a", "not a"} }, Malformed, 0},
		"bad goal":      {func(p *Plan) { p.Want = []string{""} }, Malformed, 4},
	} {
		q := arranged(p, []int{0, 1, 2, 3})
		c.change(q)
		if err := q.Verify(nil); !errors.As(err, &e) || e.Fault != c.fault || e.Step != c.step || e.Error() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLong: the longest plan taken is proved fast, and a longer one is not taken.
func TestLong(t *testing.T) {
	pr := kitchen().want("hand-empty")
	var plan Plan
	for range maxSteps / 2 {
		plan.Subtasks = append(plan.Subtasks, steps("pick(mug), place-on(mug,counter)")...)
	}
	begin := time.Now()
	full, err := Skills().Complete(pr, &plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(full.Verify(nil), full.VerifyOrder(nil)); err != nil {
		t.Error(err)
	}
	if d := time.Since(begin); d > 20*time.Second && !testing.Short() { // the race detector, which is slow, runs the short tests
		t.Error(d)
	}
	var e *OrderError
	full.Subtasks = append(full.Subtasks, Subtask{})
	for _, err := range []error{full.Verify(nil), full.VerifyOrder(nil), full.Order(nil), Skills().Check(pr, full)} {
		if !errors.As(err, &e) || e.Fault != Malformed || e.Step != maxSteps {
			t.Error(err)
		}
	}
}

func TestComplete(t *testing.T) {
	pr := kitchen().want("in(mug,sink)")
	want := mustSearch(t, Skills(), pr)
	got, err := Skills().Complete(pr, &Plan{Subtasks: steps("pick(mug), place-in(mug,sink)")})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	if err := Skills().Verify(pr, got); err != nil {
		t.Error(err)
	}
	got.Subtasks[1].Effect = append(got.Subtasks[1].Effect, "hot(mug)") // a claim that the library knows nothing of
	var e *OrderError
	if err := Skills().Verify(pr, got); !errors.As(err, &e) || e.Fault != Malformed || e.Step != 1 {
		t.Error(err)
	}
	after, err := Skills().After(pr, &Plan{Subtasks: steps("pick(mug)")})
	if err != nil || !slices.Contains(after, "holding(mug)") || slices.Contains(after, "hand-empty") {
		t.Error(after, err)
	}
}

func TestProblemErrors(t *testing.T) {
	for want, change := range map[string]func(pr *Problem){
		"object a(b":             func(pr *Problem) { pr.Objects["a(b"] = "mug" },
		"there is no kind gizmo": func(pr *Problem) { pr.Objects["x"] = "mug gizmo" },
		"of no kind":             func(pr *Problem) { pr.Objects["x"] = " " },
		"there is no predicate":  func(pr *Problem) { pr.Start = append(pr.Start, "sad(mug)") },
		"takes 2":                func(pr *Problem) { pr.Start = append(pr.Start, "on(mug)") },
		"no object cup":          func(pr *Problem) { pr.Goal = []string{"on(cup,table)"} },
		"takes a item":           func(pr *Problem) { pr.Goal = []string{"holding(sink)"} },
		"and its opposite":       func(pr *Problem) { pr.Goal = []string{"holding(mug)", "not holding(mug)"} },
		"never hold together":    func(pr *Problem) { pr.Start = append(pr.Start, "holding(mug)") },
		"is not a word":          func(pr *Problem) { pr.Goal = []string{"(mug)"} },
	} {
		pr := kitchen()
		change(pr)
		var e *ProblemError
		if err := Skills().Verify(pr, &Plan{}); !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
