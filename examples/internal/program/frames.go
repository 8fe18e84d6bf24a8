package program

import (
	"fmt"
	"io/fs"
	"path"

	"github.com/egotsr/egotsr/dataset"
)

// Frames are the paths of a folder's images in the order of recording, see [dataset.FrameNames]. Other files are passed over, but a
// folder without frames is an error.
func Frames(fsys fs.FS, dir string) ([]string, error) {
	names, err := dataset.FrameNames(fsys, dir)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s has no .jpg, .png or .webp frames", dir)
	}
	for i, name := range names {
		names[i] = path.Join(dir, name)
	}
	return names, nil
}
