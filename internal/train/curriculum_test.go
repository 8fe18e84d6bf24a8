package train

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/tokenizer"
	"github.com/egotsr/egotsr/vision"
)

const checkpoint = "../testdata/golden/a/checkpoint"

// open loads the small golden checkpoint, in float32 unless told otherwise, where steps take milliseconds: XLA compiles
// for seconds.
func open(t testing.TB, weights ...string) (*model.Model, *Encoder) {
	t.Helper()
	return openOn(t, "go", append(weights, "f32")[0])
}

// openOn loads it on a backend, which a machine need not have.
func openOn(t testing.TB, name, weights string) (*model.Model, *Encoder) {
	t.Helper()
	return openFrom(t, checkpoint, name, weights)
}

func openFrom(t testing.TB, dir, name, weights string) (*model.Model, *Encoder) {
	t.Helper()
	if name != "go" && os.Getenv("PJRT_PLUGIN_LIBRARY_PATH") == "" {
		t.Skip("no XLA plugin on this machine")
	}
	if name != "go" {
		dump() // its flags are read by the first program compiled
	}
	files := os.DirFS(dir)
	backend, err := model.NewBackend(name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Load(context.Background(), files, backend, weights)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	e := &Encoder{EOS: m.Config.EOS[0]}
	if e.Tokenizer, err = tokenizer.Load(files); err != nil {
		t.Fatal(err)
	}
	if e.Processor, err = vision.Load(files); err != nil {
		t.Fatal(err)
	}
	return m, e
}

// painted is a source of made-up episodes: progress is how white a 56x56 frame is.
type painted struct{ samples []dataset.Sample }

func (p painted) Len() int                         { return len(p.samples) }
func (p painted) At(i int) (dataset.Sample, error) { return p.samples[i], nil }
func (p painted) Image(path string) (image.Image, error) {
	var level int
	if _, err := fmt.Sscanf(path, "%d", &level); err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	m := image.NewGray(image.Rect(0, 0, 56, 56))
	for i := range m.Pix {
		m.Pix[i] = uint8(level)
	}
	return m, nil
}

// pairs lists pairs of gray levels in both orders.
func pairs(levels ...[2]int) painted {
	var p painted
	for _, l := range levels {
		closer := dataset.Img1
		if l[1] > l[0] {
			closer = dataset.Img2
		}
		s := dataset.Sample{Task: "paint it white", Img1: fmt.Sprint(l[0]), Img2: fmt.Sprint(l[1]), Closer: closer, Window: 12, Frame2: 12}
		p.samples = append(p.samples, s, s.Swap())
	}
	return p
}

// TestSequences: what a stage teaches is the answer and the end of the turn, after the prompt the reference would encode.
func TestSequences(t *testing.T) {
	_, e := open(t)
	src := pairs([2]int{10, 200})
	for _, c := range []struct {
		stage Stage
		want  string
		open  bool
	}{
		{Tag(src, &Recipe{}), "closer to completion: img2", false},
		{LongTag(src, &Recipe{}), "closer to completion: img2", false},
		{CoT(src, &Recipe{}), "spatial details: img1: black; img2: whit\ncloser to completion: img2", false},
		{General(src, &Recipe{Reference: true}), "closer to completion: img2", true},
	} {
		s, _ := src.At(0)
		s.Detail = [2]string{"black", "white"}
		turn := c.stage.Turn(cut(s, 8))
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
		want := c.want
		if c.stage.Name() == "cot" {
			want = "spatial details: img1: blac; img2: whit\ncloser to completion: img2"
		}
		if got := e.Tokenizer.Decode(target, false); got != want {
			t.Errorf("%s learns %q, want %q", c.stage.Name(), got, want)
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
	_, e := open(t)
	src := pairs([2]int{10, 200})
	s, _ := src.At(0)
	right, errs := e.encode(src, []asked{{0, s, Tag(src, &Recipe{}).Turn(s)}})
	published, errs2 := e.encode(src, []asked{{0, s, Tag(src, &Recipe{Reference: true}).Turn(s)}})
	if errs[0] != nil || errs2[0] != nil {
		t.Fatal(errs, errs2)
	}
	placeholders := 0
	for _, id := range right[0].IDs {
		if id == right[0].IDs[slices.Index(right[0].IDs, e.imageToken())] {
			placeholders++
		}
	}
	if early := right[0].Target - published[0].Target; early != placeholders-2 || len(right[0].IDs)-len(published[0].IDs) != 1 {
		t.Errorf("the loss begins %d tokens early with %d placeholders; %d and %d tokens", early, placeholders, len(right[0].IDs), len(published[0].IDs))
	}
}

func (e *Encoder) imageToken() int32 {
	id, _ := e.Tokenizer.ID("<|image_pad|>")
	return id
}

// TestCoin: questions without an answer are answered one way as often as the other, and a sample without a label is left out.
func TestCoin(t *testing.T) {
	stage := Tag(white, &Recipe{})
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

// TestGiven: what is given of an answer is not learnt.
func TestGiven(t *testing.T) {
	_, e := open(t)
	src := pairs([2]int{10, 200})
	s, _ := src.At(0)
	turn := Turn{Question: "which?", Answer: "closer: img2", Given: len("closer: img")}
	examples, errs := e.encode(src, []asked{{0, s, turn}})
	if errs[0] != nil {
		t.Fatal(errs[0])
	}
	if x := examples[0]; e.Tokenizer.Decode(x.IDs[x.Target:len(x.IDs)-1], false) != "2" {
		t.Errorf("learns %q", e.Tokenizer.Decode(x.IDs[x.Target:], false))
	}
	turn.Given = len(turn.Answer)
	if _, errs := e.encode(src, []asked{{0, s, turn}}); errs[0] == nil {
		t.Error("nothing to learn went unnoticed")
	}
}

func trainer(t testing.TB, m *model.Model, e *Encoder, o Options, stages ...Stage) *Trainer {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	tr, err := NewTrainer(context.Background(), m, e, os.DirFS(checkpoint), stages, o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// steps takes up to n steps and closes the trainer; n < 0 is all.
func steps(t testing.TB, tr *Trainer, n int) (all []Step) {
	t.Helper()
	if n != 0 {
		for s, err := range tr.Steps(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			if all = append(all, s); len(all) == n {
				break
			}
		}
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	return all
}

func losses(all []Step) (out []float64) {
	for _, s := range all {
		out = append(out, s.Loss)
	}
	return out
}

var white = pairs([2]int{0, 250}, [2]int{200, 20}, [2]int{60, 240}, [2]int{255, 90})

// TestTrainLearns: a few steps on white-is-closer drive the loss down, the same way each time, and frames never seen are
// then judged right in both orders.
func TestTrainLearns(t *testing.T) {
	held := pairs([2]int{10, 245}, [2]int{230, 40})
	r := &Recipe{LR: 3e-3, MaxGradNorm: 1, MaxSteps: 20, Batch: 8, Warmup: 3, Validation: held}
	m, e := open(t)
	all := steps(t, trainer(t, m, e, Options{}, Tag(white, r)), -1)
	if first, last := all[0].Loss, all[len(all)-1].Loss; len(all) != 20 || last > first/10 {
		t.Errorf("%d steps, loss from %.3f to %.3f", len(all), first, last)
	}
	v := all[19].Validation
	if v == nil || v.Answers.All != (Count{8, 8}) || v.Answers.Far != v.Answers.All || v.Answers.Forward != (Count{4, 4}) || v.Answers.Gap() != 0 {
		t.Errorf("validation %+v", v)
	}
	again, e := open(t)
	if got := steps(t, trainer(t, again, e, Options{}, Tag(white, r)), 3); !slices.Equal(losses(got), losses(all[:3])) {
		t.Error("the same run gave other losses")
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
		if got := Tag(white, &c.recipe).Done(history(c.right...)); got != c.want {
			t.Errorf("%+v after %v: %v", c.recipe, c.right, got)
		}
	}
	// A new beginning of the next stage: its first step has the moments of none before it.
	held := pairs([2]int{10, 245})
	r := Recipe{LR: 1e-4, MaxSteps: 1000, Batch: 1, Warmup: -1, Validation: held, ValidateEvery: 2, StopAt: 1e-9}
	next := Recipe{LR: 1e-4, MaxSteps: 1, Batch: 1, Warmup: -1}
	m, e := open(t)
	all := steps(t, trainer(t, m, e, Options{}, Tag(held, &r), LongTag(held, &next)), -1)
	if len(all) > 50 || all[len(all)-1].Stage != "long" || all[len(all)-1].N != 1 || all[len(all)-2].Validation == nil {
		t.Errorf("%d steps, last %+v", len(all), all[len(all)-1])
	}
}

// TestAccumulate: four batches of two make the step that one of eight makes, and checkpointing changes nothing.
func TestAccumulate(t *testing.T) {
	weights := func(r Recipe) ([]float32, []Step) {
		r.LR, r.MaxGradNorm, r.MaxSteps, r.Warmup = 1e-3, 1, 2, -1
		m, e := open(t)
		all := steps(t, trainer(t, m, e, Options{}, Tag(white, &r)), -1)
		return floats(t, m), all
	}
	big, want := weights(Recipe{Batch: 8})
	for name, r := range map[string]Recipe{"accumulate": {Batch: 2, Accumulate: 4}, "checkpointing": {Batch: 8, Checkpointing: true}} {
		got, all := weights(r)
		for i, s := range all {
			if math.Abs(s.Loss-want[i].Loss) > 1e-5*want[i].Loss || math.Abs(s.GradNorm-want[i].GradNorm) > 1e-4*want[i].GradNorm {
				t.Errorf("%s, step %d: loss %v, norm %v; want %v, %v", name, i+1, s.Loss, s.GradNorm, want[i].Loss, want[i].GradNorm)
			}
		}
		off := 0.0
		for i := range got {
			off = max(off, math.Abs(float64(got[i]-big[i])))
		}
		// Adam divides by the gradient's own size: rounding in the smallest gradients is worth a share of a whole step.
		if off > 2e-4 {
			t.Errorf("%s: weights differ by %v", name, off)
		}
		t.Logf("%s: weights differ by at most %v", name, off)
	}
}

// weighted is a stage whose answers count as much as their samples' windows say.
type weighted struct{ Stage }

func (w weighted) Turn(s dataset.Sample) Turn {
	t := w.Stage.Turn(s)
	t.Weight = float64(s.Window)
	return t
}

// TestWeight: a step's loss is the mean of its tokens' losses, weighed as their turns say.
func TestWeight(t *testing.T) {
	a, b := pairs([2]int{10, 245}).samples[0], pairs([2]int{200, 30}).samples[0]
	b.Task += ", which takes a longer name"
	loss := func(prompt func(dataset.Source, *Recipe) Stage, samples ...dataset.Sample) Step {
		m, e := open(t)
		r := &Recipe{LR: 1e-9, MaxSteps: 1, Batch: len(samples), Warmup: -1}
		return steps(t, trainer(t, m, e, Options{}, weighted{prompt(painted{samples}, r)}), -1)[0]
	}
	a.Window, b.Window = 1, 3
	b.Detail = [2]string{"Nearly white.", "Dark."}
	one, two, both := loss(CoT, a), loss(CoT, b), loss(CoT, a, b)
	n, k := float64(one.Tokens), 3*float64(two.Tokens)
	if want := (n*one.Loss + k*two.Loss) / (n + k); one.Tokens == two.Tokens || math.Abs(both.Loss-want) > 1e-5*want {
		t.Errorf("loss %v, want %v, of %+v and %+v", both.Loss, want, one, two)
	}
	_, e := open(t)
	for _, bad := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, err := e.example(Turn{Question: "q", Answer: "a", Weight: bad}, nil); err == nil {
			t.Errorf("a weight of %v is taken", bad)
		}
	}
}

// floats is all weights of a model in one slice.
func floats(t testing.TB, m *model.Model) (all []float32) {
	t.Helper()
	for _, p := range m.Config.Params() {
		all = append(all, tensors.MustCopyFlatData[float32](m.Store().GetVariable("/"+p.Name).MustValue())...)
	}
	return all
}

func TestTrainable(t *testing.T) {
	m, e := open(t)
	before := map[string][]float32{}
	for _, p := range m.Config.Params() {
		before[p.Name] = tensors.MustCopyFlatData[float32](m.Store().GetVariable("/" + p.Name).MustValue())
	}
	r := &Recipe{LR: 1e-3, MaxSteps: 2, Batch: 2, Warmup: -1, Trainable: []string{"model.layers.*.mlp.*.weight", "model.norm.weight"}}
	steps(t, trainer(t, m, e, Options{}, Tag(white, r)), -1)
	for _, p := range m.Config.Params() {
		now := tensors.MustCopyFlatData[float32](m.Store().GetVariable("/" + p.Name).MustValue())
		if changed, want := !slices.Equal(now, before[p.Name]), strings.Contains(p.Name, ".mlp.") && strings.HasPrefix(p.Name, "model.") || p.Name == "model.norm.weight"; changed != want {
			t.Errorf("%s changed: %v", p.Name, changed)
		}
	}
	r.Trainable = []string{"lm_tail"}
	bad := trainer(t, m, e, Options{}, Tag(white, r))
	for _, err := range bad.Steps(context.Background()) {
		if err == nil || !strings.Contains(err.Error(), "lm_tail") {
			t.Errorf("nothing to train: %v", err)
		}
	}
	bad.Close()
}

// TestBadSamples: what cannot be read is left out, listed and counted; too much of it ends the run.
func TestBadSamples(t *testing.T) {
	src := painted{slices.Clone(white.samples)}
	src.samples[3].Img1 = "none"
	m, e := open(t)
	dir := t.TempDir()
	all := steps(t, trainer(t, m, e, Options{Dir: dir}, Tag(src, &Recipe{LR: 1e-3, MaxSteps: 3, Batch: 8, Warmup: -1})), -1)
	if last := all[2]; last.Skipped != 3 || last.Samples != 7 {
		t.Errorf("%+v", last)
	}
	list, err := os.ReadFile(filepath.Join(dir, "quarantine.jsonl"))
	if err != nil || strings.Count(string(list), "\n") != 1 || !strings.Contains(string(list), `"none"`) {
		t.Errorf("list %q, %v", list, err)
	}
	for i := range src.samples {
		src.samples[i].Img2 = "none"
	}
	m, e = open(t)
	tr := trainer(t, m, e, Options{}, Tag(src, &Recipe{LR: 1e-3, MaxSteps: 1000, Batch: 8, Warmup: -1}))
	defer tr.Close()
	var share *dataset.BadShareError
	n := 0
	for _, err := range tr.Steps(context.Background()) {
		if n++; err != nil && !errors.As(err, &share) {
			t.Fatal(err)
		}
	}
	if share == nil || n > 200 {
		t.Errorf("%d steps on nothing readable", n)
	}
}

func TestTrainCancelled(t *testing.T) {
	m, e := open(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dir := t.TempDir()
	tr := trainer(t, m, e, Options{Dir: dir}, LongTag(white, &Recipe{LR: 1e-3, MaxSteps: 1000, Batch: 2, Warmup: 1}))
	defer tr.Close()
	var last error
	n := 0
	for _, err := range tr.Steps(ctx) {
		if n++; n == 2 {
			cancel()
		}
		last = err
	}
	there, _ := checkpoints(dir)
	if n > 6 || !errors.Is(last, context.Canceled) || len(there) != 1 {
		t.Errorf("%d steps, ended with %v, saved %v", n, last, there)
	}
}

// TestValidateLeavesOut: samples that a stage has no question for are not asked.
func TestValidateLeavesOut(t *testing.T) {
	m, e, err := tiny()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	held := pairs([2]int{10, 245}, [2]int{200, 100}, [2]int{0, 9})
	held.samples[1].Closer = ""
	question := func(s dataset.Sample) string {
		if s.Img1 == "0" {
			return ""
		}
		return "?"
	}
	if a, err := Validate(context.Background(), m, e, held, question); err != nil || a.All.Of != 8 {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestValidateExplains: where descriptions come first, a model is asked for them, since it was taught to judge after them. Few
// pairs then have to do.
func TestValidateExplains(t *testing.T) {
	m, e := open(t)
	var src painted
	for i := range 256 {
		one, two := i%2*255, 255-i%2*255
		s := pairs([2]int{one, two}).samples[0]
		s.Detail = [2]string{[]string{"black", "white"}[one/255], []string{"black", "white"}[two/255]}
		src.samples = append(src.samples, s)
	}
	steps(t, trainer(t, m, e, Options{}, newStage("cot", src, "{task_name}? spatial details:", &Recipe{LR: 3e-3, MaxGradNorm: 1, MaxSteps: 60, Batch: 8, Warmup: 10}, Recipe{})), -1)
	a, err := Validate(context.Background(), m, e, src, func(s dataset.Sample) string { return s.Task + "? spatial details:" })
	if err != nil || a.All != (Count{2 * explainedPairs, 2 * explainedPairs}) {
		t.Errorf("%v, %v", a, err)
	}
}

// TestPlanTurn: a sample of one frame is asked for what remains, once also where pairs are trained both ways.
func TestPlanTurn(t *testing.T) {
	m, e := open(t)
	src := painted{samples: []dataset.Sample{{Task: "paint", Img1: "7", Kind: dataset.KindPlan, Plan: []string{"dip", "brush"}, Done: [2]int{1, 1}}}}
	stage := LongTag(src, &Recipe{LR: 1e-3, MaxSteps: 1, Batch: 1, Accumulate: 1, Both: true})
	turn := stage.Turn(src.samples[0])
	if turn.Question != dataset.Remaining.Text("paint") || turn.Answer != `["brush"]` {
		t.Errorf("%+v", turn)
	}
	p := newFeed(m, e, stage, stage.Recipe(), 1).step(0)
	if p.err != nil || len(p.samples) != 1 || len(p.bad) != 0 {
		t.Errorf("%d sequences, %v, %v", len(p.samples), p.bad, p.err)
	}
}

func TestPlanErrors(t *testing.T) {
	m, e := open(t)
	fine := Recipe{LR: 1e-3, MaxSteps: 1}
	for name, stages := range map[string][]Stage{
		"are none":    nil,
		"own":         {Tag(white, &fine), Tag(white, &fine)},
		"2 is nil":    {Tag(white, &fine), nil},
		"no source":   {Tag(nil, nil)},
		"is empty":    {Tag(painted{}, &fine)},
		"not a rate":  {Tag(white, &Recipe{LR: math.NaN()})},
		"pattern \"[": {Tag(white, &Recipe{LR: 1, Trainable: []string{"["}})},
		"dropout 1":   {Tag(white, &Recipe{LR: 1, LoRA: &LoRA{Dropout: 1}})},
	} {
		if _, err := NewTrainer(context.Background(), m, e, os.DirFS(checkpoint), stages, Options{Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOptionErrors(t *testing.T) {
	m, e := open(t)
	dir := t.TempDir()
	for what, o := range map[string]Options{
		"Options.Dir": {}, "Options.Keep": {Dir: dir, Keep: -1}, "Options.SaveEvery": {Dir: dir, SaveEvery: -1},
		"Options.LogEvery": {Dir: dir, LogEvery: -1}, "Options.MaxBad": {Dir: dir, MaxBad: math.NaN()},
	} {
		_, err := NewTrainer(context.Background(), m, e, os.DirFS(checkpoint), []Stage{Tag(white, nil)}, o)
		if bad := (*InputError)(nil); !errors.As(err, &bad) || bad.What != what {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestRecipeDefaults(t *testing.T) {
	for _, c := range []struct {
		stage         Stage
		batch, target int
	}{{CoT(white, nil), 1, 1500}, {Tag(white, nil), 1, 1500}, {LongTag(white, nil), 4, 500}, {General(white, nil), 4, 500}} {
		r := c.stage.Recipe()
		if r.Batch != c.batch || r.MaxTarget != c.target || r.LR != 2e-7 || r.WeightDecay != 0.01 || r.MaxGradNorm != 0.3 || r.Accumulate != 2 || r.Epochs != 2 {
			t.Errorf("%s: %+v", c.stage.Name(), r)
		}
		if zero, err := (Recipe{}).check(1); err != nil || zero.LR != r.LR {
			t.Errorf("without a rate it is %v, %v", zero.LR, err)
		}
		full, err := r.check(10001)
		if want := (2*10001 + 2*c.batch - 1) / (2 * c.batch); err != nil || full.MaxSteps != want || full.Warmup != 1000 {
			t.Errorf("%s: %d steps, %d of warm-up, %v", c.stage.Name(), full.MaxSteps, full.Warmup, err)
		}
	}
}

func TestCount(t *testing.T) {
	var c Count
	if c.Share() != 0 {
		t.Error("nothing of nothing is not 0")
	}
	c.add(true)
	c.add(false)
	if c.Share() != 0.5 {
		t.Errorf("share %v", c.Share())
	}
}
