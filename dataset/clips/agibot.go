package clips

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
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

// AgiBot lists the recordings of a folder in AgiBot World's form:
//
//	observation/<scene>/<episode>/<camera>.mp4            one video for each camera, or
//	observation/<scene>/<episode>/<camera>/*.jpg          its frames, or
//	observation/<scene>/<episode>/*.jpg                   the frames of the only camera, which then has no name
//	task_info/<scene>.json or task_<scene>.json           tasks and actions
//	progress/<scene>/<episode>.json                       true progress, where a simulator knew it
//
// Images beside the folders or videos of cameras are not looked at. An episode that has recordings and no readable
// annotation, or the other way round, is listed in skipped.
func AgiBot(root string) (recordings []Recording, skipped []*EpisodeError, err error) {
	truth, err := simulated(root)
	if err != nil {
		return nil, nil, err
	}
	scenes, err := os.ReadDir(filepath.Join(root, "observation"))
	if err != nil {
		return nil, nil, err
	}
	for _, scene := range scenes {
		if !scene.IsDir() || strings.HasPrefix(scene.Name(), ".") {
			continue
		}
		annotations, unreadable := readAnnotations(root, scene.Name())
		dir := filepath.Join(root, "observation", scene.Name())
		episodes, err := os.ReadDir(dir)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range episodes {
			if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
				continue
			}
			a := annotations[e.Name()]
			delete(annotations, e.Name())
			found, err := views(filepath.Join(dir, e.Name()))
			switch {
			case err != nil:
			case unreadable != nil:
				err = unreadable
			case a == nil:
				err = errors.New("has no annotation")
			case len(found) == 0:
				err = errors.New("holds neither videos nor frames")
			}
			if err != nil {
				skipped = append(skipped, &EpisodeError{Scene: scene.Name(), Episode: e.Name(), Err: err})
				continue
			}
			for _, r := range found {
				r.Scene, r.Episode, r.Task = scene.Name(), e.Name(), a.TaskName
				r.Actions, r.Plan, r.Truth = a.actions(), a.Plan, truth[scene.Name()+"/"+e.Name()]
				recordings = append(recordings, r)
			}
		}
		left := len(skipped)
		for id := range annotations {
			skipped = append(skipped, &EpisodeError{Scene: scene.Name(), Episode: id, Err: errors.New("is annotated and not recorded")})
		}
		slices.SortFunc(skipped[left:], func(a, b *EpisodeError) int { return strings.Compare(a.Episode, b.Episode) })
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

// views lists the cameras of an episode's folder.
func views(dir string) (found []Recording, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := e.Name()
		switch ext := filepath.Ext(name); {
		case strings.HasPrefix(name, "."):
		case e.IsDir():
			images, err := imagesIn(filepath.Join(dir, name))
			if err != nil {
				return nil, err
			}
			if len(images) > 0 {
				found = append(found, Recording{Camera: name, Images: images})
			}
		case ext == ".mp4" || ext == ".mkv" || ext == ".avi" || ext == ".webm":
			found = append(found, Recording{Camera: strings.TrimSuffix(name, ext), Video: filepath.Join(dir, name)})
		}
	}
	if len(found) == 0 {
		images, err := imagesIn(dir)
		if err != nil || len(images) == 0 {
			return nil, err
		}
		found = append(found, Recording{Images: images})
	}
	return found, nil
}

// imagesIn lists a folder's images in natural order: frame_9 comes before frame_10.
func imagesIn(dir string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		switch strings.ToLower(filepath.Ext(e.Name())) {
		case ".jpg", ".jpeg", ".png":
			if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				paths = append(paths, filepath.Join(dir, e.Name()))
			}
		}
	}
	slices.SortFunc(paths, natural)
	return paths, nil
}

// natural compares names with their runs of digits taken as numbers.
func natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		i, j := digits(x), digits(y)
		if i > 0 && j > 0 {
			m, n := strings.TrimLeft(x[:i], "0"), strings.TrimLeft(y[:j], "0")
			if len(m) != len(n) {
				return len(m) - len(n)
			}
			if m != n {
				return strings.Compare(m, n)
			}
			x, y = x[i:], y[j:]
			continue
		}
		if x[0] != y[0] {
			return int(x[0]) - int(y[0])
		}
		x, y = x[1:], y[1:]
	}
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	return strings.Compare(a, b) // 07 and 7
}

func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// simulated is the truth about the episodes of a folder that a simulator made, by scene and episode; nothing elsewhere.
func simulated(root string) (map[string]*dataset.Episode, error) {
	if _, err := os.Stat(filepath.Join(root, "progress")); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	episodes, err := dataset.Simulated(os.DirFS(root))
	if err != nil {
		return nil, err
	}
	truth := map[string]*dataset.Episode{}
	for i := range episodes {
		truth[episodes[i].Scene+"/"+episodes[i].ID] = &episodes[i]
	}
	return truth, nil
}
