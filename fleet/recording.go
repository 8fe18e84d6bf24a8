package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/evaluate"
	"github.com/egotsr/egotsr/internal/state"
	"github.com/egotsr/egotsr/vision"
)

// pairsPerGroup pairs show 8 frames, and are asked together in both orders.
const pairsPerGroup = 8

// done is what became of a recording: the outcomes, and what it took.
type done struct {
	judged           *Outcome
	dead             []Outcome
	asItWas          bool
	frames, verdicts int
	model            time.Duration
	err              error // of the worker: the recording is not to blame
}

// answersFile holds the answers about a recording, and is written last.
const answersFile = "answers.json"

// answers is the content of an answersFile.
type answers struct {
	Question string   `json:"question"` // see Job.question
	Curve    []point  `json:"curve"`
	Pairs    []answer `json:"pairs"`
}

type point struct {
	Frame    int     `json:"frame"` // of the recording
	Progress float64 `json:"progress"`
}

type answer struct {
	Item   evaluate.Item  `json:"item"`
	Sample dataset.Sample `json:"sample"`
}

// recording does all work on one recording, unless it is done. There are several refs where several go by the same name.
func (w *worker) recording(ctx context.Context, refs []Ref) (d done) {
	if len(refs) > 1 {
		for _, r := range refs {
			d.dead = append(d.dead, Outcome{Ref: r, Reason: fmt.Sprintf("is one of %d recordings of this name", len(refs))})
		}
		return d
	}
	o := Outcome{Ref: refs[0]}
	o.Question, d.err = w.answer(ctx, refs[0], &d)
	switch {
	case d.err == nil:
		d.judged = &o
	case ctx.Err() == nil && !ours(d.err):
		o.Reason, d.err = d.err.Error(), nil
		d.dead = append(d.dead, o)
	default:
		d.err = fmt.Errorf("%s: %w", o.folder(), d.err)
	}
	return d
}

// workerError is an error that is no recording's fault.
type workerError struct{ error }

func (e workerError) Unwrap() error { return e.error }

