package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Short reads folders in the EgoTSR-Short layout. Each root is a folder of fsys ("." if none is given) that holds
//
//	clips/<scene>/<episode>/[<camera>/]<action text>/<frame number>.png or .jpg
//	episodes/<scene>/<episode>[.<camera>].json    a whole Episode, where package clips prepared the folder
//
// With episodes/, its files are what is read: they know the task, the plan and, after a simulation, the costs. Frame
// paths in them are relative to the root. Clips that no file is about are an error, because preparing them did not end.
//
// Without it the task is not known, and no question about two actions can be asked without its name. So each action
// becomes an Episode of its own, as EgoTSR-Short is meant: its text is the task and the whole plan. Such episodes
// share scene, ID and camera with the others of their recording, so that splitting by those keeps them together.
//
// Episodes are in the order of names and, within a recording, of frame numbers. Frames are checked to exist but not
// opened. Names that begin with "." and files that are no images are ignored. An image whose name is no number, a
// number that occurs twice, and actions of one recording whose frames overlap (two attempts merged in one folder, say)
// give a *FileError; nothing is skipped.
func Short(fsys fs.FS, roots ...string) ([]Episode, error) {
	if len(roots) == 0 {
		roots = []string{"."}
	}
	var episodes []Episode
	for _, root := range roots {
		prepared, err := readPrepared(fsys, root)
		var have map[recording]bool
		switch {
		case err == nil:
			have = map[recording]bool{}
			for k := range prepared {
				have[prepared[k].recording()] = true
			}
		case !errors.Is(err, errBare):
			return nil, err
		}
		actions, err := readActions(fsys, root, have)
		if err != nil {
			return nil, err
		}
		episodes = append(append(episodes, prepared...), actions...)
	}
	return episodes, nil
}

// recording is what identifies one.
type recording struct{ scene, id, camera string }

func (e *Episode) recording() recording { return recording{e.Scene, e.ID, e.Camera} }

// errBare says that clips are all there is.
var errBare = errors.New("no episodes")

// readPrepared reads root/episodes, or gives errBare where that is absent.
func readPrepared(fsys fs.FS, root string) (episodes []Episode, err error) {
	dir := path.Join(root, "episodes")
	scenes, err := visible(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errBare
	}
	if err != nil {
		return nil, err
	}
	there := listing{}
	for _, scene := range scenes {
		if !scene.IsDir() {
			continue
		}
		files, err := visible(fsys, path.Join(dir, scene.Name()))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if file.IsDir() || path.Ext(file.Name()) != ".json" {
				continue
			}
			name := path.Join(dir, scene.Name(), file.Name())
			var f struct {
				Episode
				Cost []steps `json:"cost"` // see steps
			}
			if err := readJSON(fsys, name, &f); err != nil {
				return nil, err
			}
			e := f.Episode
			for _, c := range f.Cost {
				e.Cost = append(e.Cost, float64(c))
			}
			if err := e.check(); err != nil {
				return nil, fileError(name, err)
			}
			if own := e.fileName(); e.Scene != scene.Name() || file.Name() != own {
				return nil, fileError(name, fmt.Errorf("holds %s/%s", e.Scene, own))
			}
			for i, frame := range e.Frames {
				if !fs.ValidPath(frame) {
					return nil, fileError(name, fmt.Errorf("frame %q is no path within the folder", frame))
				}
				e.Frames[i] = path.Join(root, frame)
				if !there.has(fsys, e.Frames[i]) {
					return nil, fileError(e.Frames[i], fs.ErrNotExist)
				}
			}
			episodes = append(episodes, e)
		}
	}
	return episodes, nil
}

// fileName is the name of the file in which an episode lies.
func (e *Episode) fileName() string {
	if e.Camera == "" {
		return e.ID + ".json"
	}
	return e.ID + "." + e.Camera + ".json"
}

// listing remembers the names in the folder that was asked about last: a list costs as much as a look for one file,
// and the frames of an action follow each other.
type listing struct {
	dir   string
	names map[string]bool
}

func (l *listing) has(fsys fs.FS, name string) bool {
	if dir := path.Dir(name); l.names == nil || dir != l.dir {
		l.dir, l.names = dir, map[string]bool{}
		entries, _ := fs.ReadDir(fsys, dir) // a folder that is not there holds no file
		for _, e := range entries {
			l.names[e.Name()] = !e.IsDir()
		}
	}
	return l.names[path.Base(name)]
}

