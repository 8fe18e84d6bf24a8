package egotsr

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/internal/ask"
	"github.com/egotsr/egotsr/internal/jsonlist"
	"github.com/egotsr/egotsr/model"
)

const (
	planLimit = 1024    // of a list of subtasks, in tokens
	maxPrompt = 1 << 16 // bytes; the model's own limit is in tokens and comes after
)

// Plan lists the atomic subtasks that remain to the goal from where the frames show the task to be, in an order that has
// been proved possible (see [decompose.Annotated]). Frames are views of one moment: each is asked alone, and the list that
// the model thinks most likely counts. An empty plan says that the goal is reached. Without frames nothing is done yet, and
// the goal is split by [Decompose].
//
// It takes a checkpoint that was taught to plan, such as nano, by [dataset.Plans] in the LongTag stage. A list whose order
// is impossible is a [*decompose.OrderError].
func (m *Model) Plan(ctx context.Context, goal string, now ...image.Image) (*decompose.Plan, error) {
	if err := checkText("task", goal, maxTask); err != nil {
		return nil, err
	}
	if len(now) == 0 {
		if err := m.alive(ctx); err != nil {
			return nil, err
		}
		return Decompose(ctx, goal, nil)
	}
	var remaining []string
	most := math.Inf(-1)
	for _, frame := range now {
		list, logProb, err := m.GenerateList(ctx, dataset.Remaining.Text(goal), frame)
		if err != nil {
			return nil, err
		}
		if logProb > most {
			remaining, most = list, logProb
		}
	}
	p, err := decompose.Annotated(goal, remaining)
	if err != nil {
		return nil, fmt.Errorf("egotsr: what the model would do next cannot be done: %w", err)
	}
	p.Reason = fmt.Sprintf("seen in the frame, with a log-probability of %.2f", most)
	return p, nil
}

// Generate answers a prompt about any number of frames in the model's own words, greedily and in at most 512 tokens. It is
// what makes a Model a [decompose.Generator].
func (m *Model) Generate(ctx context.Context, prompt string, frames ...image.Image) (string, error) {
	p, err := m.layOut(ctx, prompt, frames)
	if err != nil {
		return "", err
	}
	defer m.calls.Done()
	ids, err := m.net.Generate(ctx, p, detailsLimit, nil)
	if err != nil {
		return "", err
	}
	return m.tok.Decode(ids, true), nil
}

// GenerateList is Generate for a prompt that asks for a JSON list of texts. Every token that would leave JSON is passed
// over for the next likely one, so a list always comes out; unfinished at the limit, it ends with the last whole text.
// logProb is how likely the model thought it, as a sum of natural logarithms over its tokens.
func (m *Model) GenerateList(ctx context.Context, prompt string, frames ...image.Image) (list []string, logProb float64, err error) {
	p, err := m.layOut(ctx, prompt, frames)
	if err != nil {
		return nil, 0, err
	}
	defer m.calls.Done()
	var at jsonlist.State
	var broken error
	done := func([]int32) bool { return at.Done() }
	ids, err := m.net.GenerateBy(ctx, p, planLimit, done, func(logits []float32) (int32, bool) {
		peak, total := float64(slices.Max(logits)), 0.0
		for _, x := range logits {
			total += math.Exp(float64(x) - peak)
		}
		if math.IsNaN(total) || math.IsInf(peak, 0) {
			broken = ask.ErrNotFinite
			return 0, false
		}
		for {
			next := int32(0)
			for id, x := range logits {
				if x > logits[next] {
					next = int32(id)
				}
			}
			piece := m.tok.Decode([]int32{next}, true)
			if after, ok := at.Accept(piece); ok && piece != "" {
				at = after
				logProb += float64(logits[next]) - peak - math.Log(total)
				return next, true
			}
			if math.IsInf(float64(logits[next]), -1) {
				return 0, false // the vocabulary lacks a byte of JSON
			}
			logits[next] = float32(math.Inf(-1))
		}
	})
	return jsonlist.Parse(m.tok.Decode(ids, true)), logProb, cmp.Or(err, broken)
}

// layOut lays out a prompt and its frames. Without an error the caller has entered, and owes m.calls.Done.
func (m *Model) layOut(ctx context.Context, prompt string, frames []image.Image) (p model.Prompt, err error) {
	if err := m.enter(); err != nil {
		return p, err
	}
	defer func() {
		if err != nil {
			m.calls.Done()
		}
	}()
	if err := checkText("prompt", prompt, maxPrompt); err != nil {
		return p, err
	}
	seen := make([]*frame, len(frames))
	for i, img := range frames {
		if seen[i], err = m.prepare(fmt.Sprintf("frame %d", i), img); err != nil {
			return p, err
		}
	}
	features, err := m.features(ctx, seen)
	if err != nil {
		return p, err
	}
	p, err = m.asker.Prompt(prompt, "", features...)
	return p, argument(err)
}
