package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Simulated reads simulated episodes with ground truth, in the order of scene and episode names. Each root is a
// folder of fsys ("." if none is given) that holds
//
//	progress/<scene>/<episode>.json               costs and flags of every frame
//	task_info/<scene>.json                        the scene's episodes and their actions, in AgiBot World's form
//	observation/<scene>/<episode>/frame_%06d.jpg  the frames, numbered from 0
//
// Frame paths are relative to fsys, so several roots can share one image file system. Frames are checked to exist but
// not opened. Unreadable, malformed or inconsistent files give a *FileError naming the file; nothing is skipped.
func Simulated(fsys fs.FS, roots ...string) ([]Episode, error) {
	if len(roots) == 0 {
		roots = []string{"."}
	}
	var episodes []Episode
	for _, root := range roots {
		scenes, err := readDir(fsys, path.Join(root, "progress"))
		if err != nil {
			return nil, err
		}
		for _, scene := range scenes {
			if !scene.IsDir() {
				continue
			}
			found, err := readScene(fsys, root, scene.Name())
			if err != nil {
				return nil, err
			}
			episodes = append(episodes, found...)
		}
	}
	return episodes, nil
}

func readScene(fsys fs.FS, root, scene string) ([]Episode, error) {
	dir := path.Join(root, "progress", scene)
	files, err := readDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	infoPath := path.Join(root, "task_info", scene+".json")
	var list []taskInfo
	if err := readJSON(fsys, infoPath, &list); err != nil {
		return nil, err
	}
	infos := make(map[string]*taskInfo, len(list))
	for k := range list {
		id := list[k].EpisodeID.String()
		if infos[id] != nil {
			return nil, fileError(infoPath, fmt.Errorf("episode %s is listed twice", id))
		}
		infos[id] = &list[k]
	}
	var episodes []Episode
	for _, file := range files {
		id, ok := strings.CutSuffix(file.Name(), ".json")
		if !ok || file.IsDir() {
			continue
		}
		if infos[id] == nil {
			return nil, fileError(infoPath, fmt.Errorf("episode %s is missing", id))
		}
		e, err := readEpisode(fsys, root, scene, id)
		if err != nil {
			return nil, err
		}
		if err := infos[id].apply(&e); err != nil {
			return nil, fileError(infoPath, fmt.Errorf("episode %s: %w", id, err))
		}
		if err := e.check(); err != nil {
			return nil, fileError(path.Join(dir, file.Name()), err)
		}
		episodes = append(episodes, e)
	}
	return episodes, nil
}

// progressFile is the part of progress/<scene>/<episode>.json that becomes an Episode.
type progressFile struct {
	SceneID   string               `json:"scene_id"`
	EpisodeID json.Number          `json:"episode_id"`
	TaskName  string               `json:"task_name"`
	Seed      int                  `json:"seed"`
	Variant   Variant              `json:"variant"`
	Outcome   Outcome              `json:"outcome"`
	NumFrames int                  `json:"num_frames"`
	Cost      []steps              `json:"cost_to_go"`
	Regress   []flag               `json:"regress"`
	BelowBest []flag               `json:"below_best"`
	Signals   map[string][]float64 `json:"signals"`
}

