package egotsr

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io/fs"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/sidefile"
	"github.com/egotsr/egotsr/vision"
)

// rehearsalFile is a small part of what a checkpoint learnt from, which it is asked about while it learns something else, so that it
// stays known. It is an addition to the Hugging Face layout, which transformers ignores; whatever is made of the checkpoint carries it on:
//
//	{"episodes": [{…, "images": ["…", …]}, …]}
//
// An episode is a dataset.Episode as JSON, whose frames are images in base64 in the place of paths. Labels are those that the
// checkpoint learnt from.
const rehearsalFile = "rehearsal.json"

// What is taken of one, at most: twenty times what comes with nano.
const (
	maxRehearsal       = 96 << 20 // bytes
	maxRehearsalPixels = 1 << 28  // of all images
)

// rehearsal is episodes whose frames are held as they were stored.
type rehearsal struct {
	episodes []dataset.Episode
	images   map[string][]byte
}

// loadRehearsal reads what a checkpoint has of it, which may be nothing, and looks at every image.
func loadRehearsal(fsys fs.FS) (*rehearsal, error) {
	r := &rehearsal{images: map[string][]byte{}}
	data, err := sidefile.Read(fsys, rehearsalFile, maxRehearsal)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	var file struct {
		Episodes []struct {
			dataset.Episode
			Images [][]byte `json:"images"`
		} `json:"episodes"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", rehearsalFile, err)
	}
	pixels := 0
	for k, e := range file.Episodes {
		e.Frames = nil
		for i, data := range e.Images {
			name := fmt.Sprintf("%d/%d", k, i)
			img, err := vision.Decode(data)
			if err != nil {
				return nil, fmt.Errorf("%s: episode %d, image %d: %w", rehearsalFile, k, i, err)
			}
			if pixels += img.Bounds().Dx() * img.Bounds().Dy(); pixels > maxRehearsalPixels {
				return nil, fmt.Errorf("%s: the images have more than %d pixels together", rehearsalFile, maxRehearsalPixels)
			}
			e.Frames, r.images[name] = append(e.Frames, name), data
		}
		if err := e.Episode.Validate(); err != nil {
			return nil, fmt.Errorf("%s: episode %d: %w", rehearsalFile, k, err)
		}
		r.episodes = append(r.episodes, e.Episode)
	}
	return r, nil
}

// heldEvery is how many episodes of the rehearsal set there are for one that is only measured on.
const heldEvery = 4

// split parts the episodes that are rehearsed from those that are measured on.
func (r *rehearsal) split() (rehearsed, held []dataset.Episode) {
	for k, e := range r.episodes {
		if k%heldEvery == heldEvery-1 {
			held = append(held, e)
		} else {
			rehearsed = append(rehearsed, e)
		}
	}
	return rehearsed, held
}

// from is a source whose images are those of the rehearsal.
func (r *rehearsal) from(src dataset.Source) dataset.Source { return &rehearsing{src, r} }

type rehearsing struct {
	dataset.Source
	of *rehearsal
}

// Block is that of the source.
func (r *rehearsing) Block() int {
	if b, ok := r.Source.(dataset.Blocked); ok {
		return b.Block()
	}
	return 1
}

// Image decodes an image that has been decoded before.
func (r *rehearsing) Image(path string) (image.Image, error) { return vision.Decode(r.of.images[path]) }
