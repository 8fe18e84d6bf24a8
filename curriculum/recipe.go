package curriculum

import (
	"fmt"
	"math"
	"path"
	"unicode/utf8"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/optim"
	"github.com/egotsr/egotsr/model"
)

// Recipe says how a stage is trained. A step is an optimiser step: Accumulate batches. A run goes on only with the recipes
// it began with; see [ChangedError].
type Recipe struct {
	LR          float64 // peak learning rate; 0 = 2e-7, as published. The schedule is a linear warm-up, then half a cosine down to zero
	WeightDecay float64 // of AdamW, on matrices; never on biases and norms
	MaxGradNorm float64 // global gradient norm above which all gradients shrink; 0 = never
	Beta2       float64 // of AdamW; 0 = 0.999. From random weights 0.95 leaves the quiet plateau sooner

	Epochs     int // passes over the source; 0 = 1, or as many as MaxSteps takes
	MaxSteps   int // steps at most; 0 = as many as Epochs takes
	Batch      int // samples in a batch; 0 = 1
	Accumulate int // batches in a step; 0 = 1
	Warmup     int // steps of warm-up; 0 = 1000, or where that is over half of all a tenth of them, at least 100; negative = none

	MaxTarget     int      // characters of target text: longer descriptions are cut, the verdict stays; 0 = 1500
	Trainable     []string // patterns of path.Match on tensor names, whose dots * takes too; nil = all, or none but the adapters of LoRA
	LoRA          *LoRA    // train low-rank adapters instead of the weights, which take them up at the stage's end; nil = no
	Both          bool     // train every pair in both orders
	Reference     bool     // the published labels, with their defects, for comparisons
	Checkpointing bool     // compute activations twice rather than keep them: less memory; on XLA less time too, on the Go backend a fifth more

	Validation    dataset.Source // held-out pairs, judged in both orders; nil = none
	ValidateEvery int            // steps between validations, beside the one at the end; 0 = only there
	Patience      int            // end after so many validations without a better one; 0 = never
	StopAt        float64        // end at this share of right answers; 0 = never
}

// LoRA says which layers get low-rank adapters, and of what size.
type LoRA = model.LoRA

// publishedLR is the peak learning rate of all of the reference's stages.
const publishedLR = 2e-7

// check completes a recipe for a source of n samples.
func (r Recipe) check(n int) (Recipe, error) {
	r.Batch, r.Accumulate = max(r.Batch, 1), max(r.Accumulate, 1)
	if r.LR == 0 {
		r.LR = publishedLR
	}
	if r.MaxSteps == 0 {
		per := r.Batch * r.Accumulate
		r.MaxSteps = (max(r.Epochs, 1)*n + per - 1) / per
	} else if r.Epochs > 0 {
		r.MaxSteps = min(r.MaxSteps, (r.Epochs*n+r.Batch*r.Accumulate-1)/(r.Batch*r.Accumulate))
	}
	switch {
	case r.Warmup == 0:
		r.Warmup = optim.Warmup(r.MaxSteps)
	case r.Warmup < 0:
		r.Warmup = 0
	}
	for _, x := range []float64{r.LR, r.WeightDecay, r.MaxGradNorm, r.Beta2, r.StopAt} {
		if !(x >= 0) || math.IsInf(x, 1) {
			return r, fmt.Errorf("recipe: %v is not a rate", x)
		}
	}
	for _, pattern := range r.Trainable {
		if _, err := path.Match(pattern, ""); err != nil {
			return r, fmt.Errorf("recipe: pattern %q: %w", pattern, err)
		}
	}
	if r.LoRA != nil {
		l, err := r.LoRA.Check()
		if err != nil {
			return r, fmt.Errorf("recipe: %w", err)
		}
		r.LoRA = &l
	}
	switch {
	case n == 0:
		return r, fmt.Errorf("recipe: the source is empty")
	case r.MaxSteps < 0 || r.Beta2 >= 1:
		return r, fmt.Errorf("recipe: %d steps, beta2 %v", r.MaxSteps, r.Beta2)
	}
	return r, nil
}

func (r Recipe) adamw() optim.AdamW {
	o := optim.Default
	o.WeightDecay, o.MaxNorm = r.WeightDecay, r.MaxGradNorm
	if r.Beta2 > 0 {
		o.Beta2 = r.Beta2
	}
	return o
}

// done reports that the last validation reached StopAt, or that none of the last Patience ones was the best.
func (r Recipe) done(history []Validation) bool {
	if len(history) == 0 {
		return false
	}
	if last := history[len(history)-1].Answers.All.Share(); r.StopAt > 0 && last >= r.StopAt {
		return true
	}
	return r.Patience > 0 && len(history)-1-bestOf(history) >= r.Patience
}

// bestOf is the index of the best validation, the first of equals, or -1 of none.
func bestOf(history []Validation) int {
	best := -1
	for i, v := range history {
		if best < 0 || v.Answers.All.Share() > history[best].Answers.All.Share() {
			best = i
		}
	}
	return best
}

// cut shortens a sample's descriptions so that they have no more than limit characters together: the reference cuts the
// whole target, and with it the verdict.
func cut(s dataset.Sample, limit int) dataset.Sample {
	if limit <= 0 {
		limit = 1500
	}
	for i, d := range s.Detail {
		if half := limit / 2; utf8.RuneCountInString(d) > half {
			s.Detail[i] = string([]rune(d)[:half])
		}
	}
	return s
}

// anyMatch reports whether a name matches one of the patterns. They were checked before.
func anyMatch(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, _ := path.Match(p, name); ok {
			return true
		}
	}
	return false
}
