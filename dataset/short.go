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
//	clips/<scene>/<episode>/[<camera>/]<action text>/<frame number>.jpg, .jpeg, .png or .webp
//	episodes/<scene>/<episode>[.<camera>].json    a whole Episode, where package clips prepared the folder
//
// With episodes/, its files are what is read: they know the task, the plan and, after a simulation, the costs. Frame
// paths in them are relative to the root. Clips that no file is about are an error, because preparing them did not end.
//
// Without it the task is not known, and no question about two actions can be asked without its name. So each action
// becomes an Episode of its own, as EgoTSR-Short is meant: its text is the task and the whole plan. Such episodes
// share scene, ID and camera with the others of their recording, so that splitting by those keeps them together.
//
// Episodes are in the order of names and, within a recording, of frame numbers. Where names are clocks, such as 10.05 and
// 10.1, frames are in the order of these (see [FrameNames]) and numbered from 0 on within their recording. Frames are
// checked to exist but not opened. Names that begin with "." are ignored, and so are files that are no images beside
// what is read. An image whose name is no number, a number that occurs twice, actions of one recording whose frames
// overlap (two attempts merged in one folder, say), a folder of images of other formats, and a root without a frame
// give a *FileError; nothing is skipped.
func Short(fsys fs.FS, roots ...string) ([]Episode, error) {
	if fsys == nil {
		return nil, errNoFS
	}
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
		if len(prepared)+len(actions) == 0 {
			return nil, fileError(path.Join(root, "clips"), errors.New("holds no action with a frame"))
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
	var actions []action
	for _, name := range names {
		sub := path.Join(dir, name)
		a, isAction, err := readAction(fsys, sub, r)
		switch {
		case err != nil:
			return nil, err
		case isAction:
			actions = append(actions, a)
		case otherImage(fsys, sub) != "":
			return nil, fileError(path.Join(sub, otherImage(fsys, sub)), errors.New("is no frame: frames are .jpg, .jpeg, .png or .webp files"))
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
	slices.SortStableFunc(actions, func(a, b action) int { return compareTokens(a.times[0], b.times[0]) })
	for k := 1; k < len(actions); k++ {
		before, this := actions[k-1], actions[k]
		if last := before.times[len(before.times)-1]; compareTokens(this.times[0], last) <= 0 {
			return nil, fileError(path.Dir(this.Frames[0]), fmt.Errorf("begins with frame %v, but %q goes on to %v", this.times[0], before.Task, last))
		}
	}
	return withNumbers(actions), nil
}

// action is an episode of one action, before its frames have numbers.
type action struct {
	Episode
	times []token // of the frames, as their names have it: numbers or clocks, ascending
}

// withNumbers gives the frames of a recording's actions, which are in order, their numbers: those of their names, or where any
// of these is a clock, their places in the recording.
func withNumbers(actions []action) (episodes []Episode) {
	clocks := slices.ContainsFunc(actions, func(a action) bool {
		return slices.ContainsFunc(a.times, func(t token) bool { return t.fraction != "" })
	})
	place := 0
	for _, a := range actions {
		for _, at := range a.times {
			n := place
			if !clocks {
				n, _ = strconv.Atoi(at.String()) // readAction has seen that it is one
			}
			a.Numbers = append(a.Numbers, n)
			place++
		}
		episodes = append(episodes, a.Episode)
	}
	return episodes
}

// readAction reads a folder that holds images; without any it is no action.
func readAction(fsys fs.FS, dir string, r recording) (a action, isAction bool, err error) {
	names, err := FrameNames(fsys, dir)
	if err != nil || len(names) == 0 {
		return a, false, err
	}
	entries, err := visible(fsys, dir)
	if err != nil {
		return a, false, err
	}
	if k := slices.IndexFunc(entries, fs.DirEntry.IsDir); k >= 0 {
		return a, false, fileError(path.Join(dir, entries[k].Name()), errors.New("is a folder among images"))
	}
	text := path.Base(dir)
	a.Episode = Episode{Scene: r.scene, ID: r.id, Camera: r.camera, Task: text, Plan: []string{text}, Subtask: make([]int, len(names))}
	for k, name := range names {
		stem, _ := imageStem(name)
		at := tokens(stem)
		_, err := strconv.ParseUint(stem, 10, 31)
		if len(at) != 1 || at[0].text != "" || at[0].fraction == "" && err != nil && strings.Trim(stem, "0123456789") == "" {
			return a, false, fileError(path.Join(dir, name), errors.New("name is not a frame number"))
		}
		if k > 0 && compareTokens(at[0], a.times[k-1]) == 0 {
			return a, false, fileError(path.Join(dir, name), fmt.Errorf("is frame %v, as %s is", at[0], names[k-1]))
		}
		a.Frames, a.times = append(a.Frames, path.Join(dir, name)), append(a.times, at[0])
	}
	return a, true, nil
}

// otherImage names a file of a folder that is an image and not read as a frame; "" where there is none.
func otherImage(fsys fs.FS, dir string) string {
	entries, _ := visible(fsys, dir) // whoever cannot be listed is no folder of images
	for _, e := range entries {
		switch strings.ToLower(path.Ext(e.Name())) {
		case ".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jxl", ".ppm", ".tif", ".tiff":
			return e.Name()
		}
	}
	return ""
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
