package curriculum

import "github.com/egotsr/egotsr/dataset"

// Remembering is a stage that asks for descriptions where a sample has them, as CoT did, whatever its own prompt. Every answer counts
// alike, however long: of a verdict one token says something, and beside the hundred of a description it would not be heard. Of a
// list too only one token chooses, at its beginning; the others follow from it, and it counts as a verdict's.
func Remembering(s Stage) Stage { return remembering{s} }

type remembering struct{ Stage }

func (r remembering) Turn(s dataset.Sample) Turn {
	t := r.Stage.Turn(s)
	if s.Detail != [2]string{} {
		t = Turn{Question: dataset.CoT.Text(s.Task), Answer: dataset.CoT.Target(s)}
	}
	length := max(1, len(t.Answer))
	if s.Kind == dataset.KindPlan {
		length = len(dataset.Long.Target(dataset.Sample{Closer: dataset.Img1}))
	}
	t.Weight = 1 / float64(length)
	return t
}
