package main

import (
	"testing"

	"github.com/egotsr/egotsr/dataset"
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
