package train

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/egotsr/egotsr/internal/state"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/tokenizer"
	"github.com/egotsr/egotsr/vision"
)

// TestMain lets the test program run itself as the training that is killed, by the test or by itself.
func TestMain(m *testing.M) {
	if dir := os.Getenv("EGOTSR_TEST_TRAIN"); dir != "" {
		if err := trainIn(dir, mortal(dir, os.Getenv("EGOTSR_TEST_KILL"))); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	os.RemoveAll(xlaDump)
	os.Exit(code)
}

// mortal is a disk before whose n-th operation that matches a pattern the process is killed: nothing deferred runs and
// nothing is flushed. The pattern is one for an operation and its path within dir; without any, nothing happens.
func mortal(dir, moment string) state.Disk {
	n, pattern, ok := strings.Cut(moment, ":")
	if !ok {
		return state.Disk{}
	}
	left, err := strconv.Atoi(n)
	if err != nil {
		panic(err)
	}
	match := regexp.MustCompile(pattern)
	return state.Disk{Before: func(op, path string) error {
		rel, err := filepath.Rel(dir, path)
		if err != nil || !match.MatchString(op+" "+filepath.ToSlash(rel)) {
			return err
		}
		if left--; left > 0 {
			return nil
		}
		self, err := os.FindProcess(os.Getpid())
		if err := errors.Join(err, self.Kill()); err != nil {
			return err
		}
		select {}
	}}
}

// tiny is a model of one layer a tower with random weights: a step takes milliseconds.
func tiny() (*model.Model, *Encoder, error) { return tinyOn("go") }

func tinyOn(backendName string) (*model.Model, *Encoder, error) {
	files := os.DirFS(checkpoint)
	config, err := model.LoadConfig(files)
	if err != nil {
		return nil, nil, err
	}
	config.Layers, config.Vision.Depth, config.Vision.FullAttention = 1, 1, nil
	backend, err := model.NewBackend(backendName)
	if err != nil {
		return nil, nil, err
	}
	m, err := model.New(config, backend, 5)
	if err != nil {
		return nil, nil, err
	}
	e := &Encoder{EOS: config.EOS[0]}
	if e.Tokenizer, err = tokenizer.Load(files); err != nil {
		return nil, nil, err
	}
	e.Processor, err = vision.Load(files)
	return m, e, err
}

// stagesOf are short stages with all that a state can hold: accumulation, validation, an early end, a bad sample, adapters
// in both towers with dropout and a bias beside them. Their prompt is short too.
func stagesOf() []Stage {
	src := painted{slices.Clone(white.samples)}
	src.samples[5].Img2 = "none"
	held := pairs([2]int{10, 245}, [2]int{200, 100})
	return []Stage{
		newStage("first", src, "{task_name}?", &Recipe{LR: 1e-3, MaxGradNorm: 1, MaxSteps: 9, Batch: 2, Accumulate: 2, Warmup: 2, Validation: held, ValidateEvery: 4}, Recipe{}),
		newStage("adapters", src, "{task_name}", &Recipe{
			LR: 1e-3, MaxGradNorm: 1, MaxSteps: 5, Batch: 2, Accumulate: 2, Warmup: -1, Validation: held, Trainable: []string{"model.layers.*.bias"},
			LoRA: &LoRA{Rank: 2, Dropout: 0.3, Targets: []string{"visual.blocks.*.attn.*", "model.layers.*_proj"}},
		}, Recipe{}),
		newStage("second", src, "{task_name}", &Recipe{LR: 5e-4, WeightDecay: 0.01, MaxSteps: 40, Batch: 2, Warmup: -1, Both: true, Validation: held, ValidateEvery: 3, Patience: 2}, Recipe{}),
	}
}

// trainIn runs the stages in dir to their end and leaves the weights' hash in dir/done.
func trainIn(dir string, disk state.Disk) error {
	m, e, err := tiny()
	if err != nil {
		return err
	}
	defer m.Close()
	ctx := context.Background()
	t, err := NewTrainer(ctx, m, e, os.DirFS(checkpoint), stagesOf(), Options{Dir: dir, Seed: 3, SaveEvery: 2, Keep: 2, MaxBad: 0.5, disk: disk})
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
	return os.WriteFile(filepath.Join(dir, "done"), []byte(fingerprint(m)), 0o644)
}

func fingerprint(m *model.Model) string {
	h := sha256.New()
	for _, p := range m.Config.Params() {
		values, err := m.Store().GetVariable("/" + p.Name).Value()
		if err != nil {
			return err.Error()
		}
		values.MustConstFlatData(func(flat any) {
			for _, x := range flat.([]float32) {
				binary.Write(h, binary.LittleEndian, math.Float32bits(x))
			}
		})
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func done(t testing.TB, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "done"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// moments are those within saves and between stages that a kill at random hardly ever meets, in the order of a run.
var moments = []string{
	"1:^write .checkpoint-00000002.*/trainer/optimizer",   // in the first save
	"2:^rename checkpoint-00000002",                       // written, and without its name
	"2:^rename best",                                      // the first validation's best
	"1:^create .checkpoint-00000009.*/trainer/state.json", // after the last step of the first stage
	"1:^mkdir checkpoint-00000011",                        // in the second, which begins with others' weights
	"2:^rename best",                                      // the old one has lost its name, the new one has none yet
	"1:^sync .adapter-adapters.*/adapter_model",           // at the stage's end, before the weights take the adapters up
	"1:^sync .checkpoint-00000014.*/model.safetensors",    // after it, and before the state says so
	"1:^remove .checkpoint-.*gone",                        // in the third: one checkpoint more than are kept
	"3:^rename checkpoint-000000",                         // in its second save
}

// TestKilled: a training that is killed (at random moments, and at chosen ones within saves and between stages) and
// started again ends with the weights of one left alone, bit for bit.
func TestKilled(t *testing.T) {
	random := 10
	if testing.Short() {
		random = 2
	}
	child := func(dir, moment string) *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "EGOTSR_TEST_TRAIN="+dir, "EGOTSR_TEST_KILL="+moment)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	calm := t.TempDir()
	start := time.Now()
	if err := child(calm, "").Wait(); err != nil {
		t.Fatal(err)
	}
	whole, want := time.Since(start), done(t, calm)
	t.Logf("a run takes %v", whole)
	check := func(dir string, killed int) {
		if done(t, dir) != want {
			t.Fatalf("after %d kills the weights are others", killed)
		}
		if there, err := checkpoints(dir); err != nil || len(there) != 2 {
			t.Fatalf("kept %v, %v", there, err)
		}
	}

	dir, aside := t.TempDir(), 0
	for _, moment := range moments {
		cmd := child(dir, moment)
		if cmd.Wait() == nil {
			t.Fatalf("the run never came to %s", moment)
		}
		if cmd.ProcessState.Exited() {
			t.Fatal("the training failed by itself")
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".best.*.old")); len(left) > 0 {
			aside++
		}
	}
	if aside == 0 {
		t.Error("never killed between the two renames that replace a directory")
	}
	if err := child(dir, "").Wait(); err != nil {
		t.Fatal(err)
	}
	check(dir, len(moments))
	if !exists(filepath.Join(dir, "best")) {
		t.Error("the best checkpoint is lost")
	}

	rng := rand.New(rand.NewPCG(1, 2))
	for killed := 0; killed < random; {
		dir := t.TempDir()
		for {
			cmd := child(dir, "")
			if killed < random {
				time.Sleep(time.Duration(float64(whole) * (0.1 + 0.7*rng.Float64())))
				cmd.Process.Kill() // it may have ended
			}
			if cmd.Wait() == nil {
				break
			}
			if cmd.ProcessState.Exited() {
				t.Fatal("the training failed by itself")
			}
			killed++
		}
		check(dir, killed)
	}
}

// TestEveryWriteFails lets each operation of the disk fail in turn: the error names the file, and the run that follows
// ends with the weights of one left alone. No half checkpoint is ever taken up.
func TestEveryWriteFails(t *testing.T) {
	calm := t.TempDir()
	total := 0
	if err := trainIn(calm, state.Disk{Before: func(string, string) error { total++; return nil }}); err != nil {
		t.Fatal(err)
	}
	want := done(t, calm)
	stride := max(1, total/12)
	if testing.Short() {
		stride = total / 3
	}
	for n := 1; n <= total; n += stride {
		dir := t.TempDir()
		count, failed := 0, ""
		err := trainIn(dir, state.Disk{Before: func(op, path string) error {
			if count++; count == n {
				failed = path
				return errors.New("injected")
			}
			return nil
		}})
		if err == nil || !strings.Contains(err.Error(), failed) {
			t.Fatalf("operation %d on %s failed: %v", n, failed, err)
		}
		if err := trainIn(dir, state.Disk{}); err != nil {
			t.Fatalf("after operation %d on %s failed: %v", n, failed, err)
		}
		if done(t, dir) != want {
			t.Fatalf("after operation %d on %s failed the weights are others", n, failed)
		}
	}
}

// TestLeft: leaving the loop saves, and ranging again goes on.
func TestLeft(t *testing.T) {
	calm := t.TempDir()
	if err := trainIn(calm, state.Disk{}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for range 3 {
		m, e, err := tiny()
		if err != nil {
			t.Fatal(err)
		}
		tr := trainer(t, m, e, Options{Dir: dir, Seed: 3, MaxBad: 0.5}, stagesOf()...)
		for range 2 {
			n := 0
			for _, err := range tr.Steps(context.Background()) {
				if err != nil {
					t.Fatal(err)
				}
				if n++; n == 3 {
					break
				}
			}
		}
		if err := errors.Join(tr.Close(), m.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if err := trainIn(dir, state.Disk{}); err != nil {
		t.Fatal(err)
	}
	if done(t, dir) != done(t, calm) {
		t.Error("a run left six times ends with other weights")
	}
}

// TestTwice: while one trainer is under way in a directory no other is, and once it has been left another takes over, without Close,
// with the same model or another; the first one then knows that it is behind.
func TestTwice(t *testing.T) {
	calm, dir := t.TempDir(), t.TempDir()
	if err := trainIn(calm, state.Disk{}); err != nil {
		t.Fatal(err)
	}
	m, e, err := tiny()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	second := func() (*Trainer, error) {
		return NewTrainer(context.Background(), m, e, os.DirFS(checkpoint), stagesOf(), Options{Dir: dir, Seed: 3, SaveEvery: 2, Keep: 2, MaxBad: 0.5})
	}
	first, err := second()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range first.Steps(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n < 5 {
			continue
		}
		if _, err := second(); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("a second trainer: %v", err)
		}
		break
	}
	other, err := second()
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range other.Steps(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := fingerprint(m); got != done(t, calm) {
		t.Error("taken over, the run ended with other weights")
	}
	for _, err := range first.Steps(t.Context()) {
		if err == nil || !strings.Contains(err.Error(), "gone on") {
			t.Errorf("the first, again: %v", err)
		}
	}
	if err := errors.Join(first.Close(), other.Close()); err != nil {
		t.Error(err)
	}
}

// TestDamagedCheckpoint: what is wrong with the newest checkpoint is an error that names the file; nothing older is taken
// up in silence. A state of another version is refused too.
func TestDamagedCheckpoint(t *testing.T) {
	dir := t.TempDir()
	if err := trainIn(dir, state.Disk{}); err != nil {
		t.Fatal(err)
	}
	there, err := checkpoints(dir)
	if err != nil {
		t.Fatal(err)
	}
	newest := filepath.Join(dir, there[len(there)-1])
	for _, name := range []string{stateFile, tensorsFile} {
		path := filepath.Join(newest, filepath.FromSlash(name))
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, hurt := range [][]byte{nil, whole[:len(whole)/2], append([]byte("x"), whole...)} {
			if err := os.WriteFile(path, hurt, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := trainIn(dir, state.Disk{}); err == nil || !strings.Contains(err.Error(), filepath.Base(name)) || !strings.Contains(err.Error(), newest) {
				t.Errorf("%d bytes of %s: %v", len(hurt), name, err)
			}
		}
		if err := os.WriteFile(path, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(newest, filepath.FromSlash(stateFile))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	older := strings.Replace(string(text), fmt.Sprintf(`"version": %d`, stateVersion), `"version": 1`, 1)
	if err := os.WriteFile(path, []byte(older), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := trainIn(dir, state.Disk{}); err == nil || !strings.Contains(err.Error(), "version 1, not") {
		t.Errorf("an older state: %v", err)
	}
}

// TestChanged: a run goes on only with the seed, stages and recipes it began with, and the error names what has changed.
// What changes no weight may change.
func TestChanged(t *testing.T) {
	dir := t.TempDir()
	m, e, err := tiny()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	steps(t, trainer(t, m, e, Options{Dir: dir, Seed: 3, MaxBad: 0.5}, stagesOf()...), 1)
	for field, change := range map[string]func(o *Options, stages []Stage, r *Recipe){
		"Seed":           func(o *Options, _ []Stage, _ *Recipe) { o.Seed = 4 },
		"Stages":         func(_ *Options, stages []Stage, _ *Recipe) { stages[2] = LongTag(white, nil) },
		"Source.Len":     func(_ *Options, stages []Stage, _ *Recipe) { stages[1].(*stage).src = pairs([2]int{1, 99}) },
		"Validation.Len": func(_ *Options, _ []Stage, r *Recipe) { r.Validation = white },
		"LR":             func(_ *Options, _ []Stage, r *Recipe) { r.LR *= 1.0001 },
		"Batch":          func(_ *Options, _ []Stage, r *Recipe) { r.Batch = 4 },
		"Accumulate":     func(_ *Options, _ []Stage, r *Recipe) { r.Accumulate = 3 },
		"Both":           func(_ *Options, _ []Stage, r *Recipe) { r.Both = true },
		"MaxSteps":       func(_ *Options, _ []Stage, r *Recipe) { r.MaxSteps++ },
		"Trainable":      func(_ *Options, _ []Stage, r *Recipe) { r.Trainable = nil },
		"LoRA":           func(_ *Options, _ []Stage, r *Recipe) { r.LoRA = &LoRA{Rank: 3, Dropout: 0.3, Targets: r.LoRA.Targets} },
		"StopAt":         func(_ *Options, _ []Stage, r *Recipe) { r.StopAt = 0.9 },
		"":               func(_ *Options, _ []Stage, r *Recipe) { r.Checkpointing, r.Epochs = true, 99 },
	} {
		o, stages := Options{Dir: dir, Seed: 3, MaxBad: 0.5}, stagesOf()
		change(&o, stages, &stages[1].(*stage).recipe)
		tr, err := NewTrainer(context.Background(), m, e, os.DirFS(checkpoint), stages, o)
		if field == "" {
			if err != nil {
				t.Error(err)
			} else if err := tr.Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		var changed *ChangedError
		if !errors.As(err, &changed) || changed.Field != field || changed.Was == changed.Now || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		} else if inStage := changed.Stage == "adapters"; inStage == (field == "Seed" || field == "Stages") {
			t.Errorf("%s: in stage %q", field, changed.Stage)
		}
	}
}
