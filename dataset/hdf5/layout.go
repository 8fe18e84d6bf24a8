package hdf5

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/scigolib/hdf5"

	"github.com/egotsr/egotsr/dataset/clips"
)

// tree finds its way in a file.
type tree struct {
	path string
	file *hdf5.File
	in   *source // the same file
	opts *Options
}

// read lists one file. The library panics on some damage; that becomes an error as well.
func read(path string, opts *Options) (recordings []clips.Recording, err error) {
	defer func() {
		if p := recover(); p != nil {
			recordings, err = nil, wrap(path, "", fmt.Errorf("damaged: %v", p))
		}
	}()
	file, err := hdf5.Open(path)
	if err != nil {
		return nil, wrap(path, "", err)
	}
	defer file.Close()
	in, err := open(path)
	if err != nil {
		return nil, wrap(path, "", err)
	}
	defer in.file.Close()
	t := &tree{path, file, in, opts}
	if images := group(file.Root(), "observations", "images"); images != nil {
		return t.aloha(images)
	}
	if data := group(file.Root(), "data"); data != nil {
		return t.robomimic(data)
	}
	return nil, wrap(path, "", errors.New("has neither observations/images, as ALOHA writes it, nor data, as robomimic does"))
}

// group goes down from group to group; nil where there is none.
func group(g *hdf5.Group, names ...string) *hdf5.Group {
	for _, name := range names {
		k := slices.IndexFunc(g.Children(), func(o hdf5.Object) bool { return o.Name() == name })
		if k < 0 {
			return nil
		}
		next, ok := g.Children()[k].(*hdf5.Group)
		if !ok {
			return nil
		}
		g = next
	}
	return g
}

// aloha lists the one episode of a file.
func (t *tree) aloha(images *hdf5.Group) ([]clips.Recording, error) {
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
func (t *tree) robomimic(data *hdf5.Group) (recordings []clips.Recording, err error) {
	task := t.opts.Task
	if task == "" {
		if task, err = ownTask(data); err != nil {
			return nil, wrap(t.path, "data", err)
		}
	}
	var demos []*hdf5.Group
	for _, o := range data.Children() {
		if g, ok := o.(*hdf5.Group); ok {
			demos = append(demos, g)
		}
	}
	slices.SortFunc(demos, func(a, b *hdf5.Group) int { return shorterFirst(a.Name(), b.Name()) })
	for _, demo := range demos {
		where := "data/" + demo.Name() + "/obs"
		obs := group(demo, "obs")
		if obs == nil {
			return nil, wrap(t.path, where, errors.New("is not there: the file was written without observations; robomimic's dataset_states_to_obs.py makes one with them"))
		}
		base := clips.Recording{Scene: stem(t.path), Episode: demo.Name(), Task: task}
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
func ownTask(data *hdf5.Group) (string, error) {
	attributes, err := data.Attributes()
	if err != nil {
		return "", err
	}
	var said struct {
		Language string `json:"language_instruction"`
		Env      string `json:"env_name"`
	}
	for _, a := range attributes {
		if a.Name == "problem_info" || a.Name == "env_args" {
			value, err := a.ReadValue()
			if err != nil {
				return "", fmt.Errorf("attribute %s: %w", a.Name, err)
			}
			text, _ := value.(string)
			if err := json.Unmarshal([]byte(text), &said); err != nil {
				return "", fmt.Errorf("attribute %s: %w", a.Name, err)
			}
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
func (t *tree) cameras(g *hdf5.Group, where string, base clips.Recording, camera func(*array) bool) (recordings []clips.Recording, err error) {
	arrays, unread := map[string]*array{}, map[string]error{}
	var names []string
	for _, o := range g.Children() {
		d, ok := o.(*hdf5.Dataset)
		if !ok || strings.Contains(strings.ToLower(o.Name()), "depth") {
			continue
		}
		a, err := t.array(d, where+"/"+d.Name())
		if err != nil {
			unread[d.Name()] = err
		} else if !camera(a) {
			continue
		}
		arrays[d.Name()] = a
		names = append(names, d.Name())
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
