// Package lerobot reads datasets that the lerobot package has recorded, in its formats v2 and v3, as recordings that
// package clips prepares, and writes progress back as its trainers read it. It is a package of its own so that only those
// who use it link a Parquet reader.
//
// Listing a dataset reads the metadata and a few columns of the data files, some 2 million frames a second and 70 bytes of
// memory a frame of the largest data file; pictures are not touched. Frames kept as images are read from the data files in
// batches of 8 MiB as they are asked for.
package lerobot

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/egotsr/egotsr/dataset/clips"
)

// Error says which file of a dataset cannot be used and why. Unwrap gives the cause, such as fs.ErrNotExist.
type Error struct {
	File    string // within the dataset's folder, with slashes
	Episode int    // the episode it is about, or -1
	Err     error
}

func (e *Error) Error() string {
	if e.Episode < 0 {
		return fmt.Sprintf("lerobot: %s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("lerobot: %s: episode %d: %v", e.File, e.Episode, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// wrap makes an *Error of err, unless it is one already: the innermost knows best.
func wrap(file string, episode int, err error) error {
	switch e := err.(type) {
	case *Error:
		return e
	case *fs.PathError: // would name the file twice
		err = e.Err
	}
	return &Error{File: file, Episode: episode, Err: err}
}

func fail(file string, episode int, format string, args ...any) error {
	return &Error{File: file, Episode: episode, Err: fmt.Errorf(format, args...)}
}

// episode is what the metadata lists of one, with what the data files add.
type episode struct {
	index, length int
	file          string // the metadata file that lists it
	data          string // the data file that holds its rows
	first         int    // row in it
	global        int    // index of the first frame in the dataset; -1 where the rows do not tell
	views         []view // one a camera, in the order of the cameras
	task          string
	actions       []clips.Action // nil until its rows are read
}

// view is an episode's part of a video file, or its images.
type view struct {
	file     string
	from, to int
	images   *images
}

// Recordings lists what a LeRobotDataset v2 or v3 in folder dir holds: a recording for each episode and camera, in that
// order. Cameras are features of info.json such as "observation.images.top", or the last part of their names; without
// any, all are listed but depth maps. The scene is the dataset's name, the episode its index.
//
// Actions are the subtasks that annotate an episode: lerobot 0.6's language_persistent rows of style "subtask", else
// the subtask_index of lerobot 0.4 and 0.5 with meta/subtasks.parquet. An episode without either is one action with
// the task's text. Where the task changes within an episode, each stretch is an action and the recording's task is all
// texts in order, joined by "; ".
//
// Cameras of dtype image, whose frames lie in the data files, are read as those of dtype video.
//
// Nothing in the metadata is believed: every episode's length has to agree with its rows, their timestamps and its
// span of each video, spans may not overlap, and every video has to be there. Errors are *Error. Formats before v2 are
// refused.
func Recordings(dir string, cameras ...string) ([]clips.Recording, error) {
	d, err := readInfo(dir)
	if err != nil {
		return nil, err
	}
	views, err := d.cameras(cameras)
	if err != nil {
		return nil, err
	}
	episodes, err := d.episodes(views)
	if err != nil {
		return nil, err
	}
	if err := d.annotate(episodes); err != nil {
		return nil, err
	}
	scene, err := sceneName(dir)
	if err != nil {
		return nil, wrap(".", -1, err)
	}
	recordings := make([]clips.Recording, 0, len(episodes)*len(views))
	for _, e := range episodes {
		for k, v := range e.views {
			r := clips.Recording{
				Scene: scene, Episode: strconv.Itoa(e.index), Camera: views[k].name, Task: e.task,
				Actions: slices.Clone(e.actions),
			}
			if v.images != nil {
				v.images.first = e.first
				r.Stored = v.images
			} else {
				r.Video, r.From, r.To = filepath.Join(dir, filepath.FromSlash(v.file)), v.from, v.to
			}
			recordings = append(recordings, r)
		}
	}
	return recordings, nil
}

// sceneName is the folder's name, or the repository's where the folder is a snapshot in Hugging Face's cache, which is
// named by a commit.
func sceneName(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if snapshots := filepath.Dir(dir); filepath.Base(snapshots) == "snapshots" {
		if repo, ok := strings.CutPrefix(filepath.Base(filepath.Dir(snapshots)), "datasets--"); ok {
			parts := strings.Split(repo, "--") // owner--name
			return parts[len(parts)-1], nil
		}
	}
	return filepath.Base(dir), nil
}
