package curriculum

import (
	"context"
	"fmt"
	"image"
	"io/fs"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/tokenizer"
	"github.com/egotsr/egotsr/vision"
)

const checkpoint = "../testdata/golden/a/checkpoint"

func open(t testing.TB) (*model.Model, *Encoder) {
	t.Helper()
	files := os.DirFS(checkpoint)
	backend, err := model.NewBackend("")
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Load(context.Background(), files, backend, "f32")
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
		s := dataset.Sample{Task: "paint it white", Img1: fmt.Sprint(l[0]), Img2: fmt.Sprint(l[1]), Closer: closer, Window: 12}
		p.samples = append(p.samples, s, s.Swap())
	}
	return p
}

func TestBatchLabels(t *testing.T) {
	_, e := open(t)
	src := pairs([2]int{10, 200})
	examples, err := e.Batch(src, 0, []dataset.Prompt{dataset.Tag, dataset.Long})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"closer to completion: img2", "closer to completion: img1"} {
		x := examples[i]
		target := x.IDs[x.Target:]
		if target[len(target)-1] != e.EOS {
			t.Errorf("example %d does not end with the end of turn", i)
		}
		if got := e.Tokenizer.Decode(target[:len(target)-1], false); got != want {
			t.Errorf("example %d learns %q, want %q", i, got, want)
		}
		if head := e.Tokenizer.Decode(x.IDs[:x.Target], false); !slices.Equal(x.IDs[:x.Target], e.Tokenizer.Encode(head)) {
			t.Errorf("example %d: prompt %q is not what the reference would encode", i, head)
		}
	}
	if examples[0].Frames[0] != examples[1].Frames[1] {
		t.Error("a frame of both orders was prepared twice")
	}
}

func TestBatchErrors(t *testing.T) {
	_, e := open(t)
	unlabelled := pairs([2]int{1, 2})
	unlabelled.samples[0].Closer = ""
	if _, err := e.Batch(unlabelled, 0, []dataset.Prompt{dataset.Tag}); err == nil {
		t.Error("an unlabelled sample was learnt from")
	}
	missing := pairs([2]int{1, 2})
	missing.samples[0].Img1 = "none"
	if _, err := e.Batch(missing, 0, []dataset.Prompt{dataset.Tag}); err == nil {
		t.Error("a missing image went unnoticed")
	}
}

// TestTrainLearns: a few steps on white-is-closer drive the loss down, the same way each time, and frames never seen are
// then judged right in both orders.
func TestTrainLearns(t *testing.T) {
	src := pairs([2]int{0, 250}, [2]int{200, 20}, [2]int{60, 240}, [2]int{255, 90})
	r := Recipe{LR: 3e-3, MaxGradNorm: 1, MaxSteps: 30, Batch: 8, Warmup: 3, Prompts: []dataset.Prompt{dataset.Tag}}
	run := func(steps int) (losses []float64, a Answers) {
		m, e := open(t)
		for step, err := range Train(context.Background(), m, e, src, r) {
			if err != nil {
				t.Fatal(err)
			}
			if losses = append(losses, step.Loss); len(losses) == steps {
				break
			}
		}
		a, err := Validate(context.Background(), m, e, pairs([2]int{10, 245}, [2]int{230, 40}), dataset.Tag)
		if err != nil {
			t.Fatal(err)
		}
		return losses, a
	}
	losses, answers := run(r.MaxSteps)
	if first, last := losses[0], losses[len(losses)-1]; len(losses) != r.MaxSteps || last > first/10 {
		t.Errorf("%d steps, loss from %.3f to %.3f", len(losses), first, last)
	}
	if answers.All != (Count{8, 8}) || answers.Far != answers.All {
		t.Errorf("answers %+v", answers)
	}
	if again, _ := run(3); !slices.Equal(again, losses[:3]) {
		t.Error("the same run gave other losses")
	}
}

func TestTrainCancelled(t *testing.T) {
	m, e := open(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r := Recipe{LR: 1e-3, MaxSteps: 1000, Batch: 2, Warmup: 1, Prompts: []dataset.Prompt{dataset.Long}}
	var last error
	n := 0
	for _, err := range Train(ctx, m, e, pairs([2]int{0, 255}), r) {
		if n++; n == 2 {
			cancel()
		}
		last = err
	}
	if n > 6 || last != context.Canceled {
		t.Errorf("%d steps, ended with %v", n, last)
	}
}

func TestCount(t *testing.T) {
	var c Count
	if c.Share() != 0 {
		t.Error("nothing of nothing is not 0")
	}
	c.add(true)
	c.add(false)
	if math.Abs(c.Share()-0.5) > 0 {
		t.Errorf("share %v", c.Share())
	}
}
