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
	if err := run(t.Context(), c, sheet, &evaluate.Options{Name: "tiny"}, false, &out); err != nil {
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

// TestShards answers a table by shards of one row each, and merges them.
func TestShards(t *testing.T) {
	dir := t.TempDir()
	sheet := evaluate.Sheet{In: filepath.Join(dir, "pairs.csv"), Images: "../judge/frames", Out: filepath.Join(dir, "answers.csv")}
	table := "video_path1,video_path2,task_name\ndoor-a.jpg,door-b.jpg,Open a door\ndoor-b.jpg,door-a.jpg,Open a door\n"
	if err := os.WriteFile(sheet.In, []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c := program.Checkpoint{Dir: "../../testdata/tiny", Backend: "go"}
	for _, step := range []struct {
		shard string
		merge int
	}{{"0/2", 0}, {"1/2", 0}, {"", 2}} {
		var err error
		if sheet.Shard, sheet.Shards, err = part(step.shard, step.merge); err != nil {
			t.Fatal(err)
		}
		if err := run(t.Context(), c, sheet, &evaluate.Options{Name: "tiny"}, step.merge > 0, &out); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"shard 0 of 2: 1 rows answered", "shard 1 of 2: 1 rows", "answers.csv: 2 rows answered, 0 skipped"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	for _, wrong := range []string{"0", "2/2", "-1/2", "1/", "a/b", "0/0"} {
		if _, _, err := part(wrong, 0); err == nil {
			t.Errorf("%q is taken for a shard", wrong)
		}
	}
	if _, _, err := part("0/2", 2); err == nil {
		t.Error("a shard is merged and answered")
	}
}
