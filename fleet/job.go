package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/dataset/hdf5"
	"github.com/egotsr/egotsr/dataset/lerobot"
	"github.com/egotsr/egotsr/dataset/mcap"
	"github.com/egotsr/egotsr/dataset/rosbag"
	"github.com/egotsr/egotsr/model/nano"
)

// Job is what is asked of all recordings. It travels to the workers as JSON.
type Job struct {
	Out, Model, Checkpoint, Backend string // Checkpoint is the hash of what Model holds
	Task, Topic, Camera, Name       string
	Every, Frames, Pairs, Workers   int
	Seed                            uint64
	Sure                            float64
}

func (j *Job) check(sources []Source) error {
	switch {
	case len(sources) == 0 || j.Out == "":
		return fmt.Errorf("want -out and at least one of %q", kinds)
	case j.Every < 1 || j.Frames < 2 || j.Workers < 1:
		return errors.New("want -every and -workers of at least 1, and -frames of at least 2")
	case j.Pairs < 0 || j.Pairs%pairsPerGroup != 0:
		return fmt.Errorf("-pairs %d: want a multiple of %d, or 0", j.Pairs, pairsPerGroup)
	case !(j.Sure >= 0 && j.Sure <= 1):
		return fmt.Errorf("-sure %v: want 0 to 1", j.Sure)
	}
	return nil
}

func (j *Job) checkpoint() fs.FS {
	if j.Model == "" {
		return nano.FS()
	}
	return os.DirFS(j.Model)
}

// question identifies what is asked about a recording that is prepared: its answers stand as long as this is the same.
func (j *Job) question(episode []byte) string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%s %q %d %d %d\n%s", j.Checkpoint, j.Backend, j.Frames, j.Pairs, j.Seed, episode)))[:32]
}

// kinds are those of sources, which are flags as well.
var kinds = []string{"data", "lerobot", "mcap", "rosbag", "hdf5"}

// Source is where recordings come from.
type Source struct{ Kind, Path string }

// read lists a source's recordings of the wanted camera. Where a part of it is damaged, the rest comes with the errors.
func (j *Job) read(s Source) (recordings []clips.Recording, bad []error) {
	var err error
	switch s.Kind {
	case "lerobot":
		var cameras []string
		if j.Camera != "" {
			cameras = []string{j.Camera}
		}
		recordings, err = lerobot.Recordings(s.Path, cameras...)
	case "mcap":
		recordings, err = mcap.Recordings(s.Path, &mcap.Options{Task: j.Task, TaskTopic: j.Topic})
	case "rosbag":
		recordings, err = rosbag.Recordings(s.Path, &rosbag.Options{Task: j.Task, TaskTopic: j.Topic})
	case "hdf5":
		recordings, err = hdf5.Recordings(s.Path, &hdf5.Options{Task: j.Task})
	default:
		var skipped []*clips.EpisodeError
		recordings, skipped, err = clips.AgiBot(s.Path)
		for _, e := range skipped {
			bad = append(bad, e)
		}
		if len(bad) > 0 && len(recordings) == 0 {
			err = nil // it is the first of them again
		}
	}
	if err != nil {
		bad = append(bad, err)
	}
	if j.Camera != "" && s.Kind != "lerobot" { // which knows the last part of a camera's name too
		recordings = slices.DeleteFunc(recordings, func(r clips.Recording) bool { return r.Camera != j.Camera })
	}
	if len(recordings)+len(bad) == 0 {
		bad = append(bad, fmt.Errorf("%s: has no recording of camera %q", s.Path, j.Camera))
	}
	return recordings, bad
}

// Ref names one recording of a source.
type Ref struct {
	Source                 Source
	Scene, Episode, Camera string
}

// folder is where what is made of a recording lies in OUT, with slashes. It names the recording.
func (r *Ref) folder() string { return path.Join("recordings", r.Scene, r.Episode, r.Camera) }

// named tells whether the parts of a recording's name can name folders.
func (r *Ref) named() error {
	for _, name := range []string{r.Scene, r.Episode, "_" + r.Camera} {
		if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
			return fmt.Errorf("%q cannot name a folder", strings.TrimPrefix(name, "_"))
		}
	}
	return nil
}
