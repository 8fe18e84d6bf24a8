package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	s := settings{from: tiny, source: source{dir: frames}}
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
	rest, last, err := apart(demos)
	if err != nil || len(rest) != 1 || last.ID != "0" {
		t.Errorf("%v, %v, %v", rest, last, err)
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
