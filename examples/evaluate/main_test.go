package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/evaluate"
	"github.com/egotsr/egotsr/examples/internal/program"
)

// TestRun answers a table of two pairs, of which one has no second frame, and reports on the other.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	sheet := evaluate.Sheet{In: filepath.Join(dir, "pairs.csv"), Images: "../judge/frames", Out: filepath.Join(dir, "answers.csv")}
	table := "video_path1,video_path2,task_name,target\ndoor-a.jpg,door-b.jpg,Open a door,img1\ndoor-a.jpg,none.jpg,Open a door,img1\n"
	if err := os.WriteFile(sheet.In, []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c := program.Checkpoint{Dir: "../../testdata/tiny", Backend: "go"}
	if err := run(t.Context(), c, sheet, &evaluate.Options{Name: "tiny"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 rows answered, 1 skipped", "none.jpg", "tiny"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	answers, err := os.ReadFile(sheet.Out)
	if err != nil || strings.Count(string(answers), "\n") != 2 || !strings.Contains(string(answers), "door-a.jpg,door-b.jpg,Open a door,img") {
		t.Errorf("%s, %v", answers, err)
	}
}
