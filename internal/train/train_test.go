package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model"
)

// TestTrainLearns: a few steps on white-is-closer drive the loss down, the same way each time, and frames never seen are
// then judged right in both orders.
func TestTrainLearns(t *testing.T) {
	t.Parallel()
	held := pairs([2]int{10, 245}, [2]int{230, 40})
	stage := asks("tag", white, "{task_name}", curriculum.Recipe{LR: 1e-2, MaxGradNorm: 1, MaxSteps: 60, Batch: 8, Warmup: 3, Validation: held})
	m, e := tiny(t)
	all := steps(t, trainer(t, m, e, curriculum.Options{}, stage), -1)
	if first, last := all[0].Loss, all[len(all)-1].Loss; len(all) != 60 || last > first/10 {
		t.Errorf("%d steps, loss from %.3f to %.3f", len(all), first, last)
	}
	v := all[59].Validation
	if v == nil || v.Answers.All != (curriculum.Count{Right: 8, Of: 8}) || v.Answers.Far != v.Answers.All || v.Answers.Forward != (curriculum.Count{Right: 4, Of: 4}) || v.Answers.Gap() != 0 {
		t.Errorf("validation %+v", v)
	}
	again, e := tiny(t)
	if got := steps(t, trainer(t, again, e, curriculum.Options{}, stage), 3); !slices.Equal(losses(got), losses(all[:3])) {
		t.Error("the same run gave other losses")
	}
}

// TestNextStage: a stage that is good enough gives way to the next.
func TestNextStage(t *testing.T) {
	t.Parallel()
	held := pairs([2]int{10, 245})
	r := curriculum.Recipe{LR: 1e-4, MaxSteps: 1000, Batch: 1, Warmup: -1, Validation: held, ValidateEvery: 2, StopAt: 1e-9}
	next := curriculum.Recipe{LR: 1e-4, MaxSteps: 1, Batch: 1, Warmup: -1}
	m, e := tiny(t)
	all := steps(t, trainer(t, m, e, curriculum.Options{}, asks("tag", held, "{task_name}", r), asks("long", held, "{task_name}", next)), -1)
	if len(all) > 50 || all[len(all)-1].Stage != "long" || all[len(all)-1].N != 1 || all[len(all)-2].Validation == nil {
		t.Errorf("%d steps, last %+v", len(all), all[len(all)-1])
	}
}

// TestAccumulate: four batches of two make the step that one of eight makes, and checkpointing changes nothing.
func TestAccumulate(t *testing.T) {
	t.Parallel()
	run := func(r curriculum.Recipe) (map[string][]float32, []curriculum.Step) {
		r.LR, r.MaxGradNorm, r.MaxSteps, r.Warmup = 1e-3, 1, 2, -1
		m, e := tiny(t)
		all := steps(t, trainer(t, m, e, curriculum.Options{}, asks("tag", white, "{task_name}", r)), -1)
		return weights(t, m), all
	}
	big, want := run(curriculum.Recipe{Batch: 8})
	for name, r := range map[string]curriculum.Recipe{"accumulate": {Batch: 2, Accumulate: 4}, "checkpointing": {Batch: 8, Checkpointing: true}} {
		got, all := run(r)
		for i, s := range all {
			if math.Abs(s.Loss-want[i].Loss) > 1e-5*want[i].Loss || math.Abs(s.GradNorm-want[i].GradNorm) > 1e-4*want[i].GradNorm {
				t.Errorf("%s, step %d: loss %v, norm %v; want %v, %v", name, i+1, s.Loss, s.GradNorm, want[i].Loss, want[i].GradNorm)
			}
		}
		off := 0.0
		for tensor := range big {
			off = max(off, distance(got[tensor], big[tensor]))
		}
		// Adam divides by the gradient's own size: rounding in the smallest gradients is worth a share of a whole step.
		if off > 2e-4 {
			t.Errorf("%s: weights differ by %v", name, off)
		}
		t.Logf("%s: weights differ by at most %v", name, off)
	}
}

func distance(a, b []float32) (d float64) {
	for i := range a {
		d = max(d, math.Abs(float64(a[i]-b[i])))
	}
	return d
}

// weighted is a stage whose answers count as much as their samples' windows say.
type weighted struct{ curriculum.Stage }

func (w weighted) Turn(s dataset.Sample) curriculum.Turn {
	t := w.Stage.Turn(s)
	t.Weight = float64(s.Window)
	return t
}

