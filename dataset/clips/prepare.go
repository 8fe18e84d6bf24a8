package clips

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/foreign"
	"github.com/egotsr/egotsr/internal/state"
)

// Options of Prepare. Nil, or the zero value, is what the reference does.
type Options struct {
	Every  int    // one frame in so many is kept, the first of them first; 0 = 10
	Camera string // the only camera wanted; its clips lie where those of a camera without a name would. "" = all

	// A clip of at least Least frames loses its last Drop: the arm is leaving already. Clips whose text contains Keep are
	// spared. Zero values are 18, 7 and "Retrieve"; a negative Drop drops nothing.
	Least, Drop int
	Keep        string

	PNG     bool // frames of videos become PNG files rather than JPEG of quality 95; files of frames are copied as they are
	Workers int  // recordings at once; 0 = GOMAXPROCS

	Progress func(done, total int) // called after every recording, never twice at once; nil = not
}

func (o *Options) complete() (Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	c.Every, c.Least, c.Drop = cmp.Or(c.Every, 10), cmp.Or(c.Least, 18), max(cmp.Or(c.Drop, 7), 0)
	c.Workers, c.Keep = cmp.Or(c.Workers, runtime.GOMAXPROCS(0)), cmp.Or(c.Keep, "Retrieve")
	if c.Every < 1 || c.Workers < 1 || c.Least < c.Drop {
		return c, fmt.Errorf("clips: Options.Every is %d, Workers %d, Least %d and Drop %d: want Every and Workers of 1 and more, and Least not below Drop", c.Every, c.Workers, c.Least, c.Drop)
	}
	return c, nil
}

// Prepare cuts recordings into clips and writes, for each,
//
//	out/clips/<scene>/<episode>/[<camera>/]<action text>/<frame number>.jpg
//	out/episodes/<scene>/<episode>[.<camera>].json    a dataset.Episode, with frame paths relative to out
//
// Frames are numbered after subsampling. Frame i belongs to an action where ceil(start/every) <= i < floor(end/every);
// a second action of an episode with the same text gets a folder of its own, "text (2)".
//
// An episode's clips appear as a whole, and its file last. A second run does nothing where the file is there and neither
// the options nor the recording have changed; it goes on where a first was interrupted, and what it makes is the same to
// the byte. Sources are only read. An action annotated beyond the end of its recording is left out, and the report names
// it. A recording that cannot be used is listed in the report and the others go on; the
// error is that of the whole run, such as the end of ctx.
func Prepare(ctx context.Context, recordings []Recording, out string, opts *Options) (*Report, error) {
	if out == "" {
		return nil, errors.New(`clips: out is empty: name the folder that clips are to be written to, "." for the working directory`)
	}
	o, err := opts.complete()
	if err != nil {
		return nil, err
	}
	if o.Camera != "" {
		all := recordings
		recordings = slices.DeleteFunc(slices.Clone(all), func(r Recording) bool { return r.Camera != o.Camera })
		if len(recordings) == 0 && len(all) > 0 {
			return nil, fmt.Errorf("clips: no recording is of camera %q; the first is of %q", o.Camera, all[0].Camera)
		}
		for i := range recordings {
			recordings[i].Camera = ""
		}
	}
	conflicts := distinct(recordings)
	if err := clean(out); err != nil {
		return nil, err
	}
	report := &Report{Recordings: len(recordings), Dropped: map[string]int{}}
	results := make([]result, len(recordings))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(o.Workers)
	var counting sync.Mutex
	done := 0
	for i := range recordings {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if results[i].err = conflicts[i]; results[i].err == nil {
				results[i] = o.prepare(ctx, &recordings[i], out)
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			counting.Lock()
			defer counting.Unlock()
			done++
			if o.Progress == nil {
				return nil
			}
			return foreign.Run("clips: Options.Progress", func() { o.Progress(done, len(recordings)) })
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i, r := range results {
		report.add(&recordings[i], r)
	}
	return report, nil
}

// clean removes what interrupted runs have left. It must not happen while recordings are being prepared.
func clean(out string) error {
	return errors.Join(cleanUnder(filepath.Join(out, "clips"), 2), cleanUnder(filepath.Join(out, "episodes"), 1))
}

func cleanUnder(dir string, depth int) error {
	err := state.Disk{}.Clean(dir)
	if depth == 0 {
		return err
	}
	entries, _ := os.ReadDir(dir) // what is not there, or no folder, has nothing to clean
	for _, e := range entries {
		if e.IsDir() {
			err = errors.Join(err, cleanUnder(filepath.Join(dir, e.Name()), depth-1))
		}
	}
	return err
}

// distinct finds recordings that cannot name a folder, or want that of one before them.
func distinct(recordings []Recording) []error {
	errs := make([]error, len(recordings))
	files, named, unnamed := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i, r := range recordings {
		for _, name := range []string{r.Scene, r.Episode, r.Camera + "_"} {
			if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
				errs[i] = fmt.Errorf("%q cannot name a folder", strings.TrimSuffix(name, "_"))
			}
		}
		file, episode := r.Scene+"/"+r.file(), r.Scene+"/"+r.Episode
		if errs[i] == nil && (files[file] || named[episode] && r.Camera == "" || unnamed[episode]) {
			errs[i] = fmt.Errorf("would overwrite the clips of another recording")
		}
		if errs[i] == nil {
			files[file] = true
			unnamed[episode] = unnamed[episode] || r.Camera == ""
			named[episode] = named[episode] || r.Camera != ""
		}
	}
	return errs
}

// file names the file in which an episode is described.
func (r *Recording) file() string {
	if r.Camera == "" {
		return r.Episode + ".json"
	}
	return r.Episode + "." + r.Camera + ".json"
}

// fits makes sure that an episode's folder, if it is there, holds clips as this run lays them out: with a level of cameras
// or without. A run with another choice of cameras has made it otherwise, and replacing half of it would mix the two.
func (r *Recording) fits(folder string) error {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		inner, _ := os.ReadDir(filepath.Join(folder, e.Name()))
		for _, x := range inner {
			if x.IsDir() != (r.Camera != "") && !strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(x.Name(), ".") {
				return fmt.Errorf("%s holds clips of another choice of cameras: prepare into another folder", folder)
			}
		}
	}
	return nil
}

