package egotsr

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/metrics"
)

// Report is what an evaluation found. It marshals to JSON as it is.
type Report struct {
	Samples string        `json:"samples"` // hash of the samples measured: reports with the same one can be compared
	Options ReportOptions `json:"options"`
	Systems []System      `json:"systems"` // the judge, then the baselines
	Bad     []BadSample   `json:"bad,omitempty"`
}

// Bin is the answers whose confidence lies in one stretch.
type Bin = metrics.Bin

// CoveragePoint is what is right among the answers that a judge is surest of.
type CoveragePoint = metrics.CoveragePoint

// ReportOptions are those of the evaluation that change its figures.
type ReportOptions struct {
	Prompt  dataset.Prompt `json:"prompt"`
	Explain bool           `json:"explain,omitempty"`
	Seed    uint64         `json:"seed"`
}

// BadSample is a sample that could not be asked.
type BadSample struct {
	Index  int    `json:"index"`
	Reason string `json:"reason"`
}

// System is how one judge did.
type System struct {
	Name             string          `json:"name"`
	Groups           []Group         `json:"groups"`
	CalibrationError float64         `json:"calibration_error"` // over 15 bins of confidence
	Reliability      []Bin           `json:"reliability"`
	Coverage         []CoveragePoint `json:"coverage"` // accuracy where it abstains below some confidence
}

// Group is the figures of some of the pairs. Shares are of right answers, between 0 and 1.
type Group struct {
	Name        string     `json:"name"`
	Pairs       int        `json:"pairs"`
	Forward     float64    `json:"forward"`     // asked with the earlier frame first
	Inverse     float64    `json:"inverse"`     // asked with the later frame first
	Gap         float64    `json:"gap"`         // forward less inverse
	Consistency float64    `json:"consistency"` // pairs with the same verdict in both orders
	Right       float64    `json:"right"`       // by the mean of both orders
	Interval    [2]float64 `json:"interval"`    // of Right: 95 %, by bootstrap over episodes
}

// NewReport works out the figures of pairs that were asked already, and those of the judges that do not look.
func NewReport(items []Item, opts *EvaluateOptions) *Report {
	o := opts.orDefaults()
	r := &Report{Samples: hashItems(items), Options: ReportOptions{Prompt: o.Prompt, Explain: o.Explain, Seed: o.Seed}}
	r.Systems = append(r.Systems, newSystem(o.Name, items, o.Seed))
	for _, b := range baselines {
		r.Systems = append(r.Systems, newSystem(b.name, b.answer(items, o.Seed), o.Seed))
	}
	return r
}

// groups are the parts that figures are given for. Windows are frames between the two.
var groups = []struct {
	name string
	has  func(*dataset.Sample) bool
}{
	{"all", func(*dataset.Sample) bool { return true }},
	{"short", func(s *dataset.Sample) bool { return s.Level == dataset.LevelShort }},
	{"long", func(s *dataset.Sample) bool { return s.Level == dataset.LevelLong }},
	{"1–3 frames", func(s *dataset.Sample) bool { return s.Window <= 3 }},
	{"4–11 frames", func(s *dataset.Sample) bool { return s.Window > 3 && s.Window <= 11 }},
	{"12 and more", func(s *dataset.Sample) bool { return s.Window > 11 }},
	{"later is worse", func(s *dataset.Sample) bool { return s.Kind == dataset.KindRegression }},
	{"recovery", func(s *dataset.Sample) bool { return s.Kind == dataset.KindRecovery }},
}

const calibrationBins = 15

func newSystem(name string, items []Item, seed uint64) System {
	s := System{Name: name}
	for _, g := range groups {
		var part []Item
		for _, i := range items {
			if g.has(&i.Sample) {
				part = append(part, i)
			}
		}
		if len(part) > 0 {
			s.Groups = append(s.Groups, newGroup(g.name, part, seed))
		}
	}
	confidence, right := make([]float64, len(items)), make([]bool, len(items))
	for k := range items {
		p := items[k].P()
		confidence[k], right[k] = max(p, 1-p), items[k].right(p)
	}
	s.Reliability = metrics.Reliability(confidence, right, calibrationBins)
	s.CalibrationError = metrics.CalibrationError(s.Reliability)
	s.Coverage = metrics.Coverage(confidence, right)
	return s
}

func newGroup(name string, items []Item, seed uint64) Group {
	g := Group{Name: name, Pairs: len(items)}
	episodes := map[string]int{}
	var right, of []int
	n := float64(len(items))
	for k := range items {
		i := &items[k]
		g.Forward += one(i.right(i.forward())) / n
		g.Inverse += one(i.right(i.inverse())) / n
		g.Consistency += one((i.Asked > 0.5) == (i.Swapped > 0.5)) / n
		key := i.Sample.Scene + "/" + i.Sample.Episode
		e, ok := episodes[key]
		if !ok {
			e = len(of)
			episodes[key] = e
			right, of = append(right, 0), append(of, 0)
		}
		of[e]++
		if i.right(i.P()) {
			right[e]++
			g.Right += 1 / n
		}
	}
	g.Gap = g.Forward - g.Inverse
	g.Interval[0], g.Interval[1] = metrics.Bootstrap(len(of), seed, func(times []int) float64 { return metrics.Share(right, of, times) })
	return g
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// baseline is a judge that does not look.
type baseline struct {
	name string
	p    func(i *Item, rng *rand.Rand) (asked, swapped float64) // that Img1 is closer
}

// answer is what it says of the same pairs.
func (b baseline) answer(items []Item, seed uint64) []Item {
	rng := rand.New(rand.NewPCG(seed, 1))
	items = slices.Clone(items)
	for k := range items {
		items[k].Asked, items[k].Swapped = b.p(&items[k], rng)
	}
	return items
}

var baselines = []baseline{
	{"always the later frame", func(i *Item, _ *rand.Rand) (float64, float64) {
		p := one(i.Sample.Frame1 > i.Sample.Frame2)
		return p, p
	}},
	{"always img1", func(*Item, *rand.Rand) (float64, float64) { return 1, 0 }},
	{"a coin", func(_ *Item, rng *rand.Rand) (float64, float64) { return rng.Float64(), rng.Float64() }},
}

// hashItems identifies the samples that were measured.
func hashItems(items []Item) string {
	h := sha256.New()
	for _, i := range items {
		fmt.Fprintf(h, "%q %q %q %q\n", i.Task, i.Img1, i.Img2, i.Closer)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

// WriteTable prints the report for a terminal: a block for each judge, a line for each group of pairs.
func (r *Report) WriteTable(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, s := range r.Systems {
		fmt.Fprintf(w, "%s\tpairs\tforward\tinverse\tGap\tconsistent\tright\t95 %% interval\t\n", s.Name)
		for _, g := range s.Groups {
			fmt.Fprintf(w, "%s\t%d\t%.1f %%\t%.1f %%\t%.1f\t%.1f %%\t%.1f %%\t%.1f–%.1f\t\n", g.Name, g.Pairs,
				100*g.Forward, 100*g.Inverse, 100*g.Gap, 100*g.Consistency, 100*g.Right, 100*g.Interval[0], 100*g.Interval[1])
		}
		fmt.Fprintf(w, "%s\t\t\t\t\t\t\t\n", strings.TrimSpace(fmt.Sprintf("calibration error %.3f", s.CalibrationError)))
	}
	if len(r.Bad) > 0 {
		fmt.Fprintf(w, "%d samples could not be read, the first: %s\n", len(r.Bad), r.Bad[0].Reason)
	}
	return w.Flush()
}
