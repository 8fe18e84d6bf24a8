package egotsr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestJudgeMirrors(t *testing.T) {
	m := openTiny(t, Options{})
	for seed := range uint64(12) {
		a, b := noise(2*seed, 40+int(seed)*9, 60), noise(2*seed+1, 70, 50+int(seed)*3)
		task := fmt.Sprintf("task number %d", seed)
		opts := &JudgeOptions{AbstainBelow: 0.5 + float64(seed)/100}
		one, two := judge(t, m, Pair{task, a, b}, opts), judge(t, m, Pair{task, b, a}, opts)
		if one.PImg1 != 1-two.PImg1 || one.Confidence != two.Confidence || one.Disagreement != two.Disagreement {
			t.Errorf("seed %d: %+v is not the mirror image of %+v", seed, one, two)
		}
		if mirror := [...]Side{Undecided, Img2, Img1}[two.Closer]; one.Closer != mirror {
			t.Errorf("seed %d: closer %v and %v", seed, one.Closer, two.Closer)
		}
		if one.PImg1 == 0.5 || one.Confidence < opts.AbstainBelow != (one.Closer == Undecided) {
			t.Errorf("seed %d: %+v with AbstainBelow %v", seed, one, opts.AbstainBelow)
		}
		first := judge(t, m, Pair{task, a, b}, &JudgeOptions{SingleOrder: true})
		second := judge(t, m, Pair{task, b, a}, &JudgeOptions{SingleOrder: true})
		if mean := (first.PImg1 + 1 - second.PImg1) / 2; math.Abs(mean-one.PImg1) > 1e-5 {
			t.Errorf("seed %d: %v with both orders, %v as the mean of single ones", seed, one.PImg1, mean)
		}
		if gap := math.Abs(first.PImg1 - (1 - second.PImg1)); first.Disagreement != 0 || math.Abs(gap-one.Disagreement) > 1e-5 {
			t.Errorf("seed %d: disagreement %v, of single orders %v", seed, one.Disagreement, gap)
		}
	}
}

func TestJudgeEqualFrames(t *testing.T) {
	m := openTiny(t, Options{})
	a := noise(1, 64, 64)
	copied := image.NewNRGBA(a.Bounds())
	for y := range 64 {
		for x := range 64 {
			copied.Set(x, y, a.At(x, y))
		}
	}
	if j := judge(t, m, Pair{"same", a, copied}, nil); j.PImg1 != 0.5 || j.Closer != Undecided || j.Confidence != 0.5 {
		t.Errorf("equal frames: %+v", j)
	}
	if m.frames.encodes != 1 {
		t.Errorf("%d encodes of one frame in two types", m.frames.encodes)
	}
}

func TestJudgeAllEqualsJudge(t *testing.T) {
	m := openTiny(t, Options{FrameCache: -1})
	var pairs []Pair
	for i := range uint64(11) {
		pairs = append(pairs, Pair{strings.Repeat("long ", int(i)) + "task", noise(i, 30+int(i)*12, 64), noise(i+100, 60, 90)})
	}
	pairs[4].Img2 = nil
	i := 0
	for j, err := range m.JudgeAll(context.Background(), values(pairs), nil) {
		if i == 4 {
			wantInput(t, err, "img2")
		} else if want := judge(t, m, pairs[i], nil); err != nil || math.Abs(j.PImg1-want.PImg1) > 1e-5 {
			t.Errorf("pair %d: %v, %v in a batch, %v alone", i, j.PImg1, err, want.PImg1)
		}
		i++
	}
	if i != len(pairs) {
		t.Errorf("%d judgements of %d pairs", i, len(pairs))
	}
}

// TestJudgeAllDevices: three devices, among which nothing divides, answer as one does.
func TestJudgeAllDevices(t *testing.T) {
	plugins, _ := filepath.Glob(filepath.Join(os.Getenv("PJRT_PLUGIN_LIBRARY_PATH"), "*cpu*.so"))
	if len(plugins) == 0 {
		t.Skip("no XLA plugin for the CPU")
	}
	one, three := openTiny(t, Options{Backend: "xla:cpu"}), openTiny(t, Options{Backend: "xla:cpu,devices=3"})
	if three.maxBatch != 3*one.maxBatch {
		t.Errorf("a batch is %d on three devices, %d on one", three.maxBatch, one.maxBatch)
	}
	var pairs []Pair
	for i := range uint64(5) {
		pairs = append(pairs, Pair{"put the cup away", noise(i, 56, 56), noise(i+100, 56, 84)})
	}
	var want []float64
	for j, err := range one.JudgeAll(context.Background(), values(pairs), nil) {
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, j.PImg1)
	}
	i := 0
	for j, err := range three.JudgeAll(context.Background(), values(pairs), nil) {
		if err != nil || math.Abs(j.PImg1-want[i]) > 1e-5 {
			t.Errorf("pair %d: %v, %v on three devices, %v on one", i, err, j.PImg1, want[i])
		}
		i++
	}
	if j, err := three.Judge(context.Background(), pairs[0], &JudgeOptions{Generate: true}); err != nil {
		t.Errorf("generated %+v, %v", j, err)
	}
}

// values also counts how far it was read, where the test wants to know.
func values(pairs []Pair, read ...*int) func(func(Pair) bool) {
	return func(yield func(Pair) bool) {
		for _, p := range pairs {
			for _, n := range read {
				*n++
			}
			if !yield(p) {
				return
			}
		}
	}
}

func TestJudgeAllStops(t *testing.T) {
	m := openTiny(t, Options{MaxBatch: 3})
	pairs := make([]Pair, 50)
	for i := range pairs {
		pairs[i] = Pair{"task", noise(1, 30, 30), noise(2, 30, 30)}
	}
	read := 0
	for range m.JudgeAll(context.Background(), values(pairs, &read), nil) {
		break
	}
	if read != 3 {
		t.Errorf("%d pairs read for one judgement with MaxBatch 3", read)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var got []error
	for _, err := range m.JudgeAll(ctx, values(pairs), nil) {
		if got = append(got, err); len(got) == 4 {
			cancel()
		}
	}
	if last := got[len(got)-1]; len(got) > 7 || last != context.Canceled || got[len(got)-2] != nil {
		t.Errorf("after a cancel at the fourth: %v", got)
	}
	got = nil
	for _, err := range m.JudgeAll(context.Background(), values(pairs), nil) {
		got = append(got, err)
		if err := m.Close(); err != nil { // from inside the loop
			t.Fatal(err)
		}
	}
	if len(got) != 4 || got[3] != ErrClosed {
		t.Errorf("after a close at the first: %v", got)
	}
}

// TestSideText: a Judgement comes back from JSON as it went there, and what is no side does neither.
func TestSideText(t *testing.T) {
	for _, side := range []Side{Undecided, Img1, Img2} {
		text, err := json.Marshal(Judgement{Closer: side, PImg1: 0.25})
		var back Judgement
		if err = errors.Join(err, json.Unmarshal(text, &back)); err != nil || back.Closer != side || !strings.Contains(string(text), `"closer":"`+side.String()+`"`) {
			t.Errorf("%v became %s, and that %v: %v", side, text, back.Closer, err)
		}
	}
	var side Side
	if err := side.UnmarshalText([]byte("img3")); err == nil || side != Undecided {
		t.Error(side, err)
	}
	if _, err := Side(3).MarshalText(); err == nil {
		t.Error("a fourth side has a text")
	}
}