// result is what became of one recording.
type result struct {
	err     error
	leftOut []string // actions, and why
	asItWas bool     // it was there already
	clips   int
	kept    int
	dropped map[string]int
}

// mark is an episode's file: the episode, and what it was made from.
type mark struct {
	dataset.Episode
	Source  string   `json:"source"`
	LeftOut []string `json:"left_out,omitempty"`
}

// prepare does one recording. The order matters: the mark goes before the clips it stands for are replaced, and comes
// back after.
func (o *Options) prepare(ctx context.Context, r *Recording, out string) (res result) {
	source, err := o.fingerprint(r)
	if err != nil {
		return result{err: err}
	}
	if err := r.fits(filepath.Join(out, "clips", r.Scene, r.Episode)); err != nil {
		return result{err: err}
	}
	file := filepath.Join(out, "episodes", r.Scene, r.file())
	clips := path.Join("clips", r.Scene, r.Episode, r.Camera)
	dir := filepath.Join(out, filepath.FromSlash(clips))
	if data, err := os.ReadFile(file); err == nil {
		var m mark
		_, gone := os.Stat(dir)
		switch err := json.Unmarshal(data, &m); {
		case err != nil || len(m.Source) != len(source) || m.Scene != r.Scene || m.ID != r.Episode || m.Camera != r.Camera:
			return result{err: fmt.Errorf("%s is there already, and no episode of an earlier run: prepare into another folder, or move it away", file)}
		case m.Source == source && gone == nil:
			return result{asItWas: true, leftOut: m.LeftOut, kept: len(m.Frames), clips: folderCount(m.Frames)}
		}
		if err := (state.Disk{}).Replaceable(dir); err != nil { // an episode must not lose its file for clips that stay
			return result{err: err}
		}
		if err := os.Remove(file); err != nil {
			return result{err: err}
		}
	}
	c, leftOut := o.cut(ctx, r, dir, clips)
	if c.err != nil {
		// Clips of an earlier run would stand for a recording that cannot be used any more.
		err := (state.Disk{}).Remove(dir)
		if occupied := (*state.OccupiedError)(nil); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.As(c.err, &occupied) {
			c.err = errors.Join(c.err, err)
		}
		return result{err: c.err}
	}
	text, err := json.Marshal(mark{c.episode, source, leftOut})
	if err != nil {
		return result{err: err}
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return result{err: err}
	}
	err = state.Disk{}.WriteFile(file, func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err })
	return result{err: err, leftOut: leftOut, kept: len(c.episode.Frames), clips: folderCount(c.episode.Frames), dropped: c.dropped}
}

// cut makes a recording's clips in dir. How many frames it has is known once they are read, so where actions turn out to go
// beyond its end, it is read again without these.
func (o *Options) cut(ctx context.Context, r *Recording, dir, clips string) (c *cutter, leftOut []string) {
	for {
		c = newCutter(o, r, clips)
		if c.err == nil {
			c.err = state.Disk{}.Replace(dir, func(d *state.Dir) error { return c.cut(ctx, d) })
		}
		var beyond *beyondError
		switch {
		case leftOut != nil && c.err != nil:
			c.err = fmt.Errorf("%w; %s", c.err, leftOut[0])
			return c, nil
		case !errors.As(c.err, &beyond):
			return c, leftOut
		}
		r, leftOut = beyond.without(r)
	}
}

// format changes where the same recording and options come to give other files.
const format = 2

// fingerprint identifies the recording and what is asked of it. Files are known by name, size and time: reading them
// would take as long as the work that is to be saved.
func (o *Options) fingerprint(r *Recording) (string, error) {
	h := sha256.New()
	short := *r
	short.Video, short.Images, short.Stored, short.Truth = filepath.Base(r.Video), nil, nil, nil
	if err := json.NewEncoder(h).Encode([]any{format, o.Every, o.Least, o.Drop, o.Keep, o.PNG, short}); err != nil {
		return "", err
	}
	if r.Truth != nil {
		truth := *r.Truth
		truth.Frames = nil
		if err := json.NewEncoder(h).Encode(truth); err != nil {
			return "", err
		}
	}
	files := r.stored().Files()
	if r.Video != "" {
		files = []string{r.Video}
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, filepath.Base(f), info.Size(), info.ModTime().UnixNano())
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16]), nil
}

func folderCount(frames []string) int {
	folders := map[string]bool{}
	for _, f := range frames {
		folders[path.Dir(f)] = true
	}
	return len(folders)
}
