package curriculum

import "github.com/egotsr/egotsr/dataset"

// Recipe says how a stage is trained. A step is an optimiser step: Accumulate batches. One whose samples all turn out to be unreadable or
// without an answer is passed over; many of them in a row are an [EmptyError].
//
// A run goes on only with the recipes it began with, see [ChangedError], but for Checkpointing and for its length: MaxSteps, and Epochs, which
// comes to a number of steps, may be others as long as a stage has not come to its last step. What was done stays. The warm-up stays as long
// as it was, and what is left of the half cosine is stretched over the steps that are left, so that the rate goes on from where it is and
// ends at zero. The run's state lists such changes, so that it is the same run however often it is interrupted.
type Recipe struct {
	LR          float64 // peak learning rate; 0 = PublishedLR. The schedule is a linear warm-up, then half a cosine down to zero
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

	Validation    dataset.Source // held-out pairs, judged in both orders; those that cannot be read are logged and not asked; nil = none
	ValidateEvery int            // steps between validations, beside the one at the end; 0 = only there
	Patience      int            // end after so many validations without a better one; 0 = never
	StopAt        float64        // end at this share of right answers; 0 = never
}

// LoRA says which layers get low-rank adapters, and of what size (Hu et al., arXiv 2106.09685): a layer y = Wx + b becomes
// y = Wx + b + alpha/rank * B(A dropout(x)), and only A and B are trained.
type LoRA struct {
	Rank    int      // 0 = 8
	Alpha   float64  // 0 = 2*Rank
	Dropout float64  // share of the adapter's input set to zero while training
	Targets []string // patterns of path.Match on names of linear layers ("visual.blocks.*"); nil = the projections of the text tower
}

// PublishedLR is the peak learning rate of all of the reference's stages.
const PublishedLR = 2e-7

// done reports that the last validation reached StopAt, or that none of the last Patience ones was the best.
func (r Recipe) done(history []Validation) bool {
	if len(history) == 0 {
		return false
	}
	if last := history[len(history)-1].Answers.All.Share(); r.StopAt > 0 && last >= r.StopAt {
		return true
	}
	return r.Patience > 0 && len(history)-1-Best(history) >= r.Patience
}

// Best is the index of the validation with the largest share of right answers, the first of equals, or -1 of none.
func Best(history []Validation) int {
	best := -1
	for i, v := range history {
		if best < 0 || v.Answers.All.Share() > history[best].Answers.All.Share() {
			best = i
		}
	}
	return best
}