// ours tells whether an error is the worker's, such as a full disk: another try may do, and the next recording would fail too.
func ours(err error) bool {
	for _, e := range []error{clips.ErrNoFFmpeg, egotsr.ErrClosed, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return errors.As(err, new(workerError))
}

func (w *worker) answer(ctx context.Context, ref Ref, d *done) (question string, err error) {
	if err := ref.named(); err != nil {
		return "", err
	}
	r, err := w.find(ref)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(w.job.Out, filepath.FromSlash(ref.folder()))
	locked, err := lock(folder)
	if err != nil {
		return "", workerError{err}
	}
	defer state.Release(locked)
	made, err := clips.Prepare(ctx, []clips.Recording{*r}, folder, &clips.Options{Every: w.job.Every, Drop: -1, Workers: 1})
	if err != nil {
		return "", workerError{err}
	}
	if len(made.Failed) > 0 {
		return "", made.Failed[0].Err
	}
	for _, e := range made.LeftOut {
		d.dead = append(d.dead, Outcome{Ref: ref, Reason: e.Err.Error()})
	}
	e, text, err := prepared(w.job.Out, ref)
	if err != nil {
		return "", workerError{err}
	}
	question = w.job.question(text)
	path := filepath.Join(folder, answersFile)
	before, err := readAnswers(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if d.asItWas = err == nil && before.Question == question; d.asItWas {
		return question, nil
	}
	a, err := w.ask(ctx, ref, e, d)
	if err != nil {
		return "", err
	}
	a.Question = question
	return question, put(path, a)
}

// prepared is the episode that was made of a recording, with frame paths in OUT, and the file that describes it.
func prepared(out string, ref Ref) (*dataset.Episode, []byte, error) {
	episodes, err := dataset.Short(os.DirFS(out), ref.folder())
	if err != nil {
		return nil, nil, err
	}
	if len(episodes) != 1 {
		return nil, nil, fmt.Errorf("%s holds %d episodes", ref.folder(), len(episodes))
	}
	name := ref.Episode
	if ref.Camera != "" {
		name += "." + ref.Camera
	}
	text, err := os.ReadFile(filepath.Join(out, filepath.FromSlash(ref.folder()), "episodes", ref.Scene, name+".json"))
	return &episodes[0], text, err
}

// ask asks the model all there is to ask about an episode. Verdicts depend, in their last digits, on what else is in a graph run, so
// a run never holds frames of two episodes: one recording is asked about at a time, by questions that follow from it alone.
func (w *worker) ask(ctx context.Context, ref Ref, e *dataset.Episode, d *done) (*answers, error) {
	shown := spread(len(e.Frames), w.job.Frames)
	images := make([]image.Image, len(shown))
	disk := os.DirFS(w.job.Out) // so that what is wrong with a frame has the same words wherever OUT is
	for k, i := range shown {
		var err error
		if images[k], err = vision.Read(disk, e.Frames[i]); err != nil {
			return nil, err
		}
	}
	src, err := w.pairs(ref, e)
	if err != nil {
		return nil, err
	}
	w.asking.Lock()
	defer w.asking.Unlock()
	m, err := w.open(ctx)
	if err != nil {
		return nil, workerError{err}
	}
	start := time.Now()
	curve, err := m.Progress(ctx, e.Task, images)
	if err != nil {
		return nil, blame(err)
	}
	a := &answers{Curve: make([]point, len(curve))}
	for k, i := range shown {
		a.Curve[k] = point{number(e, i) * w.job.Every, curve[k]}
	}
	if src != nil {
		if a.Pairs, err = judge(ctx, m, src, w.job.Seed); err != nil {
			return nil, err
		}
	}
	d.model = time.Since(start)
	d.frames, d.verdicts = len(e.Frames), len(a.Pairs)
	return a, nil
}

// blame tells a model's error about a recording from one of the device.
func blame(err error) error {
	if errors.As(err, new(*egotsr.InputError)) {
		return err
	}
	return workerError{err}
}

// pairs are those that are judged; nil where none is wanted, or where nothing tells which of two frames is closer.
func (w *worker) pairs(ref Ref, e *dataset.Episode) (dataset.Source, error) {
	if w.job.Pairs == 0 {
		return nil, nil
	}
	h := fnv.New64a()
	h.Write([]byte(ref.folder()))
	src, err := dataset.NewPairs(os.DirFS(w.job.Out), []dataset.Episode{*e}, dataset.PairOptions{
		Seed: w.job.Seed + h.Sum64(), Groups: w.job.Pairs / pairsPerGroup, PairsPerGroup: pairsPerGroup,
	})
	if errors.Is(err, dataset.ErrNoPairs) {
		return nil, nil
	}
	return src, err
}

func judge(ctx context.Context, m *egotsr.Model, src dataset.Source, seed uint64) ([]answer, error) {
	var lines bytes.Buffer
	r, err := evaluate.Pairs(ctx, m, src, &evaluate.Options{Seed: seed, Dump: &lines})
	if err != nil {
		return nil, blame(err)
	}
	if len(r.Bad) > 0 {
		return nil, fmt.Errorf("pair %d: %s", r.Bad[0].Index, r.Bad[0].Reason)
	}
	all := make([]answer, 0, src.Len())
	for in := json.NewDecoder(&lines); in.More(); {
		var a answer
		if err := in.Decode(&a.Item); err != nil {
			return nil, err
		}
		if a.Sample, err = src.At(a.Item.Index); err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// number is a frame's number in the recording as prepared.
func number(e *dataset.Episode, i int) int {
	if e.Numbers == nil {
		return i
	}
	return e.Numbers[i]
}

// spread picks up to most of n frames evenly, the first and the last among them.
func spread(n, most int) []int {
	frames := make([]int, min(n, most))
	for k := range frames {
		frames[k] = k * (n - 1) / max(1, len(frames)-1)
	}
	return frames
}
