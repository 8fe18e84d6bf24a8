package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Simulated reads simulated episodes with ground truth, in the order of scene and episode names, as the camera without a
// name saw them. Each root is a folder of fsys ("." if none is given) that holds
//
//	progress/<scene>/<episode>.json               costs and flags of every frame
//	task_info/<scene>.json                        the scene's episodes and their actions, in AgiBot World's form
//	observation/<scene>/<episode>/frame_%06d.jpg  the frames, numbered from 0; or as many images in the order of [FrameNames]
//
// Frame paths are relative to fsys, so several roots can share one image file system. Frames are checked to exist but
// not opened. An episode whose files are unreadable, malformed or inconsistent, and one that only one of progress and
// task_info knows, is listed in skipped, with a *FileError that names the file. The error is that of a root, or says that
// no episode can be used.
func Simulated(fsys fs.FS, roots ...string) (episodes []Episode, skipped []*EpisodeError, err error) {
	return SimulatedCamera(fsys, "", roots...)
}

// SimulatedCamera is [Simulated] as the camera named saw it: its frames lie in observation_<camera>/<scene>/<episode> or
// in observation/<scene>/<episode>/<camera>.
func SimulatedCamera(fsys fs.FS, camera string, roots ...string) (episodes []Episode, skipped []*EpisodeError, err error) {
	if fsys == nil {
		return nil, nil, errNoFS
	}
	if len(roots) == 0 {
		roots = []string{"."}
	}
	for _, root := range roots {
		dir := path.Join(root, "progress")
		scenes, err := readDir(fsys, dir)
		if err != nil {
			return nil, nil, err
		}
		before := len(episodes) + len(skipped)
		for _, scene := range scenes {
			if scene.IsDir() {
				s := simulatedScene{fsys, root, scene.Name(), camera}
				found, bad, err := s.read()
				if err != nil {
					return nil, nil, err
				}
				episodes, skipped = append(episodes, found...), append(skipped, bad...)
			}
		}
		if len(episodes)+len(skipped) == before {
			return nil, nil, fileError(dir, errors.New("holds no episode"))
		}
	}
	if len(episodes) == 0 {
		return nil, skipped, fmt.Errorf("dataset: none of %d episodes can be used: %w", len(skipped), skipped[0])
	}
	return episodes, skipped, nil
}

// simulatedScene is where the episodes of a scene are.
type simulatedScene struct {
	fsys                fs.FS
	root, scene, camera string
}

func (s simulatedScene) read() (episodes []Episode, skipped []*EpisodeError, err error) {
	files, err := readDir(s.fsys, path.Join(s.root, "progress", s.scene))
	if err != nil {
		return nil, nil, err
	}
	skip := func(id string, err error) {
		skipped = append(skipped, &EpisodeError{Scene: s.scene, ID: id, Err: err})
	}
	infos, unreadable := s.infos()
	for _, file := range files {
		id, ok := strings.CutSuffix(file.Name(), ".json")
		if !ok || file.IsDir() {
			continue
		}
		info := infos[id]
		delete(infos, id)
		if unreadable != nil {
			skip(id, unreadable)
		} else if e, err := s.episode(id, info); err != nil {
			skip(id, err)
		} else {
			episodes = append(episodes, e)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(infos)) {
		skip(id, fileError(path.Join(s.root, "progress", s.scene, id+".json"), fs.ErrNotExist))
	}
	return episodes, skipped, nil
}

// infoFile knows the actions of the scene's episodes.
func (s simulatedScene) infoFile() string { return path.Join(s.root, "task_info", s.scene+".json") }

func (s simulatedScene) infos() (map[string]*taskInfo, error) {
	var list []taskInfo
	if err := readJSON(s.fsys, s.infoFile(), &list); err != nil {
		return nil, err
	}
	infos := make(map[string]*taskInfo, len(list))
	for k := range list {
		id := list[k].EpisodeID.String()
		if infos[id] != nil {
			return nil, fileError(s.infoFile(), fmt.Errorf("episode %s is listed twice", id))
		}
		infos[id] = &list[k]
	}
	return infos, nil
}

// episode reads one. Its errors are *FileError.
func (s simulatedScene) episode(id string, info *taskInfo) (Episode, error) {
	if info == nil {
		return Episode{}, fileError(s.infoFile(), fmt.Errorf("episode %s is missing", id))
	}
	e, err := s.progress(id)
	if err != nil {
		return Episode{}, err
	}
	if err := info.apply(&e); err != nil {
		return Episode{}, fileError(s.infoFile(), fmt.Errorf("episode %s: %w", id, err))
	}
	if err := e.check(); err != nil {
		return Episode{}, fileError(path.Join(s.root, "progress", s.scene, id+".json"), err)
	}
	return e, nil
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

func (s simulatedScene) progress(id string) (Episode, error) {
	name := path.Join(s.root, "progress", s.scene, id+".json")
	var f progressFile
	if err := readJSON(s.fsys, name, &f); err != nil {
		return Episode{}, err
	}
	if f.SceneID != s.scene || f.EpisodeID.String() != id {
		return Episode{}, fileError(name, fmt.Errorf("holds episode %s/%s", f.SceneID, f.EpisodeID))
	}
	// Compared before any allocation by num_frames: that number is only a claim.
	if f.NumFrames != len(f.Cost) {
		return Episode{}, fileError(name, fmt.Errorf("%d frames but %d costs", f.NumFrames, len(f.Cost)))
	}
	frames, err := framePaths(s.fsys, s.frames(id), f.NumFrames)
	if err != nil {
		return Episode{}, err
	}
	e := Episode{
		Scene: s.scene, ID: id, Camera: s.camera, Task: f.TaskName, Outcome: f.Outcome, Variant: f.Variant, Seed: f.Seed,
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

// frames is the folder of an episode's frames, whether it is there or not.
func (s simulatedScene) frames(id string) string {
	dir := path.Join(s.root, "observation", s.scene, id)
	if s.camera == "" {
		return dir
	}
	inner := path.Join(dir, s.camera)
	if _, err := fs.Stat(s.fsys, inner); err == nil {
		return inner
	}
	return path.Join(s.root, "observation_"+s.camera, s.scene, id)
}

// framePaths lists the paths of n frames of an episode's folder and makes sure that they are there.
func framePaths(fsys fs.FS, dir string, n int) ([]string, error) {
	names, err := FrameNames(fsys, dir)
	if err != nil {
		return nil, err
	}
	const form = "frame_%06d.jpg"
	if slices.Contains(names, fmt.Sprintf(form, 0)) { // whatever else lies there is none
		there := make(map[string]bool, len(names))
		for _, name := range names {
			there[name] = true
		}
		names = make([]string, 0, n)
		for i := range n {
			name := fmt.Sprintf(form, i)
			if !there[name] {
				return nil, fileError(path.Join(dir, name), fs.ErrNotExist)
			}
			names = append(names, name)
		}
	}
	if len(names) != n {
		return nil, fileError(dir, fmt.Errorf("holds %d frames, and progress is known of %d", len(names), n))
	}
	for i, name := range names {
		names[i] = path.Join(dir, name)
	}
	return names, nil
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

// readDir tells of a link what it leads to: recordings are spread over disks with links.
func readDir(fsys fs.FS, dir string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fileError(dir, err)
	}
	for i, e := range entries {
		if e.Type()&fs.ModeSymlink != 0 {
			if info, err := fs.Stat(fsys, path.Join(dir, e.Name())); err == nil {
				entries[i] = fs.FileInfoToDirEntry(info)
			}
		}
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
