package curriculum

import "log/slog"

// Options say where a run is kept and how often.
type Options struct {
	Dir       string       // checkpoints, optimiser state, TensorBoard events, list of bad samples; made if absent
	Seed      uint64       // of the order of samples
	Keep      int          // checkpoints kept, the newest; 0 = 10
	SaveEvery int          // steps between checkpoints; one is also made at the end of every stage and when Steps is left; 0 = 500
	LogEvery  int          // steps between lines of the log and points of the curves; 0 = 10
	Shard     bool         // every device holds an equal part of weights, moments and gradients, not a copy; needs a backend of several
	MaxBad    float64      // share of unreadable samples above which the run stops, as [dataset.OpenQuarantine] counts it; 0 = 0.01
	Logger    *slog.Logger // nil = silence
}

// Step reports one optimiser step.
type Step struct {
	Stage              string
	N, Total           int     // within the stage, from 1; those that held no sample are not told of, but counted
	Loss, LR, GradNorm float64 // the loss is the mean over the step's supervised tokens, weighed as their turns say; the norm is that before clipping
	Tokens, Samples    int     // supervised tokens and sequences of this step
	Skipped            int     // samples that could not be read so far
	NonFinite          int     // steps left out so far, since their loss or gradient was not finite
	Rate               float64 // samples a second of the last LogEvery steps, without the time of validations, saves and the loop's body
	Waited             float64 // share of that time in which the device waited for data
	Validation         *Validation
}
