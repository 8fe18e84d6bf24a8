package egotsr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"math"
	"slices"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/foreign"
	"github.com/egotsr/egotsr/internal/sidefile"
	"github.com/egotsr/egotsr/model"
)

// Calibrate fits the temperature that makes Confidence honest: the one under which the labelled samples of src are most
// probable (Guo et al., On Calibration of Modern Neural Networks, ICML 2017, section 4.2). The samples have to be held
// out from training. Every later judgement uses it, Save writes it to calibration.json, and it is returned. Which frame
// is closer never changes, only how sure the answer is.
//
// opts are those the model will be asked with, without Generate; nil is the default. It fails where no sample is
// labelled; an image that cannot be read is an error.
func (m *Model) Calibrate(ctx context.Context, src dataset.Source, opts *JudgeOptions) (temperature float64, err error) {
	o, err := settings(opts)
	if err != nil {
		return 0, err
	}
	if o.Generate {
		return 0, &InputError{What: "JudgeOptions.Generate", Reason: "counts votes, which have no temperature"}
	}
	if err := m.enter(); err != nil {
		return 0, err
	}
	defer m.calls.Done()
	asked, err := m.labelled(ctx, src, &o)
	if err != nil {
		return 0, err
	}
	if len(asked) == 0 {
		return 0, &InputError{What: "source", Reason: "has no labelled sample"}
	}
	t := fitTemperature(asked)
	m.fitted.Store(&fitted{t, m.fitted.Load().Done})
	return t, nil
}

// labelled asks about every labelled sample of a source.
func (m *Model) labelled(ctx context.Context, src dataset.Source, o *JudgeOptions) (asked []scored, err error) {
	var group []Pair
	var labels []bool
	var numbers []int // of the samples in group
	flush := func() error {
		for i, r := range m.judge(ctx, group, o) {
			if r.err != nil {
				return ofSample(numbers[i], r.err)
			}
			asked = append(asked, scored{r.odds, labels[i], o.SingleOrder})
		}
		group, labels, numbers = group[:0], labels[:0], numbers[:0]
		return nil
	}
	if src == nil {
		return nil, &InputError{What: "source", Reason: "is nil"}
	}
	// The source is foreign code, and so are its images, which judge reads.
	n, err := foreign.Get("Source.Len", src.Len)
	if err != nil {
		return nil, &InputError{What: "source", Err: err}
	}
	image := func(path string) (image.Image, error) {
		return foreign.Do("Source.Image", func() (image.Image, error) { return src.Image(path) })
	}
	for i := range n {
		s, err := foreign.Do("Source.At", func() (dataset.Sample, error) { return src.At(i) })
		if err != nil {
			return nil, ofSample(i, err)
		}
		if err := s.CheckCloser(); err != nil {
			return nil, ofSample(i, &InputError{What: "closer", Err: err})
		}
		if s.Closer == "" {
			continue
		}
		p := Pair{Task: s.Task}
		if p.Img1, err = image(s.Img1); err != nil {
			return nil, ofSample(i, err)
		}
		if p.Img2, err = image(s.Img2); err != nil {
			return nil, ofSample(i, err)
		}
		group, labels, numbers = append(group, p), append(labels, s.Closer == dataset.Img1), append(numbers, i)
		if len(group) == m.maxBatch {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	return asked, flush()
}

// ofSample names the sample that an error is of, unless that is of the whole call.
func ofSample(i int, err error) error {
	if errors.Is(err, ErrClosed) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if bad := (*InputError)(nil); errors.As(err, &bad) {
		return &InputError{What: fmt.Sprintf("sample %d, %s", i, bad.What), Reason: bad.Reason, Err: bad.Err}
	}
	return fmt.Errorf("egotsr: sample %d: %w", i, err)
}

// scored is a labelled pair with the log-odds that its Img1 is closer, asked as given and swapped.
type scored struct {
	odds   [2]float64
	img1   bool // is the answer
	single bool // only the first of odds was asked
}

// loss is the negative log-likelihood of the label at a temperature, by the formula of Judge.
func (s scored) loss(t float64) float64 {
	p := sigmoid(s.odds[0] / t)
	if !s.single {
		p = (p + 1 - sigmoid(s.odds[1]/t)) / 2
	}
	if !s.img1 {
		p = 1 - p
	}
	return -math.Log(max(p, 1e-12)) // a pair that is wrong for certain must not outweigh all others
}

// fitTemperature finds the best temperature between 1/20 and 20 by golden-section search on its logarithm, begun where a
// coarse search over the range is best, since the loss need not have one minimum.
func fitTemperature(asked []scored) float64 {
	loss := func(log float64) (sum float64) {
		for _, s := range asked {
			sum += s.loss(math.Exp(log))
		}
		return sum
	}
	limit := math.Log(20)
	const parts = 24
	grid := make([]float64, parts+1)
	for i := range grid {
		grid[i] = loss(limit * (2*float64(i)/parts - 1))
	}
	best := slices.Index(grid, slices.Min(grid))
	lo, hi := limit*(2*float64(max(best-1, 0))/parts-1), limit*(2*float64(min(best+1, parts))/parts-1)
	ratio := (math.Sqrt(5) - 1) / 2
	for hi-lo > 1e-6 {
		a, b := hi-ratio*(hi-lo), lo+ratio*(hi-lo)
		if loss(a) < loss(b) {
			hi = b
		} else {
			lo = a
		}
	}
	return math.Exp((lo + hi) / 2)
}

// fitted is what has been fitted to a checkpoint's answers, as calibration.json has it.
type fitted struct {
	Temperature float64 `json:"temperature"`    // divides log-odds
	Done        float64 `json:"done,omitempty"` // a Tracker takes a task for done where that is more probable; 0 = the usual
}

// unfitted is of a checkpoint without calibration.json.
var unfitted = fitted{Temperature: 1}

// calibration is the temperature in use.
func (m *Model) calibration() float64 { return m.fitted.Load().Temperature }

// done is the probability above which a Tracker takes a task for done, 0 for the usual one. The zero Model has none.
func (m *Model) done() float64 {
	if m == nil || m.fitted.Load() == nil {
		return 0
	}
	return m.fitted.Load().Done
}

// calibrationText is what Save writes of it: nothing where there is none.
func (m *Model) calibrationText() []byte {
	f := m.fitted.Load()
	switch {
	case *f == unfitted:
		return nil
	case f.Done == 0:
		return fmt.Appendf(nil, "{\"temperature\": %v}\n", f.Temperature)
	}
	return fmt.Appendf(nil, "{\"temperature\": %v, \"done\": %v}\n", f.Temperature, f.Done)
}

// loadFitted reads calibration.json of a checkpoint, which may have none.
func loadFitted(fsys fs.FS) (f fitted, err error) {
	data, err := sidefile.Read(fsys, model.CalibrationFile, 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return unfitted, nil
	}
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return f, fmt.Errorf("%s: %w", model.CalibrationFile, err)
	}
	if !(f.Temperature > 0) || math.IsInf(f.Temperature, 1) {
		return f, fmt.Errorf("%s: temperature %v is not a positive number", model.CalibrationFile, f.Temperature)
	}
	if !(f.Done >= 0 && f.Done < 1) {
		return f, fmt.Errorf("%s: done %v is not a probability below 1", model.CalibrationFile, f.Done)
	}
	return f, nil
}
