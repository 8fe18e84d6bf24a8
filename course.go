package egotsr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
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
//	run/        the run of the trainer
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
}

const courseFile = "teach.json"

type courseState struct {
	Lesson  string  `json:"lesson"` // the digest of what is learnt from
	Seed    uint64  `json:"seed"`
	LoRA    bool    `json:"lora"`
	Seconds float64 `json:"seconds"` // spent so far
	Before  *mark   `json:"before,omitempty"`
	Known   *mark   `json:"known,omitempty"`
	Best    mark    `json:"best"`
	Step    int     `json:"step"` // of Best; 0 = before any
}

// course begins a run, or goes on with the one that its directory holds.
func (m *Model) course(ctx context.Context, l *lesson, o TeachOptions, began time.Time) (*course, error) {
	parameters := 0
	for _, p := range m.net.Config.Params() {
		n := 1
		for _, d := range p.Shape {
			n *= d
		}
		parameters += n
	}
	c := &course{teacher: m, lesson: l, opts: o, began: began}
	c.at = courseState{Lesson: l.digest, Seed: o.Seed, LoRA: o.LoRA || parameters > maxWhole}
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
	o.Meter, o.FrameCache, o.Logger = nil, max(o.FrameCache, 2*demoFrames), nil
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

// run teaches, and hands what has been learnt to the teacher.
func (c *course) run(ctx context.Context) (*Taught, error) {
	took := time.Now()
	if c.at.Before == nil {
		before, known, err := c.marks(ctx)
		if err != nil {
			return nil, err
		}
		c.at.Before, c.at.Known, c.at.Best = &before, known, before
		if err := c.keep(); err != nil {
			return nil, err
		}
		c.opts.Logger.Info("teach: before", "held back", before.Right, "loss", before.Loss, "known", known)
	}
	last := 3*time.Since(took) + c.opts.Budget/50 // what choosing and fitting will take
	if err := c.train(ctx, last); err != nil {
		return nil, err
	}
	taught := &Taught{Before: c.at.Before.Right, After: c.at.Best.Right, Known: math.NaN(), Steps: c.at.Step}
	if c.at.Step == 0 {
		if c.at.Known != nil {
			taught.Known = c.at.Known.Right
		}
		return taught, c.keep()
	}
	return taught, c.hand(ctx, taught)
}

// marks are how well the student judges what was held back, and known tasks.
func (c *course) marks(ctx context.Context) (held mark, known *mark, err error) {
	asked, err := c.student.labelled(ctx, c.chooses, &JudgeOptions{})
	if err != nil || c.knows == nil {
		return markOf(asked), nil, err
	}
	remembered, err := c.student.labelled(ctx, c.knows, &JudgeOptions{})
	x := markOf(remembered)
	return markOf(asked), &x, err
}

// recipe is how it is trained: all weights, or adapters of both towers and of what joins them.
func (c *course) recipe() curriculum.Recipe {
	r := curriculum.Recipe{LR: 4e-4, WeightDecay: 0.01, MaxGradNorm: 1, Beta2: 0.95, Warmup: 20, MaxSteps: 1000}
	if c.at.LoRA {
		r.LoRA = &curriculum.LoRA{Rank: 16, Targets: []string{"visual.blocks.*", "visual.merger.*", "model.layers.*_proj"}}
		r.Checkpointing = true
	}
	return r
}

// parts of a run: after each the recordings held back are judged, and the steps left counted anew.
const courseParts = 8

// train takes steps until the time is up but for what comes last, and keeps the best weights.
func (c *course) train(ctx context.Context, last time.Duration) error {
	stage, err := c.stage(c.recipe(), c.opts.Seed)
	if err != nil {
		return err
	}
	c.trainer, err = NewTrainer(c.student, []curriculum.Stage{stage}, &TrainOptions{
		Dir: filepath.Join(c.opts.Dir, "run"), Seed: c.opts.Seed, Keep: 1, SaveEvery: 1 << 30, Logger: c.opts.Logger, LogEvery: 50})
	if err != nil {
		return err
	}
	for count := 6; ; {
		goal := c.left() / courseParts
		pace, steps, err := c.steps(ctx, count, last)
		if err != nil || steps == 0 {
			return err
		}
		if pace > 0 {
			rest := c.left() - last
			more := int(rest / pace)
			c.trainer.inner.Stretch(steps + more)
			count = max(1, min(int(goal/pace), more))
		}
		if err := c.judge(ctx, steps); err != nil {
			return err
		}
		if c.left() <= last {
			return nil
		}
	}
}

// steps takes so many steps, fewer where the time or the schedule ends, and tells how long one takes and how many have been taken in all;
// of none it is 0.
func (c *course) steps(ctx context.Context, count int, last time.Duration) (pace time.Duration, n int, err error) {
	var took []time.Duration
	for began := time.Now(); count > 0 && c.left() > last; count-- {
		for step, err := range c.trainer.Steps(ctx) {
			if err != nil {
				return 0, 0, err
			}
			n = step.N
			took = append(took, time.Since(began))
			began = time.Now()
			if count--; count <= 0 || c.left() <= last {
				break
			}
		}
		break
	}
	slices.Sort(took) // the median, since some compile
	if len(took) > 0 {
		pace = took[len(took)/2]
	}
	return pace, n, nil
}

// judge keeps the weights where they are the best so far.
func (c *course) judge(ctx context.Context, step int) error {
	held, known, err := c.marks(ctx)
	if err != nil {
		return err
	}
	c.opts.Logger.Info("teach", "step", step, "held back", held.Right, "loss", held.Loss, "known", known, "left", c.left())
	if held.Right > c.at.Best.Right || held.Right == c.at.Best.Right && held.Loss < c.at.Best.Loss {
		if err := c.student.Save(ctx, filepath.Join(c.opts.Dir, "best")); err != nil {
			return err
		}
		c.at.Best, c.at.Step = held, step
	}
	return c.keep()
}

// hand gives the best weights to the teacher, with a temperature and an end of their own.
func (c *course) hand(ctx context.Context, taught *Taught) error {
	best, err := c.open(ctx, filepath.Join(c.opts.Dir, "best"))
	if err != nil {
		return err
	}
	defer best.Close()
	asked, err := best.labelled(ctx, c.chooses, &JudgeOptions{})
	if err != nil {
		return err
	}
	if c.knows != nil {
		known, err := best.labelled(ctx, c.knows, &JudgeOptions{})
		if err != nil {
			return err
		}
		taught.Known = markOf(known).Right
		asked = append(asked, known...)
	}
	f := fitted{Temperature: fitTemperature(asked)}
	if f.Done, err = c.end(ctx, best); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.teacher.net.Take(ctx, best.net, 1); err != nil {
		return err
	}
	c.teacher.fitted.Store(&f)
	c.teacher.frames.forget()
	c.opts.Logger.Info("teach: done", "steps", taught.Steps, "before", taught.Before, "after", taught.After, "known", taught.Known, "temperature", f.Temperature, "end", f.Done)
	return c.keep()
}

// end fits the probability from which a task is taken for done: the one that tells the ends of what was held back best from the rest, the
// nearest to the usual where several do.
func (c *course) end(ctx context.Context, best *Model) (float64, error) {
	var p []float64
	var over []bool
	ask := func(src dataset.Source, why error) error {
		if errors.Is(why, dataset.ErrNoPlans) {
			return nil
		}
		for i := 0; why == nil && i < src.Len(); i++ {
			var s dataset.Sample
			var img image.Image
			if s, why = src.At(i); why == nil {
				img, why = src.Image(s.Img1)
			}
			if why == nil {
				var done float64
				done, why = best.Done(ctx, s.Task, img)
				p, over = append(p, done), append(over, len(s.Remaining()) == 0)
			}
		}
		return why
	}
	plans, err := dataset.NewPlans(c.images, c.held)
	if err := ask(plans, err); err != nil {
		return 0, err
	}
	return threshold(p, over), nil
}

// threshold is the one above which most of those that are over lie, and below which most of the others: the two shares count alike. Of a
// range of equals it is the nearest to the usual end, within an eighth of the range from its ends.
func threshold(p []float64, over []bool) float64 {
	count := 0
	for _, is := range over {
		if is {
			count++
		}
	}
	if count == 0 || count == len(over) {
		return 0
	}
	at := append([]float64{0, 1}, p...)
	slices.Sort(at)
	at = slices.Compact(at)
	best, from, to := -1.0, 0.0, 1.0
	for k := range at[:len(at)-1] {
		low, high := at[k], at[k+1]
		hits, passes := 0, 0
		for i, x := range p {
			if over[i] && x >= high {
				hits++
			} else if !over[i] && x <= low {
				passes++
			}
		}
		score := float64(hits)/float64(count) + float64(passes)/float64(len(over)-count)
		switch {
		case score > best:
			best, from, to = score, low, high
		case score == best && low == to:
			to = high
		}
	}
	margin := (to - from) / 8
	return min(max(end, from+margin), to-margin)
}
