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
	var asked []scored
	var group []Pair
	var labels []bool
	var numbers []int // of the samples in group
	flush := func() error {
		for i, r := range m.judge(ctx, group, &o) {
			if r.err != nil {
				return ofSample(numbers[i], r.err)
			}
			asked = append(asked, scored{r.odds, labels[i], o.SingleOrder})
		}
		group, labels, numbers = group[:0], labels[:0], numbers[:0]
		return nil
	}
	if src == nil {
		return 0, &InputError{What: "source", Reason: "is nil"}
	}
	// The source is foreign code, and so are its images, which judge reads.
	n, err := foreign.Get("Source.Len", src.Len)
	if err != nil {
		return 0, &InputError{What: "source", Err: err}
	}
	image := func(path string) (image.Image, error) {
		return foreign.Do("Source.Image", func() (image.Image, error) { return src.Image(path) })
	}
	for i := range n {
		s, err := foreign.Do("Source.At", func() (dataset.Sample, error) { return src.At(i) })
		if err != nil {
			return 0, ofSample(i, err)
		}
		if err := s.CheckCloser(); err != nil {
			return 0, ofSample(i, &InputError{What: "closer", Err: err})
		}
		if s.Closer == "" {
			continue
		}
		p := Pair{Task: s.Task}
		if p.Img1, err = image(s.Img1); err != nil {
			return 0, ofSample(i, err)
		}
		if p.Img2, err = image(s.Img2); err != nil {
			return 0, ofSample(i, err)
		}
		group, labels, numbers = append(group, p), append(labels, s.Closer == dataset.Img1), append(numbers, i)
		if len(group) == m.maxBatch {
			if err := flush(); err != nil {
				return 0, err
			}
		}
	}
	if err := flush(); err != nil {
		return 0, err
	}
	if len(asked) == 0 {
		return 0, &InputError{What: "source", Reason: "has no labelled sample"}
	}
	t := fitTemperature(asked)
	m.temperature.Store(math.Float64bits(t))
	return t, nil
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

// calibration is the temperature in use.
func (m *Model) calibration() float64 { return math.Float64frombits(m.temperature.Load()) }

// calibrationText is what Save writes of it: nothing where there is none.
func (m *Model) calibrationText() []byte {
	t := m.calibration()
	if t == 1 {
		return nil
	}
	return fmt.Appendf(nil, "{\"temperature\": %v}\n", t)
}

// temperature reads {"temperature": t} of a checkpoint, 1 where it has none.
func temperature(fsys fs.FS) (float64, error) {
	data, err := sidefile.Read(fsys, model.CalibrationFile, 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return 1, nil
	}
	if err != nil {
		return 0, err
	}
	var c struct{ Temperature float64 }
	if err := json.Unmarshal(data, &c); err != nil {
		return 0, fmt.Errorf("%s: %w", model.CalibrationFile, err)
	}
	if !(c.Temperature > 0) || math.IsInf(c.Temperature, 1) {
		return 0, fmt.Errorf("%s: temperature %v is not a positive number", model.CalibrationFile, c.Temperature)
	}
	return c.Temperature, nil
}
