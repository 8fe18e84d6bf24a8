package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
)

// tooHeavy is a weight that float32 cannot hold: the loss of a sequence that has it is not finite.
const tooHeavy = 1e300

// spoilt is a stage in which the answers to some frames are too heavy.
type spoilt struct {
	*asking
	frames []string
}

func (s spoilt) Turn(x dataset.Sample) curriculum.Turn {
	t := s.asking.Turn(x)
	if slices.Contains(s.frames, x.Img1) {
		t.Weight = tooHeavy
	}
	return t
}

// TestNotFinite: a step whose loss is not finite changes no weight, is logged with its samples and counted, and training
// goes on.
func TestNotFinite(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	var levels [][2]int
	for i := range 8 {
		levels = append(levels, [2]int{i, 255 - i})
	}
	stage := spoilt{asks("guarded", pairs(levels...), "{task_name}", curriculum.Recipe{LR: 1e-3, MaxSteps: 4, Batch: 2, Accumulate: 2, Warmup: -1}), nil}
	samples := newFeed(m, e, planned(t, stage), 0).step(2).samples // every sample is seen in one step of the four
	first, _ := stage.src.At(samples[0])
	stage.frames = []string{first.Img1}
	var text bytes.Buffer
	dir := t.TempDir()
	tr := trainer(t, m, e, curriculum.Options{Dir: dir, LogEvery: 1, Logger: slog.New(slog.NewTextHandler(&text, nil))}, stage)
	var hashes []string
	var all []curriculum.Step
	for s, err := range tr.Steps(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		all, hashes = append(all, s), append(hashes, hashOf(t, m))
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if len(all) != 4 || finite(all[2].Loss) || all[1].NonFinite != 0 || all[2].NonFinite != 1 || all[3].NonFinite != 1 || !finite(all[3].Loss) {
		t.Fatalf("%+v", all)
	}
	if hashes[2] != hashes[1] {
		t.Error("a step that was not finite has changed weights")
	}
	if hashes[3] == hashes[2] {
		t.Error("the step after it changed nothing")
	}
	var lines []string
	for l := range strings.Lines(text.String()) {
		if strings.Contains(l, "not finite") {
			lines = append(lines, l)
		}
	}
	if len(lines) != 1 || !strings.Contains(lines[0], "step=3") || !strings.Contains(lines[0], fmt.Sprint(samples)) {
		t.Errorf("logged %q, samples %v", lines, samples)
	}
	curves, err := filepath.Glob(filepath.Join(dir, "events", "*"))
	if err != nil || len(curves) != 1 {
		t.Fatal(curves, err)
	}
	if data, err := os.ReadFile(curves[0]); err != nil || !bytes.Contains(data, []byte("guarded/non_finite")) {
		t.Errorf("no curve of it, %v", err)
	}
}

// TestDiverged: five such steps in a row end the run, also where it was interrupted among them.
func TestDiverged(t *testing.T) {
	t.Parallel()
	for _, left := range []int{0, 3} {
		m, e := tiny(t)
		o := curriculum.Options{Dir: t.TempDir()}
		stage := asks("guarded", white, "{task_name}", curriculum.Recipe{LR: 1e-3, MaxSteps: 100, Batch: 4, Warmup: -1})
		stage.weight = tooHeavy
		if left > 0 {
			steps(t, trainer(t, m, e, o, stage), left)
		}
		tr := trainer(t, m, e, o, stage)
		n, last := left, error(nil)
		for _, err := range tr.Steps(context.Background()) {
			n, last = n+1, err
		}
		if err := tr.Close(); err != nil {
			t.Fatal(err)
		}
		if n != maxNonFinite || !errors.Is(last, curriculum.ErrDiverged) || !strings.Contains(last.Error(), "step 5") {
			t.Errorf("left after %d: %d steps, %v", left, n, last)
		}
	}
}

// turncoat is a source of validation pairs whose answers turn round.
type turncoat struct {
	painted
	turned *bool
}

func (s turncoat) At(i int) (dataset.Sample, error) {
	x, err := s.painted.At(i)
	if *s.turned {
		x.Closer = map[string]string{dataset.Img1: dataset.Img2, dataset.Img2: dataset.Img1}[x.Closer]
	}
	return x, err
}

// TestBest: best/ is left alone by a validation that is worse than its stage's best, and belongs to the stage validated last.
func TestBest(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	turned := true
	held := turncoat{pairs([2]int{10, 245}), &turned}
	dir := t.TempDir()
	best := func() string {
		data, err := os.ReadFile(filepath.Join(dir, "best", "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	r := curriculum.Recipe{LR: 1e-2, MaxGradNorm: 1, MaxSteps: 60, Batch: 8, Warmup: 3, Validation: held, ValidateEvery: 20}
	next := curriculum.Recipe{LR: 1e-4, MaxSteps: 1, Batch: 1, Warmup: -1, Validation: held}
	var shares []float64
	var stood []string
	tr := trainer(t, m, e, curriculum.Options{Dir: dir}, asks("first", white, "{task_name}", r), asks("next", white, "{task_name}", next))
	for s, err := range tr.Steps(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if s.Validation != nil {
			shares, stood = append(shares, s.Validation.Answers.All.Share()), append(stood, best())
			turned = !turned
		}
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if len(shares) != 4 || shares[1] <= shares[0] || shares[2] >= shares[1] || shares[3] > shares[1] {
		t.Fatalf("validations %v were to rise, then to fall", shares)
	}
	if stood[1] == stood[0] {
		t.Error("a better validation has not changed best/")
	}
	if stood[2] != stood[1] {
		t.Error("a worse validation has changed best/")
	}
	if stood[3] == stood[2] {
		t.Error("best/ does not belong to the stage validated last")
	}
}

func TestPace(t *testing.T) {
	var p pace
	for _, c := range []struct {
		waited, worked time.Duration
		rate, share    float64
	}{{3, 1, 2, 0.75}, {0, 4, 2, 0.375}, {0, 4, 2, 0}, {4, 4, 2. * 8 / 12, 1. / 3}} {
		rate, share := p.add(8, c.waited*time.Second, c.worked*time.Second, 2)
		if math.Abs(rate-c.rate) > 1e-9 || math.Abs(share-c.share) > 1e-9 {
			t.Errorf("after %v waited, %v worked: %v samples/s, %v; want %v, %v", c.waited, c.worked, rate, share, c.rate, c.share)
		}
	}
}
