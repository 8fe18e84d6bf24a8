package train

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/internal/simtest"
	"github.com/egotsr/egotsr/internal/state"
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
	for _, dir := range left {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// left are folders that several tests share, which are removed after the last.
var left []string

// calm is the run that is left alone: where it is kept, its weights' hash, and how many operations of the disk it takes.
// Tests that go on in its folder take a copy.
var calm = sync.OnceValues(func() (c struct {
	dir, hash  string
	operations int
}, err error) {
	if c.dir, err = os.MkdirTemp("", "egotsr-calm-"); err != nil {
		return c, err
	}
	left = append(left, c.dir)
	if err := trainIn(c.dir, state.Disk{Before: func(string, string) error { c.operations++; return nil }}); err != nil {
		return c, err
	}
	hash, err := os.ReadFile(filepath.Join(c.dir, "done"))
	c.hash = string(hash)
	return c, err
})

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

// moments are those within saves and between stages that a kill at random hardly ever meets, in the order of a run.
var moments = []string{
	"1:^write .checkpoint-00000002.*/trainer/optimizer",   // in the first save
	"2:^rename checkpoint-00000002",                       // written, and without its name
	"2:^rename best",                                      // the first validation's best
	"1:^create .checkpoint-00000009.*/trainer/state.json", // after the last step of the first stage
	"1:^mkdir .checkpoint-00000011",                       // in the second, which begins with others' weights
	"2:^rename best",                                      // the old one has lost its name, the new one has none yet
	"1:^sync .adapter-adapters.*/adapter_model",           // at the stage's end, before the weights take the adapters up
	"1:^sync .checkpoint-00000014.*/model.safetensors",    // after it, and before the state says so
	"1:^remove .checkpoint-.*gone",                        // in the third: one checkpoint more than are kept
	"3:^rename checkpoint-000000",                         // in its second save
}

// child is this test program as a training in dir that kills itself at a moment; an empty one never comes.
func child(t testing.TB, dir, moment string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "EGOTSR_TEST_TRAIN="+dir, "EGOTSR_TEST_KILL="+moment)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// asCalm fails where a run that was interrupted has not ended as the one left alone.
func asCalm(t testing.TB, dir, how string) {
	t.Helper()
	c, err := calm()
	if err != nil {
		t.Fatal(err)
	}
	if done(t, dir) != c.hash {
		t.Fatalf("%s: the weights are others", how)
	}
	if there, err := checkpoints(dir); err != nil || len(there) != 2 {
		t.Fatalf("%s: kept %v, %v", how, there, err)
	}
}

// TestKilled: a training that is killed at chosen moments within saves and between stages, and started again, ends with the
// weights of one left alone, bit for bit.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir, aside := t.TempDir(), 0
	for _, moment := range moments {
		cmd := child(t, dir, moment)
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
	if err := child(t, dir, "").Wait(); err != nil {
		t.Fatal(err)
	}
	asCalm(t, dir, fmt.Sprintf("after %d kills", len(moments)))
	if !exists(filepath.Join(dir, "best")) {
		t.Error("the best checkpoint is lost")
	}
}

// TestKilledAnywhere is TestKilled at moments by chance.
func TestKilledAnywhere(t *testing.T) {
	simtest.Long(t)
	start := time.Now()
	if err := child(t, t.TempDir(), "").Wait(); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(start)
	t.Logf("a run takes %v", whole)
	rng := rand.New(rand.NewPCG(1, 2))
	for killed := 0; killed < 24; {
		dir := t.TempDir()
		for {
			cmd := child(t, dir, "")
			time.Sleep(time.Duration(float64(whole) * (0.1 + 0.7*rng.Float64())))
			cmd.Process.Kill() // it may have ended
			if cmd.Wait() == nil {
				break
			}
			if cmd.ProcessState.Exited() {
				t.Fatal("the training failed by itself")
			}
			killed++
		}
		asCalm(t, dir, fmt.Sprintf("after %d kills", killed))
	}
}

// failsAt lets one operation of the disk fail: the error names the file, and the run that follows ends with the weights of
// one left alone. No half checkpoint is ever taken up.
func failsAt(t testing.TB, n int) {
	t.Helper()
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
	asCalm(t, dir, fmt.Sprintf("after operation %d on %s failed", n, failed))
}

// TestLeavingFails: where a loop is left and nothing can be saved, the next one tells of it, once, and so does Close.
func TestLeavingFails(t *testing.T) {
	t.Parallel()
	m, e, err := tinyOn("go")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	full, left := errors.New("the disk is full"), false
	disk := state.Disk{Before: func(string, string) error {
		if left {
			return full
		}
		return nil
	}}
	o := withDefaults(curriculum.Options{Dir: t.TempDir(), Seed: 3, SaveEvery: 100, MaxBad: 0.5})
	run, err := start(t.Context(), &Trainer{model: m, encoder: e, files: os.DirFS(checkpoint), users: stagesOf(), opts: o, disk: disk, saved: -1})
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []error{nil, full, nil} {
		left = false
		for _, err := range run.Steps(t.Context()) {
			if !errors.Is(err, want) {
				t.Errorf("loop %d: %v", n, err)
			}
			left = true
			break
		}
	}
	if err := run.Close(); !errors.Is(err, full) {
		t.Error(err)
	}
}

// TestWriteFails takes operations spread over the run, TestEveryWriteFails many of them.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	c, err := calm()
	if err != nil {
		t.Fatal(err)
	}
	for _, share := range []float64{0.02, 0.4, 0.8} {
		failsAt(t, 1+int(share*float64(c.operations)))
	}
}

