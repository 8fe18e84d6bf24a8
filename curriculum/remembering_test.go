package curriculum

import (
	"math"
	"testing"

	"github.com/egotsr/egotsr/dataset"
)

// A verdict, a list and a description count alike, and what is described is asked for it.
func TestRemembering(t *testing.T) {
	s := Remembering(LongTag(dataset.NewList(nil, nil), nil))
	verdict := dataset.Sample{Task: "Open a drawer", Img1: "a", Img2: "b", Closer: dataset.Img1}
	described := verdict
	described.Detail = [2]string{"It is open.", "It is shut."}
	plan := dataset.Sample{Task: "Open a drawer", Img1: "a", Kind: dataset.KindPlan, Plan: []string{"Reach for the handle", "Pull it"}}
	for name, c := range map[string]struct {
		sample dataset.Sample
		prompt dataset.Prompt
	}{
		"verdict": {verdict, dataset.Long}, "described": {described, dataset.CoT}, "plan": {plan, dataset.Remaining},
	} {
		turn := s.Turn(c.sample)
		total := turn.Weight * float64(len(turn.Answer))
		if turn.Question != c.prompt.Text(c.sample.Task) || turn.Answer != c.prompt.Target(c.sample) {
			t.Errorf("%s: %+v", name, turn)
		}
		if name != "plan" && math.Abs(total-1) > 1e-9 {
			t.Errorf("%s counts %v", name, total)
		}
	}
	if v, p := s.Turn(verdict), s.Turn(plan); p.Weight != v.Weight {
		t.Errorf("a list counts %v a byte, a verdict %v", p.Weight, v.Weight)
	}
}
