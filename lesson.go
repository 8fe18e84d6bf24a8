package egotsr

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
)

// lesson is what a task is taught by.
type lesson struct {
	images  fs.FS
	learnt  []dataset.Episode // labelled
	held    []dataset.Episode // held back
	memory  *rehearsal
	digest  string         // of the above, but for the memory
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

func newLesson(ctx context.Context, checkpoint, images fs.FS, demos []dataset.Episode) (*lesson, error) {
	if err := checkDemos(images, demos); err != nil {
		return nil, err
	}
	labelled, err := dataset.Labelled(ctx, images, demos, lessonFrames)
	if err != nil {
		return nil, ofDemos(demos, err)
	}
	l := &lesson{images: images}
	if l.memory, err = loadRehearsal(checkpoint); err != nil {
		return nil, fmt.Errorf("the checkpoint's %w", err)
	}
	text, err := json.Marshal(labelled)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	l.digest = fmt.Sprintf("%x", sum)
	return l, l.part(labelled)
}

// part holds some recordings back: every fifth of those that go well, at least one, and of those with costs that do not, too.
func (l *lesson) part(labelled []dataset.Episode) error {
	const every = 5
	var good, bad []dataset.Episode
	for _, e := range labelled {
		_, err := dataset.NewPairs(l.images, []dataset.Episode{e}, dataset.PairOptions{})
		switch {
		case err == nil && e.Outcome != dataset.OutcomeFailed:
			good = append(good, e)
		default:
			bad = append(bad, e)
		}
	}
	if len(good) < minDemos {
		return &InputError{What: "demos", Reason: fmt.Sprintf("have %d recordings in which the task is done and something moves: at least two are needed, one to learn from and one to choose by", len(good))}
	}
	hold := max(1, (len(good)+every/2)/every)
	for k, e := range good { // evenly, the last among them
		if (k+1)*hold/len(good) > k*hold/len(good) {
			l.held = append(l.held, e)
		} else {
			l.learnt = append(l.learnt, e)
		}
	}
	l.learnt = append(l.learnt, bad...)
	l.chooses = dataset.ValidationPairs(l.images, l.held, dataset.ValidationOptions{PerEpisode: demoPairs})
	_, known := l.memory.split()
	l.knows = l.memory.from(dataset.ValidationPairs(nil, known, dataset.ValidationOptions{PerEpisode: knownPairs}))
	l.remembers = l.memory.from(dataset.ValidationPairs(nil, known, dataset.ValidationOptions{PerEpisode: mostKnown}))
	return nil
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

// parts of a round: pairs of a recording and of two, what remains, half as many questions about known tasks, and verdicts on the recordings under
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
	add(l.memory.from(known), 2, why)
	plans, why = dataset.NewPlans(nil, rehearsed)
	add(l.memory.from(plans), 2, why)
	ends, why = dataset.NewBoundaries(nil, rehearsed)
	add(l.memory.from(ends), 2, why)
	if len(recalls) > 0 {
		add(recalled{dataset.NewList(l.images, recalls)}, 2, nil)
	}
	return parts, err
}
