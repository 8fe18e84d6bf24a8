package clips

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/dataset"
)

// mixedError says that a folder holds the images of several cameras.
type mixedError struct {
	dir, camera string // camera is what the folder would be
	names       []string
}

func (e *mixedError) Error() string {
	return fmt.Sprintf("%s holds images of several kinds of names, such as %q and %q: each camera's frames belong in a folder of their own", e.dir, e.names[0], e.names[1])
}

// cameras lists the views in an episode's folder, and the folders that would be one if they did not mix several.
func cameras(dir string) (found []Recording, mixed []*mixedError, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		name := e.Name()
		inner := filepath.Join(dir, name)
		switch ext := filepath.Ext(name); {
		case strings.HasPrefix(name, ".") || isDepth(name):
		case name == "videos" && isFolder(dir, e):
			more, bad, err := cameras(inner)
			if err != nil {
				return nil, nil, err
			}
			found, mixed = append(found, more...), append(mixed, bad...)
		case isFolder(dir, e):
			images, bad, err := imagesIn(inner, name)
			if err != nil {
				return nil, nil, err
			}
			if bad != nil {
				mixed = append(mixed, bad)
			} else if len(images) > 0 {
				found = append(found, Recording{Camera: name, Images: images})
			}
		case isVideo(ext):
			found = append(found, Recording{Camera: strings.TrimSuffix(name, ext), Video: inner})
		}
	}
	if len(found)+len(mixed) > 0 {
		return found, mixed, nil
	}
	images, bad, err := imagesIn(dir, "")
	switch {
	case err != nil:
		return nil, nil, err
	case bad != nil:
		return nil, []*mixedError{bad}, nil
	case len(images) > 0:
		return []Recording{{Images: images}}, nil, nil
	}
	return nil, nil, nil
}

// isVideo tells by the end of a file's name.
func isVideo(ext string) bool {
	switch strings.ToLower(ext) {
	case ".avi", ".m4v", ".mkv", ".mov", ".mp4", ".ts", ".webm":
		return true
	}
	return false
}

var depth = regexp.MustCompile(`(?i)(^|[^a-z])depth([^a-z]|$)`)

// isDepth tells a name of depth from that of a view.
func isDepth(name string) bool { return depth.MatchString(name) }

var numbers = regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)

// imagesIn lists the frames in a folder, unless their names differ in more than their numbers.
func imagesIn(dir, camera string) (paths []string, mixed *mixedError, err error) {
	names, err := dataset.FrameNames(os.DirFS(dir), ".")
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", dir, err)
	}
	names = slices.DeleteFunc(names, isDepth)
	kind := ""
	for i, name := range names {
		k := numbers.ReplaceAllString(strings.TrimSuffix(name, filepath.Ext(name)), "0")
		if i == 0 {
			kind = k
		}
		if k != kind {
			return nil, &mixedError{dir, camera, []string{names[0], name}}, nil
		}
		paths = append(paths, filepath.Join(dir, name))
	}
	return paths, nil, nil
}
