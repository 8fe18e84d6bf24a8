package train

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/internal/state"
)

// filesOf are a folder's files, with what is in them.
func filesOf(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestStrangers: a run in a folder of somebody's files touches none of them, and one that would have to is refused.
func TestStrangers(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	stage := asks("tag", white, "{task_name}", curriculum.Recipe{LR: 1e-3, MaxSteps: 4, Batch: 2, Warmup: -1, Validation: pairs([2]int{10, 245})})
	for _, c := range []struct {
		theirs  map[string]string // files
		refused string            // by an error with this text; "" = not
	}{
		{map[string]string{"notes.md": "mine", "checkpoint-abc/model.safetensors": "theirs", "events/events.out.tfevents.0000000009.host.1.0": "curves",
			"checkpoint-7": "a file", "logs/checkpoint-3/trainer/state.json": "{}", ".lock": "of another program", "adapter-mine/adapter_config.json": "{}"}, ""},
		// What transformers leaves has the names of ours.
		{map[string]string{"checkpoint-500/config.json": "{}", "checkpoint-500/model.safetensors": "weights"}, "checkpoint-500"},
		{map[string]string{"checkpoint-00000500/trainer/state.json": "{}", "checkpoint-00000500/model.safetensors": "weights"}, "checkpoint-00000500"},
		{map[string]string{"best/config.json": "{}", "best/model.safetensors": "weights"}, "best"},
		{map[string]string{"best": "a file"}, "best"},
		{map[string]string{"quarantine.jsonl": "{\"mine\":1}\n"}, "quarantine.jsonl"},
		{map[string]string{"quarantine.jsonl": "mine"}, "quarantine.jsonl"},
		{map[string]string{"events": "a file"}, "events"},
	} {
		dir := t.TempDir()
		for name, text := range c.theirs {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		before := filesOf(t, dir)
		err := func() error {
			tr, err := New(t.Context(), m, e, os.DirFS(checkpoint), []curriculum.Stage{stage}, curriculum.Options{Dir: dir, SaveEvery: 1, Keep: 1})
			if err != nil {
				return err
			}
			for _, err := range tr.Steps(t.Context()) {
				if err != nil {
					return errors.Join(err, tr.Close())
				}
			}
			return tr.Close()
		}()
		if c.refused == "" && err != nil || c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)) {
			t.Errorf("%v: %v", c.theirs, err)
		}
		after := filesOf(t, dir)
		maps.DeleteFunc(after, func(path, _ string) bool { _, theirs := before[path]; return !theirs })
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%v: %s", c.theirs, diff)
		}
		for name := range c.theirs { // nothing of theirs is listed as ours
			if listed, err := (state.Disk{}).Listed(filepath.Dir(filepath.Join(dir, name))); listed || err != nil {
				t.Errorf("%s lies in a folder that is listed, %v", name, err)
			}
		}
	}
}

// TestKeptNotes: an old checkpoint in which somebody has left a file stays, and the run goes on.
func TestKeptNotes(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	dir := t.TempDir()
	notes := filepath.Join(dir, "checkpoint-00000001", "notes.md")
	tr := trainer(t, m, e, curriculum.Options{Dir: dir, SaveEvery: 1, Keep: 2}, asks("tag", white, "{task_name}", curriculum.Recipe{LR: 1e-3, MaxSteps: 5, Batch: 2, Warmup: -1}))
	for s, err := range tr.Steps(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if s.N == 1 {
			if err := os.WriteFile(notes, []byte("mine"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	there, err := checkpoints(dir)
	if diff := cmp.Diff([]string{"checkpoint-00000001", "checkpoint-00000004", "checkpoint-00000005"}, there); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if data, err := os.ReadFile(notes); err != nil || string(data) != "mine" {
		t.Errorf("%q, %v", data, err)
	}
}
