package curriculum

import (
	"context"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/vision"
)

// Answers are the counts of right answers by distance in frames (1–3, 4–11, 12 and more) and on pairs whose later
// frame is the worse one; every pair is asked in both orders and each answer counts.
type Answers struct {
	Near, Middle, Far, Regression, All Count
}

// Count is right answers of all answers.
type Count struct{ Right, Of int }

// Share is Right/Of, or 0 of nothing.
func (c Count) Share() float64 { return float64(c.Right) / max(1, float64(c.Of)) }

func (c *Count) add(right bool) {
	c.Of++
	if right {
		c.Right++
	}
}

// scoreBatch is how many pairs Validate judges in one graph run.
const scoreBatch = 32

// Validate judges every sample of a source in both orders with the weights as they are.
func Validate(ctx context.Context, m *model.Model, e *Encoder, src dataset.Source, prompt dataset.Prompt) (Answers, error) {
	var a Answers
	frames := map[string]*model.Features{}
	var samples []dataset.Sample
	flush := func() error {
		err := e.judge(ctx, m, src, samples, frames, prompt, &a)
		samples = samples[:0]
		if len(frames) > 256 {
			clear(frames)
		}
		return err
	}
	for i := range src.Len() {
		s, err := src.At(i)
		if err != nil {
			return a, err
		}
		samples = append(samples, s, s.Swap())
		if len(samples) == 2*scoreBatch {
			if err := flush(); err != nil {
				return a, err
			}
		}
	}
	return a, flush()
}

func (e *Encoder) judge(ctx context.Context, m *model.Model, src dataset.Source, samples []dataset.Sample,
	frames map[string]*model.Features, prompt dataset.Prompt, a *Answers) error {
	if err := e.encode(ctx, m, src, samples, frames); err != nil {
		return err
	}
	prompts := make([]model.Prompt, len(samples))
	for i, s := range samples {
		images := []*model.Features{frames[s.Img1], frames[s.Img2]}
		ids, err := e.question(prompt.Text(s.Task), images[0].Grid, images[1].Grid)
		if err != nil {
			return err
		}
		prompts[i] = model.Prompt{IDs: append(ids, e.Tokenizer.EncodeText(dataset.Verdict+"img")...), Images: images}
	}
	one, _ := e.Tokenizer.ID("1")
	two, _ := e.Tokenizer.ID("2")
	scores, err := m.Score(ctx, prompts, []int32{one, two})
	if err != nil {
		return err
	}
	for i, s := range samples {
		right := scores[i][0] > scores[i][1] == (s.Closer == dataset.Img1)
		a.All.add(right)
		switch {
		case s.Kind == dataset.KindRegression:
			a.Regression.add(right)
		case s.Window >= 12:
			a.Far.add(right)
		case s.Window >= 4:
			a.Middle.add(right)
		default:
			a.Near.add(right)
		}
	}
	return nil
}

// encode adds the features of frames not yet seen.
func (e *Encoder) encode(ctx context.Context, m *model.Model, src dataset.Source, samples []dataset.Sample, frames map[string]*model.Features) error {
	var paths []string
	var patches []*vision.Patches
	for _, s := range samples {
		for _, path := range []string{s.Img1, s.Img2} {
			if _, ok := frames[path]; ok {
				continue
			}
			img, err := src.Image(path)
			if err != nil {
				return err
			}
			p, err := e.patches(img, path)
			if err != nil {
				return err
			}
			frames[path] = nil
			paths, patches = append(paths, path), append(patches, p)
		}
	}
	features, err := m.Encode(ctx, patches)
	for i, f := range features {
		frames[paths[i]] = f
	}
	return err
}
