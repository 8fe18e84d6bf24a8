package train

import (
	"context"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/vision"
)

const (
	scoreBatch     = 32  // pairs that Validate judges in one graph run
	explainedPairs = 64  // that it judges where each answer is first explained, token by token
	explainTokens  = 512 // of one explanation, at most
)

// Validate judges every labelled sample of a source in both orders with the weights as they are, from the logits after the
// forced beginning of the verdict. question is the user's text; samples for which it is empty are left out. Where it asks
// for descriptions before the verdict, as [dataset.CoT] does, the model writes them first, which takes its time: then 64 of
// the samples, evenly spread, have to do.
func Validate(ctx context.Context, m *model.Model, e *Encoder, src dataset.Source, question func(dataset.Sample) string) (curriculum.Answers, error) {
	var a curriculum.Answers
	frames := map[string]*model.Features{}
	var samples []dataset.Sample
	flush := func() error {
		err := e.judge(ctx, m, src, samples, frames, question, &a)
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
			return a, err
		}
		text := question(s)
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
	return a, flush()
}

func (e *Encoder) judge(ctx context.Context, m *model.Model, src dataset.Source, samples []dataset.Sample,
	frames map[string]*model.Features, question func(dataset.Sample) string, a *curriculum.Answers) error {
	if err := e.features(ctx, m, src, samples, frames); err != nil {
		return err
	}
	prompts := make([]model.Prompt, len(samples))
	for i, s := range samples {
		images := []*model.Features{frames[s.Img1], frames[s.Img2]}
		text := question(s)
		ids, err := e.question(text, images[0].Grid, images[1].Grid)
		if err != nil {
			return err
		}
		said := ""
		if dataset.Prompt(text).Explains() {
			if said, err = e.explain(ctx, m, model.Prompt{IDs: ids, Images: images}); err != nil {
				return err
			}
		}
		prompts[i] = model.Prompt{IDs: append(ids, e.Tokenizer.EncodeText(said+dataset.Verdict+"img")...), Images: images}
	}
	one, _ := e.Tokenizer.ID("1")
	two, _ := e.Tokenizer.ID("2")
	scores, err := m.Score(ctx, prompts, []int32{one, two})
	if err != nil {
		return err
	}
	for i, s := range samples {
		a.Add(s, scores[i][0] > scores[i][1] == (s.Closer == dataset.Img1))
	}
	return nil
}

// explain is what the model writes from the beginning of the descriptions to the verdict, which is left to be scored.
func (e *Encoder) explain(ctx context.Context, m *model.Model, p model.Prompt) (string, error) {
	verdict := strings.TrimSpace(dataset.Verdict)
	p.IDs = slices.Concat(p.IDs, e.Tokenizer.EncodeText(strings.TrimSpace(dataset.Details)))
	ids, err := m.Generate(ctx, p, explainTokens, func(ids []int32) bool {
		// A token is at least one byte, so the last of them hold the verdict if it has just come.
		return strings.Contains(e.Tokenizer.Decode(ids[max(0, len(ids)-len(verdict)):], true), verdict)
	})
	if err != nil {
		return "", err
	}
	text, _, _ := strings.Cut(e.Tokenizer.Decode(ids, true), verdict)
	return dataset.Details + strings.TrimSpace(text) + "\n", nil
}

// features adds the features of frames not yet seen.
func (e *Encoder) features(ctx context.Context, m *model.Model, src dataset.Source, samples []dataset.Sample, frames map[string]*model.Features) error {
	var paths []string
	var patches []*vision.Patches
	for _, s := range samples {
		for _, path := range s.Images() {
			if _, ok := frames[path]; ok {
				continue
			}
			p, err := e.frame(src, path)
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
