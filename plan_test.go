package egotsr

import (
	"context"
	"errors"
	"image"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model/nano"
	"github.com/egotsr/egotsr/vision"
)

// Random weights would never write a list; every one of them does, and for equal frames the same.
func TestGenerateList(t *testing.T) {
	m := openTiny(t, Options{})
	type written struct {
		List    []string
		LogProb float64
	}
	var all []written
	for i, frame := range []uint64{1, 2, 1} {
		list, logProb, err := m.GenerateList(t.Context(), dataset.Remaining.Text("wipe the table"), noise(frame, 60, 60))
		if err != nil || len(list) == 0 || !(logProb < 0) {
			t.Fatalf("%d: %q, %v, %v", i, list, logProb, err)
		}
		for _, text := range list {
			if text == "" || strings.ContainsRune(text, '\n') {
				t.Errorf("%d: %q", i, text)
			}
		}
		all = append(all, written{list, logProb})
	}
	if diff := cmp.Diff(all[0], all[2]); diff != "" {
		t.Errorf("one frame, two answers (-want +got):\n%s", diff)
	}
	if cmp.Equal(all[0].List, all[1].List) {
		t.Errorf("two frames, one answer: %q", all[0].List)
	}
}

func TestGenerateText(t *testing.T) {
	m := openTiny(t, Options{})
	ctx := context.Background()
	var texts []string
	for _, frame := range []uint64{2, 2, 3} {
		text, err := m.Generate(ctx, "What is to be seen?", noise(1, 60, 60), noise(frame, 60, 60))
		if err != nil || text == "" {
			t.Fatalf("%q, %v", text, err)
		}
		texts = append(texts, text)
	}
	if texts[0] != texts[1] || texts[0] == texts[2] {
		t.Errorf("of two equal frames and another: %q", texts)
	}
	if _, err := m.Generate(ctx, "no frames at all"); err != nil {
		t.Error(err)
	}
	for _, prompt := range []string{"", "\xff", strings.Repeat("x", maxPrompt+1), strings.Repeat("a b ", maxPrompt/4)} {
		if _, err := m.Generate(ctx, prompt); !errors.As(err, new(*InputError)) {
			t.Errorf("%.10q: %v", prompt, err)
		}
	}
	if _, err := m.Generate(ctx, "one", nil); !errors.As(err, new(*InputError)) {
		t.Error(err)
	}
	m.Close()
	if _, err := m.Generate(ctx, "closed"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// What the embedded model plans can be done, and of two frames the one counts that it is surer of.
func TestPlan(t *testing.T) {
	m := openFS(t, nano.FS(), Options{})
	ctx := context.Background()
	p, err := m.Plan(ctx, "Pick up the mug and put it in the sink")
	if err != nil || len(p.Subtasks) < 2 {
		t.Fatalf("without frames: %+v, %v", p, err)
	}
	const goal = "Open a door with a revolving joint"
	var frames []image.Image
	var want []string
	most := math.Inf(-1)
	for _, name := range []string{"door-b.jpg", "door-a.jpg"} {
		frame, err := vision.ReadFile("examples/judge/frames/" + name)
		if err != nil {
			t.Fatal(err)
		}
		list, logProb, err := m.GenerateList(ctx, dataset.Remaining.Text(goal), frame)
		if err != nil || len(list) < 2 {
			t.Fatalf("%s: %q, %v", name, list, err)
		}
		if frames = append(frames, frame); logProb > most {
			want, most = list, logProb
		}
	}
	if p, err = m.Plan(ctx, goal, frames...); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range p.Subtasks {
		got = append(got, s.Text)
	}
	if diff := cmp.Diff(want, got); diff != "" || p.Goal != goal || p.Verify(nil) != nil {
		t.Errorf("%+v, %v (-want +got):\n%s", p, p.Verify(nil), diff)
	}
}
