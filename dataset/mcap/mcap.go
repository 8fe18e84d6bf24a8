// Package mcap reads MCAP files, as ROS 2, Foxglove and many robots' own loggers write them, as recordings that package
// clips prepares: one for each topic of images. It is a package of its own so that only those who use it link MCAP and its
// compressions.
//
// Cameras are topics of sensor_msgs/msg/CompressedImage and Image (cdr), foxglove.CompressedImage and foxglove.RawImage
// (protobuf or JSON). JPEG, PNG and WebP files are handed on as they are; raw images that are rgb8, bgr8, rgba8, bgra8 or
// mono8 become PNG files of the same pixels.
//
// Listing goes through a file once, from its beginning, and believes no index: so it takes files without one, and files
// of programs that died. That runs at 200 MB/s and more, or as fast as the disk, in 1 MiB, the greatest chunk and 48
// bytes for each image. Reading frames holds one chunk.
package mcap

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/dataset/internal/topics"
)

// Options of Recordings. The task has to come from one of two.
type Options struct {
	Cameras      []string // topics wanted; nil = every topic of images but depth maps
	Task         string   // the task's name, or
	TaskTopic    string   // a topic of texts that tells it
	SubtaskTopic string   // a topic of texts, each of which begins a subtask, and an empty one ends it; "" = the whole recording is one action
}

// Error says which file, and where it is about one, which topic cannot be used and why.
type Error struct {
	File, Topic string
	Err         error
}

func (e *Error) Error() string {
	if e.Topic == "" {
		return fmt.Sprintf("mcap: %s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("mcap: %s: topic %s: %v", e.File, e.Topic, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// DamageError says where a file ends too early or is damaged. Recordings gives it beside the recordings of all that lies
// before.
type DamageError struct {
	File   string
	Offset int64 // of the record that cannot be read
	Err    error
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("mcap: %s: damaged at byte %d: %v; what lies before can be used", e.File, e.Offset, e.Err)
}

func (e *DamageError) Unwrap() error { return e.Err }

func wrap(file string, err error) error {
	if t := (*topics.Error)(nil); errors.As(err, &t) {
		return &Error{file, t.Topic, t.Err}
	}
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		err = p.Err // would name the file twice
	}
	return &Error{File: file, Err: err}
}

// Recordings lists what an MCAP file, or a folder of the parts of one, holds: a recording for each camera. The scene is
// the name of the folder around it, the episode its own, and a camera its topic with dots for slashes. Frames are in the
// order of their log times.
//
// Several texts on TaskTopic make a task of all of them, joined by "; ", and where there is no SubtaskTopic each is an
// action. Callers who know the actions better set them in what they get.
//
// Errors are *Error. Where a file is damaged, recordings of what lies before it come with a *DamageError, and later parts
// are not read.
func Recordings(path string, opts *Options) ([]clips.Recording, error) {
	if opts == nil {
		opts = new(Options)
	}
	files, err := topics.Parts(path, ".mcap")
	if err != nil {
		return nil, wrap(path, err)
	}
	src := &source{files: files}
	log := &topics.Log{Options: topics.Options(*opts)}
	var damage error
	for k := range files {
		s := &scanner{src: src, log: log, file: k}
		if err := s.scan(); err != nil {
			if damage = err; !errors.As(err, new(*DamageError)) {
				return nil, err
			}
			break
		}
	}
	scene, episode, err := topics.Names(path)
	if err != nil {
		return nil, wrap(path, err)
	}
	recordings, err := log.Recordings(src, scene, episode)
	if err != nil {
		return nil, errors.Join(wrap(path, err), damage)
	}
	return recordings, damage
}
