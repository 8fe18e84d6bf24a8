package egotsr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"slices"
	"time"

	"github.com/egotsr/egotsr/dataset"
)

// TeachOptions say how long a model is taught, and how. Nil, or the zero value, is sound.
type TeachOptions struct {
	// Budget is the wall-clock time that all of it may take, from reading the recordings to fitting the temperature; zero means 10 minutes.
	// A run that Dir holds goes on with what is left of its budget. Where that is too short for a step nothing is learnt, and that is no error.
	Budget time.Duration

	// LoRA trains low-rank adapters of both towers and of what joins them, not all weights. So are checkpoints of more than 100 million
	// parameters taught anyway.
	LoRA bool

	// Dir is where the run is kept, to go on with after whatever has ended it, by the same recordings and the weights that it began with.
	// It takes some ten times the checkpoint: 120 MB with nano. "" is a temporary folder, and nothing to go on with.
	Dir string

	Seed   uint64       // of the order of questions
	Logger *slog.Logger // hears of the run; nil = the model's
}

// Taught is what a model has learnt. Shares are of pairs of frames, each judged as Judge does by default.
type Taught struct {
	Before, After float64 // share of pairs right on the recordings held back; After is never less
	Known         float64 // the same, afterwards, on tasks that the checkpoint has learnt from before; NaN where it carries no rehearsal set
	Steps         int     // of the optimiser, up to the weights that were chosen; 0: none was better, and the model is as it was
}

// maxWhole is the number of parameters up to which all of them are trained.
const maxWhole = 100_000_000

// The recordings that a task can be taught by: one is learnt from, one is chosen by; and more than a few thousand would not be looked at in
// minutes.
const (
	minDemos = 2
	maxDemos = 4096
)

// Teach makes the model good at the tasks of a few recordings. A recording is frames, as paths in images, and the task's name; that is a
// success unless its Outcome says otherwise, and see [dataset.Labelled] for what is made of Subtask and Cost where they are known. Frames have to
// be of one size. At most 64 are taken of a recording, evenly.
//
// Every fifth recording of a task that goes well is held back, at least one where there are two. The others are learnt from, each alone, beside one
// another, and failures beside the ends of all that go well, under the prompts of Judge and of Done and in the company of what the checkpoint knew: of
// the rehearsal.json in it, where it has that, and of its own verdicts on the recordings under the names of those tasks. What is held back of the
// recordings chooses the weights among those on the way and lowers the rate where it was too high; what is held back of both chooses among
// weights on the way back to those before, where each point of the share right of known tasks, beyond half a one, counts as much as a tenth of
// a nat of the task's loss: the nearest to those before that have nine tenths of what is to be won. Both fit the temperature and the probability
// from which a [Tracker] takes a task for done. Where no weights are better than those before, the model is left as it was, to the bit.
// [Model.Save] keeps all of it.
//
// A copy is what learns, so the memory is that of another model and of training it, see [NewTrainer]; calls meanwhile are answered with the weights
// before, and so is everything where an error or the context ends it. The new weights take their place between two runs of a
// graph, so that an answer of that moment may be of both. Trackers are of the weights they began with. Two that teach one model
// take turns. Of one seed the questions are the same; how many steps there is time for, the clock decides.
//
// An argument that cannot be used is an *InputError: "demos", "demo 3", or a field of the options; so are weights in int8, which cannot learn.
func (m *Model) Teach(ctx context.Context, images fs.FS, demos []dataset.Episode, opts *TeachOptions) (*Taught, error) {
	began := time.Now()
	o, err := opts.complete()
	if err != nil {
		return nil, err
	}
	if err := m.enter(); err != nil {
		return nil, err
	}
	defer m.calls.Done()
	if m.opened.Weights == "int8" {
		return nil, &InputError{What: "Options.Weights", Reason: "are int8, which cannot be taught: open the checkpoint with f32 or bf16, and what is saved then with int8"}
	}
	select {
	case m.teaching <- struct{}{}:
		defer func() { <-m.teaching }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if o.Logger == nil {
		o.Logger = m.log
	}
	l, err := newLesson(ctx, m, images, demos)
	if err != nil {
		return nil, failed("teach: ", err)
	}
	if o.Dir == "" {
		if o.Dir, err = os.MkdirTemp("", "teach-"); err != nil {
			return nil, failed("teach: ", err)
		}
		defer os.RemoveAll(o.Dir)
	}
	c, err := m.course(ctx, l, o, began)
	if err != nil {
		return nil, failed("teach: ", err)
	}
	taught, err := c.run(ctx)
	if closed := c.close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, failed("teach: ", err)
	}
	return taught, nil
}

