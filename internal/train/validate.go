package train

import (
	"context"
	"fmt"
	"slices"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/ask"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/vision"
)

const (
	scoreBatch     = 32  // pairs that Validate judges in one graph run
	explainedPairs = 64  // that it judges where each answer is first explained, token by token
	explainTokens  = 512 // of one explanation, at most
)

// Validate judges every labelled sample of a source in both orders with the weights as they are, from the log-odds
// that Judge takes too. question is the user's text; samples for which it is empty are left out. Where it asks
// for descriptions before the verdict, as [dataset.CoT] does, the model writes them first, which takes its time: then 64 of
// the samples, evenly spread, have to do. A sample that cannot be read is told to leftOut and asks nothing; it is an error where none can.
func Validate(ctx context.Context, m *model.Model, e *Encoder, src dataset.Source, question func(dataset.Sample) (string, error), leftOut func(error)) (curriculum.Answers, error) {
	var a curriculum.Answers
	var unread error // the last
	skip := func(err error) {
		unread = err
		leftOut(err)
	}
	asker, err := ask.New(m, e.Tokenizer)
	if err != nil {
		return a, err
	}
	frames := map[string]*model.Features{}
	var samples []dataset.Sample
	flush := func() error {
		err := e.judge(ctx, m, asker, src, samples, frames, question, skip, &a)
		samples = samples[:0]
		if len(frames) > 256 {
			clear(frames)
		}
		return err
	}
	explained := 0
	for i := range src.Len() {
		s, err := src.At(i)
		if err != nil {
			skip(err)
			continue
		}
		text, err := question(s)
		if err != nil {
			skip(fmt.Errorf("sample %d: %w", i, err))
			continue
		}
		if s.Closer == "" || text == "" {
			continue
		}
		if dataset.Prompt(text).Explains() {
			if i*explainedPairs/src.Len() < explained {
				continue
			}
			explained = i*explainedPairs/src.Len() + 1
		}
		samples = append(samples, s, s.Swap())
		if len(samples) == 2*scoreBatch {
			if err := flush(); err != nil {
				return a, err
			}
		}
	}
	if err := flush(); err != nil {
		return a, err
	}
	if a.All.Of == 0 && unread != nil {
		return a, fmt.Errorf("no pair can be asked about; the last: %w", unread)
	}
	return a, nil
}

func (e *Encoder) judge(ctx context.Context, m *model.Model, asker *ask.Asker, src dataset.Source, samples []dataset.Sample,
	frames map[string]*model.Features, question func(dataset.Sample) (string, error), skip func(error), a *curriculum.Answers) error {
	samples, err := e.features(ctx, m, src, samples, frames, skip)
	if err != nil {
		return err
	}
	pairs := make([]ask.Pair, len(samples))
	for i, s := range samples {
		text, err := question(s)
		if err != nil {
			return err
		}
		p := ask.Pair{Text: text, Frames: [2]*model.Features{frames[s.Img1], frames[s.Img2]}, Orders: []int{0}}
		if dataset.Prompt(p.Text).Explains() {
			if p.Said[0], err = asker.Describe(ctx, p.Text, explainTokens, p.Frames[:]...); err != nil {
				return err
			}
		}
		pairs[i] = p
	}
	odds, err := asker.Odds(ctx, pairs)
	if err != nil {
		return err
	}
	for i, s := range samples {
		z := odds[i][0]
		a.Add(s, z != 0 && z > 0 == (s.Closer == dataset.Img1))
	}
	return nil
}

// features adds the features of frames not yet seen, and gives the samples whose frames can be read.
func (e *Encoder) features(ctx context.Context, m *model.Model, src dataset.Source, samples []dataset.Sample, frames map[string]*model.Features, skip func(error)) ([]dataset.Sample, error) {
	var paths []string
	var patches []*vision.Patches
	unread := map[string]bool{}
	readable := func(s dataset.Sample) bool {
		for _, path := range s.Images() {
			if _, ok := frames[path]; ok || unread[path] {
				continue
			}
			p, err := e.frame(src, path)
			if err != nil {
				unread[path] = true
				skip(err)
				continue
			}
			frames[path] = nil
			paths, patches = append(paths, path), append(patches, p)
		}
		return !slices.ContainsFunc(s.Images(), func(path string) bool { return unread[path] })
	}
	var good []dataset.Sample
	for _, s := range samples {
		if readable(s) {
			good = append(good, s)
		}
	}
	features, err := m.Encode(ctx, patches)
	for i, f := range features {
		frames[paths[i]] = f
	}
	return good, err
}
