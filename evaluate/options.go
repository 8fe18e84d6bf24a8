package evaluate

import (
	"cmp"
	"fmt"
	"image"
	"io"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
)

// Options of every measurement. Nil, or the zero value, is sound. Plans takes none of them yet.
type Options struct {
	Name string // of what is measured, in the report; "" = "judge" of Pairs and Table, "model" of Curves and Done, "tracker" of Track
	Seed uint64 // of the intervals and of the random baselines

	Frames int // Curves, Done: at most this many of an episode, evenly spaced from the first to the last; 0 = 32 for Curves, 8 for Done

	Prompt  dataset.Prompt // Pairs, Table: what the judge is asked with; "" = dataset.Long
	Explain bool           // Pairs, Table: descriptions come first, see egotsr.JudgeOptions
	Dump    io.Writer      // Pairs: gets a JSON object a line for every pair, an Item; nil = nowhere

	Row func(row, total int, skipped string) // Table: is called after every row, with the reason where it was skipped, else ""; nil = nothing is

	// Demo, for Track, gives the frames of another recording of an episode's task, done well; none where there is none. With it every episode is
	// followed twice, the second time by a tracker that was shown them, see egotsr.TrackOptions.Demo, and the report has both.
	Demo func(*dataset.Episode) ([]image.Image, error)

	// Last, for Pairs, is the path of the last frame of a sample's episode. With it the report has a baseline that knows how the task
	// ended and compares pixels: the frame that looks more like the last one is closer. Nil, or "", is without.
	Last func(*dataset.Sample) string
}

// complete is orDefaults of options that can be measured with.
func (o *Options) complete(name string, frames int) (Options, error) {
	d := o.orDefaults(name, frames)
	if d.Frames < 0 {
		return d, &egotsr.InputError{What: "Options.Frames", Reason: fmt.Sprintf("is %d", d.Frames)}
	}
	if err := d.Prompt.Check(); err != nil {
		return d, &egotsr.InputError{What: "Options.Prompt", Err: err}
	}
	return d, nil
}

func (o *Options) orDefaults(name string, frames int) Options {
	var d Options
	if o != nil {
		d = *o
	}
	d.Name, d.Frames, d.Prompt = cmp.Or(d.Name, name), cmp.Or(d.Frames, frames), cmp.Or(d.Prompt, dataset.Long)
	return d
}

// Episodes is what Curves, Done and Track measure on: recordings whose truth is known, and how their frames are read.
type Episodes struct {
	List  []dataset.Episode
	Image func(path string) (image.Image, error) // reads a frame by its path in Episode.Frames; the Image of a dataset.Source is one
}

func (e Episodes) check() error {
	if e.Image == nil {
		return &egotsr.InputError{What: "episodes", Reason: "come without Image, which reads their frames"}
	}
	return nil
}

// there is an *egotsr.InputError where what is to be measured is nil.
func there(what string, measured any) error {
	if measured == nil {
		return &egotsr.InputError{What: what, Reason: "is nil"}
	}
	return nil
}

// unusable is the error of a measurement that is left with nothing: the reason, and what was wrong with the first that is bad.
func unusable(what, reason string, bad []BadSample) error {
	if len(bad) > 0 {
		reason = fmt.Sprintf("%s; %d are bad, first number %d: %s", reason, len(bad), bad[0].Index, bad[0].Reason)
	}
	return &egotsr.InputError{What: what, Reason: reason}
}

// failed says what was being done, unless the error says enough: of an argument.
func failed(doing string, err error) error {
	if input, ok := err.(*egotsr.InputError); ok {
		return input
	}
	return fmt.Errorf("evaluate: %s: %w", doing, err)
}

// frames reads some frames of one episode.
func (e Episodes) frames(k int, which []int) ([]image.Image, error) {
	frames := make([]image.Image, len(which))
	for n, i := range which {
		var err error
		if frames[n], err = frame(e.Image, e.List[k].Frames[i]); err != nil {
			return nil, err
		}
	}
	return frames, nil
}

// spread picks up to most of n frames evenly, the first and the last among them.
func spread(n, most int) []int {
	most = min(n, max(most, 2))
	frames := make([]int, most)
	for k := range frames {
		frames[k] = k * (n - 1) / max(1, most-1)
	}
	return frames
}

// BadSample is a sample, or an episode, that could not be measured on.
type BadSample struct {
	Index  int    `json:"index"`
	Reason string `json:"reason"`
}