// TestWeight: a step's loss is the mean of its tokens' losses, weighed as their turns say.
func TestWeight(t *testing.T) {
	t.Parallel()
	a, b := pairs([2]int{10, 245}).samples[0], pairs([2]int{200, 30}).samples[0]
	b.Task += ", which takes a longer name"
	loss := func(samples ...dataset.Sample) curriculum.Step {
		m, e := tiny(t)
		r := curriculum.Recipe{LR: 1e-9, MaxSteps: 1, Batch: len(samples), Warmup: -1}
		return steps(t, trainer(t, m, e, curriculum.Options{}, weighted{asks("cot", painted{samples}, "{task_name} spatial details:", r)}), -1)[0]
	}
	a.Window, b.Window = 1, 3
	b.Detail = [2]string{"Nearly white.", "Dark."}
	one, two, both := loss(a), loss(b), loss(a, b)
	n, k := float64(one.Tokens), 3*float64(two.Tokens)
	if want := (n*one.Loss + k*two.Loss) / (n + k); one.Tokens == two.Tokens || math.Abs(both.Loss-want) > 1e-5*want {
		t.Errorf("loss %v, want %v, of %+v and %+v", both.Loss, want, one, two)
	}
}

func TestTrainable(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	before := weights(t, m)
	r := curriculum.Recipe{LR: 1e-3, MaxSteps: 2, Batch: 2, Warmup: -1, Trainable: []string{"model.layers.*.mlp.*.weight", "model.norm.weight"}}
	steps(t, trainer(t, m, e, curriculum.Options{}, asks("tag", white, "{task_name}", r)), -1)
	after := weights(t, m)
	for name, was := range before {
		if changed, want := !slices.Equal(after[name], was), strings.Contains(name, ".mlp.") && strings.HasPrefix(name, "model.") || name == "model.norm.weight"; changed != want {
			t.Errorf("%s changed: %v", name, changed)
		}
	}
	r.Trainable = []string{"lm_tail"}
	bad := trainer(t, m, e, curriculum.Options{}, asks("tag", white, "{task_name}", r))
	n := 0
	for _, err := range bad.Steps(context.Background()) {
		if n++; err == nil || !strings.Contains(err.Error(), "lm_tail") {
			t.Errorf("nothing to train: %v", err)
		}
	}
	if err := bad.Close(); err != nil || n != 1 {
		t.Errorf("%d errors, then %v", n, err)
	}
}

// TestBadSamples: what cannot be read is left out, listed and counted; too much of it ends the run.
func TestBadSamples(t *testing.T) {
	t.Parallel()
	src := painted{slices.Clone(white.samples)}
	src.samples[3].Img1 = "none"
	m, e := tiny(t)
	dir := t.TempDir()
	all := steps(t, trainer(t, m, e, curriculum.Options{Dir: dir}, asks("tag", src, "{task_name}", curriculum.Recipe{LR: 1e-3, MaxSteps: 3, Batch: 8, Warmup: -1})), -1)
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
	m, e = tiny(t)
	tr := trainer(t, m, e, curriculum.Options{}, asks("tag", src, "{task_name}", curriculum.Recipe{LR: 1e-3, MaxSteps: 1000, Batch: 8, Warmup: -1}))
	defer tr.Close()
	var nothing *curriculum.EmptyError // and no BadShareError: all miss the same image
	n := 0
	for _, err := range tr.Steps(context.Background()) {
		if n++; err != nil && !errors.As(err, &nothing) {
			t.Fatal(err)
		}
	}
	if n != 1 || nothing == nil || nothing.Stage != "tag" || nothing.Unread != 8 || !errors.Is(nothing, fs.ErrNotExist) {
		t.Errorf("%d steps on nothing readable, %v", n, nothing)
	}
}

// answers is a stage that has answers to some samples.
type answers struct {
	*asking
	to func(dataset.Sample) bool
}

func (s answers) Turn(x dataset.Sample) curriculum.Turn {
	if !s.to(x) {
		return curriculum.Turn{}
	}
	return s.asking.Turn(x)
}

// gone is a source whose images are all missing, each under a name of its own.
func gone(n int) (src painted) {
	for i := range n {
		src.samples = append(src.samples, dataset.Sample{Task: "t", Img1: fmt.Sprintf("x%d", i), Img2: fmt.Sprintf("y%d", i), Closer: dataset.Img1})
	}
	return src
}

