package egotsr

import (
	"context"
	"fmt"
	"image"
	"slices"
	"time"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/ask"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/vision"
)

// Warmup compiles the graphs that Judge, JudgeAll and Progress use for frames of this size in pixels, by judging blank
// frames: one pair, and a full batch. On XLA the first judgement of a size otherwise waits seconds for its compiler;
// the pure-Go backend gains little. The frame cache stays as it is.
//
// Graphs are shared by prompts of similar length, so a task name much longer than usual may still compile one.
func (m *Model) Warmup(ctx context.Context, width, height int) error {
	if err := m.enter(); err != nil {
		return err
	}
	defer m.calls.Done()
	start := time.Now()
	patches, err := m.blank(width, height)
	if err != nil {
		return err
	}
	for _, pairs := range slices.Compact([]int{1, m.maxBatch}) {
		if err := m.warm(ctx, patches, pairs); err != nil {
			return err
		}
	}
	// A frame new among known ones is encoded alone.
	if _, err := m.net.Encode(ctx, []*vision.Patches{patches}); err != nil {
		return err
	}
	m.log.Info("warmed up", "width", width, "height", height, "seconds", time.Since(start).Seconds())
	return nil
}

// maxSide bounds the blank frame, in pixels a side.
const maxSide = 1 << 14

// blank is a frame that shows nothing.
func (m *Model) blank(width, height int) (*vision.Patches, error) {
	if width <= 0 || height <= 0 || width > maxSide || height > maxSide {
		return nil, &InputError{What: "frame size", Reason: fmt.Sprintf("%dx%d is not within 1x1 and %dx%d", width, height, maxSide, maxSide)}
	}
	f, err := m.prepare("frame size", image.NewGray(image.Rect(0, 0, width, height)))
	if err != nil {
		return nil, err
	}
	return m.images.RGBPatches(f.rgb)
}

// warm judges as many pairs of blank frames as a group holds, none of which shares its features.
func (m *Model) warm(ctx context.Context, patches *vision.Patches, pairs int) error {
	features, err := m.net.Encode(ctx, slices.Repeat([]*vision.Patches{patches}, 2*pairs))
	if err != nil {
		return err
	}
	pair := ask.Pair{Text: dataset.Long.Text("Put the cup on the table")}
	all := make([]ask.Pair, pairs)
	for i := range all {
		all[i] = pair
		all[i].Frames = [2]*model.Features(features[2*i : 2*i+2])
	}
	if _, err = m.asker.Odds(ctx, all); err != nil || pairs == 1 {
		return err
	}
	return m.warmShared(ctx, features, all)
}

// warmShared judges a full batch of pairs that share what they begin with, as the comparisons of Progress do. Beginnings are computed
// by fours, and what is left over by one or two.
func (m *Model) warmShared(ctx context.Context, features []*model.Features, all []ask.Pair) error {
	for _, n := range []int{1, 2} {
		if _, err := m.asker.Begin(ctx, features[:n]...); err != nil {
			return err
		}
	}
	begun, err := m.asker.Begin(ctx, features...)
	if err != nil {
		return err
	}
	for i := range all {
		all[i].Begun = [2]*model.Prefix(begun[2*i : 2*i+2])
	}
	_, err = m.asker.Odds(ctx, all)
	return err
}

// Warmup compiles everything that following this task can need for frames of this size in pixels: after it no Observe of such a frame
// waits for XLA's compiler. It may be called at any time, and changes nothing of what was seen. On the pure-Go backend it takes about as
// long as ten frames.
func (t *Tracker) Warmup(ctx context.Context, width, height int) error {
	if t.err != nil {
		return t.err
	}
	m := t.m
	if err := m.enter(); err != nil {
		return err
	}
	defer m.calls.Done()
	if err := t.warmDemo(ctx); err != nil {
		return err
	}
	patches, err := m.blank(width, height)
	if err != nil {
		return err
	}
	// A frame is encoded alone; those it is compared with are others than it is, and than each other.
	blank, err := m.net.Encode(ctx, []*vision.Patches{patches})
	if err != nil {
		return err
	}
	now, others := &seen{features: blank[0]}, []*seen(nil)
	if err := t.begin(ctx, now); err != nil {
		return err
	}
	if _, err := t.remaining(ctx, now); err != nil {
		return err
	}
	for range mostCompared {
		other := *now.features
		s := &seen{features: &other}
		if err := t.begin(ctx, s); err != nil {
			return err
		}
		others = append(others, s)
		if _, err := t.compare(ctx, now, others); err != nil {
			return err
		}
	}
	return nil
}

// warmDemo looks at the demonstration, when no frame is under way.
func (t *Tracker) warmDemo(ctx context.Context) error {
	select {
	case t.busy <- struct{}{}:
		defer func() { <-t.busy }()
		return t.study(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}
