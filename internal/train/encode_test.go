package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
)

// TestSequences: what a stage teaches is the answer and the end of the turn, after the prompt the reference would encode.
func TestSequences(t *testing.T) {
	t.Parallel()
	_, e := tiny(t)
	src := pairs([2]int{10, 200})
	for _, c := range []struct {
		stage curriculum.Stage
		want  string
		open  bool
	}{
		{curriculum.Tag(src, &curriculum.Recipe{}), "closer to completion: img2", false},
		{curriculum.LongTag(src, &curriculum.Recipe{}), "closer to completion: img2", false},
		{curriculum.CoT(src, &curriculum.Recipe{MaxTarget: 8}), "spatial details: img1: blac; img2: whit\ncloser to completion: img2", false},
		{curriculum.General(src, &curriculum.Recipe{Reference: true}), "closer to completion: img2", true},
	} {
		s, _ := src.At(0)
		s.Detail = [2]string{"black", "white"}
		turn := c.stage.Turn(s)
		examples, errs := e.encode(src, []asked{{0, s, turn}, {1, s.Swap(), turn}})
		if errs[0] != nil || errs[1] != nil {
			t.Fatal(errs)
		}
		x := examples[0]
		target := x.IDs[x.Target:]
		if ends := target[len(target)-1] == e.EOS; ends == c.open {
			t.Errorf("%s: ends with the end of turn: %v", c.stage.Name(), ends)
		}
		if !c.open {
			target = target[:len(target)-1]
		}
		if got := e.Tokenizer.Decode(target, false); got != c.want {
			t.Errorf("%s learns %q, want %q", c.stage.Name(), got, c.want)
		}
		if head := e.Tokenizer.Decode(x.IDs[:x.Target], false); !slices.Equal(x.IDs[:x.Target], e.Tokenizer.Encode(head)) {
			t.Errorf("%s: prompt %q is not what the reference would encode", c.stage.Name(), head)
		}
		if examples[0].Frames[0] != examples[1].Frames[1] {
			t.Error("a frame of both orders was prepared twice")
		}
	}
}

// TestReferenceLabels: the published mask is measured with one token an image, so the loss begins so many tokens early.
func TestReferenceLabels(t *testing.T) {
	t.Parallel()
	_, e := tiny(t)
	src := pairs([2]int{10, 200})
	s, _ := src.At(0)
	right, errs := e.encode(src, []asked{{0, s, curriculum.Tag(src, &curriculum.Recipe{}).Turn(s)}})
	published, errs2 := e.encode(src, []asked{{0, s, curriculum.Tag(src, &curriculum.Recipe{Reference: true}).Turn(s)}})
	if errs[0] != nil || errs2[0] != nil {
		t.Fatal(errs, errs2)
	}
	image, _ := e.Tokenizer.ID("<|image_pad|>")
	placeholders := 0
	for _, id := range right[0].IDs {
		if id == image {
			placeholders++
		}
	}
	if early := right[0].Target - published[0].Target; placeholders <= 2 || early != placeholders-2 || len(right[0].IDs)-len(published[0].IDs) != 1 {
		t.Errorf("the loss begins %d tokens early with %d placeholders; %d and %d tokens", early, placeholders, len(right[0].IDs), len(published[0].IDs))
	}
}

// TestGiven: what is given of an answer is not learnt.
func TestGiven(t *testing.T) {
	t.Parallel()
	_, e := tiny(t)
	src := pairs([2]int{10, 200})
	s, _ := src.At(0)
	turn := curriculum.Turn{Question: "which?", Answer: "closer: img2", Given: len("closer: img")}
	examples, errs := e.encode(src, []asked{{0, s, turn}})
	if errs[0] != nil {
		t.Fatal(errs[0])
	}
	if x := examples[0]; e.Tokenizer.Decode(x.IDs[x.Target:len(x.IDs)-1], false) != "2" {
		t.Errorf("learns %q", e.Tokenizer.Decode(x.IDs[x.Target:], false))
	}
	for name, turn := range map[string]curriculum.Turn{
		"nothing to learn": {Question: "q", Answer: "a", Given: 1}, "less than nothing given": {Question: "q", Answer: "a", Given: -1},
		"weight below 0": {Question: "q", Answer: "a", Weight: -1}, "weight NaN": {Question: "q", Answer: "a", Weight: math.NaN()},
		"weight Inf": {Question: "q", Answer: "a", Weight: math.Inf(1)},
	} {
		if _, errs := e.encode(src, []asked{{0, s, turn}}); errs[0] == nil {
			t.Errorf("%s went unnoticed", name)
		}
	}
}

// TestTooLong: a sample that the model has no room for is the only one left out, and so is one with an answer that is none.
func TestTooLong(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	short := *e
	src := pairs([2]int{10, 200})
	s, _ := src.At(0)
	long := curriculum.Turn{Question: strings.Repeat("which? ", 200), Answer: "a"}
	examples, errs := e.encode(src, []asked{{0, s, long}})
	if errs[0] != nil {
		t.Fatal(errs[0])
	}
	short.Limit = len(examples[0].IDs) - 1
	if _, errs := short.encode(src, []asked{{0, s, long}, {1, s, curriculum.Turn{Question: "q", Answer: "a"}}}); errs[0] == nil || errs[1] != nil {
		t.Error(errs)
	}
	src.samples[1].Closer = "left"
	p := newFeed(m, e, planned(t, asks("tag", src, "?", curriculum.Recipe{LR: 1e-3, MaxSteps: 1, Batch: len(src.samples)})), 1).step(0)
	if p.err != nil || len(p.bad) != 1 || p.bad[0].index != 1 || len(p.samples) != len(src.samples)-1 {
		t.Errorf("%d learnt from, %v, %v", len(p.samples), p.bad, p.err)
	}
}

// TestPlanSequence: a sample of one frame makes one sequence, also where pairs are trained both ways.
func TestPlanSequence(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	src := painted{samples: []dataset.Sample{{Task: "paint", Img1: "7", Kind: dataset.KindPlan, Plan: []string{"dip", "brush"}, Done: [2]int{1, 1}}}}
	stage := curriculum.LongTag(src, &curriculum.Recipe{LR: 1e-3, MaxSteps: 1, Batch: 1, Accumulate: 1, Both: true})
	p := newFeed(m, e, planned(t, stage), 1).step(0)
	if p.err != nil || len(p.samples) != 1 || len(p.bad) != 0 {
		t.Errorf("%d sequences, %v, %v", len(p.samples), p.bad, p.err)
	}
}
