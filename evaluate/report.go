package evaluate

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/metrics"
)

// Report is what was found of a judge. Pairs fills it as far as Bad; the rest is nil until a caller puts it there. It
// marshals to JSON, with its Manifest.
type Report struct {
	Samples  string        `json:"samples"` // hash of the pairs measured and their answers
	Options  ReportOptions `json:"options"`
	Systems  []System      `json:"systems"`            // the judge, the baselines, and what AddAnswers added
	Mistakes []Item        `json:"mistakes,omitempty"` // the pairs the judge was surest of and wrong about, one an episode, the worst first
	Bad      []BadSample   `json:"bad,omitempty"`

	Checkpoint string       `json:"checkpoint,omitempty"` // of the judge, from HashCheckpoint
	Curves     *CurveReport `json:"curves,omitempty"`     // from Curves
	Done       *DoneReport  `json:"done,omitempty"`       // from Done
	Plans      *PlanReport  `json:"plans,omitempty"`      // from Plans
	Track      *TrackReport `json:"track,omitempty"`      // from Track

	items []Item // for answers that come later
}

// Bin is the answers whose confidence lies in one stretch.
type Bin = metrics.Bin

// CoveragePoint is what is right among the answers that a judge is surest of.
type CoveragePoint = metrics.CoveragePoint

// ReportOptions are those of the Options that change its figures.
type ReportOptions struct {
	Prompt  dataset.Prompt `json:"prompt"`
	Explain bool           `json:"explain,omitempty"`
	Seed    uint64         `json:"seed"`
}

// System is how one judge did.
type System struct {
	Name             string          `json:"name"`
	Groups           []Group         `json:"groups"`
	Windows          []Window        `json:"windows"`           // by level and frames between the two, finer than Groups
	CalibrationError float64         `json:"calibration_error"` // over 15 bins of confidence
	Reliability      []Bin           `json:"reliability"`
	Coverage         []CoveragePoint `json:"coverage"`          // accuracy where it abstains below some confidence
	Answers          *Answers        `json:"answers,omitempty"` // only of a system that AddAnswers added
}

// Group is the figures of one of Groups; false where it has no pairs.
func (s *System) Group(name GroupName) (Group, bool) {
	k := slices.IndexFunc(s.Groups, func(g Group) bool { return g.Name == name })
	if k < 0 {
		return Group{}, false
	}
	return s.Groups[k], true
}

// Window is the pairs of one level, see [dataset.LevelShort], that lie From to To frames apart.
type Window struct {
	Level dataset.Level `json:"level"`
	From  int           `json:"from"`
	To    int           `json:"to"` // 0 = no end
	Group
}

// Group is the figures of some of the pairs. Shares are of right answers, between 0 and 1. A system whose answers were
// added may lack an order of a pair; the share is then of those it has, and 0 where it has none.
type Group struct {
	Name        GroupName  `json:"name"`
	Pairs       int        `json:"pairs"`       // answered in at least one order
	Forwards    int        `json:"forwards"`    // answered with the earlier frame first
	Inverses    int        `json:"inverses"`    // answered with the later frame first
	Both        int        `json:"both"`        // answered in both orders
	Forward     float64    `json:"forward"`     // asked with the earlier frame first
	Inverse     float64    `json:"inverse"`     // asked with the later frame first
	Gap         float64    `json:"gap"`         // forward less inverse; 0 unless both were asked
	Consistency float64    `json:"consistency"` // of Both: pairs with the same verdict in both orders
	Right       float64    `json:"right"`       // by the mean of both orders
	Interval    [2]float64 `json:"interval"`    // of Right: 95 %, by bootstrap over episodes
}

// NewReport works out the figures of pairs that were asked already, and those of the judges that do not look. Items without an
// answer, where both are NaN, do not count.
func NewReport(items []Item, opts *Options) *Report {
	o := opts.orDefaults("judge", 0)
	items = slices.DeleteFunc(slices.Clone(items), func(i Item) bool { return math.IsNaN(i.P()) })
	r := &Report{Samples: hashItems(items), Options: ReportOptions{Prompt: o.Prompt, Explain: o.Explain, Seed: o.Seed}, items: items}
	r.Systems = append(r.Systems, newSystem(o.Name, items, o.Seed))
	for _, b := range baselines {
		r.Systems = append(r.Systems, newSystem(b.name, b.answer(items, o.Seed), o.Seed))
	}
	if slices.ContainsFunc(items, func(i Item) bool { return i.Distance != [2]float64{} }) {
		r.Systems = append(r.Systems, newSystem(byPixels.name, byPixels.answer(items, o.Seed), o.Seed))
	}
	r.Mistakes = worst(items)
	return r
}

// worst lists the mistakes a reader should look at: of each episode the one with the highest confidence.
func worst(items []Item) (worst []Item) {
	sure := func(i *Item) float64 { return max(i.P(), 1-i.P()) }
	of := map[string]Item{}
	for _, i := range items {
		if have, ok := of[i.recording()]; !i.right(i.P()) && (!ok || sure(&i) > sure(&have)) {
			of[i.recording()] = i
		}
	}
	for _, i := range of {
		worst = append(worst, i)
	}
	slices.SortFunc(worst, func(a, b Item) int { return cmp.Or(cmp.Compare(sure(&b), sure(&a)), a.Index-b.Index) })
	return worst[:min(len(worst), 8)]
}

// recording names the episode that an item's frames come from.
func (i *Item) recording() string { return i.Sample.Scene + "/" + i.Sample.Episode }

// GroupName says which part of the pairs, or of the episodes, figures are of.
type GroupName string

