package egotsr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/internal/state"
)

// course is a run of Teach. Its directory holds
//
//	start/      the checkpoint that it began with
//	run-0/      the run of the trainer, and others where its rate was too high
//	best/       the checkpoint that the recordings held back have chosen so far; absent where that is start
//	teach.json  the rest
type course struct {
	teacher *Model // that is to learn in the end
	student *Model // that does meanwhile
	*lesson
	opts    TeachOptions
	began   time.Time
	spent   time.Duration // before that
	at      courseState
	trainer *Trainer
	once    time.Duration // what judging all that is held back takes
	last    time.Duration // what there has to be left when the last step is taken
}

const courseFile = "teach.json"

type courseState struct {
	Lesson  string  `json:"lesson"` // the digest of what is learnt from
	Seed    uint64  `json:"seed"`
	LoRA    bool    `json:"lora"`
	Seconds float64 `json:"seconds"` // spent so far
	Before  *mark   `json:"before,omitempty"`
	Best    mark    `json:"best"`   // its loss is that of known tasks too
	Step    int     `json:"step"`   // of Best; 0 = before any
	Steps   int     `json:"steps"`  // planned
	First   float64 `json:"first"`  // the loss of Best before any
	Slower  int     `json:"slower"` // how often the rate was lowered
}

// course begins a run, or goes on with the one that its directory holds.
func (m *Model) course(ctx context.Context, l *lesson, o TeachOptions, began time.Time) (*course, error) {
	c := &course{teacher: m, lesson: l, opts: o, began: began}
	c.last = o.Budget / 20
	c.at = courseState{Lesson: l.digest, Seed: o.Seed, LoRA: o.LoRA || m.net.Config.Parameters() > maxWhole, Steps: planned}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, err
	}
	if err := c.resume(); err != nil {
		return nil, err
	}
	start := filepath.Join(o.Dir, "start")
	if _, err := os.Stat(filepath.Join(start, "config.json")); errors.Is(err, fs.ErrNotExist) {
		if err := m.net.Save(ctx, m.fsys, m.calibrationText(), start); err != nil {
			return nil, err
		}
	}
	var err error
	c.student, err = c.open(ctx, start)
	return c, err
}

