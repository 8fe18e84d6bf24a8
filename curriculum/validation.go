package curriculum

import (
	"fmt"
	"math"

	"github.com/egotsr/egotsr/dataset"
)

// Validation is what held-out pairs said after a step of a stage.
type Validation struct {
	Step    int     `json:"step"`
	Answers Answers `json:"answers"`
}

// Answers are counts of right answers; every pair is asked in both orders and each answer counts.
type Answers struct {
	All        Count `json:"all"`
	Near       Count `json:"near"`       // frames 1 to 3 apart
	Middle     Count `json:"middle"`     // 4 to 11
	Far        Count `json:"far"`        // 12 and more
	Regression Count `json:"regression"` // any distance, the later frame is worse; not in the three above
	Forward    Count `json:"forward"`    // all pairs, asked with the earlier frame first
	Inverse    Count `json:"inverse"`    // all pairs, asked with the later frame first
}

// Gap is the difference between asking with the earlier and with the later frame first: what a habit of position makes.
func (a Answers) Gap() float64 { return math.Abs(a.Forward.Share() - a.Inverse.Share()) }

// String is one line of percentages.
func (a Answers) String() string {
	percent := func(c Count) float64 { return 100 * c.Share() }
	return fmt.Sprintf("%.1f %% of %d; 1–3 frames %.1f, 4–11 %.1f, 12+ %.1f, regressions %.1f of %d, gap %.1f",
		percent(a.All), a.All.Of, percent(a.Near), percent(a.Middle), percent(a.Far), percent(a.Regression), a.Regression.Of, 100*a.Gap())
}

// Add counts the answer to one sample, asked in the order that it has.
func (a *Answers) Add(s dataset.Sample, right bool) {
	a.All.add(right)
	if s.Frame1 < s.Frame2 {
		a.Forward.add(right)
	} else {
		a.Inverse.add(right)
	}
	switch {
	case s.Kind == dataset.KindRegression:
		a.Regression.add(right)
	case s.Window >= 12:
		a.Far.add(right)
	case s.Window >= 4:
		a.Middle.add(right)
	default:
		a.Near.add(right)
	}
}

// Count is right answers of all answers.
type Count struct {
	Right int `json:"right"`
	Of    int `json:"of"`
}

// Share is Right/Of, or 0 of nothing.
func (c Count) Share() float64 { return float64(c.Right) / max(1, float64(c.Of)) }

func (c *Count) add(right bool) {
	c.Of++
	if right {
		c.Right++
	}
}
