package egotsr

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/internal/ask"
	"github.com/egotsr/egotsr/model"
)

// Done is the probability that nothing remains to be done of a task, 0 to 1: of the answer "[]" to [dataset.Remaining]
// against a list that begins with some subtask. It takes a checkpoint that was taught to plan.
func (m *Model) Done(ctx context.Context, task string, frame image.Image) (float64, error) {
	p, err := m.remaining(ctx, task, nil, frame)
	if err != nil {
		return 0, err
	}
	return p[1], nil
}

// Next is the probability of each subtask of a plan to be the one that has to be done next where the frame shows the task
// to be, and after them that of none remaining: len(p.Subtasks)+1 values with the sum 1. Unlike Plan it takes the plan as
// known; of a plan without subtasks the values are those of anything and of nothing. The model is not asked to write: each way in
// which the lists of what could remain differ is one question.
func (m *Model) Next(ctx context.Context, p *decompose.Plan, frame image.Image) ([]float64, error) {
	if p == nil {
		return nil, &InputError{What: "plan", Reason: "is nil"}
	}
	if err := checkText("plan: goal", p.Goal, maxTask); err != nil {
		return nil, err
	}
	plan, err := texts(p)
	if err != nil {
		return nil, err
	}
	return m.remaining(ctx, p.Goal, plan, frame)
}

// texts are what the subtasks of a plan read, each of which is something.
func texts(p *decompose.Plan) ([]string, error) {
	all := make([]string, len(p.Subtasks))
	for i, s := range p.Subtasks {
		if err := checkText(fmt.Sprintf("plan: text of subtask %d", i), s.Text, maxTask); err != nil {
			return nil, err
		}
		all[i] = s.Text
	}
	return all, nil
}

func (m *Model) remaining(ctx context.Context, task string, plan []string, img image.Image) ([]float64, error) {
	if err := checkText("task", task, maxTask); err != nil {
		return nil, err
	}
	if err := m.enter(); err != nil {
		return nil, err
	}
	defer m.calls.Done()
	f, err := m.prepare("frame", img)
	if err != nil {
		return nil, err
	}
	features, err := m.features(ctx, []*frame{f})
	if err != nil {
		return nil, err
	}
	about, err := m.asker.Prompt(dataset.Remaining.Text(task), "", features[0])
	if err != nil {
		return nil, argument(err)
	}
	return m.next(ctx, m.lists(plan), about, nil)
}

// next asks about a frame which of the lists remains; begun is of questions that begin with it, or nil.
func (m *Model) next(ctx context.Context, l *lists, about model.Prompt, begun *model.Prefix) ([]float64, error) {
	prompts := l.prompts(about)
	for i, p := range prompts {
		prompts[i] = p.Follows(begun)
	}
	logits, err := m.net.Score(ctx, prompts, l.answers)
	if err != nil {
		return nil, err
	}
	return l.probabilities(logits)
}

// lists are the answers that what remains of a plan can have, in tokens, as the tree in which they part.
type lists struct {
	count   int
	forks   []fork
	answers []int32 // every token that follows a fork
}

// fork is a place where lists part: after the tokens said, each of next leads to the lists with the numbers in leads.
type fork struct {
	said  []int32
	next  []int32
	leads [][]int
}

// lists has number k for what remains once k subtasks are done. Of no plan it has 0 for something, 1 for nothing.
func (m *Model) lists(plan []string) *lists {
	var all [][]int32
	for k := range plan {
		all = append(all, m.tok.EncodeText(dataset.JSONList(plan[k:])))
	}
	if len(plan) == 0 {
		all = append(all, m.tok.EncodeText(`["`))
	}
	all = append(all, m.tok.EncodeText(dataset.JSONList(nil)))
	l := &lists{count: len(all)}
	numbers := make([]int, len(all))
	for k := range numbers {
		numbers[k] = k
	}
	l.part(all, numbers, 0)
	slices.Sort(l.answers)
	l.answers = slices.Compact(l.answers)
	return l
}

// part finds the forks among lists that agree in their first tokens. No list of JSON is the beginning of another.
func (l *lists) part(all [][]int32, numbers []int, from int) {
	for len(numbers) > 1 {
		f := fork{said: all[numbers[0]][:from]}
		for _, k := range numbers {
			if from == len(all[k]) {
				return
			}
			i := slices.Index(f.next, all[k][from])
			if i < 0 {
				i = len(f.next)
				f.next, f.leads = append(f.next, all[k][from]), append(f.leads, nil)
			}
			f.leads[i] = append(f.leads[i], k)
		}
		from++
		if len(f.next) == 1 {
			continue
		}
		l.forks, l.answers = append(l.forks, f), append(l.answers, f.next...)
		for _, lead := range f.leads {
			l.part(all, lead, from)
		}
		return
	}
}

// prompts are the questions at the forks, after the one about the frame.
func (l *lists) prompts(about model.Prompt) []model.Prompt {
	prompts := make([]model.Prompt, len(l.forks))
	for i, fork := range l.forks {
		prompts[i] = model.Prompt{IDs: slices.Concat(about.IDs, fork.said), Images: about.Images}
	}
	return prompts
}

// probabilities are those of the lists, by the logits that the prompts gave of the answers.
func (l *lists) probabilities(logits [][]float32) ([]float64, error) {
	p := slices.Repeat([]float64{1}, l.count)
	for i := range l.forks {
		l.forks[i].weigh(p, l.answers, logits[i])
	}
	if slices.ContainsFunc(p, math.IsNaN) {
		return nil, ask.ErrNotFinite
	}
	return p, nil
}

// weigh multiplies the probabilities of lists by that of the way they take at a fork.
func (f *fork) weigh(p []float64, answers []int32, logits []float32) {
	odds, total := make([]float64, len(f.next)), 0.0
	for i, id := range f.next {
		k, _ := slices.BinarySearch(answers, id)
		odds[i] = float64(logits[k])
	}
	peak := slices.Max(odds)
	for i := range odds {
		odds[i] = math.Exp(odds[i] - peak)
		total += odds[i]
	}
	for i, lead := range f.leads {
		for _, k := range lead {
			p[k] *= odds[i] / total
		}
	}
}
