package train

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/internal/simtest"
	"github.com/egotsr/egotsr/model"
)

// dump is where XLA writes the programs it compiles, as text. It reads its flags once, so all tests share the folder.
var dump = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "egotsr-xla-")
	if err != nil {
		panic(err)
	}
	// Unoptimised code compiles in half the time; what is partitioned, and how, stays the same.
	os.Setenv("XLA_FLAGS", "--xla_dump_hlo_as_text --xla_backend_optimization_level=0 --xla_dump_to="+dir)
	left = append(left, dir)
	return dir
})

// needsXLA skips where there is no plugin.
func needsXLA(t testing.TB) {
	t.Helper()
	if plugins, _ := filepath.Glob(filepath.Join(os.Getenv("PJRT_PLUGIN_LIBRARY_PATH"), "*cpu*.so")); len(plugins) == 0 {
		t.Skip("no XLA plugin for the CPU")
	}
	dump() // its flags are read by the first program compiled
}

// devices is the tiny model on so many devices, made of the CPU.
func devices(t testing.TB, n int) (*model.Model, *Encoder) {
	t.Helper()
	needsXLA(t)
	m, e, err := tinyOn(fmt.Sprintf("xla:cpu,devices=%d", n))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	if m.Devices() != n {
		t.Fatalf("%d devices, not %d", m.Devices(), n)
	}
	return m, e
}

// programs are those compiled since the last call, after all optimisation.
func programs(t testing.TB) (texts []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dump(), "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "cpu_after_optimizations.txt") {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(text))
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	return texts
}

// find counts the programs that a pattern is found in.
func find(texts []string, pattern string) (n int) {
	for _, text := range texts {
		if regexp.MustCompile(pattern).MatchString(text) {
			n++
		}
	}
	return n
}

var products = regexp.MustCompile(`= f32\[(\d+,\d+,[0-9,]+)\]\S* dot\(`)

// widest is the size of the largest batch of matrix products that one device computes: attention.
func widest(texts []string) (most int) {
	for _, text := range texts {
		for _, found := range products.FindAllStringSubmatch(text, -1) {
			size := 1
			for dim := range strings.SplitSeq(found[1], ",") {
				n, _ := strconv.Atoi(dim)
				size *= n
			}
			most = max(most, size)
		}
	}
	return most
}

func near(t testing.TB, got, want []curriculum.Step) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d steps, not %d", len(got), len(want))
	}
	worst := 0.0
	for i := range got {
		worst = max(worst, math.Abs(got[i].Loss-want[i].Loss))
		if math.Abs(got[i].GradNorm-want[i].GradNorm) > 1e-4*want[i].GradNorm {
			t.Errorf("step %d: norm %v, not %v", i+1, got[i].GradNorm, want[i].GradNorm)
		}
	}
	t.Logf("losses from %.4f to %.4f, off by at most %.2g", got[0].Loss, got[len(got)-1].Loss, worst)
	if !(worst <= 1e-5) {
		t.Errorf("losses are off by %v", worst)
	}
}

