package clips

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/state"
)

// cutter puts the frames of one recording into its clips.
type cutter struct {
	opts    *Options
	rec     *Recording
	root    string // of the clips, relative to out
	clips   []*clip
	index   []int // of each action in the plan
	owner   map[int]int
	dropped map[string]int
	episode dataset.Episode
	err     error
}

func newCutter(o *Options, r *Recording, root string) *cutter {
	c := &cutter{opts: o, rec: r, root: root, dropped: map[string]int{}, owner: map[int]int{}}
	c.episode = dataset.Episode{Scene: r.Scene, ID: r.Episode, Camera: r.Camera, Task: r.Task}
	if t := r.Truth; t != nil {
		if c.err = t.Validate(); c.err != nil {
			return c
		}
		c.episode.Outcome, c.episode.Variant, c.episode.Seed = t.Outcome, t.Variant, t.Seed
	}
	c.episode.Plan, c.index, c.err = r.plan()
	for k, name := range folders(r.Actions) {
		one := &clip{folder: name, drop: o.Drop, least: o.Least}
		if strings.Contains(r.Actions[k].Text, o.Keep) {
			one.drop = 0
		}
		c.clips = append(c.clips, one)
	}
	return c
}

// cut goes through the recording once.
func (c *cutter) cut(ctx context.Context, d *state.Dir) error {
	n, err := c.frames(ctx, d)
	if err != nil {
		return err
	}
	if beyond := c.beyond(n); beyond != nil {
		return beyond
	}
	if t := c.rec.Truth; t != nil && (n-1)*c.opts.Every >= len(t.Frames) {
		return fmt.Errorf("%d frames are recorded and %d are known of", n, len(t.Frames))
	}
	for k, one := range c.clips {
		stay, dropped := one.end()
		if dropped > 0 {
			c.dropped[droppedEnd] += dropped
		}
		if err := c.write(d, k, stay); err != nil {
			return err
		}
	}
	if len(c.owner) == 0 {
		return errors.New("no frame lies in an action")
	}
	return c.describe()
}

// beyondError says that actions are annotated where nothing is recorded.
type beyondError struct {
	actions []int
	frames  int // recorded, in steps of every
	every   int
}

func (e *beyondError) Error() string {
	return fmt.Sprintf("%d actions go beyond the end of the recording", len(e.actions))
}

// beyond finds the actions that n frames of a recording do not hold to their end.
func (c *cutter) beyond(n int) error {
	e := &beyondError{frames: n, every: c.opts.Every}
	for k, a := range c.rec.Actions {
		if a.End/e.every > n {
			e.actions = append(e.actions, k)
		}
	}
	if e.actions == nil {
		return nil
	}
	return e
}

// without takes those actions out of a copy of the recording, and names them.
func (e *beyondError) without(r *Recording) (rest *Recording, named []string) {
	short := *r
	short.Actions = nil
	for k, a := range r.Actions {
		if !slices.Contains(e.actions, k) {
			short.Actions = append(short.Actions, a)
			continue
		}
		about := ""
		if e.every > 1 {
			about = "about "
		}
		named = append(named, fmt.Sprintf("action %q, frames %d to %d, goes beyond the end of the recording, which has %s%d frames", a.Text, a.Start, a.End, about, e.frames*e.every))
	}
	return &short, named
}

// frames puts every wanted frame into its clip, and counts all.
func (c *cutter) frames(ctx context.Context, d *state.Dir) (n int, err error) {
	put := func(i int, data func() ([]byte, string, error)) error {
		k := group(c.rec.Actions, c.opts.Every, i)
		if k < 0 {
			c.dropped[droppedOutside]++
			return nil
		}
		bytes, ext, err := data()
		if err != nil {
			return err
		}
		return c.write(d, k, c.clips[k].add(heldFrame{i, fmt.Sprintf("%05d%s", i, ext), bytes}))
	}
	if c.rec.Video != "" {
		ext := ".jpg"
		if c.opts.PNG {
			ext = ".png"
		}
		return videoFrames(ctx, c.rec.Video, c.rec.From, c.rec.To, c.opts.Every, func(i int, img image.Image) error {
			return put(i, func() ([]byte, string, error) {
				data, err := encode(img, ext)
				return data, ext, err
			})
		})
	}
	stored := c.rec.stored()
	frames, err := stored.Open()
	if err != nil {
		return 0, err
	}
	defer frames.Close()
	for i := 0; i*c.opts.Every < stored.Len(); i++ {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if err := put(i, func() ([]byte, string, error) { return frames.Frame(i * c.opts.Every) }); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (c *cutter) write(d *state.Dir, k int, frames []heldFrame) error {
	for _, f := range frames {
		if err := d.File(c.clips[k].folder+"/"+f.name, func(w io.Writer) error { _, err := io.Copy(w, bytes.NewReader(f.data)); return err }); err != nil {
			return err
		}
		c.owner[f.number] = k
		c.episode.Frames = append(c.episode.Frames, path.Join(c.root, c.clips[k].folder, f.name))
		c.episode.Numbers = append(c.episode.Numbers, f.number)
	}
	return nil
}
