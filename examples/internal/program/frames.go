package program

import (
	"cmp"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/vision"
)

// Image reads an image file by its path on this machine.
func Image(name string) (image.Image, error) {
	return Read(os.DirFS(filepath.Dir(name)), filepath.Base(name))
}

// Read decodes an image file of a file system.
func Read(fsys fs.FS, name string) (image.Image, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	img, err := vision.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return img, nil
}

// Frames are the paths of a folder's .jpg and .png files, in the order of the numbers in their names. Other files are passed over,
// but a folder without frames is an error.
func Frames(fsys fs.FS, dir string) (names []string, err error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		switch strings.ToLower(path.Ext(e.Name())) {
		case ".jpg", ".jpeg", ".png":
			names = append(names, path.Join(dir, e.Name()))
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s has no .jpg or .png frames", dir)
	}
	// Shorter names first puts 9.jpg before 10.jpg.
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return names, nil
}
