package dataset

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Costs closer together than these are ties: one expert's count of steps does not order the states reliably there.
const (
	minMargin   = 5.0  // steps
	marginShare = 0.05 // of the episode's greatest cost
)

// Outcome tells how an episode ended. "" is unknown.
type Outcome string

// The outcomes.
const (
	OutcomeSuccess   Outcome = "success"   // the task is done at the end
	OutcomeRecovered Outcome = "recovered" // so it is, after a setback
	OutcomeFailed    Outcome = "failed"    // it is not
)

// Variant tells how a simulated episode was disturbed. "" is unknown.
type Variant string

// The variants.
const (
	VariantClean Variant = "clean" // not at all
	VariantPause Variant = "pause" // the robot stands still for a while
	VariantBurst Variant = "burst" // the arm is pushed away
	VariantDrop  Variant = "drop"  // the object slips out of the gripper
	VariantUndo  Variant = "undo"  // the arm lets go and the object moves back
	VariantAbort Variant = "abort" // the robot gives up and moves back
)

// Episode is one recorded attempt at a task. Slices have one entry a frame, except Plan; those a recording cannot know
// are nil. Sources keep references to them, so they must not be changed once handed over.
type Episode struct {
	Scene   string  `json:"scene"`            // with ID and Camera it identifies the recording
	ID      string  `json:"episode"`          // within the scene
	Camera  string  `json:"camera,omitempty"` // "" where there is only one
	Task    string  `json:"task"`             // the task's name
	Outcome Outcome `json:"outcome,omitempty"`
	Variant Variant `json:"variant,omitempty"`
	Seed    int     `json:"seed,omitempty"` // of the simulation; split training from validation by it

	Frames  []string `json:"frames"`            // image paths, in the order of recording
	Numbers []int    `json:"numbers,omitempty"` // frame numbers in the recording, ascending; nil = 0, 1, 2, …
	Subtask []int    `json:"subtask"`           // index into Plan; -1 in a disturbance or where nothing is annotated, len(Plan) once all is done
	Plan    []string `json:"plan"`              // texts of the atomic actions, in the order of a clean attempt

	Cost      []float64            `json:"cost,omitempty"`       // steps the expert needs from here to success; nil where unknown
	Regress   []bool               `json:"regress,omitempty"`    // the frame lies on a way down, from the best state so far to the worst after it; or nil
	BelowBest []bool               `json:"below_best,omitempty"` // the state is worse than the best seen so far in the episode; or nil
	Signals   map[string][]float64 `json:"signals,omitempty"`    // measurements of the simulator by name, such as "gripper_opening"; or nil
}

// EpisodeError reports an episode whose parts do not fit together.
type EpisodeError struct {
	Scene, ID string
	Err       error
}

func (e *EpisodeError) Error() string {
	return fmt.Sprintf("dataset: episode %s/%s: %s", e.Scene, e.ID, strings.TrimPrefix(e.Err.Error(), "dataset: "))
}

func (e *EpisodeError) Unwrap() error { return e.Err }

// Validate checks that every slice has one entry a frame, that frame numbers ascend, that costs are finite and not
// negative, and that subtasks lie in the plan or directly before or after it. Its errors are *EpisodeError.
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
	if len(e.Subtask) != n {
		return fmt.Errorf("%d frames but %d subtasks", n, len(e.Subtask))
	}
	for _, part := range []struct {
		name string
		len  int
	}{{"numbers", len(e.Numbers)}, {"costs", len(e.Cost)}, {"regress flags", len(e.Regress)}, {"below-best flags", len(e.BelowBest)}} {
		if part.len != n && part.len != 0 {
			return fmt.Errorf("%d frames but %d %s", n, part.len, part.name)
		}
	}
	for name, values := range e.Signals {
		if len(values) != n {
			return fmt.Errorf("%d frames but %d values of %s", n, len(values), name)
		}
	}
	for i, k := range e.Subtask {
		if k < -1 || k > len(e.Plan) {
			return fmt.Errorf("frame %d: subtask %d of a plan with %d", i, k, len(e.Plan))
		}
		if i > 0 && e.number(i) <= e.number(i-1) || e.number(i) < 0 {
			return fmt.Errorf("frame %d has number %d", i, e.number(i))
		}
	}
	for i, c := range e.Cost {
		if !(c >= 0 && c <= maxCost) {
			return fmt.Errorf("frame %d: cost %v is not a number of steps", i, c)
		}
	}
	return nil
}

// number is frame i's number in the recording.
func (e *Episode) number(i int) int {
	if e.Numbers == nil {
		return i
	}
	return e.Numbers[i]
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

// levels are what orders frames of different actions: the expert's costs, or where those are unknown the number of
// subtasks that remain, NaN where nothing is annotated. Levels that differ by less than margin are ties.
func (e *Episode) levels() (levels []float64, margin float64) {
	if e.Cost != nil {
		return e.Cost, e.Margin()
	}
	levels = make([]float64, len(e.Subtask))
	for i, k := range e.Subtask {
		levels[i] = float64(len(e.Plan) - k)
		if k < 0 {
			levels[i] = math.NaN()
		}
	}
	return levels, 1
}

// order tells which of frames i < j is closer to completion: 1 for the later, -1 for the earlier, 0 where that is a tie
// or unknown. Without costs the annotation decides: the order of the actions, and inside one uninterrupted action time.
func (e *Episode) order(i, j int) int {
	levels, margin := e.levels()
	return e.orderBy(levels, margin, i, j)
}

func (e *Episode) orderBy(levels []float64, margin float64, i, j int) int {
	switch a, b := levels[i], levels[j]; {
	case a-b >= margin:
		return 1
	case b-a >= margin:
		return -1
	case e.Cost == nil && e.Subtask[i] < len(e.Plan) && e.oneAction(i, j):
		return 1
	}
	return 0
}

// pair is the sample with frame i before frame j, i < j, in order of recording; closer is what order says.
func (e *Episode) pair(i, j, closer int) Sample {
	s := Sample{
		Task: e.Task, Img1: e.Frames[i], Img2: e.Frames[j],
		Scene: e.Scene, Episode: e.ID, Camera: e.Camera,
		Frame1: e.number(i), Frame2: e.number(j), Window: e.number(j) - e.number(i),
		Level: LevelLong, Plan: e.Plan, Done: [2]int{e.done(i), e.done(j)},
	}
	switch {
	case closer == 0:
		s.Kind = KindNoChange
	case closer < 0:
		s.Closer, s.Kind = Img1, KindRegression
	case e.BelowBest != nil && e.BelowBest[i]:
		s.Closer, s.Kind = Img2, KindRecovery
	default:
		s.Closer, s.Kind = Img2, KindForward
	}
	if e.oneAction(i, j) {
		s.Level = LevelShort
	}
	return s
}

// done counts the subtasks that are done at frame i. In a disturbance it is what the robot goes on with afterwards that
// tells; where nothing follows, what it did before.
func (e *Episode) done(i int) int {
	for _, k := range e.Subtask[i:] {
		if k >= 0 {
			return k
		}
	}
	for k := i; k >= 0; k-- {
		if e.Subtask[k] >= 0 {
			return e.Subtask[k]
		}
	}
	return 0
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
