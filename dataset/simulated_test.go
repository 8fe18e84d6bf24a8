package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/internal/simtest"
)

func TestSimulated(t *testing.T) {
	_, episodes := mixed(t)
	var names []string
	for _, e := range episodes {
		names = append(names, e.Scene+"/"+e.ID)
	}
	if want := []string{"s0/1", "s1/1", "s1/2", "s1/3"}; !slices.Equal(names, want) {
		t.Fatalf("episodes %v, want %v", names, want)
	}
	e := episodes[1]
	if e.Task != "task 1" || e.Outcome != "success" || e.Variant != "clean" || e.Seed != 100 {
		t.Errorf("%+v", e)
	}
	if e.Frames[14] != "observation/s1/1/frame_000014.jpg" || e.Cost[5] != 90 || !e.Regress[5] || e.Regress[6] || !e.BelowBest[6] {
		t.Errorf("frames %v, costs %v, regress %v, below best %v", e.Frames, e.Cost, e.Regress, e.BelowBest)
	}
	if e.Subtask[6] != 0 || e.Subtask[7] != 1 || len(e.Plan) != 2 {
		t.Errorf("subtasks %v of %v", e.Subtask, e.Plan)
	}
}

func TestSimulatedRoots(t *testing.T) {
	fsys := fstest.MapFS{}
	for name, f := range tree(t, [][]int{steady}) {
		fsys["a/"+name], fsys["b/"+name] = f, f
	}
	episodes, _, err := Simulated(fsys, "b", "a")
	if err != nil {
		t.Fatal(err)
	}
	if len(episodes) != 2 || episodes[0].Frames[0] != "b/observation/s0/1/frame_000000.jpg" {
		t.Errorf("%+v", episodes)
	}
}

// What else lies beside the files is no episode and no error.
func TestSimulatedClutter(t *testing.T) {
	fsys := tree(t, [][]int{steady})
	for _, name := range []string{"progress/README.md", "progress/s0/notes.txt", "progress/s0/old.json/x", "observation/s0/1/thumb.png"} {
		fsys[name] = &fstest.MapFile{Data: []byte("x")}
	}
	if episodes, skipped, err := Simulated(fsys); err != nil || len(episodes) != 1 || len(skipped) != 0 {
		t.Errorf("%d episodes, %v, %v", len(episodes), skipped, err)
	}
}

