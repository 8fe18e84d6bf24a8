package egotsr

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/foreign"
)

// lesson is what a task is taught by.
type lesson struct {
	images  fs.FS
	learnt  []dataset.Episode // labelled
	held    []dataset.Episode // held back
	memory  *rehearsal
	digest  string         // of all of that, but for the memory, and of the weights before
	chooses dataset.Source // pairs of what is held back

	// Pairs of known tasks, or nothing: a few, on the way, and many, where weights are chosen.
	knows, remembers dataset.Source
}

// frames are how many are taken of a recording, and pairs how many of one that is measured on.
const (
	lessonFrames = 64
	demoPairs    = 96
	knownPairs   = 12 // on the way
	mostKnown    = 48
)

func newLesson(ctx context.Context, m *Model, images fs.FS, demos []dataset.Episode) (*lesson, error) {
	if err := checkDemos(images, demos); err != nil {
		return nil, err
	}
	labelled, err := dataset.Labelled(ctx, images, demos, lessonFrames)
	if err != nil {
		return nil, ofDemos(demos, err)
	}
	l := &lesson{images: images}
	if l.memory, err = loadRehearsal(m.fsys); err != nil {
		return nil, fmt.Errorf("the checkpoint's %w", err)
	}
	if l.digest, err = digestOf(ctx, m, images, labelled); err != nil {
		return nil, err
	}
	return l, l.part(labelled)
}

// digestOf is SHA-256 of a model's weights, of labelled recordings, and of their files: another recording may have the names of one before.
func digestOf(ctx context.Context, m *Model, images fs.FS, labelled []dataset.Episode) (string, error) {
	weights, err := m.net.Digest(ctx)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintln(sum, weights)
	if err := json.NewEncoder(sum).Encode(labelled); err != nil {
		return "", err
	}
	for _, e := range labelled {
		for _, name := range e.Frames {
			n, err := foreign.Do("the file system", func() (int64, error) { return copied(sum, images, name) })
			if err := errors.Join(err, ctx.Err()); err != nil {
				return "", err
			}
			fmt.Fprintln(sum, n)
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}

// copied writes what a file holds, whatever its size is said to be.
func copied(to io.Writer, images fs.FS, name string) (int64, error) {
	f, err := images.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return io.Copy(to, f)
}

// part holds some recordings back of every task that has two that go well: a fifth of those, at least one.
func (l *lesson) part(labelled []dataset.Episode) error {
	const every = 5
	var tasks []string
	var bad []dataset.Episode
	good, count := map[string][]dataset.Episode{}, 0
	for _, e := range labelled {
		_, err := dataset.NewPairs(l.images, []dataset.Episode{e}, dataset.PairOptions{})
		if err != nil || e.Outcome == dataset.OutcomeFailed {
			bad = append(bad, e)
			continue
		}
		if count++; good[e.Task] == nil {
			tasks = append(tasks, e.Task)
		}
		good[e.Task] = append(good[e.Task], e)
	}
	for _, task := range tasks {
		n := len(good[task])
		hold := min(n-1, max(1, (n+every/2)/every))
		for k, e := range good[task] { // evenly, the last among them
			if (k+1)*hold/n > k*hold/n {
				l.held = append(l.held, e)
			} else {
				l.learnt = append(l.learnt, e)
			}
		}
	}
	l.learnt = append(l.learnt, bad...)
	if len(l.held) == 0 {
		return &InputError{What: "demos", Reason: fmt.Sprintf("have %d recordings in which the task is done and something moves: at least two of one task are needed, one to learn from and one to choose by", count)}
	}
	l.measured()
	return nil
}

// measured makes the pairs that are measured on.
func (l *lesson) measured() {
	l.chooses = dataset.ValidationPairs(l.images, l.held, dataset.ValidationOptions{PerEpisode: demoPairs})
	_, known := l.memory.split()
	l.knows = l.memory.from(dataset.ValidationPairs(nil, known, dataset.ValidationOptions{PerEpisode: knownPairs}))
	l.remembers = l.memory.from(dataset.ValidationPairs(nil, known, dataset.ValidationOptions{PerEpisode: mostKnown}))
}

// stage is what is learnt, with a recipe whose batch is a round of the mixture.
func (l *lesson) stage(r curriculum.Recipe, seed uint64, recalls []dataset.Sample) (curriculum.Stage, error) {
	parts, err := l.parts(seed, recalls)
	if err != nil {
		return nil, err
	}
	mix, err := dataset.NewMix(parts...)
	if err != nil {
		return nil, err
	}
	r.Batch = mix.Block()
	return curriculum.Remembering(curriculum.LongTag(mix, &r)), nil
}

// rehearses is how many blocks of each kind of question about known tasks stand beside two about the recordings. With two, ten minutes of one task cost
// nano 7 points of known pairs one to three frames apart and 29 of their next subtasks; with five of pairs and six of the others, 1 and 5.
const rehearses = 5

// parts of a round: pairs of a recording and of two, what remains, more such questions about known tasks, and verdicts on the recordings under
// the names of those. Frames are seen from slightly other places, in other light.
func (l *lesson) parts(seed uint64, recalls []dataset.Sample) (parts []dataset.Part, err error) {
	add := func(src dataset.Source, weight int, why error) {
		if errors.Is(why, dataset.ErrNoPairs) || errors.Is(why, dataset.ErrNoPlans) {
			return // nothing of that kind to learn
		}
		if err = errors.Join(err, why); err == nil {
			parts = append(parts, dataset.Part{Source: dataset.NewAugmented(src, seed), Weight: weight})
		}
	}
	pairs := func(images fs.FS, episodes []dataset.Episode) (*dataset.Pairs, error) {
		return dataset.NewPairs(images, episodes, dataset.PairOptions{Seed: seed, Groups: 1 << 30, RegressionShare: 0.4})
	}
	own, why := pairs(l.images, l.learnt)
	add(own, 2, why)
	across, why := pairs(l.images, dataset.Across(l.learnt))
	add(across, 1, why)
	plans, why := dataset.NewPlans(l.images, l.learnt)
	add(plans, 2, why)
	ends, why := dataset.NewBoundaries(l.images, l.learnt)
	add(ends, 2, why)
	rehearsed, _ := l.memory.split()
	if len(rehearsed) == 0 {
		return parts, err
	}
	known, why := pairs(nil, rehearsed)
	add(l.memory.from(known), rehearses, why)
	plans, why = dataset.NewPlans(nil, rehearsed)
	add(l.memory.from(plans), rehearses, why)
	ends, why = dataset.NewBoundaries(nil, rehearsed)
	add(l.memory.from(ends), rehearses, why)
	if len(recalls) > 0 {
		add(recalled{dataset.NewList(l.images, recalls)}, 2, nil)
	}
	return parts, err
}
