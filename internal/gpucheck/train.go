package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/timing"
	"github.com/egotsr/egotsr/model"
)

func loraFirst(ctx context.Context, w *worker) (float64, string, error) {
	return w.begin(ctx, model.TrainingOptions{LoRA: &model.LoRA{}, MaxGradNorm: 1, Checkpointing: true})
}

func trainFirst(ctx context.Context, w *worker) (float64, string, error) {
	return w.begin(ctx, model.TrainingOptions{WeightDecay: 0.01, MaxGradNorm: 1, Checkpointing: true})
}

// begin opens the checkpoint, widens its weights and takes a step.
func (w *worker) begin(ctx context.Context, o model.TrainingOptions) (float64, string, error) {
	w.peak = newGauge(w.cuda())
	opened, err := timed(func() error { return w.openNet(ctx) })
	if err != nil {
		return 0, "", err
	}
	widened, err := timed(func() (err error) {
		if w.train, err = w.net.Train(ctx, false); err == nil {
			err = w.train.Begin(ctx, o)
		}
		return err
	})
	if err != nil {
		return 0, "", err
	}
	p, patches, err := w.prompt(ctx)
	if err != nil {
		return 0, "", err
	}
	ids := append(p.IDs, 17, w.net.Config.EOS[0])
	n := 0
	step := func(ctx context.Context) error {
		b, err := w.net.NewBatch([]model.Example{{IDs: ids, Frames: patches, Target: len(p.IDs), Weight: 0.5}}, 1)
		if err != nil {
			return err
		}
		n++
		loss, norm, err := w.train.Step(ctx, n, 1e-5, []*model.Batch{b})
		if err == nil && !(loss > 0 && norm > 0) {
			err = fmt.Errorf("step %d: loss %v, norm of the gradient %v", n, loss, norm)
		}
		return err
	}
	took, err := timed(func() error { return step(ctx) })
	if err == nil {
		w.steps = step
	}
	return took, fmt.Sprintf("with compiling; before it, opening %.1f s, widening %.1f s", opened, widened), err
}

func trainNext(ctx context.Context, w *worker) (float64, string, error) {
	if w.steps == nil {
		return 0, "", notReached
	}
	took, err := timing.Median(5, 0, func() error { return w.steps(ctx) })
	return took, "", err
}

// deterministic are XLA's: no atomic sums, and no choice of kernels by how fast they happened to be.
const deterministic = "--xla_gpu_exclude_nondeterministic_ops=true --xla_gpu_autotune_level=0"

func resumeDeterministic(ctx context.Context, w *worker) (float64, string, error) {
	if !w.cuda() {
		return 0, "", skipped("a CPU needs none")
	}
	equal, note, err := w.resume(ctx, deterministic)
	if err == nil && equal != 1 {
		err = errors.New("the weights differ")
	}
	return equal, note, err
}

func resumePlain(ctx context.Context, w *worker) (float64, string, error) { return w.resume(ctx, "") }

// resume trains 6 steps in one process, and 3 and 3 in two others, and compares the weights that they end with.
func (w *worker) resume(ctx context.Context, flags string) (equal float64, note string, err error) {
	dir, err := os.MkdirTemp(w.dir, "resume-")
	if err != nil {
		return 0, "", err
	}
	defer os.RemoveAll(dir)
	var sums [][]byte
	for _, run := range []struct {
		dir   string
		steps int
	}{{"whole", 6}, {"parts", 3}, {"parts", 6}} {
		cmd, err := w.self(ctx, "-resume", filepath.Join(dir, run.dir), "-steps", fmt.Sprint(run.steps))
		if err != nil {
			return 0, "", err
		}
		cmd.Env = append(os.Environ(), "XLA_FLAGS="+os.Getenv("XLA_FLAGS")+" "+flags)
		if out, err := cmd.CombinedOutput(); err != nil {
			return 0, "", fmt.Errorf("training to step %d: %w: %s", run.steps, err, tail(string(out)))
		}
		data, err := os.ReadFile(filepath.Join(dir, run.dir+".weights", "model.safetensors"))
		if err != nil {
			return 0, "", err
		}
		sum := sha256.Sum256(data)
		sums = append(sums, sum[:])
	}
	if bytes.Equal(sums[0], sums[1]) {
		return 0, "", errors.New("three steps changed nothing")
	}
	if bytes.Equal(sums[0], sums[2]) {
		equal = 1
	}
	return equal, "6 steps, and 3 and 3 in two processes", nil
}

// gray is a source of pairs of frames of which the brighter is closer.
type gray struct{}

func (gray) Len() int { return 12 }

func (gray) At(i int) (dataset.Sample, error) {
	return dataset.Sample{Task: "paint it white", Img1: fmt.Sprint(20 * i), Img2: fmt.Sprint(255 - 10*i), Closer: dataset.Img2}, nil
}

func (gray) Image(path string) (image.Image, error) {
	m := image.NewGray(image.Rect(0, 0, 56, 56))
	var level uint8
	_, err := fmt.Sscan(path, &level)
	for i := range m.Pix {
		m.Pix[i] = level
	}
	return m, err
}

// train goes on with a run in dir until a step, and writes the weights beside it.
func (s settings) train(ctx context.Context, dir string, steps int) error {
	from := filepath.Join(s.data, "checkpoint")
	if s.shape == "tiny" {
		from = filepath.Join(s.data, "../../tiny")
	}
	m, err := egotsr.Open(ctx, os.DirFS(from), &egotsr.Options{Backend: s.backend})
	if err != nil {
		return err
	}
	defer m.Close()
	recipe := &curriculum.Recipe{LR: 1e-3, WeightDecay: 0.01, MaxGradNorm: 1, Batch: 2, MaxSteps: 6, Warmup: -1, Checkpointing: true}
	t, err := egotsr.NewTrainer(m, []curriculum.Stage{curriculum.Tag(gray{}, recipe)}, &egotsr.TrainOptions{Dir: dir})
	if err != nil {
		return err
	}
	defer t.Close()
	for step, err := range t.Steps(ctx) {
		if err != nil {
			return err
		}
		if step.N == steps {
			break
		}
	}
	return m.Save(ctx, dir+".weights")
}