// The parts that figures are given for, as far as there is anything in them. A pair's window is the frames from one to the other.
const (
	GroupAll        GroupName = "all"
	GroupShort      GroupName = "short" // pairs within one action
	GroupLong       GroupName = "long"  // pairs across actions
	GroupShort1to3  GroupName = "short, 1–3 frames"
	GroupShort4to11 GroupName = "short, 4–11 frames"
	GroupShort12up  GroupName = "short, 12 and more"
	Group1to3       GroupName = "1–3 frames"
	Group4to11      GroupName = "4–11 frames"
	Group12up       GroupName = "12 and more"
	GroupWorse      GroupName = "later is worse" // pairs whose later frame is farther from completion
	GroupRecovery   GroupName = "recovery"       // pairs in which a setback is won back
	GroupClean      GroupName = "clean"          // episodes without a setback
	GroupSetbacks   GroupName = "with setbacks"  // episodes with one
)

// groups are those of pairs.
var groups = []struct {
	name GroupName
	has  func(*dataset.Sample) bool
}{
	{GroupAll, func(*dataset.Sample) bool { return true }},
	{GroupShort, func(s *dataset.Sample) bool { return s.Level == dataset.LevelShort }},
	{GroupLong, func(s *dataset.Sample) bool { return s.Level == dataset.LevelLong }},
	{GroupShort1to3, func(s *dataset.Sample) bool { return s.Level == dataset.LevelShort && s.Window <= 3 }},
	{GroupShort4to11, func(s *dataset.Sample) bool { return s.Level == dataset.LevelShort && s.Window > 3 && s.Window <= 11 }},
	{GroupShort12up, func(s *dataset.Sample) bool { return s.Level == dataset.LevelShort && s.Window > 11 }},
	{Group1to3, func(s *dataset.Sample) bool { return s.Window <= 3 }},
	{Group4to11, func(s *dataset.Sample) bool { return s.Window > 3 && s.Window <= 11 }},
	{Group12up, func(s *dataset.Sample) bool { return s.Window > 11 }},
	{GroupWorse, func(s *dataset.Sample) bool { return s.Kind == dataset.KindRegression }},
	{GroupRecovery, func(s *dataset.Sample) bool { return s.Kind == dataset.KindRecovery }},
}

// windows double, so that every part has its share of pairs.
var windows = [][2]int{{1, 1}, {2, 3}, {4, 7}, {8, 15}, {16, 31}, {32, 0}}

const calibrationBins = 15

func newSystem(name string, items []Item, seed uint64) System {
	s := System{Name: name}
	group := func(name GroupName, has func(*dataset.Sample) bool) (Group, bool) {
		var part []Item
		for _, i := range items {
			if has(&i.Sample) {
				part = append(part, i)
			}
		}
		return newGroup(name, part, seed), len(part) > 0
	}
	for _, g := range groups {
		if g, ok := group(g.name, g.has); ok {
			s.Groups = append(s.Groups, g)
		}
	}
	for _, level := range []dataset.Level{dataset.LevelShort, dataset.LevelLong} {
		for _, w := range windows {
			g, ok := group(windowName(level, w), func(s *dataset.Sample) bool {
				return s.Level == level && s.Window >= w[0] && (w[1] == 0 || s.Window <= w[1])
			})
			if ok {
				s.Windows = append(s.Windows, Window{level, w[0], w[1], g})
			}
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

func windowName(level dataset.Level, w [2]int) GroupName {
	switch w[1] {
	case 0:
		return GroupName(fmt.Sprintf("%s, %d and more", level, w[0]))
	case w[0]:
		return GroupName(fmt.Sprintf("%s, %d", level, w[0]))
	}
	return GroupName(fmt.Sprintf("%s, %d–%d", level, w[0], w[1]))
}

func newGroup(name GroupName, items []Item, seed uint64) Group {
	g := Group{Name: name, Pairs: len(items)}
	episodes := map[string]int{}
	var right, of []int
	var forward, inverse, same, all int
	for k := range items {
		i := &items[k]
		f, v := i.forward(), i.inverse()
		if !math.IsNaN(f) {
			g.Forwards++
			forward += count(i.right(f))
		}
		if !math.IsNaN(v) {
			g.Inverses++
			inverse += count(i.right(v))
		}
		if !math.IsNaN(f + v) {
			g.Both++
			same += count((i.Asked > 0.5) == (i.Swapped > 0.5))
		}
		key := i.recording()
		e, ok := episodes[key]
		if !ok {
			e = len(of)
			episodes[key] = e
			right, of = append(right, 0), append(of, 0)
		}
		of[e]++
		right[e] += count(i.right(i.P()))
		all += count(i.right(i.P()))
	}
	g.Forward, g.Inverse = share(forward, g.Forwards), share(inverse, g.Inverses)
	g.Consistency, g.Right = share(same, g.Both), share(all, g.Pairs)
	if g.Forwards > 0 && g.Inverses > 0 {
		g.Gap = g.Forward - g.Inverse
	}
	if len(of) > 0 {
		g.Interval[0], g.Interval[1] = metrics.Bootstrap(len(of), seed, func(times []int) float64 { return metrics.Share(right, of, times) })
	}
	return g
}

// share is n of a number, 0 of none.
func share(n, of int) float64 { return float64(n) / float64(max(1, of)) }

func count(b bool) int { return int(one(b)) }

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

// byPixels knows how the episode ended, which no judge does: the frame more like the last one is closer.
var byPixels = baseline{"pixels like the last", func(i *Item, _ *rand.Rand) (float64, float64) {
	d := i.Distance
	if d[0] == d[1] {
		return 0.5, 0.5
	}
	p := d[1] / (d[0] + d[1])
	return p, p
}}