// TestDevices: two and four devices, with copies of the weights or with parts of them, learn what one does, each from its
// part of the batch; the checkpoint is then one for a single device.
func TestDevices(t *testing.T) {
	held := pairs([2]int{10, 245}, [2]int{230, 40})
	stage := asks("tag", white, "{task_name}", curriculum.Recipe{LR: 1e-3, MaxGradNorm: 1, MaxSteps: 6, Batch: 8, Warmup: -1, Validation: held})
	m, e := devices(t, 1)
	programs(t) // of other tests
	want := steps(t, trainer(t, m, e, curriculum.Options{}, stage), -1)
	texts := programs(t)
	alone := widest(texts)
	if n := find(texts, "all-reduce|all-gather"); n > 0 {
		t.Errorf("%d programs of one device wait for others", n)
	}
	for _, c := range []struct {
		devices     int
		shard, long bool
	}{{2, false, false}, {4, false, true}, {2, true, true}, {4, true, false}} {
		t.Run(fmt.Sprintf("%d, sharded %v", c.devices, c.shard), func(t *testing.T) {
			if c.long {
				simtest.Long(t)
			}
			m, e := devices(t, c.devices)
			dir := t.TempDir()
			all := steps(t, trainer(t, m, e, curriculum.Options{Dir: dir, Shard: c.shard}, stage), -1)
			near(t, all, want)
			if got, want := all[len(all)-1].Validation, want[len(want)-1].Validation; got == nil || got.Answers.All != want.Answers.All || got.Answers.Far != want.Answers.Far {
				t.Errorf("validation %+v, not %+v", got, want)
			}
			inParts(t, m, programs(t), c.shard, alone)
			if c.devices == 2 {
				return // compiling takes long
			}
			there, err := checkpoints(dir)
			if err != nil || len(there) != 1 {
				t.Fatal(there, err)
			}
			saved, err := model.Load(context.Background(), os.DirFS(filepath.Join(dir, there[0])), "go", "f32")
			if err != nil {
				t.Fatal(err)
			}
			closeTo(t, logitsOf(t, saved, e, held), logitsOf(t, m, e, held))
			if err := saved.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// embeddings is the pattern of the largest weight, divided by rows among so many devices.
func embeddings(m *model.Model, devices int) string {
	return fmt.Sprintf(`f32\[%d,%d\]`, m.Config.VocabSize/devices, m.Config.HiddenSize)
}

// inParts says in what the programs of a training on several devices do not share the work, of which a device alone attends
// over so many numbers.
func inParts(t testing.TB, m *model.Model, texts []string, shard bool, alone int) {
	t.Helper()
	whole := embeddings(m, 1)
	if n := widest(texts); n*m.Devices() != alone {
		t.Errorf("a device attends over %d numbers, where one alone does over %d", n, alone)
	}
	if n := find(texts, `= \(.*`+whole+`.*\) all-reduce\(`); n != 1 {
		t.Errorf("gradients meet in %d programs", n)
	}
	gathers, updates := find(texts, `= `+whole+`\S* all-gather\(%param`), 0
	part := regexp.MustCompile(`= ` + embeddings(m, m.Devices()) + `\S* parameter\(\d+\), sharding`)
	for _, text := range texts {
		// Parts of the weights, of both their moments and of their gradients; nothing whole.
		if n := len(part.FindAllString(text, -1)); n > 0 && n%4 == 0 && find([]string{text}, whole) == 0 {
			updates++
		}
	}
	// 43 rows are not to be divided: they are updated whole, wherever they are.
	if rows := find(texts, fmt.Sprintf(`f32\[%d,%d\]\S* parameter\(`, m.Config.Vision.IntermediateSize, m.Config.Vision.HiddenSize)); rows == 0 {
		t.Error("no program takes the whole of what cannot be divided")
	}
	if shard && (gathers == 0 || updates != 1) || !shard && gathers+updates != 0 {
		t.Errorf("%d programs gather the embeddings, %d update a part of them", gathers, updates)
	}
}

// logitsOf are the scores that a model gives to held-out pairs.
func logitsOf(t testing.TB, m *model.Model, e *Encoder, src painted) (all []float32) {
	t.Helper()
	frames := map[string]*model.Features{}
	if _, err := e.features(context.Background(), m, src, src.samples, frames, ignored); err != nil {
		t.Fatal(err)
	}
	var prompts []model.Prompt
	for _, s := range src.samples {
		images := []*model.Features{frames[s.Img1], frames[s.Img2]}
		ids, err := e.question("which?", images[0].Grid, images[1].Grid)
		if err != nil {
			t.Fatal(err)
		}
		prompts = append(prompts, model.Prompt{IDs: ids, Images: images})
	}
	scores, err := m.Score(context.Background(), prompts[1:], []int32{3, 4, 5}) // three prompts: not as many as devices
	if err != nil {
		t.Fatal(err)
	}
	if ids, err := m.Generate(context.Background(), prompts[0], 3, nil); err != nil || len(ids) == 0 {
		t.Errorf("generated %v, %v", ids, err)
	}
	return slices.Concat(scores...)
}

// TestDevicesChange: a run goes on with other devices, whether or not they divide the batch, and learns what the Go backend
// does alone.
func TestDevicesChange(t *testing.T) {
	stage := asks("tag", white, "{task_name}", curriculum.Recipe{LR: 1e-3, MaxGradNorm: 1, MaxSteps: 4, Batch: 3, Accumulate: 2, Warmup: -1})
	needsXLA(t)
	m, e := tiny(t)
	want := steps(t, trainer(t, m, e, curriculum.Options{}, stage), -1)
	var got []curriculum.Step
	dir := t.TempDir()
	for _, n := range []int{4, 2} {
		m, e := devices(t, n)
		got = append(got, steps(t, trainer(t, m, e, curriculum.Options{Dir: dir, Shard: n == 4}, stage), 2)...)
	}
	near(t, got, want)
}

func closeTo(t testing.TB, got, want []float32) {
	t.Helper()
	worst := 0.0
	for i := range got {
		worst = max(worst, math.Abs(float64(got[i]-want[i])))
	}
	if len(got) != len(want) || !(worst <= 1e-4) {
		t.Errorf("%d logits, not %d, off by %v", len(got), len(want), worst)
	}
}

// TestDevicesLoRA: adapters learn on two devices what they do on the Go backend, under the same masks of dropout, and become part of weights
// that lie in parts.
func TestDevicesLoRA(t *testing.T) {
	held := pairs([2]int{10, 245})
	stage := asks("tag", white, "{task_name}", curriculum.Recipe{LR: 1e-2, MaxGradNorm: 1, MaxSteps: 4, Batch: 4, Warmup: -1, LoRA: &curriculum.LoRA{Rank: 2, Dropout: 0.2}})
	needsXLA(t)
	m, e := tiny(t)
	want := steps(t, trainer(t, m, e, curriculum.Options{}, stage), -1)
	logits := logitsOf(t, m, e, held)
	for _, shard := range []bool{true, false} {
		t.Run(fmt.Sprintf("sharded %v", shard), func(t *testing.T) {
			if !shard {
				simtest.Long(t)
			}
			m, e := devices(t, 2)
			near(t, steps(t, trainer(t, m, e, curriculum.Options{Shard: shard}, stage), -1), want)
			closeTo(t, logitsOf(t, m, e, held), logits)
		})
	}
}
