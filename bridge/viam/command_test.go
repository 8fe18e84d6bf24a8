package main

import (
	"image"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestState(t *testing.T) {
	s := serving(t, &film{frames: []image.Image{picked(1), picked(2)}})
	command := func(name string, value any) map[string]any {
		t.Helper()
		got, err := s.DoCommand(t.Context(), map[string]any{name: value})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	fresh := map[string]any{"progress": 0.0, "trend": "unknown", "confidence": 0.0, "subtask": -1.0, "was": "unknown"}
	first := map[string]any{"task": "Open a drawer", "state": fresh}
	if diff := cmp.Diff(first, command("state", true)); diff != "" {
		t.Error(diff)
	}
	for range 2 {
		if _, err := s.ClassificationsFromCamera(t.Context(), "", 0, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(due)
	}
	seen := command("state", true)
	if seen["state"].(map[string]any)["trend"] == "unknown" {
		t.Error("two frames show no trend:", seen)
	}
	if now, err := s.Status(t.Context()); err != nil || cmp.Diff(seen, now) != "" {
		t.Error(now, err)
	}
	if diff := cmp.Diff(first, command("reset", true)); diff != "" {
		t.Error(diff)
	}
	another := map[string]any{"task": "Close the drawer", "state": fresh}
	if diff := cmp.Diff(another, command("reset", "Close the drawer")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(another, command("reset", true)); diff != "" {
		t.Error(diff)
	}
	if got, err := s.ClassificationsFromCamera(t.Context(), "", 0, nil); err != nil || got[0].Label() != "unknown" {
		t.Error("the first frame after a reset is a first one:", list(got), err)
	}
}

func TestPlanned(t *testing.T) {
	s := serving(t, &film{frames: []image.Image{picked(1)}})
	got, err := s.DoCommand(t.Context(), map[string]any{"plan": "Put the red cup on the shelf"})
	if err != nil {
		t.Fatal(err)
	}
	plan := got["plan"].(map[string]any)
	if plan["goal"] != "Put the red cup on the shelf" || len(plan["subtasks"].([]any)) != 2 {
		t.Error(got)
	}
}

func TestNoCommand(t *testing.T) {
	f := &film{frames: []image.Image{picked(1)}}
	s := serving(t, f)
	for _, c := range []struct {
		command map[string]any
		want    string
	}{
		{nil, "command: has []"},
		{map[string]any{"state": true, "reset": true}, `command: has ["reset" "state"]`},
		{map[string]any{"stop": true}, "stop: there is no such command"},
		{map[string]any{"state": "all"}, "state: is all: want true"},
		{map[string]any{"reset": false}, "reset: is false: want true, or a task"},
		{map[string]any{"reset": " "}, "reset: want 1 to 2000 bytes"},
		{map[string]any{"plan": map[string]any{}}, "plan: is map[]: want true, or a task"},
		{map[string]any{"plan": "juggle the spoons"}, ""},
	} {
		if got, err := s.DoCommand(t.Context(), c.command); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v: %v, %v", c.command, got, err)
		}
	}
	if f.taken != 0 {
		t.Error("frames were taken:", f.taken)
	}
}