// resume reads where the run is, if there is one.
func (c *course) resume() error {
	data, err := os.ReadFile(filepath.Join(c.opts.Dir, courseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var was courseState
	if err := json.Unmarshal(data, &was); err != nil {
		return fmt.Errorf("%s: %w", courseFile, err)
	}
	if was.Lesson != c.at.Lesson || was.Seed != c.at.Seed || was.LoRA != c.at.LoRA {
		return &InputError{What: "TeachOptions.Dir", Reason: "holds a run with other recordings, another seed or another LoRA: take another directory"}
	}
	c.at, c.spent = was, time.Duration(was.Seconds*float64(time.Second))
	return nil
}

// open opens a checkpoint of the run as the teacher was opened.
func (c *course) open(ctx context.Context, dir string) (*Model, error) {
	o := c.teacher.opened
	o.Meter, o.FrameCache, o.Logger = nil, max(o.FrameCache, 2*lessonFrames), nil
	s, err := Open(ctx, os.DirFS(dir), &o)
	if err != nil {
		return nil, err
	}
	s.images = c.teacher.images
	return s, nil
}

// keep writes where the run is.
func (c *course) keep() error {
	c.at.Seconds = (c.spent + time.Since(c.began)).Seconds()
	text, err := json.Marshal(c.at)
	if err != nil {
		return err
	}
	return state.Disk{}.WriteFile(filepath.Join(c.opts.Dir, courseFile), func(w io.Writer) error { _, err := w.Write(text); return err })
}

// fitting is what the very last things take.
func (c *course) fitting() time.Duration { return 3*c.once + c.opts.Budget/50 }

// left is what there is of the budget.
func (c *course) left() time.Duration { return c.opts.Budget - c.spent - time.Since(c.began) }

func (c *course) close() (err error) {
	if c.trainer != nil {
		err = c.trainer.Close()
	}
	return errors.Join(err, c.student.Close())
}

// reopen ends the training, and makes the student one of the run's checkpoints.
func (c *course) reopen(ctx context.Context, from string) error {
	err := c.close()
	if c.trainer = nil; err == nil {
		c.student, err = c.open(ctx, filepath.Join(c.opts.Dir, from))
	}
	return err
}

// run teaches, and hands what has been learnt to the teacher.
func (c *course) run(ctx context.Context) (*Taught, error) {
	if c.at.Before == nil {
		took := time.Now()
		before, joint, err := c.marks(ctx, "teach: before")
		if err != nil {
			return nil, err
		}
		c.at.Before, c.at.Best, c.at.First = &before, mark{before.Right, joint}, joint
		c.last += time.Since(took)
		if err := c.keep(); err != nil {
			return nil, err
		}
	}
	if err := c.train(ctx); err != nil {
		return nil, err
	}
	if c.at.Step > 0 {
		if err := c.blend(ctx); err != nil {
			return nil, err
		}
		if taught, err := c.hand(ctx); taught != nil || err != nil {
			return taught, err
		}
	}
	known, err := c.teacher.mark(ctx, c.knows)
	return &Taught{Before: c.at.Before.Right, After: c.at.Before.Right, Known: known.Right}, errors.Join(err, c.keep())
}

// recipe is how it is trained: all weights, at a rate that wider layers bear less of, or adapters of both towers and of what joins them.
func (c *course) recipe() curriculum.Recipe {
	const rate, width, adapterRate = 5e-4, 192, 2e-4
	r := curriculum.Recipe{WeightDecay: 0.01, MaxGradNorm: 1, Beta2: 0.95, Warmup: 20, MaxSteps: c.at.Steps}
	if r.LR = rate * min(1, width/float64(c.teacher.net.Config.HiddenSize)); c.at.LoRA {
		r.LR, r.Checkpointing = adapterRate, true
		r.LoRA = &curriculum.LoRA{Rank: 16, Targets: []string{"visual.blocks.*", "visual.merger.*", "model.layers.*_proj"}}
	}
	r.LR /= math.Pow(4, float64(c.at.Slower))
	return r
}

// After firstSteps, and then after every one of so many parts of the budget, the recordings held back are judged, and the steps that are left
// counted anew.
const (
	firstSteps  = 8
	courseParts = 8
	planned     = 1000 // before the pace is known
)

// Where the answers have become so much less likely than before, the rate was too high; it is lowered so often.
const (
	tooFar     = 0.5
	mostSlower = 3
)

// train takes steps until the time is up but for what comes last, and keeps the best weights.
func (c *course) train(ctx context.Context) error {
	if c.left() <= c.last {
		return nil
	}
	stage, err := c.stage(c.recipe(), c.opts.Seed)
	if err != nil {
		return err
	}
	c.trainer, err = NewTrainer(c.student, []curriculum.Stage{stage}, &TrainOptions{
		Dir: filepath.Join(c.opts.Dir, fmt.Sprintf("run-%d", c.at.Slower)), Seed: c.opts.Seed, Keep: 1, SaveEvery: math.MaxInt, Logger: c.opts.Logger, LogEvery: 50})
	if err != nil {
		return err
	}
	for count := firstSteps; count > 0; {
		pace, step, err := c.steps(ctx, count)
		if errors.Is(err, curriculum.ErrDiverged) {
			return c.slower(ctx)
		}
		if err != nil || step == 0 {
			return err
		}
		began := time.Now()
		loss, err := c.judge(ctx, step)
		if err != nil {
			return err
		}
		if loss > c.at.First+tooFar {
			return c.slower(ctx)
		}
		c.once = time.Since(began)
		c.last = c.fitting() + time.Duration(1+len(blends))*c.once // the last weights are judged, and those of every blend
		more := max(0, int((c.left()-c.last)/pace))
		count = min(more, max(1, int(c.opts.Budget/courseParts/pace)))
		c.at.Steps = step + more
		c.trainer.inner.Stretch(c.at.Steps)
		if err := c.keep(); err != nil {
			return err
		}
	}
	return nil
}

// slower begins again at a quarter of the rate, with the best weights so far.
func (c *course) slower(ctx context.Context) error {
	from := "start"
	if c.at.Step > 0 {
		from = "best"
	}
	if err := c.reopen(ctx, from); err != nil || c.at.Slower == mostSlower {
		return err
	}
	c.at.Slower, c.at.Steps = c.at.Slower+1, planned
	c.opts.Logger.Info("teach: the rate was too high, and is a quarter of it now", "from", from)
	if err := c.keep(); err != nil {
		return err
	}
	return c.train(ctx)
}

// steps takes so many, fewer where the time or the schedule ends, and tells how long one takes, and the number of the last; 0 where there
// was none left.
func (c *course) steps(ctx context.Context, count int) (pace time.Duration, last int, err error) {
	var took []time.Duration
	began := time.Now()
	for step, err := range c.trainer.Steps(ctx) {
		if err != nil {
			return 0, 0, err
		}
		last, took = step.N, append(took, time.Since(began))
		began = time.Now()
		if len(took) == count || c.left() <= c.last {
			break
		}
	}
	if len(took) == 0 {
		return 0, 0, nil
	}
	slices.Sort(took)
	return took[len(took)/2], last, nil // the median: some compile
}

// judge keeps the student's weights where they are the best so far: of those that name no fewer frames than before, the ones by which the
// answers are likeliest, about what was held back and about what was known together, as its loss tells.
func (c *course) judge(ctx context.Context, step int, more ...any) (loss float64, err error) {
	held, loss, err := c.marks(ctx, "teach", append(more, "step", step, "left", c.left().Seconds())...)
	if err != nil {
		return 0, err
	}
	if held.Right >= c.at.Before.Right && loss < c.at.Best.Loss {
		if err := c.student.Save(ctx, filepath.Join(c.opts.Dir, "best")); err != nil {
			return 0, err
		}
		c.at.Best, c.at.Step = mark{held.Right, loss}, step
	}
	return loss, nil
}

// knownCounts is how much more known tasks count than the one that is taught, when weights are chosen: they stand for all that was known.
const knownCounts = 3

// marks are the student's: of what was held back, and the loss of that and of what was known together. The log hears of them under a message.
func (c *course) marks(ctx context.Context, message string, more ...any) (held mark, loss float64, err error) {
	if held, err = c.student.mark(ctx, c.chooses); err != nil {
		return held, 0, err
	}
	known, err := c.student.mark(ctx, c.knows)
	if err != nil {
		return held, 0, err
	}
	c.opts.Logger.Info(message, append(more, "right", held.Right, "loss", held.Loss, "known", known.Right, "its loss", known.Loss)...)
	if loss = held.Loss; !math.IsNaN(known.Loss) { // without a rehearsal set
		loss += knownCounts * known.Loss
	}
	return held, loss, nil
}
