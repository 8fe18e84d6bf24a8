package egotsr

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
)

func TestPlanScore(t *testing.T) {
	for _, c := range []struct {
		got, want string
		score     PlanScore
	}{
		{"a b c", "a b c", PlanScore{First: 1, Exact: 1}},
		{"a c", "a b c", PlanScore{First: 1, Edits: 1}},
		{"b c d", "a b c", PlanScore{Edits: 2}},
		{"", "", PlanScore{First: 1, Exact: 1}},
		{"", "a b", PlanScore{Edits: 2}},
		{"a", "", PlanScore{Edits: 1}},
	} {
		var got PlanScore
		var steps []decompose.Subtask
		for _, text := range strings.Fields(c.got) {
			steps = append(steps, decompose.Subtask{Text: text})
		}
		if got.compare(steps, strings.Fields(c.want)); got != c.score {
			t.Errorf("%q and %q: %+v", c.got, c.want, got)
		}
	}
}

// The embedded model plans whatever it is shown, and what it plans can be done.
func TestPlan(t *testing.T) {
	m := openGolden(t, Options{})
	ctx := context.Background()
	p, err := m.Plan(ctx, "Pick up the mug and put it in the sink")
	if err != nil || len(p.Subtasks) < 2 {
		t.Fatalf("without frames: %+v, %v", p, err)
	}
	if p, err = m.Plan(ctx, "Close the drawer", noise(1, 60, 60), noise(2, 60, 60)); err == nil {
		if err := p.Verify(nil); err != nil || p.Goal != "Close the drawer" {
			t.Errorf("%+v, %v", p, err)
		}
	}
	src := dataset.NewList(nil, slices.Repeat([]dataset.Sample{{Task: "not asked"}}, 3))
	if r, err := EvaluatePlans(ctx, m, src); err != nil || r.All != (PlanScore{}) {
		t.Errorf("%+v, %v", r, err)
	}
}
