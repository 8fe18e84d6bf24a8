package hdf5

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/dataset/clips"
)

// tree finds its way in a file.
type tree struct {
	path string
	in   *source
	opts *Options
}

// read lists one file.
func read(path string, opts *Options) ([]clips.Recording, error) {
	in, err := open(path)
	if err != nil {
		return nil, wrap(path, "", err)
	}
	defer in.file.Close()
	t := &tree{path, in, opts}
	images, ok, err := in.find(in.root, "observations", "images")
	if err != nil {
		return nil, wrap(path, "", err)
	}
	if ok {
		return t.aloha(images)
	}
	data, ok, err := in.find(in.root, "data")
	if err != nil {
		return nil, wrap(path, "", err)
	}
	if ok {
		return t.robomimic(data)
	}
	return nil, wrap(path, "", errors.New("has neither observations/images, as ALOHA writes it, nor data, as robomimic does"))
}

// aloha lists the one episode of a file.
func (t *tree) aloha(images object) ([]clips.Recording, error) {
	if t.opts.Task == "" {
		return nil, wrap(t.path, "", errors.New("no task: ALOHA's files do not tell it, give its name in Options.Task"))
	}
	abs, err := filepath.Abs(t.path)
	if err != nil {
		return nil, wrap(t.path, "", err)
	}
	base := clips.Recording{Scene: filepath.Base(filepath.Dir(abs)), Episode: stem(abs), Task: t.opts.Task}
	return t.cameras(images, "observations/images", base, func(a *array) bool { return true })
}

func stem(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}

// robomimic lists the demos of a file.
func (t *tree) robomimic(data object) (recordings []clips.Recording, err error) {
	task := t.opts.Task
	if task == "" {
		if task, err = t.ownTask(data); err != nil {
			return nil, wrap(t.path, "data", err)
		}
	}
	demos, err := t.in.children(data.address)
	if err != nil {
		return nil, wrap(t.path, "data", err)
	}
	slices.SortFunc(demos, func(a, b object) int { return shorterFirst(a.name, b.name) })
	for _, demo := range demos {
		where := "data/" + demo.name + "/obs"
		obs, ok, err := t.in.find(demo.address, "obs")
		if err == nil && !ok {
			err = errors.New("is not there: the file was written without observations; robomimic's dataset_states_to_obs.py makes one with them")
		}
		if err != nil {
			return nil, wrap(t.path, where, err)
		}
		base := clips.Recording{Scene: stem(t.path), Episode: demo.name, Task: task}
		// Among the states of the robot, images are what has the shape of one.
		found, err := t.cameras(obs, where, base, func(a *array) bool { return a.class == classNumber && a.size == 1 && len(a.dims) == 4 })
		if err != nil {
			return nil, err
		}
		recordings = append(recordings, found...)
	}
	if len(recordings) == 0 {
		return nil, wrap(t.path, "data", errors.New("holds no demos"))
	}
	return recordings, nil
}

// ownTask is what a robomimic file says the task is.
func (t *tree) ownTask(data object) (string, error) {
	var said struct {
		Language string `json:"language_instruction"`
		Env      string `json:"env_name"`
	}
	for _, name := range []string{"problem_info", "env_args"} {
		text, err := t.in.attribute(data.address, name)
		if err != nil {
			return "", err
		}
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), &said); err != nil {
			return "", fmt.Errorf("attribute %s: %w", name, err)
		}
	}
	if task := strings.Trim(said.Language, "\" \n"); task != "" {
		return task, nil
	}
	if said.Env == "" {
		return "", errors.New("no task: the file does not tell it, give its name in Options.Task")
	}
	return said.Env, nil
}

// cameras lists the arrays of a group that are cameras.
func (t *tree) cameras(group object, where string, base clips.Recording, camera func(*array) bool) (recordings []clips.Recording, err error) {
	children, err := t.in.children(group.address)
	if err != nil {
		return nil, wrap(t.path, where, err)
	}
	arrays, unread := map[string]*array{}, map[string]error{}
	var names []string
	for _, o := range children {
		if strings.Contains(strings.ToLower(o.name), "depth") {
			continue
		}
		a, ok, err := t.in.array(o.address)
		if err != nil {
			unread[o.name] = err
		} else if !ok || !camera(a) {
			continue
		}
		arrays[o.name] = a
		names = append(names, o.name)
	}
	slices.Sort(names)
	if wanted := t.opts.Cameras; len(wanted) > 0 {
		for k, name := range wanted {
			if slices.Contains(wanted[:k], name) {
				return nil, wrap(t.path, where, fmt.Errorf("camera %q is asked for twice", name))
			}
			if !slices.Contains(names, name) {
				return nil, wrap(t.path, where, fmt.Errorf("no camera %q, only %q", name, names))
			}
		}
		names = wanted
	}
	if len(names) == 0 {
		return nil, wrap(t.path, where, errors.New("holds no images"))
	}
	for _, name := range names {
		a, err := arrays[name], unread[name]
		if err == nil {
			err = a.asImages()
		}
		if err == nil {
			err = t.in.holds(a)
		}
		if err != nil && len(t.opts.Cameras) == 0 {
			err = fmt.Errorf("%w; name the cameras wanted in Options.Cameras to do without it", err)
		}
		if err != nil {
			return nil, wrap(t.path, where+"/"+name, err)
		}
		r := base
		r.Camera, r.Stored = name, &stored{t.path, where + "/" + name, a, t.opts.BGR}
		r.Actions = []clips.Action{{End: a.frames(), Text: base.Task}}
		recordings = append(recordings, r)
	}
	return recordings, nil
}
