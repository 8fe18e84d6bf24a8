package cot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/foreign"
)

// Options say how [Fill] asks. The zero value is sound for makers that cost nothing.
type Options struct {
	Spool    string // file that keeps every answer; "" = none. One run at a time
	Parallel int    // questions asked at once; 0 = 4
}

// Stats counts what became of the samples of a source.
type Stats struct {
	Made       int            // handed out with new details
	Kept       int            // handed out as they came: they had details
	Unlabelled int            // left out: without a known answer nothing can be checked, nor learned
	Rejected   map[string]int // left out, by reason
	Failed     map[string]int // handed out as a *PairError, by reason

	Asked  int   // questions put to the maker in this run
	Usage  Usage // of those
	Reused int   // samples whose question had been answered before, most often for the same pair swapped or in an earlier run
	Saved  Usage // what asking for those again would have taken
}

// Fill describes the samples of a source. It hands out those that have details and a label, in the order of the source
// whatever is asked at once; the same source gives the same samples.
//
// A pair is asked about once, whichever way round it comes, and shown in an order that is random but the same in every
// run: a maker that prefers a place contradicts half of the labels. An answer that contradicts the sample's label, or
// whose descriptions are empty, longer than 600 characters, both the same, speak of images instead of what they show or
// echo the form of the answer, is rejected and counted. Labels like "In img1, …" before a description are taken off.
//
// With a spool every answer, good or bad, is on disk before it is used, and a later run asks only for what is not there.
// Questions are told apart by their task, their images' paths and the maker, so a spool belongs to one data set. Breaking
// out of the loop waits for the answers under way and keeps them. The end of ctx gives them up.
//
// The error of one sample is a *PairError, after which the iteration goes on; so is a panic in the maker or in the source. Any other ends it: the end of ctx, a
// *SpoolError, an error of the maker that is final, and the last of 20 failures of the maker with no answer between them.
//
// stats may be nil; else it is filled in as the iteration goes, and must not be read at the same time.
func Fill(ctx context.Context, maker Maker, src dataset.Source, opts Options, stats *Stats) iter.Seq2[dataset.Sample, error] {
	return func(yield func(dataset.Sample, error) bool) {
		if stats == nil {
			stats = new(Stats)
		}
		*stats = Stats{Rejected: map[string]int{}, Failed: map[string]int{}}
		f := &filler{maker: maker, src: src, stats: stats, parallel: cmp.Or(max(opts.Parallel, 0), 4)}
		if err := f.begin(); err != nil {
			yield(dataset.Sample{}, err)
			return
		}
		if m, ok := maker.(interface{ Identity() string }); ok {
			f.identity = m.Identity()
		}
		if opts.Spool != "" {
			var err error
			if f.spool, err = openSpool(opts.Spool); err != nil {
				yield(dataset.Sample{}, err)
				return
			}
		}
		err := f.run(ctx, yield)
		if f.spool != nil {
			err = cmp.Or(err, f.spool.close())
		}
		if err != nil && err != errBreak {
			yield(dataset.Sample{}, err)
		}
	}
}

// begin asks the source for its length.
func (f *filler) begin() (err error) {
	switch {
	case f.maker == nil:
		return errors.New("cot: there is no maker")
	case f.src == nil:
		return errors.New("cot: there is no source")
	}
	if f.samples, err = foreign.Get("Source.Len", f.src.Len); err != nil {
		return fmt.Errorf("cot: %w", err)
	}
	return nil
}
