package curriculum

import (
	"fmt"
	"image"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset"
)

// none is a source without samples.
type none struct{}

func (none) Len() int                          { return 0 }
func (none) At(int) (dataset.Sample, error)    { return dataset.Sample{}, fmt.Errorf("no sample") }
func (none) Image(string) (image.Image, error) { return nil, fmt.Errorf("no image") }

// TestCoin: questions without an answer are answered one way as often as the other, and a sample without a label is left out.
func TestCoin(t *testing.T) {
	stage := Tag(none{}, &Recipe{})
	img1 := 0
	for i := range 1000 {
		s := dataset.Sample{Task: "t", Img1: fmt.Sprint(i), Img2: fmt.Sprint(i), Kind: dataset.KindNoChange}
		turn := stage.Turn(s)
		if turn != stage.Turn(s) || turn.Answer == "" {
			t.Fatalf("%+v", turn)
		}
		if strings.HasSuffix(turn.Answer, "img1") {
			img1++
		}
	}
	if img1 < 437 || img1 > 563 { // four standard deviations
		t.Errorf("img1 %d times of 1000", img1)
	}
	if turn := stage.Turn(dataset.Sample{Task: "t", Kind: dataset.KindForward}); turn.Answer != "" {
		t.Errorf("no label teaches %q", turn.Answer)
	}
}

// TestTurns: the question and the answer that each built-in stage makes of a sample.
func TestTurns(t *testing.T) {
	s := dataset.Sample{Task: "paint", Img1: "a", Img2: "b", Closer: dataset.Img2, Detail: [2]string{"black", "white"}}
	plan := dataset.Sample{Task: "paint", Img1: "7", Kind: dataset.KindPlan, Plan: []string{"dip", "brush"}, Done: [2]int{1, 1}}
	const verdict = "closer to completion: img2"
	for name, c := range map[string]struct {
		stage  Stage
		sample dataset.Sample
		want   Turn
	}{
		"tag":  {Tag(none{}, &Recipe{}), s, Turn{Question: dataset.Tag.Text("paint"), Answer: verdict}},
		"long": {LongTag(none{}, &Recipe{}), s, Turn{Question: dataset.Long.Text("paint"), Answer: verdict}},
		"cot": {CoT(none{}, &Recipe{MaxTarget: 8}), s,
			Turn{Question: dataset.CoT.Text("paint"), Answer: "spatial details: img1: blac; img2: whit\n" + verdict}},
		"as published":       {General(none{}, &Recipe{Reference: true}), s, Turn{Question: dataset.Long.Text("paint"), Answer: verdict, Open: true}},
		"as published, mask": {Tag(none{}, &Recipe{Reference: true}), s, Turn{Question: dataset.Tag.Text("paint"), Answer: verdict, Open: true, Early: true}},
		"what remains":       {LongTag(none{}, &Recipe{Both: true}), plan, Turn{Question: dataset.Remaining.Text("paint"), Answer: `["brush"]`}},
	} {
		if diff := cmp.Diff(c.want, c.stage.Turn(c.sample)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestPublished: without a recipe a stage has the reference's hyper-parameters.
func TestPublished(t *testing.T) {
	for _, c := range []struct {
		stage         Stage
		name          string
		batch, target int
	}{{CoT(none{}, nil), "cot", 1, 1500}, {Tag(none{}, nil), "tag", 1, 1500}, {LongTag(none{}, nil), "long", 4, 500}, {General(none{}, nil), "general", 4, 500}} {
		want := Recipe{LR: PublishedLR, WeightDecay: 0.01, MaxGradNorm: 0.3, Epochs: 2, Accumulate: 2, Batch: c.batch, MaxTarget: c.target}
		if diff := cmp.Diff(want, c.stage.Recipe()); diff != "" || c.stage.Name() != c.name {
			t.Errorf("%s (-want +got):\n%s", c.stage.Name(), diff)
		}
	}
}

// TestExit: a stage ends when it is good enough, or when it gets no better.
func TestExit(t *testing.T) {
	history := func(right ...int) (h []Validation) {
		for _, n := range right {
			h = append(h, Validation{Answers: Answers{All: Count{n, 10}}})
		}
		return h
	}
	for _, c := range []struct {
		recipe Recipe
		right  []int
		want   bool
	}{
		{Recipe{}, []int{10, 1}, false}, {Recipe{StopAt: 0.8}, nil, false}, {Recipe{StopAt: 0.8}, []int{7}, false}, {Recipe{StopAt: 0.8}, []int{7, 8}, true},
		{Recipe{Patience: 2}, []int{5, 6, 6}, false}, {Recipe{Patience: 2}, []int{5, 6, 6, 4}, true}, {Recipe{Patience: 2}, []int{5, 6, 4, 7}, false},
	} {
		if got := Tag(none{}, &c.recipe).Done(history(c.right...)); got != c.want {
			t.Errorf("%+v after %v: %v", c.recipe, c.right, got)
		}
	}
	if got := [3]int{Best(nil), Best(history(5, 6, 6)), Best(history(3))}; got != [3]int{-1, 1, 0} {
		t.Errorf("best of nothing, of two equals and of one: %v", got)
	}
}

// TestAnswers: each answer counts where its pair belongs.
func TestAnswers(t *testing.T) {
	if (Count{}).Share() != 0 {
		t.Error("nothing of nothing is not 0")
	}
	var a Answers
	for _, s := range []struct {
		sample dataset.Sample
		right  bool
	}{
		{dataset.Sample{Window: 3, Frame1: 0, Frame2: 3}, true}, {dataset.Sample{Window: 3, Frame1: 3, Frame2: 0}, false},
		{dataset.Sample{Window: 4, Frame2: 4}, true}, {dataset.Sample{Window: 12, Frame2: 12}, true},
		{dataset.Sample{Window: 12, Frame2: 12, Kind: dataset.KindRegression}, false},
	} {
		a.Add(s.sample, s.right)
	}
	want := Answers{All: Count{3, 5}, Near: Count{1, 2}, Middle: Count{1, 1}, Far: Count{1, 1}, Regression: Count{0, 1}, Forward: Count{3, 4}, Inverse: Count{0, 1}}
	if diff := cmp.Diff(want, a); diff != "" || a.Gap() != 0.75 {
		t.Errorf("gap %v (-want +got):\n%s", a.Gap(), diff)
	}
	if got := a.String(); got != "60.0 % of 5; 1–3 frames 50.0, 4–11 100.0, 12+ 100.0, regressions 0.0 of 1, gap 75.0" {
		t.Error(got)
	}
}