// complete fills in the defaults.
func (o *TeachOptions) complete() (TeachOptions, error) {
	var d TeachOptions
	if o != nil {
		d = *o
	}
	if d.Budget < 0 {
		return d, &InputError{What: "TeachOptions.Budget", Reason: fmt.Sprintf("is %v", d.Budget)}
	}
	d.Budget = cmp.Or(d.Budget, 10*time.Minute)
	return d, nil
}

// checkDemos finds what is wrong with recordings before a frame is read.
func checkDemos(images fs.FS, demos []dataset.Episode) error {
	switch n := len(demos); {
	case images == nil:
		return &InputError{What: "images", Reason: "is nil"}
	case n == 0:
		return &InputError{What: "demos", Reason: "are none"}
	case n < minDemos:
		return &InputError{What: "demos", Reason: "is one: at least two are needed, one to learn from and one to choose by"}
	case n > maxDemos:
		return &InputError{What: "demos", Reason: fmt.Sprintf("are %d, at most %d are taken", n, maxDemos)}
	}
	for k, e := range demos {
		what := fmt.Sprintf("demo %d", k)
		if err := checkText(what+": task", e.Task, maxTask); err != nil {
			return err
		}
		if len(e.Frames) < 2 {
			return &InputError{What: what, Reason: fmt.Sprintf("has %d frames: what goes on is seen from two on", len(e.Frames))}
		}
		if !slices.Contains([]dataset.Outcome{"", dataset.OutcomeSuccess, dataset.OutcomeRecovered, dataset.OutcomeFailed}, e.Outcome) {
			return &InputError{What: what, Reason: fmt.Sprintf("has the outcome %.40q", e.Outcome)}
		}
	}
	return nil
}

// ofDemos names the recording that an error of dataset.Labelled is of.
func ofDemos(demos []dataset.Episode, err error) error {
	file, episode := (*dataset.FileError)(nil), (*dataset.EpisodeError)(nil)
	for k, e := range demos {
		if errors.As(err, &file) && slices.Contains(e.Frames, file.Path) || errors.As(err, &episode) && e.Scene == episode.Scene && e.ID == episode.ID {
			return &InputError{What: fmt.Sprintf("demo %d", k), Err: err}
		}
	}
	return err
}

// mark is how well some pairs are judged.
type mark struct {
	Right float64 `json:"right"` // share
	Loss  float64 `json:"loss"`  // mean negative log-likelihood, at the best temperature
}

// mark asks about all pairs of a source.
func (m *Model) mark(ctx context.Context, src dataset.Source) (mark, error) {
	asked, err := m.labelled(ctx, src, &JudgeOptions{})
	return markOf(asked), err
}

// markOf sums up answers; it is NaN of none.
func markOf(asked []scored) mark {
	if len(asked) == 0 {
		return mark{math.NaN(), math.NaN()}
	}
	var x mark
	t := fitTemperature(asked)
	for _, s := range asked {
		x.Loss += s.loss(t) / float64(len(asked))
		if s.right() {
			x.Right += 1 / float64(len(asked))
		}
	}
	return x
}

// right is whether both orders together name the right frame.
func (s scored) right() bool {
	p := sigmoid(s.odds[0]) - sigmoid(s.odds[1])
	return p != 0 && p > 0 == s.img1
}