// TestSimulatedLinks: scenes that are links to folders elsewhere are read like others.
func TestSimulatedLinks(t *testing.T) {
	there, here := t.TempDir(), t.TempDir()
	simtest.Write(t, there, "Light the lamp")
	for _, name := range []string{"observation", "progress", "task_info"} {
		entries, err := os.ReadDir(filepath.Join(there, name))
		if err := errors.Join(err, os.Mkdir(filepath.Join(here, name), 0o755)); err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if err := os.Symlink(filepath.Join(there, name, e.Name()), filepath.Join(here, name, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	want, _, err := Simulated(os.DirFS(there))
	if err != nil {
		t.Fatal(err)
	}
	got, skipped, err := Simulated(os.DirFS(here))
	if diff := cmp.Diff(want, got); diff != "" || len(skipped) > 0 || err != nil {
		t.Errorf("%v %v (-want +got):\n%s", skipped, err, diff)
	}
}

func TestSimulatedErrors(t *testing.T) {
	good := tree(t, [][]int{steady[:2]})
	const (
		progress = "progress/s0/1.json"
		info     = "task_info/s0.json"
		frame    = "observation/s0/1/frame_000001.jpg"
	)
	edit := func(name, old, new string) fstest.MapFS {
		text := string(good[name].Data)
		if !strings.Contains(text, old) {
			t.Fatalf("%s has no %s: %s", name, old, text)
		}
		return change(good, name, strings.Replace(text, old, new, 1))
	}
	for what, c := range map[string]struct {
		fsys fstest.MapFS
		file string
		say  string
	}{
		"not JSON":           {change(good, progress, `{"scene_id": oops`), progress, "byte 14"},
		"cut short":          {change(good, progress, `{"scene_id": "s0"`), progress, "unexpected end"},
		"wrong type":         {change(good, info, `{}`), info, "cannot unmarshal"},
		"null cost":          {edit(progress, "[100,90]", "[100,null]"), progress, "cost is null"},
		"text cost":          {edit(progress, "[100,90]", `[100,"90"]`), progress, "cannot unmarshal"},
		"negative cost":      {edit(progress, "[100,90]", "[100,-1]"), progress, "cost -1"},
		"short cost":         {edit(progress, "[100,90]", "[100]"), progress, "2 frames but 1 costs"},
		"huge frame count":   {edit(progress, `"num_frames":2`, `"num_frames":2000000000`), progress, "but 2 costs"},
		"short flags":        {edit(progress, `"below_best":[0,0]`, `"below_best":[0]`), progress, "1 below-best flags"},
		"odd flag":           {edit(progress, `"regress":[0,0]`, `"regress":[0,2]`), progress, "flag is 2"},
		"null flag":          {edit(progress, `"regress":[0,0]`, `"regress":[0,null]`), progress, "flag is null"},
		"another's file":     {edit(progress, `"episode_id":1`, `"episode_id":7`), progress, "s0/7"},
		"no task file":       {change(good, info, ""), info, "not exist"},
		"not in task file":   {edit(info, `"episode_id":1`, `"episode_id":7`), info, "episode 1 is missing"},
		"another task":       {edit(info, `"task 0"`, `"task 9"`), info, `"task 9"`},
		"gap":                {edit(info, `"start_frame":1`, `"start_frame":2`), info, "action 1"},
		"empty action":       {edit(info, `"end_frame":1`, `"end_frame":0`), info, "action 0"},
		"beyond the end":     {edit(info, `"end_frame":2`, `"end_frame":3`), info, "action 1"},
		"no actions":         {edit(info, `"action_config"`, `"other"`), info, "end at frame 0"},
		"outside the plan":   {edit(info, `"plan_index":1`, `"plan_index":3`), progress, "subtask 3"},
		"no frames":          {change(good, progress, `{"scene_id":"s0","episode_id":1,"task_name":"task 0"}`), info, "action 0"},
		"listed twice":       {change(good, info, `[{"episode_id":1},{"episode_id":1}]`), info, "listed twice"},
		"no frame folder":    {change(change(good, frame, ""), strings.Replace(frame, "1.jpg", "0.jpg", 1), ""), "observation/s0/1", "not exist"},
		"frame missing":      {change(good, frame, ""), frame, "not exist"},
		"no progress folder": {fstest.MapFS{}, "progress", "not exist"},
	} {
		episodes, _, err := Simulated(c.fsys)
		var fe *FileError
		if !errors.As(err, &fe) || fe.Path != c.file || !strings.Contains(err.Error(), c.say) || episodes != nil {
			t.Errorf("%s: %v; want %q about %s", what, err, c.say, c.file)
		}
		if err != nil && strings.Count(err.Error(), c.file) != 1 {
			t.Errorf("%s: the file should be named once: %v", what, err)
		}
	}
	if _, _, err := Simulated(change(good, frame, "")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
}

func FuzzProgressFile(f *testing.F) {
	good := tree(f, [][]int{slipped})
	f.Add(good["progress/s0/1.json"].Data)
	f.Add([]byte(`{"cost_to_go":[1e999]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		episodes, _, err := Simulated(change(good, "progress/s0/1.json", string(data)))
		if err != nil {
			if fe := (*FileError)(nil); !errors.As(err, &fe) {
				t.Errorf("untyped %v", err)
			}
			return
		}
		// Whatever is accepted has to serve both sources.
		ValidationPairs(good, episodes, ValidationOptions{})
		if p, err := NewPairs(good, episodes, PairOptions{Groups: 2}); err == nil {
			samplesOf(t, p)
		} else if !errors.Is(err, ErrNoPairs) {
			t.Error(err)
		}
	})
}

func TestRecordedEpisodes(t *testing.T) {
	episodes := recorded(t, "episodes")
	frames, tasks, outcomes := 0, map[string]int{}, map[Outcome]int{}
	for _, e := range episodes {
		frames += len(e.Frames)
		tasks[e.Task]++
		outcomes[e.Outcome]++
	}
	if len(episodes) != 96 || frames != 3378 || len(tasks) != 16 {
		t.Errorf("%d episodes, %d frames, %d tasks", len(episodes), frames, len(tasks))
	}
	if outcomes[OutcomeSuccess] != 64 || outcomes[OutcomeRecovered] != 27 || outcomes[OutcomeFailed] != 5 {
		t.Errorf("outcomes %v", outcomes)
	}
	if n := len(recorded(t, "episodes", "episodes_long")); n != 96+12 {
		t.Errorf("%d episodes in both roots", n)
	}
}

// One bad episode does not hide the others; a camera of its own lies beside observation, under whatever names.
func TestSimulatedSkips(t *testing.T) {
	fsys := tree(t, [][]int{steady, slipped, still})
	for i := range steady {
		fsys[fmt.Sprintf("observation_third/s0/1/%d.webp", i+1)] = &fstest.MapFile{}
	}
	putJSON(t, fsys, "progress/s1/1.json", map[string]any{"scene_id": "s1"})
	delete(fsys, "observation/s0/2/frame_000003.jpg")
	delete(fsys, "progress/s0/3.json")
	episodes, skipped, err := Simulated(fsys)
	if err != nil || len(episodes) != 1 || episodes[0].ID != "1" || episodes[0].Camera != "" {
		t.Errorf("%d episodes, %v", len(episodes), err)
	}
	var got []string
	for _, s := range skipped {
		got = append(got, s.Error())
	}
	want := []string{
		"dataset: episode s0/2: observation/s0/2/frame_000003.jpg: file does not exist",
		"dataset: episode s0/3: progress/s0/3.json: file does not exist",
		"dataset: episode s1/1: task_info/s1.json: file does not exist",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	third, skipped, err := SimulatedCamera(fsys, "third")
	if err != nil || len(third) != 1 || len(skipped) != 3 || third[0].Camera != "third" || third[0].Frames[9] != "observation_third/s0/1/10.webp" {
		t.Errorf("%v, %v, %v", third, skipped, err)
	}
}
