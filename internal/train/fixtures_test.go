package train

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/safetensors"
	"github.com/egotsr/egotsr/internal/state"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/tokenizer"
	"github.com/egotsr/egotsr/vision"
)

const checkpoint = "../../testdata/golden/a/checkpoint"

// tinyOn is a model with random weights on a backend, 32 wide and of one layer a tower: a step takes milliseconds. As the 3420 rows of the
// published vision towers do on eight devices, 43 here divide on none, and lie whole on each beside what is in parts.
func tinyOn(backend string) (*model.Model, *Encoder, error) {
	files := os.DirFS(checkpoint)
	c, err := model.LoadConfig(files)
	if err != nil {
		return nil, nil, err
	}
	c.Layers, c.HiddenSize, c.IntermediateSize, c.Heads, c.KVHeads = 1, 32, 64, 2, 1 // of 16 values, as the checkpoint's
	v := &c.Vision
	v.Depth, v.HiddenSize, v.IntermediateSize, v.Heads, v.OutHidden, v.FullAttention = 1, 32, 43, 2, 32, nil
	m, err := model.New(c, backend, 5)
	if err != nil {
		return nil, nil, err
	}
	e, err := encoderOf(m, files)
	return m, e, err
}

func encoderOf(m *model.Model, files fs.FS) (e *Encoder, err error) {
	e = &Encoder{EOS: m.Config.EOS[0]}
	if e.Tokenizer, err = tokenizer.Load(files); err != nil {
		return nil, err
	}
	e.Processor, err = vision.Load(files)
	return e, err
}

// tiny is it on the Go backend: XLA compiles for seconds.
func tiny(t testing.TB) (*model.Model, *Encoder) {
	t.Helper()
	m, e, err := tinyOn("go")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
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

var white = pairs([2]int{0, 250}, [2]int{200, 20}, [2]int{60, 240}, [2]int{255, 90})

// asking is a stage with a prompt of its own, shorter than those that are published.
type asking struct {
	name   string
	src    dataset.Source
	prompt dataset.Prompt
	recipe curriculum.Recipe
	weight float64 // of each token
}

func asks(name string, src dataset.Source, prompt dataset.Prompt, r curriculum.Recipe) *asking {
	return &asking{name, src, prompt, r, 0}
}

func (s *asking) Name() string              { return s.name }
func (s *asking) Source() dataset.Source    { return s.src }
func (s *asking) Recipe() curriculum.Recipe { return s.recipe }
func (s *asking) Turn(x dataset.Sample) curriculum.Turn {
	return curriculum.Turn{Question: s.prompt.Text(x.Task), Answer: s.prompt.Target(x), Weight: s.weight}
}
func (s *asking) Done(history []curriculum.Validation) bool {
	return curriculum.Tag(s.src, &s.recipe).Done(history)
}

func trainer(t testing.TB, m *model.Model, e *Encoder, o curriculum.Options, stages ...curriculum.Stage) *Trainer {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	tr, err := New(context.Background(), m, e, os.DirFS(checkpoint), stages, o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// planned is a stage as a run knows it.
func planned(t testing.TB, user curriculum.Stage) *stage {
	t.Helper()
	s, err := newStage("stage", user)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// steps takes up to n steps and closes the trainer; n < 0 is all.
func steps(t testing.TB, tr *Trainer, n int) (all []curriculum.Step) {
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

func losses(all []curriculum.Step) (out []float64) {
	for _, s := range all {
		out = append(out, s.Loss)
	}
	return out
}

// stored reads the weights of a checkpoint's directory.
func stored(t testing.TB, dir string) map[string][]float32 {
	t.Helper()
	set, err := safetensors.OpenCheckpoint(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	all := map[string][]float32{}
	for _, name := range set.Names() {
		info, _ := set.Info(name)
		all[name] = make([]float32, info.Elements())
		if err := set.ReadFloat32(name, all[name]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// weights are a model's as they are now, by name.
func weights(t testing.TB, m *model.Model) map[string][]float32 {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "weights")
	if err := m.Save(context.Background(), os.DirFS(checkpoint), nil, dir); err != nil {
		t.Fatal(err)
	}
	return stored(t, dir)
}

// fingerprint tells one model's weights from another's.
func fingerprint(m *model.Model) (string, error) {
	dir, err := os.MkdirTemp("", "egotsr-weights-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	saved := filepath.Join(dir, "weights")
	if err := m.Save(context.Background(), os.DirFS(checkpoint), nil, saved); err != nil {
		return "", err
	}
	data, err := os.ReadFile(filepath.Join(saved, "model.safetensors"))
	return fmt.Sprintf("%x", sha256.Sum256(data)), err
}

// hashOf is the fingerprint within a test.
func hashOf(t testing.TB, m *model.Model) string {
	t.Helper()
	hash, err := fingerprint(m)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// stagesOf are short stages with all that a state can hold: accumulation, validation, an early end, a bad sample, adapters
// in both towers with dropout and a bias beside them. Their prompt is short too.
func stagesOf() []curriculum.Stage {
	src := painted{append([]dataset.Sample(nil), white.samples...)}
	src.samples[5].Img2 = "none"
	held := pairs([2]int{10, 245}, [2]int{200, 100})
	return []curriculum.Stage{
		asks("first", src, "{task_name}?", curriculum.Recipe{LR: 1e-3, MaxGradNorm: 1, MaxSteps: 9, Batch: 2, Accumulate: 2, Warmup: 2, Validation: held, ValidateEvery: 4}),
		asks("adapters", src, "{task_name}", curriculum.Recipe{
			LR: 1e-3, MaxGradNorm: 1, MaxSteps: 5, Batch: 2, Accumulate: 2, Warmup: -1, Validation: held, Trainable: []string{"model.layers.*.bias"},
			LoRA: &curriculum.LoRA{Rank: 2, Dropout: 0.3, Targets: []string{"visual.blocks.*.attn.*", "model.layers.*_proj"}},
		}),
		asks("second", src, "{task_name}", curriculum.Recipe{LR: 5e-4, WeightDecay: 0.01, MaxSteps: 40, Batch: 2, Warmup: -1, Both: true, Validation: held, ValidateEvery: 3, Patience: 2}),
	}
}

// trainIn runs the stages in dir to their end and leaves the weights' hash in dir/done.
func trainIn(dir string, disk state.Disk) error {
	m, e, err := tinyOn("go")
	if err != nil {
		return err
	}
	defer m.Close()
	ctx := context.Background()
	o := withDefaults(curriculum.Options{Dir: dir, Seed: 3, SaveEvery: 2, Keep: 2, MaxBad: 0.5})
	t, err := start(ctx, &Trainer{model: m, encoder: e, files: os.DirFS(checkpoint), users: stagesOf(), opts: o, disk: disk, saved: -1})
	if err != nil {
		return err
	}
	for _, err := range t.Steps(ctx) {
		if err != nil {
			return errors.Join(err, t.Close())
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	hash, err := fingerprint(m)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "done"), []byte(hash), 0o644)
}

func done(t testing.TB, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "done"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
