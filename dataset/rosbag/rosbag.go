// Package rosbag reads rosbag2 recordings that are kept in SQLite, the format of ROS 2 up to Humble, as recordings that
// package clips prepares: one for each topic of images. Those kept in MCAP are for package mcap. It is a package of its
// own so that only those who use it link SQLite, which is here translated to Go and needs no cgo.
//
// Cameras are topics of sensor_msgs/msg/CompressedImage and Image, as package mcap has them.
//
// Listing reads every row but not the pictures, some 500,000 rows a second, and takes 40 bytes for each image. Files are
// opened read-only; beside one whose recorder died SQLite keeps a file of its own, .db3-shm, while it is read.
package rosbag

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/dataset/internal/topics"
)

// Options of Recordings. The task has to come from one of two.
type Options struct {
	Cameras      []string // topics wanted; nil = every topic of images but depth maps
	Task         string   // the task's name, or
	TaskTopic    string   // a topic of std_msgs/msg/String that tells it
	SubtaskTopic string   // a topic of texts, each of which begins a subtask, and an empty one ends it; "" = the whole recording is one action
}

// Error says which file, and where it is about one, which topic cannot be used and why.
type Error struct {
	File, Topic string
	Err         error
}

func (e *Error) Error() string {
	if e.Topic == "" {
		return fmt.Sprintf("rosbag: %s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("rosbag: %s: topic %s: %v", e.File, e.Topic, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// DamageError says after which row a file ends too early or is damaged. Recordings gives it beside the recordings of
// all rows that can be read.
type DamageError struct {
	File string
	Row  int64 // the last one listed
	Err  error
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("rosbag: %s: damaged after row %d: %v; what can be read can be used", e.File, e.Row, e.Err)
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

// Recordings lists what a rosbag2 folder, or one .db3 file, holds: a recording for each camera. The scene is the name of
// the folder around it, the episode its own, and a camera its topic with dots for slashes. Frames are in the order of the
// times at which they were recorded.
//
// Several texts on TaskTopic make a task of all of them, joined by "; ", and where there is no SubtaskTopic each is an
// action. Callers who know the actions better set them in what they get.
//
// Errors are *Error. Where a file is damaged, recordings of what can be read come with a *DamageError, and later parts are
// not read. Bags that are compressed are refused.
func Recordings(path string, opts *Options) ([]clips.Recording, error) {
	if opts == nil {
		opts = new(Options)
	}
	if err := compressed(path); err != nil {
		return nil, wrap(path, err)
	}
	files, err := topics.Parts(path, ".db3")
	if err != nil {
		return nil, wrap(path, err)
	}
	src := &source{files: files}
	log := &topics.Log{Options: topics.Options(*opts)}
	var damage error
	for k := range files {
		if err := src.list(k, log); err != nil {
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

var compression = regexp.MustCompile(`(?mi)^\s*compression_mode:\s*["']?(file|message)\b`)

// compressed refuses bags whose files or messages are compressed, which rosbag2 tells in metadata.yaml.
func compressed(path string) error {
	if filepath.Ext(path) == ".zstd" {
		return errors.New("is compressed: `zstd -d` makes a bag of it that is read")
	}
	data, err := os.ReadFile(filepath.Join(path, "metadata.yaml"))
	if err != nil {
		return nil // a file, or a folder that lost it, which the files do without
	}
	if m := compression.FindSubmatch(data); m != nil {
		return fmt.Errorf("is compressed (compression_mode %s): `ros2 bag convert` makes a bag of it that is read", m[1])
	}
	return nil
}
