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
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/state"
)

// course is a run of Teach. Its directory holds
//
//	start/      the checkpoint that it began with
//	run-0/      the run of the trainer, and others where its rate was too high
//	peak/       the weights on the way that know best what is held back, whatever they have forgotten; absent where those are start's
//	best/       the weights between start and peak that are handed over; absent where those are start's
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
	recalls []dataset.Sample
	once    time.Duration // what judging all that is held back takes, known tasks in brief
	last    time.Duration // what there has to be left when the last step is taken
}

const courseFile = "teach.json"

type courseState struct {
	Lesson  string  `json:"lesson"` // the digest of what is learnt from, and of the weights before
	Seed    uint64  `json:"seed"`
	LoRA    bool    `json:"lora"`
	Seconds float64 `json:"seconds"`          // spent so far
	Before  *mark   `json:"before,omitempty"` // of what is held back
	Peak    float64 `json:"peak"`             // the lowest loss of that on the way
	Best    float64 `json:"best"`             // the least cost on the way back, which best has nearly; where there is none, that of start
	Known   float64 `json:"known"`            // share of known tasks' pairs that were right before; 0 without a rehearsal set
	Step    int     `json:"step"`             // of peak; 0 = before any
	Blended bool    `json:"blended"`          // there will be no better best
	Steps   int     `json:"steps"`            // planned
	Slower  int     `json:"slower"`           // how often the rate was lowered
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
	c.student, err = c.open(ctx, filepath.Join(o.Dir, c.from()))
	return c, err
}

// from is the checkpoint that the training begins with, now that the rate is what it is.
func (c *course) from() string {
	if c.at.Slower > 0 && c.at.Step > 0 {
		return "peak"
	}
	return "start"
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
		return &InputError{What: "TeachOptions.Dir", Reason: "holds a run of other weights or recordings, another seed or another LoRA: take another directory"}
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
		before, known, err := c.marks(ctx, c.remembers, "teach: before")
		if err != nil {
			return nil, err
		}
		c.at.Before, c.at.Peak, c.at.Best = &before, before.Loss, before.Loss
		if !math.IsNaN(known.Right) {
			c.at.Known = known.Right
		}
		c.last += time.Since(took)
		if err := c.keep(); err != nil {
			return nil, err
		}
	}
	if err := c.train(ctx); err != nil {
		return nil, err
	}
	if c.at.Step > 0 && !c.at.Blended {
		if err := c.blend(ctx); err != nil {
			return nil, err
		}
	}
	if c.kept() {
		if taught, err := c.hand(ctx); taught != nil || err != nil {
			return taught, err
		}
	}
	known := math.NaN()
	if c.remembers.Len() > 0 {
		known = c.at.Known
	}
	return &Taught{Before: c.at.Before.Right, After: c.at.Before.Right, Known: known}, c.keep()
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
	courseParts = 7
	planned     = 1000 // before the pace is known
)

// Where the answers have become so much less likely than before, or so many more of known tasks are wrong, the rate was too high; it is lowered
// so often.
const (
	tooFar     = 0.5
	forgotten  = 0.15
	mostSlower = 3
)

// train takes steps until the time is up but for what comes last, and keeps the weights of the peak.
func (c *course) train(ctx context.Context) error {
	if c.left() <= c.last {
		return nil
	}
	var err error
	if c.recalls == nil { // the teacher says the same at a lower rate
		if c.recalls, err = c.recall(ctx); err != nil {
			return err
		}
	}
	stage, err := c.stage(c.recipe(), c.opts.Seed, c.recalls)
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
		far, err := c.judge(ctx, step)
		if err != nil {
			return err
		}
		if far {
			return c.slower(ctx)
		}
		c.once = time.Since(began)
		c.last = c.fitting() + c.once + time.Duration(len(blends))*c.thorough()
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

// slower begins again at a quarter of the rate, with the weights of the peak.
func (c *course) slower(ctx context.Context) error {
	if c.at.Slower == mostSlower {
		return nil
	}
	c.at.Slower, c.at.Steps = c.at.Slower+1, planned
	c.opts.Logger.Info("teach: the rate was too high, and is a quarter of it now", "from", c.from())
	if err := errors.Join(c.reopen(ctx, c.from()), c.keep()); err != nil {
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

// asWell is how much less likely the answers of later weights may be to be taken for as good: their rate was lower, so they have forgotten less.
const asWell = 1.1

// judge keeps the student's weights as the peak where no fewer frames than before are named right among what was held back, and the answers are
// about as likely as ever; it tells whether they have gone too far from either what is taught or what was known.
func (c *course) judge(ctx context.Context, step int) (far bool, err error) {
	held, known, err := c.marks(ctx, c.knows, "teach", "step", step, "left", c.left().Seconds())
	if err != nil {
		return false, err
	}
	if held.Right >= c.at.Before.Right && held.Loss < min(c.at.Before.Loss, asWell*c.at.Peak) {
		if err := c.student.Save(ctx, filepath.Join(c.opts.Dir, "peak")); err != nil {
			return false, err
		}
		c.at.Peak, c.at.Step, c.at.Blended = min(held.Loss, c.at.Peak), step, false
	}
	return held.Loss > c.at.Before.Loss+tooFar || known.Right < c.at.Known-forgotten, nil
}

// marks are the student's, of what was held back and of known tasks. The log hears of them under a message.
func (c *course) marks(ctx context.Context, of dataset.Source, message string, more ...any) (held, known mark, err error) {
	if held, err = c.student.mark(ctx, c.chooses); err != nil {
		return held, known, err
	}
	if known, err = c.student.mark(ctx, of); err != nil {
		return held, known, err
	}
	c.opts.Logger.Info(message, append(more, "right", held.Right, "loss", held.Loss, "known", known.Right, "its loss", known.Loss)...)
	return held, known, nil
}
