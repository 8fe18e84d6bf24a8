package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/vision"
)

// recording is where frames come from, and who is told what they show.
type recording struct {
	task  string
	plan  *decompose.Plan
	next  func() (image.Image, error) // io.EOF after the last
	tell  func(egotsr.State)
	close func() error
}

// text is the subtask that a state names.
func (r *recording) text(s egotsr.State) string {
	if s.Subtask < 0 {
		return ""
	}
	return r.plan.Subtasks[s.Subtask].Text
}

// files are images on disk.
func files(task string, paths []string) recording {
	return recording{
		task: task,
		next: func() (image.Image, error) {
			if len(paths) == 0 {
				return nil, io.EOF
			}
			path := paths[0]
			paths = paths[1:]
			data, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			img, err := vision.Decode(data)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			return img, nil
		},
		tell:  func(egotsr.State) {},
		close: func() error { return nil },
	}
}

func folder(dir, task string) (recording, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return recording{}, err
	}
	var paths []string
	for _, e := range entries {
		if !e.IsDir() {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return files(task, paths), nil
}

// recorded is an episode, with its annotated actions as the plan.
func recorded(data, name string) (recording, error) {
	episodes, err := dataset.Simulated(os.DirFS(data))
	if err != nil {
		return recording{}, err
	}
	k := slices.IndexFunc(episodes, func(e dataset.Episode) bool {
		if name == "" {
			return slices.Contains(e.Regress, true)
		}
		return e.Scene+"/"+e.ID == name
	})
	if k < 0 {
		return recording{}, fmt.Errorf("%s has no episode %q", data, name)
	}
	e := &episodes[k]
	paths := make([]string, len(e.Frames))
	for i, f := range e.Frames {
		paths[i] = filepath.Join(data, filepath.FromSlash(f))
	}
	r := files(e.Task, paths)
	r.plan, err = decompose.Annotated(e.Task, e.Plan)
	return r, err
}

// maxFrame is more than any camera's JPEG takes.
const maxFrame = 64 << 20

// robot starts a program that writes frames and reads how the task is going.
func robot(ctx context.Context, command, task string) (recording, error) {
	words := strings.Fields(command)
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	c.Stderr = os.Stderr
	in, err1 := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return recording{}, err
	}
	if err := c.Start(); err != nil {
		return recording{}, err
	}
	return recording{
		task: task,
		next: func() (image.Image, error) {
			var size uint32
			if err := binary.Read(out, binary.BigEndian, &size); err != nil {
				return nil, err
			}
			if size > maxFrame {
				return nil, fmt.Errorf("a frame of %d bytes", size)
			}
			data := make([]byte, size)
			if _, err := io.ReadFull(out, data); err != nil {
				return nil, err
			}
			return vision.Decode(data)
		},
		// A robot that has gone is noticed at its next frame.
		tell: func(s egotsr.State) { fmt.Fprintf(in, "%s %.2f\n", s.Trend, s.Progress) },
		close: func() error {
			in.Close()
			io.Copy(io.Discard, out)
			return c.Wait()
		},
	}, nil
}
