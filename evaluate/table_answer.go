package evaluate

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"iter"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/vision"
)

// loaded is a row with its images, or with what is wrong with them.
type loaded struct {
	row
	pair egotsr.Pair
}

// ahead reads the rows after number from up to number to, and their images on all cores, a few rows ahead of whoever takes them.
func ahead(r *reader, images string, from, to int) iter.Seq2[loaded, error] {
	type result struct {
		loaded
		err error
	}
	return func(yield func(loaded, error) bool) {
		stop := make(chan struct{})
		defer close(stop)
		queue := make(chan chan result, 4*runtime.NumCPU())
		go func() {
			defer close(queue)
			for {
				next, err := r.next()
				if err == io.EOF || err == nil && next.number > to {
					return
				}
				if err == nil && next.number <= from {
					continue
				}
				slot := make(chan result, 1)
				select {
				case queue <- slot: // its length bounds the images held
				case <-stop:
					return
				}
				if err != nil {
					slot <- result{err: err}
					return
				}
				go func() { slot <- result{loaded: load(next, images)} }()
			}
		}()
		for slot := range queue {
			if got := <-slot; !yield(got.loaded, got.err) || got.err != nil {
				return
			}
		}
	}
}

func load(r row, images string) loaded {
	l := loaded{row: r}
	if l.err == nil {
		l.pair = egotsr.Pair{Task: r.task, Img1: open(images, r.img1, &l.err), Img2: open(images, r.img2, &l.err)}
	}
	return l
}

func open(images, name string, err *error) image.Image {
	if *err != nil {
		return nil
	}
	name = strings.ReplaceAll(name, `\`, "/") // as Windows has it
	if !filepath.IsAbs(name) {
		name = filepath.Join(images, filepath.FromSlash(name))
	}
	img, bad := vision.ReadFile(name)
	*err = bad
	return img
}

// answer asks about every row in both orders and writes the journal. An error that is not a row's is the run's end, since the rows after
// it would fail as well.
func answer(ctx context.Context, by Judger, rows iter.Seq2[loaded, error], o *egotsr.JudgeOptions, j *journal, done func(entry) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var waiting []loaded // rows read whose entries are not written, in order
	add := func(e entry) bool {
		waiting = waiting[1:]
		err := j.add(e)
		if err == nil {
			err = done(e)
		}
		if err != nil {
			cancel(err)
		}
		return err == nil
	}
	// skip writes the entries of bad rows that come next.
	skip := func() bool {
		for len(waiting) > 0 && waiting[0].err != nil {
			if !add(entry{Row: waiting[0].number, Error: waiting[0].err.Error()}) {
				return false
			}
		}
		return true
	}
	pairs := func(yield func(egotsr.Pair) bool) {
		for l, err := range rows {
			if err != nil {
				cancel(err)
				return
			}
			p := l.pair
			l.pair = egotsr.Pair{} // the judge holds the images as long as they are needed
			waiting = append(waiting, l)
			if l.err != nil {
				if !skip() {
					return
				}
				continue
			}
			if !yield(p) || !yield(egotsr.Pair{Task: p.Task, Img1: p.Img2, Img2: p.Img1}) {
				return
			}
		}
	}
	var e entry
	second := false
	for answer, err := range judgeAll(ctx, by, pairs, o) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if len(waiting) == 0 {
			return err // before any row was asked about
		}
		if err != nil && !errors.As(err, new(*egotsr.InputError)) {
			return fmt.Errorf("row %d: %w", waiting[0].number, err)
		}
		if err != nil && e.Error == "" {
			e.Error = err.Error()
		}
		if !second {
			e.Row, e.Asked, e.Detail = waiting[0].number, answer.PImg1, answer.Detail
		} else {
			e.Swapped = 1 - answer.PImg1
			if e.Error != "" {
				e = entry{Row: e.Row, Error: e.Error}
			}
			if !add(e) || !skip() {
				return context.Cause(ctx)
			}
			e = entry{}
		}
		second = !second
	}
	return context.Cause(ctx)
}
