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

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model"
)

// spoil makes the model's output not finite, until the weight it returns is put back.
func spoil(t testing.TB, m *model.Model) (mend func()) {
	t.Helper()
	v := m.Store().GetVariable("/model.norm.weight")
	was := tensors.MustCopyFlatData[float32](v.MustValue())
	bad := slices.Clone(was)
	bad[0] = float32(math.NaN())
	set := func(flat []float32) {
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(slices.Clone(flat), len(flat))); err != nil {
			t.Fatal(err)
		}
	}
	set(bad)
	return func() { set(was) }
}

// TestNotFinite: a step whose loss is not finite changes no weight, is logged with its samples and counted, and training
// goes on.
func TestNotFinite(t *testing.T) {
	m, e, err := tiny()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var text bytes.Buffer
	dir := t.TempDir()
	tr := trainer(t, m, e, Options{Dir: dir, LogEvery: 1, Logger: slog.New(slog.NewTextHandler(&text, nil))},
		newStage("guarded", white, "{task_name}", &Recipe{LR: 1e-3, MaxSteps: 4, Batch: 2, Accumulate: 2, Warmup: -1}, Recipe{}))
	mend := func() {}
	var before string
	var all []Step
	for s, err := range tr.Steps(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
		switch s.N {
		case 2:
			before = fingerprint(m)
			mend = spoil(t, m)
		case 3:
			mend()
			if fingerprint(m) != before {
				t.Error("a step that was not finite has changed weights")
			}
		}
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if len(all) != 4 || finite(all[2].Loss) || all[1].NonFinite != 0 || all[2].NonFinite != 1 || all[3].NonFinite != 1 || !finite(all[3].Loss) {
		t.Errorf("%+v", all)
	}
	if fingerprint(m) == before {
		t.Error("the step after it changed nothing")
	}
	samples := newFeed(m, e, tr.stages[0], tr.recipes[0], 0).step(2).samples
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
	for _, left := range []int{0, 3} {
		m, e, err := tiny()
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		o := Options{Dir: t.TempDir()}
		stages := []Stage{newStage("guarded", white, "{task_name}", &Recipe{LR: 1e-3, MaxSteps: 100, Batch: 4, Warmup: -1}, Recipe{})}
		spoil(t, m)
		if left > 0 {
			steps(t, trainer(t, m, e, o, stages...), left)
		}
		tr := trainer(t, m, e, o, stages...)
		n, last := left, error(nil)
		for _, err := range tr.Steps(context.Background()) {
			n, last = n+1, err
		}
		if err := tr.Close(); err != nil {
			t.Fatal(err)
		}
		if n != maxNonFinite || !errors.Is(last, ErrDiverged) || !strings.Contains(last.Error(), "step 5") {
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
	m, e, err := tiny()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
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
	r := Recipe{LR: 3e-3, MaxGradNorm: 1, MaxSteps: 30, Batch: 8, Warmup: 3, Validation: held, ValidateEvery: 10}
	next := Recipe{LR: 1e-4, MaxSteps: 1, Batch: 1, Warmup: -1, Validation: held}
	var shares []float64
	var stood []string
	tr := trainer(t, m, e, Options{Dir: dir}, newStage("first", white, "{task_name}", &r, Recipe{}), newStage("next", white, "{task_name}", &next, Recipe{}))
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
