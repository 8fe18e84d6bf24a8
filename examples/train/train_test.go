package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/examples/internal/program"
	"github.com/egotsr/egotsr/internal/simtest"
)

// TestChoice: whole tasks and whole failures are left out; a pause is no failure.
func TestChoice(t *testing.T) {
	episodes := []dataset.Episode{
		{ID: "1", Task: "open, then close", Variant: "clean", Outcome: "success", Regress: []bool{false, false}},
		{ID: "2", Task: "press", Variant: "pause", Outcome: "success", Regress: []bool{false}},
		{ID: "3", Task: "press", Variant: "clean", Outcome: "success", Regress: []bool{false, true}},
		{ID: "4", Task: "press", Variant: "drop", Outcome: "recovered", Regress: []bool{true}},
		{ID: "5", Task: "press", Variant: "abort", Outcome: "failed", Regress: []bool{true}},
		{ID: "6", Task: "turn", Variant: "clean", Outcome: "success", Regress: []bool{false}},
	}
	for _, c := range []struct {
		choice choice
		want   string
	}{
		{choice{failures: true}, "123456"},
		{choice{}, "126"},
		{choice{failures: true, without: "open, then close; turn"}, "2345"},
		{choice{without: "press;"}, "16"},
	} {
		left, err := c.choice.of(episodes)
		got := ""
		for _, e := range left {
			got += e.ID
		}
		if err != nil || got != c.want {
			t.Errorf("%+v: %s, want %s, %v", c.choice, got, c.want, err)
		}
	}
	if _, err := (choice{without: "pres"}).of(episodes); err == nil {
		t.Error("an unknown task was left out")
	}
}

func TestEntry(t *testing.T) {
	for k, want := range []string{"3", "2", "2"} {
		if got := entry("3, 2", k); got != want {
			t.Errorf("entry %d is %q, want %q", k, got, want)
		}
	}
}

// TestTrain takes a tiny checkpoint through two stages, validates on a task left out, and opens what is best.
func TestTrain(t *testing.T) {
	ctx := context.Background()
	data, out := t.TempDir(), filepath.Join(t.TempDir(), "run")
	simtest.Write(t, data, "Lift the cup", "Lift the cup, slowly")
	s := settings{
		stages: "tag,long", steps: "2,1", rates: "1e-4,5e-5", data: data,
		choice:   choice{without: "Lift the cup, slowly", failures: true, regressions: 0.25},
		validate: data, only: "Lift the cup, slowly", from: program.Checkpoint{Dir: "../../testdata/tiny", Backend: "go"},
		recipe:  curriculum.Recipe{Batch: 2, Warmup: -1, Both: true},
		options: egotsr.TrainOptions{Dir: out, Keep: 1},
	}
	if err := train(ctx, s); err != nil {
		t.Fatal(err)
	}
	m, err := egotsr.Open(ctx, os.DirFS(filepath.Join(out, "best")), &egotsr.Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(out, "checkpoint-00000003")); err != nil {
		t.Error(err)
	}
	if err := train(ctx, s); err == nil || !strings.Contains(err.Error(), "-resume") {
		t.Errorf("a second run in the same place: %v", err)
	}
	s.resume, s.rates = true, "1e-4"
	if err := train(ctx, s); err == nil || !strings.Contains(err.Error(), "LR") {
		t.Errorf("going on with another rate: %v", err)
	}
}
