package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/examples/internal/program"
	"github.com/egotsr/egotsr/internal/simtest"
)

// TestRun measures pairs of one task out of two, and then all there is to measure, by a tiny checkpoint.
func TestRun(t *testing.T) {
	data, out := t.TempDir(), t.TempDir()
	simtest.Write(t, data, "Lift the cup", "Lift the cup, slowly")
	s := settings{
		model: program.Checkpoint{Dir: "../../testdata/tiny", Backend: "go"}, data: data, only: "Lift the cup, slowly", perEpisode: 3, prompt: "tag",
		dump: filepath.Join(out, "pairs.jsonl"), frames: 4,
	}
	n, err := run(t.Context(), s)
	if err != nil || n != 2 {
		t.Fatal(n, err)
	}
	if items, err := os.ReadFile(s.dump); err != nil || bytes.Count(items, []byte("\n")) != 6 || bytes.Count(items, []byte("Lift the cup, slowly")) != 6 {
		t.Errorf("%s, %v", items, err)
	}
	s.report = filepath.Join(out, "report")
	if _, err := run(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.html", "report.json", "report.txt", "items.jsonl"} {
		if info, err := os.Stat(filepath.Join(s.report, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.report, s.track, s.demo, s.camera = "", true, data, "80x60@10"
	if _, err := run(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	s.demo = out
	if _, err := run(t.Context(), s); err == nil || !strings.HasPrefix(err.Error(), "-demo: ") {
		t.Error(err)
	}
	s.only = "Lift the mug"
	if _, err := run(t.Context(), s); err == nil || !strings.HasPrefix(err.Error(), "-only: ") {
		t.Error(err)
	}
}