// TestNothingToLearn: a run that finds nothing to learn from ends soon and says so, whatever the reason and however large the source.
func TestNothingToLearn(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	nobody := func(dataset.Sample) bool { return false }
	many := painted{slices.Repeat(white.samples, 1000)}
	share, nothing := new(*dataset.BadShareError), new(*curriculum.EmptyError)
	for what, c := range map[string]struct {
		stage curriculum.Stage
		err   any // as errors.As takes it
		text  string
	}{
		"ten images, all missing":   {asks("ten", gone(10), "{task_name}", curriculum.Recipe{LR: 1e-3, MaxSteps: 124}), share, "stage ten: sample "},
		"many images, all missing":  {asks("many", gone(100_000), "{task_name}", curriculum.Recipe{LR: 1e-3, Batch: 4}), share, "3 of 3 samples are bad"},
		"one sample, missing":       {asks("one", gone(1), "{task_name}", curriculum.Recipe{LR: 1e-3}), nothing, "1 could not be read"},
		"a Turn that refuses all":   {answers{asks("refused", many, "{task_name}", curriculum.Recipe{LR: 1e-3, Batch: 4}), nobody}, nothing, "stage refused: 100 steps in a row held no sample to learn from: 0 could not be read, and for 400 Turn had no answer"},
		"and of a small source":     {answers{asks("refused", white, "{task_name}", curriculum.Recipe{LR: 1e-3, Batch: 2, MaxSteps: 1000}), nobody}, nothing, "4 steps in a row"},
		"and of a stage soon over":  {answers{asks("refused", many, "{task_name}", curriculum.Recipe{LR: 1e-3, Batch: 2, MaxSteps: 3}), nobody}, nothing, "3 steps in a row"},
		"and in both orders, twice": {answers{asks("refused", white, "{task_name}", curriculum.Recipe{LR: 1e-3, Batch: 8, Both: true, MaxSteps: 9}), nobody}, nothing, "for 16 Turn"},
	} {
		tr := trainer(t, m, e, curriculum.Options{}, c.stage)
		n, last := 0, error(nil)
		for _, err := range tr.Steps(t.Context()) {
			n, last = n+1, err
		}
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
		if n != 1 || last == nil || !errors.As(last, c.err) || !strings.Contains(last.Error(), c.text) {
			t.Errorf("%s: %d steps, %v", what, n, last)
		}
	}
}

// TestPassedOver: a step without a sample is none: it is not told of, but logged, and a resumed run takes the others as one left alone.
// What follows is validated all the same.
func TestPassedOver(t *testing.T) {
	t.Parallel()
	run := func(dir string, o curriculum.Options, left int) (all []curriculum.Step, hash string) {
		m, e := tiny(t)
		r := curriculum.Recipe{LR: 1e-3, MaxSteps: 16, Batch: 1, Warmup: -1, Validation: pairs([2]int{10, 245})}
		stage := answers{asks("some", white, "{task_name}", r), func(s dataset.Sample) bool { return s.Img1 < "2" }}
		o.Dir = dir
		all = steps(t, trainer(t, m, e, o, stage), left)
		return all, hashOf(t, m)
	}
	var text bytes.Buffer
	whole, want := run(t.TempDir(), curriculum.Options{Logger: slog.New(slog.NewTextHandler(&text, nil))}, -1)
	held := 0
	for _, s := range whole {
		held += s.Samples
	}
	empty := strings.Count(text.String(), "passed over")
	if last := whole[len(whole)-1]; held == 0 || held == 16 || held+empty != 16 || last.N != 16 || last.Validation == nil || len(whole) > held+1 {
		t.Errorf("%d samples in %d steps, %d passed over, the last %+v", held, len(whole), empty, last)
	}
	dir := t.TempDir()
	run(dir, curriculum.Options{}, 2)
	if _, got := run(dir, curriculum.Options{}, -1); got != want {
		t.Error("a resumed run ended with other weights")
	}
}

func TestTrainCancelled(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dir := t.TempDir()
	tr := trainer(t, m, e, curriculum.Options{Dir: dir}, asks("long", white, "{task_name}", curriculum.Recipe{LR: 1e-3, MaxSteps: 1000, Batch: 2, Warmup: 1}))
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

// TestClosedMeanwhile: a model that is closed while it is trained ends the run with an error, and so does a closed trainer.
func TestClosedMeanwhile(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	stage := asks("tag", white, "{task_name}", curriculum.Recipe{LR: 1e-3, MaxSteps: 9, Batch: 2, Warmup: -1})
	tr := trainer(t, m, e, curriculum.Options{}, stage)
	var last error
	for _, err := range tr.Steps(t.Context()) {
		if last = err; err == nil {
			m.Close()
		}
	}
	if err := tr.Close(); !errors.Is(last, model.ErrClosed) || !errors.Is(err, model.ErrClosed) {
		t.Errorf("%v, then %v", last, err)
	}
	m, e = tiny(t)
	tr = trainer(t, m, e, curriculum.Options{}, stage)
	steps(t, tr, 1)
	for _, err := range tr.Steps(t.Context()) {
		if last = err; err == nil {
			break
		}
	}
	if last == nil || !strings.Contains(last.Error(), "trainer is closed") {
		t.Error(last)
	}
}
