package curriculum

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/vision"
)

// Validation is what held-out pairs said after a step of a stage.
type Validation struct {
	Step    int     `json:"step"`
	Answers Answers `json:"answers"`
}

// Answers are counts of right answers; every pair is asked in both orders and each answer counts.
type Answers struct {
	All        Count `json:"all"`
	Near       Count `json:"near"`       // frames 1 to 3 apart
	Middle     Count `json:"middle"`     // 4 to 11
	Far        Count `json:"far"`        // 12 and more
	Regression Count `json:"regression"` // any distance, the later frame is worse; not in the three above
	Forward    Count `json:"forward"`    // all pairs, asked with the earlier frame first
	Inverse    Count `json:"inverse"`    // all pairs, asked with the later frame first
}

// Gap is the difference between asking with the earlier and with the later frame first: what a habit of position makes.
func (a Answers) Gap() float64 { return math.Abs(a.Forward.Share() - a.Inverse.Share()) }

// String is one line of percentages.
func (a Answers) String() string {
	percent := func(c Count) float64 { return 100 * c.Share() }
	return fmt.Sprintf("%.1f %% of %d; 1–3 frames %.1f, 4–11 %.1f, 12+ %.1f, regressions %.1f of %d, gap %.1f",
		percent(a.All), a.All.Of, percent(a.Near), percent(a.Middle), percent(a.Far), percent(a.Regression), a.Regression.Of, 100*a.Gap())
}

func (a Answers) parts() map[string]Count {
	return map[string]Count{"all": a.All, "near": a.Near, "middle": a.Middle, "far": a.Far, "regression": a.Regression}
}

func (a *Answers) add(s dataset.Sample, right bool) {
	a.All.add(right)
	if s.Frame1 < s.Frame2 {
		a.Forward.add(right)
	} else {
		a.Inverse.add(right)
	}
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

// Count is right answers of all answers.
type Count struct {
	Right int `json:"right"`
	Of    int `json:"of"`
}

// Share is Right/Of, or 0 of nothing.
func (c Count) Share() float64 { return float64(c.Right) / max(1, float64(c.Of)) }

func (c *Count) add(right bool) {
	c.Of++
	if right {
		c.Right++
	}
}

const (
	scoreBatch     = 32  // pairs that Validate judges in one graph run
	explainedPairs = 64  // that it judges where each answer is first explained, token by token
	explainTokens  = 512 // of one explanation, at most
)

// Validate judges every labelled sample of a source in both orders with the weights as they are, from the logits after the
// forced beginning of the verdict. question is the user's text; samples for which it is empty are left out. Where it asks
// for descriptions before the verdict, as [dataset.CoT] does, the model writes them first, which takes its time: then 64 of
// the samples, evenly spread, have to do.
func Validate(ctx context.Context, m *model.Model, e *Encoder, src dataset.Source, question func(dataset.Sample) string) (Answers, error) {
	var a Answers
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
	frames map[string]*model.Features, question func(dataset.Sample) string, a *Answers) error {
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
		a.add(s, scores[i][0] > scores[i][1] == (s.Closer == dataset.Img1))
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
