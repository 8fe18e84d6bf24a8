package evaluate

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
)

func TestPlanScore(t *testing.T) {
	for _, c := range []struct {
		got, want string
		score     PlanScore
		faults    string
	}{
		{"a b c", "a b c", PlanScore{First: 1, Exact: 1}, ""},
		{"a c", "a b c", PlanScore{First: 1, Edits: 1}, "missing step"},
		{"b c d", "a b c", PlanScore{Edits: 2}, "missing step, additional step"},
		{"", "", PlanScore{First: 1, Exact: 1}, ""},
		{"", "a b", PlanScore{Edits: 2}, "missing step"},
		{"a", "", PlanScore{Edits: 1}, "additional step"},
		{"a b a", "a b", PlanScore{First: 1, Edits: 1}, "additional step"},
		{"b a", "a b", PlanScore{Edits: 2}, "wrong order"},
	} {
		var score PlanScore
		got, want := strings.Fields(c.got), strings.Fields(c.want)
		score.compare(got, want)
		if diff := cmp.Diff(c.score, score) + cmp.Diff(c.faults, strings.Join(faults(got, want), ", ")); diff != "" {
			t.Errorf("%q and %q: -want +got\n%s", c.got, c.want, diff)
		}
	}
}

// halfBlind has a frame that cannot be read.
type halfBlind struct{ *dataset.List }

func (halfBlind) Image(path string) (image.Image, error) {
	if path == "gone" {
		return nil, fs.ErrNotExist
	}
	return noise(1, 60), nil
}

// TestPlans: a frame that cannot be read is told of, the others are asked about, and what was answered adds up.
func TestPlans(t *testing.T) {
	m := openTiny(t)
	sample := dataset.Sample{Task: "Lift the box", Img1: "a", Kind: dataset.KindPlan, Plan: []string{"Reach the box.", "Lift the box."}}
	gone := sample
	gone.Img1 = "gone"
	r, err := Plans(t.Context(), m, halfBlind{dataset.NewList(nil, []dataset.Sample{sample, gone, {Task: "not asked"}, sample})}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.All.Asked != 2 || len(r.Items) != 2 || r.Items[1].Index != 3 || len(r.Bad) != 1 || r.Bad[0].Index != 1 {
		t.Errorf("%+v", r)
	}
	wrong := map[string]int{}
	for _, i := range r.Items {
		for _, f := range i.Faults {
			wrong[f]++
		}
		if exact := slices.Equal(i.Got, i.Want); exact != (i.Faults == nil) {
			t.Errorf("%+v", i)
		}
	}
	if diff := cmp.Diff(wrong, r.Faults); diff != "" || len(wrong) == 0 {
		t.Errorf("-want +got\n%s", diff)
	}
	var table strings.Builder
	if err := r.WriteTable(&table); err != nil || !strings.Contains(table.String(), "wrong plans: 2 ") || !strings.Contains(table.String(), "1 samples could not be read") {
		t.Errorf("%s%v", table.String(), err)
	}
}

// byHeart is a Planner that is no Model: it answers with the lists it was given, one after the other. Of "refuse" it proves that nothing can
// be done, and "nothing" is no answer at all.
type byHeart struct{ lists []string }

var errForgotten = errors.New("forgotten")

func (b *byHeart) Plan(_ context.Context, goal string, now ...image.Image) (*decompose.Plan, error) {
	if len(now) != 1 || len(b.lists) == 0 {
		return nil, errForgotten
	}
	list := b.lists[0]
	b.lists = b.lists[1:]
	switch list {
	case "refuse":
		return nil, fmt.Errorf("no: %w", &decompose.OrderError{Fault: decompose.UnmetAffordance})
	case "nothing":
		return nil, nil
	}
	p := &decompose.Plan{Goal: goal}
	for _, text := range strings.Fields(list) {
		p.Subtasks = append(p.Subtasks, decompose.Subtask{Text: text})
	}
	return p, nil
}

func TestForeignPlanner(t *testing.T) {
	sample := dataset.Sample{Task: "t", Img1: "a", Kind: dataset.KindPlan, Plan: []string{"a", "b"}}
	src := halfBlind{dataset.NewList(nil, slices.Repeat([]dataset.Sample{sample}, 4))}
	r, err := Plans(t.Context(), &byHeart{[]string{"a b", "refuse", "", "b"}}, src, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []PlanItem{
		{Index: 0, Task: "t", Image: "a", Want: sample.Plan, Got: []string{"a", "b"}},
		{Index: 1, Task: "t", Image: "a", Want: sample.Plan, Faults: []string{"unmet affordance"}},
		{Index: 2, Task: "t", Image: "a", Want: sample.Plan, Got: []string{}, Faults: []string{"missing step"}},
		{Index: 3, Task: "t", Image: "a", Want: sample.Plan, Got: []string{"b"}, Faults: []string{"missing step"}},
	}
	if diff := cmp.Diff(want, r.Items) + cmp.Diff(PlanScore{Asked: 4, First: 1, Exact: 1, Impossible: 1, Edits: 5}, r.All); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if _, err := Plans(t.Context(), &byHeart{[]string{"a b"}}, src, nil); !errors.Is(err, errForgotten) || !strings.Contains(err.Error(), "sample 1") {
		t.Error(err)
	}
	if _, err := Plans(t.Context(), &byHeart{[]string{"nothing"}}, src, nil); err == nil || !strings.Contains(err.Error(), "sample 0") {
		t.Error(err)
	}
}
