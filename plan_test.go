package egotsr

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/dataset"
)

// Random weights would never write a list; every one of them does.
func TestGenerateList(t *testing.T) {
	m := openGolden(t, Options{})
	ctx := context.Background()
	for i, frame := range []uint64{1, 2, 1} {
		list, logProb, err := m.GenerateList(ctx, dataset.Remaining.Text("wipe the table"), noise(frame, 60, 60))
		if err != nil || logProb > 0 || math.IsNaN(logProb) {
			t.Fatalf("%d: %q, %v, %v", i, list, logProb, err)
		}
		for _, text := range list {
			if text == "" || strings.ContainsRune(text, '\n') {
				t.Errorf("%d: %q", i, text)
			}
		}
	}
}

func TestGenerateText(t *testing.T) {
	m := openGolden(t, Options{})
	ctx := context.Background()
	one, err := m.Generate(ctx, "What is to be seen?", noise(1, 60, 60), noise(2, 60, 60))
	two, err2 := m.Generate(ctx, "What is to be seen?", noise(1, 60, 60), noise(2, 60, 60))
	if err != nil || err2 != nil || one != two {
		t.Errorf("%q and %q, %v, %v", one, two, err, err2)
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

// The embedded model plans whatever it is shown, and what it plans can be done.
func TestPlan(t *testing.T) {
	m := openGolden(t, Options{})
	ctx := context.Background()
	p, err := m.Plan(ctx, "Pick up the mug and put it in the sink")
	if err != nil || len(p.Subtasks) < 2 {
		t.Fatalf("without frames: %+v, %v", p, err)
	}
	if p, err = m.Plan(ctx, "Close the drawer", noise(1, 60, 60), noise(2, 60, 60)); err == nil {
		if err := p.Verify(nil); err != nil || p.Goal != "Close the drawer" {
			t.Errorf("%+v, %v", p, err)
		}
	}
}
