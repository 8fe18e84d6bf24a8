package dataset

import (
	"fmt"
	"slices"
)

// Costs closer together than these are ties: one expert's count of steps does not order the states reliably there.
const (
	minMargin   = 5.0  // steps
	marginShare = 0.05 // of the episode's greatest cost
)

// Episode is one recorded attempt at a task, with the truth about every frame. All slices have one entry a frame,
// except Plan. Sources keep references to them, so they must not be changed once handed over.
type Episode struct {
	Scene, ID string // together they identify the episode
	Task      string // the task's name
	Outcome   string // "success", "recovered" or "failed"
	Variant   string // the disturbance: "clean", "pause", "burst", "drop", "undo" or "abort"
	Seed      int    // of the simulation; split training from validation by it

	Frames    []string  // image paths, in the order of recording
	Cost      []float64 // steps the expert needs from here to success; the simulator's limit stands for "more than that"
	Regress   []bool    // the frame lies on a way down, from the best state so far to the worst after it
	BelowBest []bool    // the state is worse than the best seen so far in the episode
	Subtask   []int     // index into Plan; -1 in a disturbance, len(Plan) once all is done
	Plan      []string  // texts of the atomic actions, in the order of a clean attempt
}

// EpisodeError reports an episode whose parts do not fit together.
type EpisodeError struct {
	Scene, ID string
	Err       error
}

func (e *EpisodeError) Error() string {
	return fmt.Sprintf("dataset: episode %s/%s: %v", e.Scene, e.ID, e.Err)
}

func (e *EpisodeError) Unwrap() error { return e.Err }

// Validate checks that every slice has one entry a frame, that costs are finite and not negative, and that subtasks
// lie in the plan or directly before or after it. Its errors are *EpisodeError.
func (e *Episode) Validate() error {
	if err := e.check(); err != nil {
		return &EpisodeError{Scene: e.Scene, ID: e.ID, Err: err}
	}
	return nil
}

func (e *Episode) check() error {
	n := len(e.Frames)
	if n == 0 {
		return fmt.Errorf("no frames")
	}
	for _, part := range []struct {
		name string
		len  int
	}{{"costs", len(e.Cost)}, {"regress flags", len(e.Regress)}, {"below-best flags", len(e.BelowBest)}, {"subtasks", len(e.Subtask)}} {
		if part.len != n {
			return fmt.Errorf("%d frames but %d %s", n, part.len, part.name)
		}
	}
	for i, c := range e.Cost {
		if !(c >= 0 && c <= maxCost) {
			return fmt.Errorf("frame %d: cost %v is not a number of steps", i, c)
		}
		if k := e.Subtask[i]; k < -1 || k > len(e.Plan) {
			return fmt.Errorf("frame %d: subtask %d of a plan with %d", i, k, len(e.Plan))
		}
	}
	return nil
}

// maxCost keeps infinities, and sums that lose single steps, out of the labels.
const maxCost = 1 << 40

// Margin is the least difference in cost, in steps, that orders two frames of the episode: the greater of 5 steps and
// 5 % of the episode's greatest cost.
func (e *Episode) Margin() float64 {
	if len(e.Cost) == 0 {
		return minMargin
	}
	return max(minMargin, marginShare*slices.Max(e.Cost))
}

// pair is the sample with frame i before frame j, i < j, in order of recording. It is meaningful only where the costs
// differ by the margin.
func (e *Episode) pair(i, j int) Sample {
	s := Sample{
		Task: e.Task, Img1: e.Frames[i], Img2: e.Frames[j],
		Scene: e.Scene, Episode: e.ID,
		Frame1: i, Frame2: j, Window: j - i,
		Closer: Img2, Level: LevelLong, Kind: KindForward,
	}
	switch {
	case e.Cost[j] > e.Cost[i]:
		s.Closer, s.Kind = Img1, KindRegression
	case e.BelowBest[i]:
		s.Kind = KindRecovery
	}
	if e.oneAction(i, j) {
		s.Level = LevelShort
	}
	return s
}

// oneAction looks at every frame between, because an action can be attempted again after a setback: those two attempts
// share an index but not an action.
func (e *Episode) oneAction(i, j int) bool {
	for k := i; k <= j; k++ {
		if e.Subtask[k] < 0 || e.Subtask[k] != e.Subtask[i] {
			return false
		}
	}
	return true
}

// differs reports whether two costs are far enough apart to be ordered.
func differs(a, b, margin float64) bool {
	return a-b >= margin || b-a >= margin
}
