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
	"slices"
	"strings"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/examples/internal/program"
	"github.com/egotsr/egotsr/vision"
)

// recording is where frames come from, and who is told what they show.
type recording struct {
	task  string
	plan  *decompose.Plan
	next  func() (image.Image, error) // io.EOF after the last
	every time.Duration               // between frames; 0 = they come when they come
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

// framePeriod is between the frames of an episode, and taken to be between those of a folder.
const framePeriod = 200 * time.Millisecond

// files are images of a folder.
func files(task, dir string, names []string) recording {
	disk := os.DirFS(dir)
	return recording{
		task:  task,
		every: framePeriod,
		next: func() (image.Image, error) {
			if len(names) == 0 {
				return nil, io.EOF
			}
			name := names[0]
			names = names[1:]
			return vision.Read(disk, name)
		},
		tell:  func(egotsr.State) {},
		close: func() error { return nil },
	}
}

// folder has the frames of a directory.
func folder(dir, task string) (recording, error) {
	names, err := program.Frames(os.DirFS(dir), ".")
	if err != nil {
		return recording{}, fmt.Errorf("-frames %s: %w", dir, err)
	}
	return files(task, dir, names), nil
}

// recorded is an episode, with its annotated actions as the plan.
func recorded(data, name string) (recording, error) {
	episodes, _, err := dataset.Simulated(os.DirFS(data))
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
	r := files(e.Task, data, e.Frames)
	r.plan, err = decompose.Annotated(e.Task, e.Plan)
	return r, err
}

const (
	maxFrame = 64 << 20        // bytes: more than any camera's JPEG takes
	grace    = 2 * time.Second // for a robot to end once it has been told all
)

// robot starts a program that writes frames and reads how the task is going.
func robot(ctx context.Context, command, task string) (recording, error) {
	words := strings.Fields(command)
	if len(words) == 0 {
		return recording{}, errors.New("-live names no command")
	}
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	c.Stderr = os.Stderr
	in, err1 := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return recording{}, err
	}
	// Processes that a robot has started may hold its pipes open, so they are closed on this side too.
	kill := func() error {
		err := c.Process.Kill()
		in.Close()
		out.Close()
		return err
	}
	c.Cancel = kill
	if err := c.Start(); err != nil {
		return recording{}, err
	}
	// A robot that does not read is not waited for: what its pipe cannot take is dropped.
	lines := make(chan string, 8)
	go func() {
		defer in.Close()
		for line := range lines {
			io.WriteString(in, line) // a robot that has gone is noticed at its next frame
		}
	}()
	return recording{
		task: task,
		next: func() (image.Image, error) { return readFrame(out) },
		tell: func(s egotsr.State) {
			select {
			case lines <- fmt.Sprintf("%s %.2f\n", s.Trend, s.Progress):
			default:
			}
		},
		close: func() error {
			close(lines)
			defer time.AfterFunc(grace, func() { _ = kill() }).Stop()
			io.Copy(io.Discard, out)
			if err := c.Wait(); err != nil {
				return fmt.Errorf("%s: %w", words[0], err)
			}
			return nil
		},
	}, nil
}

// readFrame reads an image after its length; io.EOF where the stream ends before one.
func readFrame(r io.Reader) (image.Image, error) {
	var size uint32
	if err := binary.Read(r, binary.BigEndian, &size); err != nil {
		return nil, err
	}
	if size > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes, at most %d are taken", size, maxFrame)
	}
	data := make([]byte, size)
	if n, err := io.ReadFull(r, data); err != nil {
		return nil, fmt.Errorf("%d of the %d bytes of a frame: %w", n, size, io.ErrUnexpectedEOF)
	}
	return vision.Decode(data)
}
