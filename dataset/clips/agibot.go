package clips

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/dataset"
)

// EpisodeError tells of an episode, or of one camera's view of it, that cannot be used. The others can.
type EpisodeError struct {
	Scene, Episode, Camera string
	Err                    error
}

func (e *EpisodeError) Error() string {
	if e.Camera != "" {
		return fmt.Sprintf("clips: episode %s/%s, camera %s: %v", e.Scene, e.Episode, e.Camera, e.Err)
	}
	return fmt.Sprintf("clips: episode %s/%s: %v", e.Scene, e.Episode, e.Err)
}

func (e *EpisodeError) Unwrap() error { return e.Err }

// AgiBot lists the recordings of a folder in AgiBot World's form, as it is published (alpha and beta) or as others write it:
//
//	observations/<scene>/<episode>/videos/<camera>.mp4    one video for each camera, or
//	observations/<scene>/<episode>/<camera>.mp4           so, too, or
//	observations/<scene>/<episode>/<camera>/*.jpg         its frames, or
//	observations/<scene>/<episode>/*.jpg                  the frames of the only camera, which then has no name
//	task_info/<scene>.json or task_<scene>.json           tasks and actions
//	progress/<scene>/<episode>.json                       true progress, where a simulator knew it
//
// The first folder may be called observation as well. Frames are in the order of dataset.FrameNames. What has depth in its
// name shows no view and is passed over, as are images beside the folders or videos of cameras. Images of several
// kinds of names in one folder, which are those of several cameras, make no recording; that is told of in skipped, as is an
// episode that has recordings and no readable annotation or truth, or the other way round. Where nothing can be
// used that is an error.
func AgiBot(root string) (recordings []Recording, skipped []*EpisodeError, err error) {
	known := truths{root: root, cameras: map[string]truth{}}
	for _, name := range []string{"observations", "observation"} {
		dir := filepath.Join(root, name)
		scenes, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		for _, scene := range scenes {
			if !isFolder(dir, scene) || strings.HasPrefix(scene.Name(), ".") {
				continue
			}
			found, bad, err := readScene(dir, scene.Name(), known)
			if err != nil {
				return nil, nil, err
			}
			recordings, skipped = append(recordings, found...), append(skipped, bad...)
		}
	}
	switch {
	case len(recordings) > 0:
		return recordings, skipped, nil
	case len(skipped) > 0:
		return nil, skipped, fmt.Errorf("clips: %s: no recording can be used: %w", root, skipped[0])
	}
	return nil, nil, fmt.Errorf("clips: %s holds no recording: they are looked for in observations/<scene>/<episode> and in observation/<scene>/<episode>", root)
}

// isFolder is whether an entry of dir is a folder or a link to one: recordings are spread over disks with links.
func isFolder(dir string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(filepath.Join(dir, e.Name()))
	return err == nil && info.IsDir()
}

// readScene reads the episodes of a scene in a folder of observations.
func readScene(dir, scene string, known truths) (recordings []Recording, skipped []*EpisodeError, err error) {
	annotations, unreadable := readAnnotations(known.root, scene)
	episodes, err := os.ReadDir(filepath.Join(dir, scene))
	if err != nil {
		return nil, nil, err
	}
	for _, e := range episodes {
		if !isFolder(filepath.Join(dir, scene), e) || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		skip := func(camera string, err error) {
			skipped = append(skipped, &EpisodeError{Scene: scene, Episode: e.Name(), Camera: camera, Err: err})
		}
		a := annotations[e.Name()]
		delete(annotations, e.Name())
		found, mixed, err := cameras(filepath.Join(dir, scene, e.Name()))
		switch {
		case err != nil:
		case unreadable != nil:
			err = unreadable
		case a == nil:
			err = errors.New("has no annotation")
		case len(found)+len(mixed) == 0:
			err = errors.New("holds neither videos nor frames")
		}
		if err != nil {
			skip("", err)
			continue
		}
		for _, m := range mixed {
			skip(m.camera, m)
		}
		for _, r := range found {
			r.Scene, r.Episode, r.Task, r.Actions, r.Plan = scene, e.Name(), a.TaskName, a.actions(), a.Plan
			if r.Truth, err = known.of(scene, e.Name(), r.Camera); err != nil {
				skip(r.Camera, err)
				continue
			}
			recordings = append(recordings, r)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(annotations)) {
		skipped = append(skipped, &EpisodeError{Scene: scene, Episode: id, Err: errors.New("is annotated and not recorded")})
	}
	return recordings, skipped, nil
}

// annotation is an episode's entry in task_info. Plan and PlanIndex are there in simulated data only.
type annotation struct {
	EpisodeID json.Number `json:"episode_id"`
	TaskName  string      `json:"task_name"`
	Label     struct {
		Actions []struct {
			Start     int    `json:"start_frame"`
			End       int    `json:"end_frame"`
			Text      string `json:"action_text"`
			Skill     string `json:"skill"`
			PlanIndex int    `json:"plan_index"`
		} `json:"action_config"`
	} `json:"label_info"`
	Plan []string `json:"subtask_plan"`
}

func (a *annotation) actions() (actions []Action) {
	for _, x := range a.Label.Actions {
		actions = append(actions, Action{x.Start, x.End, x.Text, x.Skill, x.PlanIndex})
	}
	return actions
}

func readAnnotations(root, scene string) (map[string]*annotation, error) {
	name := filepath.Join(root, "task_info", scene+".json")
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		name = filepath.Join(root, "task_info", "task_"+scene+".json")
		data, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, err
	}
	var list []*annotation
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("clips: %s: %w", name, err)
	}
	byID := map[string]*annotation{}
	for i, a := range list {
		if a == nil || a.EpisodeID == "" {
			return nil, fmt.Errorf("clips: %s: entry %d has no episode_id", name, i)
		}
		if byID[a.EpisodeID.String()] != nil {
			return nil, fmt.Errorf("clips: %s: episode %s is listed twice", name, a.EpisodeID)
		}
		byID[a.EpisodeID.String()] = a
	}
	return byID, nil
}

// truths are what a simulator knew about the episodes of a folder, read once for each camera; nothing elsewhere.
type truths struct {
	root    string
	cameras map[string]truth
}

// truth is by scene and episode.
type truth struct {
	episodes map[string]*dataset.Episode
	bad      map[string]error
}

// of is the truth about a recording; nil where none is written down.
func (t truths) of(scene, episode, camera string) (*dataset.Episode, error) {
	id := scene + "/" + episode
	if _, err := os.Stat(filepath.Join(t.root, "progress", scene, episode+".json")); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	known, ok := t.cameras[camera]
	if !ok {
		known = truth{map[string]*dataset.Episode{}, map[string]error{}}
		episodes, skipped, err := dataset.SimulatedCamera(os.DirFS(t.root), camera)
		if err != nil && len(skipped) == 0 {
			return nil, err
		}
		for k := range episodes {
			known.episodes[episodes[k].Scene+"/"+episodes[k].ID] = &episodes[k]
		}
		for _, s := range skipped {
			known.bad[s.Scene+"/"+s.ID] = s.Err
		}
		t.cameras[camera] = known
	}
	return known.episodes[id], known.bad[id]
}
