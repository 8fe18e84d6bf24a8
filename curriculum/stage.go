package curriculum

import (
	"fmt"
	"hash/fnv"
	"unicode/utf8"

	"github.com/egotsr/egotsr/dataset"
)

// Stage is one part of a curriculum. Its methods are called from several goroutines, and must give the same answers in a
// resumed run as in the one that was interrupted.
type Stage interface {
	// Name is a short word, different from that of other stages of a run. It names the stage's scalars.
	Name() string

	// Source is what is learnt from. Samples come in the order of a [dataset.Order], so it may be of any size.
	Source() dataset.Source

	// Turn makes a question and its answer of a sample. An answer that is empty leaves the sample out.
	Turn(s dataset.Sample) Turn

	// Recipe says how.
	Recipe() Recipe

	// Done ends the stage before its recipe does. It is asked after every validation.
	Done(history []Validation) bool
}

// Turn is one exchange: what the user asks beneath the two images, and what the assistant is to answer.
type Turn struct {
	Question string
	Answer   string
	Given    int     // bytes at the beginning of Answer that the loss leaves out
	Weight   float64 // what each token counts in the loss beside those of other turns; 0 = 1, as in the reference
	Open     bool    // the answer does not end with the end-of-turn token
	Early    bool    // the loss begins too early, by as many tokens as the images expand to: the reference's label mask
}

// stage is the built-in kind: one prompt of EgoTSR's.
type stage struct {
	name   string
	src    dataset.Source
	prompt dataset.Prompt
	recipe Recipe
}

// CoT is the first stage: describe both frames, then decide. Samples without descriptions teach the decision alone. A nil
// recipe, here and below, means the reference's hyper-parameters for that stage.
func CoT(src dataset.Source, r *Recipe) Stage {
	return newStage("cot", src, dataset.CoT, r, Recipe{Batch: 1, MaxTarget: 1500})
}

// Tag is the second stage: decide at once.
func Tag(src dataset.Source, r *Recipe) Stage {
	return newStage("tag", src, dataset.Tag, r, Recipe{Batch: 1, MaxTarget: 1500})
}

// LongTag is the third stage: decide on frames that lie whole subtasks apart. Samples of [dataset.Plans] among them teach
// the model to say which subtasks remain.
func LongTag(src dataset.Source, r *Recipe) Stage {
	return newStage("long", src, dataset.Long, r, Recipe{Batch: 4, MaxTarget: 500})
}

// General follows Tag where a model is to judge tasks of every kind.
func General(src dataset.Source, r *Recipe) Stage {
	return newStage("general", src, dataset.Long, r, Recipe{Batch: 4, MaxTarget: 500})
}

func newStage(name string, src dataset.Source, prompt dataset.Prompt, r *Recipe, published Recipe) Stage {
	if r == nil {
		r = &published
		r.LR, r.WeightDecay, r.MaxGradNorm = PublishedLR, 0.01, 0.3
		r.Epochs, r.Accumulate = 2, 2
	}
	return &stage{name, src, prompt, *r}
}

func (s *stage) Name() string           { return s.name }
func (s *stage) Source() dataset.Source { return s.src }
func (s *stage) Recipe() Recipe         { return s.recipe }

// Turn is the stage's prompt and the sample's target text. A question that has no answer is answered as a coin falls, which
// teaches a model to be unsure of it; one of [dataset.KindPlan] is asked for what remains. With Recipe.Reference it has the
// published labels: no end of turn, and in CoT and Tag a mask measured before the image placeholders expand.
func (s *stage) Turn(x dataset.Sample) Turn {
	prompt := s.prompt
	switch x.Kind {
	case dataset.KindNoChange, dataset.KindWrongTask:
		x.Closer = coin(x)
	case dataset.KindPlan:
		prompt = dataset.Remaining
	}
	return Turn{
		Question: prompt.Text(x.Task),
		Answer:   prompt.Target(cut(x, s.recipe.MaxTarget)),
		Open:     s.recipe.Reference,
		Early:    s.recipe.Reference && prompt != dataset.Long,
	}
}

// coin is one side or the other, always the same for the same question.
func coin(s dataset.Sample) string {
	h := fnv.New32a()
	fmt.Fprint(h, s.Task, "\x00", s.Img1, "\x00", s.Img2)
	return [2]string{dataset.Img1, dataset.Img2}[h.Sum32()>>16&1]
}

// Done is the recipe's exit rule.
func (s *stage) Done(history []Validation) bool { return s.recipe.done(history) }

// cut shortens a sample's descriptions so that they have no more than limit characters together: the reference cuts the
// whole target, and with it the verdict.
func cut(s dataset.Sample, limit int) dataset.Sample {
	if limit <= 0 {
		limit = 1500
	}
	for i, d := range s.Detail {
		if half := limit / 2; utf8.RuneCountInString(d) > half {
			s.Detail[i] = string([]rune(d)[:half])
		}
	}
	return s
}