func readEpisode(fsys fs.FS, root, scene, id string) (Episode, error) {
	name := path.Join(root, "progress", scene, id+".json")
	var f progressFile
	if err := readJSON(fsys, name, &f); err != nil {
		return Episode{}, err
	}
	if f.SceneID != scene || f.EpisodeID.String() != id {
		return Episode{}, fileError(name, fmt.Errorf("holds episode %s/%s", f.SceneID, f.EpisodeID))
	}
	// Compared before any allocation by num_frames: that number is only a claim.
	if f.NumFrames != len(f.Cost) {
		return Episode{}, fileError(name, fmt.Errorf("%d frames but %d costs", f.NumFrames, len(f.Cost)))
	}
	frames, err := framePaths(fsys, path.Join(root, "observation", scene, id), f.NumFrames)
	if err != nil {
		return Episode{}, err
	}
	e := Episode{
		Scene: scene, ID: id, Task: f.TaskName, Outcome: f.Outcome, Variant: f.Variant, Seed: f.Seed,
		Frames: frames, Cost: make([]float64, len(f.Cost)),
		Regress: bools(f.Regress), BelowBest: bools(f.BelowBest), Signals: f.Signals,
	}
	for _, part := range []struct {
		name string
		len  int
	}{{"regress flags", len(f.Regress)}, {"below-best flags", len(f.BelowBest)}} {
		if part.len != len(f.Cost) { // Validate lets them be absent, this format does not
			return Episode{}, fileError(name, fmt.Errorf("%d frames but %d %s", f.NumFrames, part.len, part.name))
		}
	}
	for i, c := range f.Cost {
		e.Cost[i] = float64(c)
	}
	return e, nil
}

// framePaths lists the paths of n frames of an episode's folder and makes sure that they are there.
func framePaths(fsys fs.FS, dir string, n int) ([]string, error) {
	files, err := readDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	there := make(map[string]bool, len(files))
	for _, f := range files {
		there[f.Name()] = true
	}
	frames := make([]string, n)
	for i := range frames {
		name := fmt.Sprintf("frame_%06d.jpg", i)
		frames[i] = path.Join(dir, name)
		if !there[name] {
			return nil, fileError(frames[i], fs.ErrNotExist)
		}
	}
	return frames, nil
}

// taskInfo is one entry of task_info/<scene>.json.
type taskInfo struct {
	EpisodeID json.Number `json:"episode_id"`
	TaskName  string      `json:"task_name"`
	LabelInfo struct {
		Actions []struct {
			Start     int `json:"start_frame"` // inclusive
			End       int `json:"end_frame"`   // exclusive
			PlanIndex int `json:"plan_index"`
		} `json:"action_config"`
	} `json:"label_info"`
	Plan []string `json:"subtask_plan"`
}

// apply fills in the plan and each frame's place in it. Actions have to cover every frame once, in order.
func (t *taskInfo) apply(e *Episode) error {
	if t.TaskName != e.Task {
		return fmt.Errorf("task is %q here and %q in the progress file", t.TaskName, e.Task)
	}
	e.Plan = t.Plan
	e.Subtask = make([]int, 0, len(e.Frames))
	for k, a := range t.LabelInfo.Actions {
		if a.Start != len(e.Subtask) || a.End <= a.Start || a.End > len(e.Frames) {
			return fmt.Errorf("action %d: frames %d to %d do not follow frame %d of %d", k, a.Start, a.End, len(e.Subtask), len(e.Frames))
		}
		for range a.End - a.Start {
			e.Subtask = append(e.Subtask, a.PlanIndex)
		}
	}
	if len(e.Subtask) != len(e.Frames) {
		return fmt.Errorf("actions end at frame %d of %d", len(e.Subtask), len(e.Frames))
	}
	return nil
}

// steps is a cost. encoding/json leaves a null number at zero, and a zero cost would say that the task is done.
type steps float64

func (s *steps) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return errors.New("cost is null")
	}
	return json.Unmarshal(data, (*float64)(s))
}

// flag is a truth value written as 0 or 1.
type flag bool

func (f *flag) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "0", "false":
		*f = false
	case "1", "true":
		*f = true
	default:
		return fmt.Errorf("flag is %s, not 0 or 1", data)
	}
	return nil
}

func bools(flags []flag) []bool {
	out := make([]bool, len(flags))
	for i, f := range flags {
		out[i] = bool(f)
	}
	return out
}

func readDir(fsys fs.FS, dir string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fileError(dir, err)
	}
	return entries, nil
}

func readJSON(fsys fs.FS, name string, into any) error {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return fileError(name, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			err = fmt.Errorf("byte %d: %w", syntax.Offset, err)
		}
		return fileError(name, err)
	}
	return nil
}