// readActions reads the folders of root/clips. If have is not nil, it has to have all recordings, which are not read again.
func readActions(fsys fs.FS, root string, have map[recording]bool) (episodes []Episode, err error) {
	dir := path.Join(root, "clips")
	scenes, err := folders(fsys, dir)
	if err != nil {
		return nil, err
	}
	for _, scene := range scenes {
		ids, err := folders(fsys, path.Join(dir, scene))
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			found, err := readRecordings(fsys, path.Join(dir, scene, id), recording{scene: scene, id: id}, have)
			if err != nil {
				return nil, err
			}
			episodes = append(episodes, found...)
		}
	}
	return episodes, nil
}

// readRecordings reads an episode's folder: its actions, or its cameras and their actions.
func readRecordings(fsys fs.FS, dir string, r recording, have map[recording]bool) (episodes []Episode, err error) {
	names, err := folders(fsys, dir)
	if err != nil {
		return nil, err
	}
	var actions []Episode
	for _, name := range names {
		sub := path.Join(dir, name)
		e, isAction, err := readAction(fsys, sub, r)
		switch {
		case err != nil:
			return nil, err
		case isAction:
			actions = append(actions, e)
		case r.camera != "":
			// Empty, or a level too deep: an action that lost all its frames leaves the first, nobody makes the second.
			if deeper, err := folders(fsys, sub); err != nil || len(deeper) > 0 {
				return nil, fileError(sub, cmp.Or(err, errors.New("holds folders in place of images")))
			}
		default:
			found, err := readRecordings(fsys, sub, recording{r.scene, r.id, name}, have)
			if err != nil {
				return nil, err
			}
			episodes = append(episodes, found...)
		}
	}
	if len(actions) > 0 && len(episodes) > 0 {
		return nil, fileError(dir, errors.New("holds cameras and actions side by side"))
	}
	switch {
	case have[r] || len(actions) == 0:
		return episodes, nil
	case have != nil:
		return nil, fileError(dir, errors.New("has no file in episodes: preparing it did not end"))
	}
	slices.SortStableFunc(actions, func(a, b Episode) int { return cmp.Compare(a.Numbers[0], b.Numbers[0]) })
	for k := 1; k < len(actions); k++ {
		before, this := actions[k-1], actions[k]
		if last := before.Numbers[len(before.Numbers)-1]; this.Numbers[0] <= last {
			return nil, fileError(path.Dir(this.Frames[0]), fmt.Errorf("begins with frame %d, but %q goes on to %d", this.Numbers[0], before.Task, last))
		}
	}
	return actions, nil
}

// readAction reads a folder that holds images; without any it is no action.
func readAction(fsys fs.FS, dir string, r recording) (e Episode, isAction bool, err error) {
	entries, err := visible(fsys, dir)
	if err != nil {
		return e, false, err
	}
	type frame struct {
		name   string
		number int
	}
	var frames []frame
	var folder string
	for _, entry := range entries {
		if entry.IsDir() {
			folder = entry.Name()
			continue
		}
		stem, ok := imageStem(entry.Name())
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(stem, 10, 31)
		if err != nil {
			return e, false, fileError(path.Join(dir, entry.Name()), errors.New("name is not a frame number"))
		}
		frames = append(frames, frame{entry.Name(), int(n)})
	}
	if len(frames) == 0 {
		return e, false, nil
	}
	if folder != "" {
		return e, false, fileError(path.Join(dir, folder), errors.New("is a folder among images"))
	}
	slices.SortStableFunc(frames, func(a, b frame) int { return cmp.Compare(a.number, b.number) })
	text := path.Base(dir)
	e = Episode{Scene: r.scene, ID: r.id, Camera: r.camera, Task: text, Plan: []string{text}, Subtask: make([]int, len(frames))}
	for k, f := range frames {
		if k > 0 && f.number == frames[k-1].number {
			return e, false, fileError(path.Join(dir, f.name), fmt.Errorf("is frame %d, as %s is", f.number, frames[k-1].name))
		}
		e.Frames = append(e.Frames, path.Join(dir, f.name))
		e.Numbers = append(e.Numbers, f.number)
	}
	return e, true, nil
}

// imageStem is an image file's name without its extension.
func imageStem(name string) (stem string, ok bool) {
	switch ext := path.Ext(name); strings.ToLower(ext) {
	case ".png", ".jpg", ".jpeg":
		return strings.TrimSuffix(name, ext), true
	}
	return "", false
}

// visible lists a folder but for names that begin with ".", such as those of files that are still being written.
func visible(fsys fs.FS, dir string) ([]fs.DirEntry, error) {
	entries, err := readDir(fsys, dir)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") }), err
}

// folders names the folders in a folder. Images beside them have not been grouped into actions.
func folders(fsys fs.FS, dir string) (names []string, err error) {
	entries, err := visible(fsys, dir)
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		} else if _, image := imageStem(e.Name()); image {
			return nil, fileError(path.Join(dir, e.Name()), errors.New("lies in no action's folder"))
		}
	}
	return names, err
}
