package egotsr

import (
	"context"
	"image"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/dataset"
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
		if score.compare(got, want); score != c.score {
			t.Errorf("%q and %q: %+v", c.got, c.want, score)
		}
		if f := strings.Join(faults(got, want), ", "); f != c.faults {
			t.Errorf("%q and %q: %s, want %s", c.got, c.want, f, c.faults)
		}
	}
}

// halfBlind has a frame that cannot be read.
type halfBlind struct{ *dataset.List }

func (halfBlind) Image(path string) (image.Image, error) {
	if path == "gone" {
		return nil, fs.ErrNotExist
	}
	return noise(1, 60, 60), nil
}

// TestEvaluatePlans: a frame that cannot be read is told of, the others are asked about, and what was answered adds up.
func TestEvaluatePlans(t *testing.T) {
	m := openGolden(t, Options{})
	sample := dataset.Sample{Task: "Lift the box", Img1: "a", Kind: dataset.KindPlan, Plan: []string{"Reach the box.", "Lift the box."}}
	gone := sample
	gone.Img1 = "gone"
	r, err := EvaluatePlans(t.Context(), m, halfBlind{dataset.NewList(nil, []dataset.Sample{sample, gone, {Task: "not asked"}, sample})})
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
	if !maps.Equal(wrong, r.Faults) || len(wrong) == 0 {
		t.Errorf("%v, want %v", r.Faults, wrong)
	}
	var table strings.Builder
	if err := r.WriteTable(&table); err != nil || !strings.Contains(table.String(), "wrong plans: 2 ") || !strings.Contains(table.String(), "1 samples could not be read") {
		t.Errorf("%s%v", table.String(), err)
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
