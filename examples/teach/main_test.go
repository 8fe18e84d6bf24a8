package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/examples/internal/program"
	"github.com/egotsr/egotsr/internal/simtest"
)

var tiny = program.Checkpoint{Dir: "../../testdata/tiny", Backend: "go"}

// From simulated episodes, and from folders of frames: a checkpoint that opens, and a picture of two curves.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	simtest.Write(t, dir, "Lift the cup", "Lift the cup")
	frames := filepath.Join(t.TempDir(), "frames")
	for name, from := range map[string]string{"1": "scene0/0", "2": "scene1/0", "3": "scene0/1", "failed/1": "scene1/1"} {
		if err := os.CopyFS(filepath.Join(frames, filepath.FromSlash(name)), os.DirFS(filepath.Join(dir, "observation", filepath.FromSlash(from)))); err != nil {
			t.Fatal(err)
		}
	}
	for _, data := range []string{dir, frames} {
		s := settings{from: tiny, source: source{dir: data}, out: filepath.Join(t.TempDir(), "taught"), teach: egotsr.TeachOptions{Budget: time.Second}}
		s.source.files.Task = "Lift the cup"
		if err := s.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		m, err := egotsr.Open(t.Context(), os.DirFS(s.out), &egotsr.Options{Backend: "go"})
		if err != nil {
			t.Fatal(err)
		}
		m.Close()
		svg, err := os.ReadFile(s.out + ".svg")
		if err != nil || strings.Count(string(svg), "<polyline") != 2 {
			t.Errorf("%v %s", err, svg)
		}
	}
	s := settings{from: tiny, source: source{dir: frames}, out: filepath.Join(t.TempDir(), "taught")}
	if err := s.run(t.Context()); err == nil || !strings.Contains(err.Error(), "-task") {
		t.Error(err)
	}
}

// What a folder holds becomes recordings, and what lies in failed failures.
func TestFolders(t *testing.T) {
	dir := t.TempDir()
	simtest.Write(t, dir, "Lift the cup")
	s := source{dir: filepath.Join(dir, "observation", "scene0")}
	s.files.Task = "Lift the cup"
	if err := os.Rename(filepath.Join(s.dir, "1"), filepath.Join(dir, "x")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(s.dir, "failed"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "x"), filepath.Join(s.dir, "failed", "1")); err != nil {
		t.Fatal(err)
	}
	disk, demos, err := s.read(t.Context(), filepath.Join(dir, "frames"))
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []dataset.Outcome
	for _, d := range demos {
		outcomes = append(outcomes, d.Outcome)
		if _, err := fs.Stat(disk, d.Frames[0]); err != nil || len(d.Frames) != 12 {
			t.Error(err, d.Frames)
		}
	}
	if diff := cmp.Diff([]dataset.Outcome{dataset.OutcomeSuccess, dataset.OutcomeFailed}, outcomes); diff != "" {
		t.Error(diff)
	}
	if demos, err = dataset.Labelled(t.Context(), disk, demos, mostFrames); err != nil {
		t.Fatal(err)
	}
	good, bad := demos[0], demos[1]
	if _, _, err := apart(disk, []dataset.Episode{good, good, bad}); err == nil || !strings.Contains(err.Error(), "3 recordings, in 2 of which") {
		t.Error(err)
	}
	demos = []dataset.Episode{good, good, good, bad}
	demos[2].ID = "last"
	rest, last, err := apart(disk, demos)
	if err != nil || last.ID != "last" || len(rest) != 3 || rest[2].ID != bad.ID || demos[3].ID != bad.ID {
		t.Errorf("%v, %v, %v", rest, last, err)
	}
}

// What cannot be used is told of before a checkpoint is opened or anything made.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	simtest.Write(t, dir, "Lift the cup")
	frames := os.DirFS(filepath.Join(dir, "observation", "scene0", "0"))
	jpeg, err := fs.ReadFile(frames, "frame_000003.jpg")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		says string
		make func(data, out string) error
	}{
		"absent": {"nowhere", func(data, out string) error { return os.RemoveAll(data) }},
		"empty":  {"holds no folders", func(data, out string) error { return os.Mkdir(filepath.Join(data, "failed"), 0o755) }},
		"loose":  {"1.jpg is in no folder", func(data, out string) error { return os.WriteFile(filepath.Join(data, "1.jpg"), jpeg, 0o644) }},
		"loose failed": {"1.jpg is in no folder", func(data, out string) error {
			return os.CopyFS(filepath.Join(data, "failed"), fstest.MapFS{"1.jpg": {Data: jpeg}})
		}},
		"few": {"1 recordings, in 1 of which", func(data, out string) error { return os.CopyFS(filepath.Join(data, "a"), frames) }},
		"one frame": {"b has a single frame", func(data, out string) error {
			return os.CopyFS(filepath.Join(data, "b"), fstest.MapFS{"1.jpg": {Data: jpeg}})
		}},
		"cut short": {"a/2.jpg", func(data, out string) error {
			return os.CopyFS(filepath.Join(data, "a"), fstest.MapFS{"1.jpg": {Data: jpeg}, "2.jpg": {Data: jpeg[:len(jpeg)/2]}})
		}},
		"foreign out": {"mine.txt", func(data, out string) error {
			return errors.Join(os.CopyFS(filepath.Join(data, "a"), frames), os.CopyFS(out, fstest.MapFS{"mine.txt": {}}))
		}},
	} {
		data, out := filepath.Join(t.TempDir(), "nowhere"), filepath.Join(t.TempDir(), "taught")
		if err := os.Mkdir(data, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := c.make(data, out); err != nil {
			t.Fatal(err)
		}
		s := settings{from: program.Checkpoint{Dir: "no checkpoint"}, source: source{dir: data}, out: out}
		s.source.files.Task = "Lift the cup"
		if err := s.run(t.Context()); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(out + ".run"); err == nil {
			t.Errorf("%s: a run was begun", name)
		}
	}
	s := settings{measure: measure{dir: dir, only: "*"}}
	if err := s.measureAll(t.Context()); err == nil || strings.Contains(err.Error(), "%!") {
		t.Error(err)
	}
}

// Every task is measured before and after, on episodes of its own.
func TestMeasure(t *testing.T) {
	dir := t.TempDir()
	for _, part := range []string{"demos", "failures", "held"} {
		simtest.Write(t, filepath.Join(dir, "lift", part), "Lift the cup", "Lift the cup")
	}
	s := settings{from: tiny, teach: egotsr.TeachOptions{Budget: time.Second}, measure: measure{dir: dir, only: "*", demos: 4, failures: 1, bare: true}}
	demos, err := s.measure.choose(filepath.Join(dir, "lift"))
	if err != nil || len(demos) != 4 || demos[0].Cost != nil {
		t.Errorf("%d demonstrations, %v", len(demos), err)
	}
	r, err := s.measureTask(t.Context(), filepath.Join(dir, "lift"))
	if err != nil || r.before.middle == 0 || r.after.middle == 0 || r.taught.After < r.taught.Before {
		t.Errorf("%+v, %v", r, err)
	}
}
