package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/examples/internal/program"
	"github.com/egotsr/egotsr/examples/internal/recordings"
)

// source says where recordings are.
type source struct {
	dir   string
	files recordings.Files
	every int
}

func (s *source) flags() {
	flag.StringVar(&s.dir, "data", "", "`folder` of recordings")
	s.files.Flags()
	flag.IntVar(&s.every, "every", 6, "of a video, or of what -lerobot and the like name, take one frame in so many: 6 makes 5 Hz of 30")
}

// read gives recordings and the file system that their frames are in. What is no file of a picture is decoded into the folder frames.
func (s *source) read(ctx context.Context, frames string) (fs.FS, []dataset.Episode, error) {
	if s.files.Given() {
		found, err := s.files.Read()
		if err != nil {
			return nil, nil, err
		}
		demos, err := decode(ctx, found, frames, s.every)
		return os.DirFS(frames), demos, err
	}
	if s.dir == "" {
		return nil, nil, errors.New("-data, -lerobot, -mcap, -rosbag or -hdf5 is needed")
	}
	if info, err := os.Stat(s.dir); err != nil {
		return nil, nil, fmt.Errorf("-data: %w", err)
	} else if !info.IsDir() {
		return nil, nil, fmt.Errorf("-data: %s is no folder", s.dir)
	}
	disk := os.DirFS(s.dir)
	if info, err := fs.Stat(disk, "progress"); err == nil && info.IsDir() {
		demos, err := program.Episodes(disk)
		return disk, demos, err
	}
	if s.files.Task == "" {
		return nil, nil, errors.New("-task is needed: a folder of frames does not tell what they show")
	}
	return s.folders(ctx, disk, frames)
}

// folders reads a folder of folders of frames, or of videos, or of both.
func (s *source) folders(ctx context.Context, disk fs.FS, frames string) (fs.FS, []dataset.Episode, error) {
	var demos []dataset.Episode
	var videos []clips.Recording
	for _, dir := range []string{".", "failed"} {
		entries, err := fs.ReadDir(disk, dir)
		if dir == "failed" && errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		before := len(demos) + len(videos)
		for _, e := range entries {
			name := path.Join(dir, e.Name())
			switch {
			case strings.HasPrefix(e.Name(), "."), name == "failed":
			case e.IsDir():
				demo := dataset.Episode{Scene: dir, ID: e.Name(), Task: s.files.Task, Outcome: outcome(dir)}
				if demo.Frames, err = program.Frames(disk, name); err != nil {
					return nil, nil, err
				}
				demos = append(demos, demo)
			case slices.Contains([]string{".mp4", ".mkv", ".webm", ".mov", ".avi"}, strings.ToLower(path.Ext(name))):
				videos = append(videos, clips.Recording{Scene: dir, Episode: e.Name(), Task: s.files.Task, Video: filepath.Join(s.dir, filepath.FromSlash(name))})
			}
		}
		if len(demos)+len(videos) > before {
			continue
		}
		if loose, err := dataset.FrameNames(disk, dir); err != nil {
			return nil, nil, err
		} else if len(loose) > 0 {
			return nil, nil, fmt.Errorf("%s is in no folder of its own: want one for the frames of each recording", filepath.Join(s.dir, dir, loose[0]))
		}
	}
	switch {
	case len(demos)+len(videos) == 0:
		return nil, nil, fmt.Errorf("%s holds no folders of frames, and no videos", s.dir)
	case len(videos) == 0:
		return disk, demos, nil
	case len(demos) > 0:
		return nil, nil, fmt.Errorf("%s holds folders and videos: want one kind", s.dir)
	}
	demos, err := decode(ctx, videos, frames, s.every)
	return os.DirFS(frames), demos, err
}

// outcome is that of the recordings in a folder.
func outcome(dir string) dataset.Outcome {
	if dir == "failed" {
		return dataset.OutcomeFailed
	}
	return dataset.OutcomeSuccess
}

// decode writes frames as files, and again where they are there already: only what is whole is known to be right.
func decode(ctx context.Context, found []clips.Recording, frames string, every int) (demos []dataset.Episode, err error) {
	bar := program.Bar(os.Stderr, "recordings")
	for k := range found {
		r := &found[k]
		demo := dataset.Episode{Scene: r.Scene, ID: r.Episode, Camera: r.Camera, Task: r.Task, Outcome: outcome(r.Scene)}
		if r.Truth != nil {
			demo.Outcome = r.Truth.Outcome
		}
		dir := fmt.Sprintf("%03d", k)
		if err := os.MkdirAll(filepath.Join(frames, dir), 0o755); err != nil {
			return nil, err
		}
		err := r.Decode(ctx, every, func(i int, img image.Image) error {
			name := fmt.Sprintf("%s/%06d.jpg", dir, i)
			demo.Frames, demo.Numbers = append(demo.Frames, name), append(demo.Numbers, i/every)
			f, err := os.Create(filepath.Join(frames, filepath.FromSlash(name)))
			if err != nil {
				return err
			}
			return errors.Join(jpeg.Encode(f, img, &jpeg.Options{Quality: 95}), f.Close())
		})
		if err != nil {
			return nil, err
		}
		demos = append(demos, demo)
		bar(k+1, len(found), "")
	}
	return demos, nil
}