func TestEveryWriteFails(t *testing.T) {
	simtest.Long(t)
	c, err := calm()
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= c.operations; n += max(1, c.operations/24) {
		failsAt(t, n)
	}
}

// TestLeft: leaving the loop saves, and ranging again goes on.
func TestLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := curriculum.Options{Dir: dir, Seed: 3, Keep: 2, MaxBad: 0.5}
	for range 2 {
		m, e := tiny(t)
		tr := trainer(t, m, e, o, stagesOf()...)
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
	asCalm(t, dir, "left four times")
}

// TestTwice: while one trainer is under way in a directory no other is, and once it has been left another takes over, without Close,
// with the same model or another; the first one then knows that it is behind.
func TestTwice(t *testing.T) {
	t.Parallel()
	left, err := calm()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	m, e := tiny(t)
	second := func() (*Trainer, error) {
		return New(context.Background(), m, e, os.DirFS(checkpoint), stagesOf(), curriculum.Options{Dir: dir, Seed: 3, SaveEvery: 2, Keep: 2, MaxBad: 0.5})
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
	if got := hashOf(t, m); got != left.hash {
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
	t.Parallel()
	c, err := calm()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(c.dir)); err != nil {
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
	t.Parallel()
	dir := t.TempDir()
	m, e := tiny(t)
	steps(t, trainer(t, m, e, curriculum.Options{Dir: dir, Seed: 3, MaxBad: 0.5}, stagesOf()...), 1)
	for field, change := range map[string]func(o *curriculum.Options, stages []curriculum.Stage, r *curriculum.Recipe){
		"Seed": func(o *curriculum.Options, _ []curriculum.Stage, _ *curriculum.Recipe) { o.Seed = 4 },
		"Stages": func(_ *curriculum.Options, stages []curriculum.Stage, _ *curriculum.Recipe) {
			stages[2] = curriculum.LongTag(white, nil)
		},
		"Source.Len": func(_ *curriculum.Options, stages []curriculum.Stage, _ *curriculum.Recipe) {
			stages[1].(*asking).src = pairs([2]int{1, 99})
		},
		"Validation.Len": func(_ *curriculum.Options, _ []curriculum.Stage, r *curriculum.Recipe) { r.Validation = white },
		"LR":             func(_ *curriculum.Options, _ []curriculum.Stage, r *curriculum.Recipe) { r.LR *= 1.0001 },
		"Batch":          func(_ *curriculum.Options, _ []curriculum.Stage, r *curriculum.Recipe) { r.Batch = 4 },
		"Accumulate":     func(_ *curriculum.Options, _ []curriculum.Stage, r *curriculum.Recipe) { r.Accumulate = 3 },
		"Both":           func(_ *curriculum.Options, _ []curriculum.Stage, r *curriculum.Recipe) { r.Both = true },
		"Warmup": func(_ *curriculum.Options, stages []curriculum.Stage, _ *curriculum.Recipe) {
			stages[0].(*asking).recipe.Warmup = 3
		},
		"Trainable": func(_ *curriculum.Options, _ []curriculum.Stage, r *curriculum.Recipe) { r.Trainable = nil },
		"LoRA": func(_ *curriculum.Options, _ []curriculum.Stage, r *curriculum.Recipe) {
			r.LoRA = &curriculum.LoRA{Rank: 3, Dropout: 0.3, Targets: r.LoRA.Targets}
		},
		"StopAt": func(_ *curriculum.Options, _ []curriculum.Stage, r *curriculum.Recipe) { r.StopAt = 0.9 },
		"": func(_ *curriculum.Options, _ []curriculum.Stage, r *curriculum.Recipe) {
			r.Checkpointing, r.Epochs, r.MaxSteps = true, 99, r.MaxSteps+1
		},
	} {
		o, stages := curriculum.Options{Dir: dir, Seed: 3, MaxBad: 0.5}, stagesOf()
		change(&o, stages, &stages[1].(*asking).recipe)
		tr, err := New(context.Background(), m, e, os.DirFS(checkpoint), stages, o)
		if field == "" {
			if err != nil {
				t.Error(err)
			} else if err := tr.Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		var changed *curriculum.ChangedError
		if !errors.As(err, &changed) || changed.Field != field || changed.Was == changed.Now || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		} else if inStage := changed.Stage == "adapters"; field != "Warmup" && inStage == (field == "Seed" || field == "Stages") {
			t.Errorf("%s: in stage %q", field, changed.Stage)
		}
	}
}

// TestOlderRun: a run whose checkpoints do not list what was written in them, as was so before, goes on too.
func TestOlderRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m, e := tiny(t)
	steps(t, trainer(t, m, e, curriculum.Options{Dir: dir, Seed: 3, SaveEvery: 2, Keep: 2, MaxBad: 0.5}, stagesOf()...), 5)
	lists, err := filepath.Glob(filepath.Join(dir, "*", ".written.json"))
	if err != nil || len(lists) != 3 { // two checkpoints and the best
		t.Fatal(lists, err)
	}
	for _, name := range lists {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	somebodys := filepath.Join(dir, "best", "notes.md")
	if err := os.WriteFile(somebodys, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := trainIn(dir, state.Disk{}); err == nil || !strings.Contains(err.Error(), "notes.md") {
		t.Errorf("somebody's file in its way: %v", err)
	}
	if err := os.Remove(somebodys); err != nil {
		t.Fatal(err)
	}
	if err := trainIn(dir, state.Disk{}); err != nil {
		t.Fatal(err)
	}
	asCalm(t, dir, "an older run")
}
