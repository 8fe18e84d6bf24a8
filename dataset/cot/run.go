package cot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"sync"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/foreign"
)

// errBreak means that nobody listens any more.
var errBreak = errors.New("loop left")

// maxFailures of the maker in a row end a run: the server is gone, and millions of samples would each wait for it.
const maxFailures = 20

// filler is one run of Fill.
type filler struct {
	maker    Maker
	identity string
	src      dataset.Source
	samples  int    // in it
	spool    *spool // or nil
	parallel int
	stats    *Stats
	failures int // of the maker in a row

	mu    sync.Mutex
	asked map[key]*reply // under way
}

// reply is an answer that may still be under way. Its fields are set before done is closed.
type reply struct {
	done   chan struct{}
	answer Answer
	err    error
	fatal  error // what ends the run, such as a full disk
	asked  bool  // of the maker, which may fail before that
}

// item is a sample on its way to the caller.
type item struct {
	index   int
	sample  dataset.Sample // as the source gave it
	swapped bool           // shown the other way round
	reply   *reply         // nil where nothing needs to be asked
	first   bool           // the reply was asked for on behalf of this sample
	err     error
}

func (f *filler) run(ctx context.Context, yield func(dataset.Sample, error) bool) (err error) {
	f.asked = map[key]*reply{}
	asking, giveUp := context.WithCancel(ctx)
	defer giveUp()
	stop := make(chan struct{})
	// What waits behind a slow answer is bounded.
	queue := make(chan item, 4*f.parallel)
	var wg sync.WaitGroup
	wg.Go(func() { f.produce(asking, stop, queue, &wg) })
	for it := range queue {
		if err == nil {
			if err = f.deliver(ctx, it, yield); err != nil {
				close(stop)
				if err != errBreak {
					giveUp()
				}
			}
		} else if it.first { // nobody waits for it, but it was paid for
			<-it.reply.done
			f.account(it)
		}
	}
	wg.Wait()
	return cmp.Or(err, ctx.Err())
}

// produce reads the source and puts every sample into the queue, with its reply already under way.
func (f *filler) produce(ctx context.Context, stop <-chan struct{}, queue chan<- item, wg *sync.WaitGroup) {
	defer close(queue)
	free := make(chan struct{}, f.parallel)
	for i := range f.samples {
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		default:
		}
		it := item{index: i}
		it.sample, it.err = foreign.Do("Source.At", func() (dataset.Sample, error) { return f.src.At(i) })
		if it.err == nil && it.sample.Closer != "" && !described(it.sample) {
			var k key
			var q dataset.Sample
			k, q = question(f.identity, it.sample)
			it.swapped = q.Img1 != it.sample.Img1
			if it.reply, it.first = f.lookUp(k); it.first {
				select {
				case free <- struct{}{}:
				case <-stop:
					return
				case <-ctx.Done():
					return
				}
				r := it.reply
				wg.Go(func() {
					f.ask(ctx, k, q, r)
					<-free
				})
			}
		}
		queue <- it // run takes everything, even when nobody listens any more
	}
}

// described reports that a sample needs no maker.
func described(s dataset.Sample) bool { return s.Detail[0] != "" && s.Detail[1] != "" }

// lookUp finds a question's reply in the spool or under way; else it is the caller's to ask.
func (f *filler) lookUp(k key) (r *reply, first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.asked[k]; r != nil {
		return r, false
	}
	r = &reply{done: make(chan struct{})}
	if f.spool != nil {
		if a, ok, err := f.spool.get(k); ok {
			r.answer, r.err = a, err
			if bad := (*SpoolError)(nil); errors.As(err, &bad) {
				r.fatal = err
			}
			close(r.done)
			return r, false
		}
	}
	f.asked[k] = r
	return r, true
}

// ask has the maker answer, and keeps the answer before anybody sees it.
func (f *filler) ask(ctx context.Context, k key, q dataset.Sample, r *reply) {
	defer func() {
		f.mu.Lock()
		delete(f.asked, k) // the spool has it now, or nobody
		f.mu.Unlock()
		close(r.done)
	}()
	var img1, img2 image.Image
	if _, blind := f.maker.(*annotations); !blind {
		read := func(path string) (image.Image, error) {
			return foreign.Do("Source.Image", func() (image.Image, error) { return f.src.Image(path) })
		}
		if img1, r.err = read(q.Img1); r.err != nil {
			return
		}
		if img2, r.err = read(q.Img2); r.err != nil {
			return
		}
	}
	r.asked = true
	r.answer, r.err = foreign.Do("Maker.Describe", func() (Answer, error) { return f.maker.Describe(ctx, q, img1, img2) })
	var unusable *AnswerError
	if f.spool == nil || r.err != nil && !errors.As(r.err, &unusable) {
		return
	}
	failure := ""
	if unusable != nil {
		failure = unusable.Reason
	}
	r.fatal = f.spool.put(k, q, r.answer, failure)
}

// deliver waits for a sample's reply and hands the sample out, if it is fit.
func (f *filler) deliver(ctx context.Context, it item, yield func(dataset.Sample, error) bool) error {
	s := it.sample
	switch {
	case ctx.Err() != nil:
		if it.first {
			<-it.reply.done
			f.account(it)
		}
		return ctx.Err()
	case it.err != nil:
		return f.fail(it, it.err, yield)
	case it.reply == nil && s.Closer == "":
		f.stats.Unlabelled++
		return nil
	case it.reply == nil:
		f.stats.Kept++
		return hand(s, nil, yield)
	}
	<-it.reply.done
	if err := f.account(it); err != nil {
		return err
	}
	a, err := it.reply.answer, it.reply.err
	var unusable *AnswerError
	switch {
	case errors.As(err, &unusable):
		f.stats.Rejected[unusable.Reason]++
		return nil
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return f.fail(it, err, yield)
	}
	if it.swapped {
		a = a.swap()
	}
	details, reason := accept(a, s)
	if reason != "" {
		f.stats.Rejected[reason]++
		return nil
	}
	s.Detail = details
	f.stats.Made++
	return hand(s, nil, yield)
}

// account counts a reply once, and tells whether the run has to end with it.
func (f *filler) account(it item) error {
	r := it.reply
	var unusable *AnswerError
	answered := r.err == nil || errors.As(r.err, &unusable)
	switch {
	case it.first && r.asked:
		f.stats.Asked++
		f.stats.Usage.add(r.answer.Usage)
		f.failures++
		if answered {
			f.failures = 0
		}
	case !it.first && answered:
		f.stats.Reused++
		f.stats.Saved.add(r.answer.Usage)
	}
	var last interface{ Final() bool }
	switch {
	case r.fatal != nil:
		return r.fatal
	case errors.As(r.err, &last) && last.Final():
		return r.err
	case f.failures >= maxFailures:
		return fmt.Errorf("cot: %d questions in a row had no answer, the last: %w", f.failures, r.err)
	}
	return nil
}

// fail hands out a sample with what went wrong.
func (f *filler) fail(it item, err error, yield func(dataset.Sample, error) bool) error {
	f.stats.Failed[why(err)]++
	return hand(it.sample, &PairError{Index: it.index, Err: err}, yield)
}

// why is the kind of an error in a few words, so that a million of them can be counted.
func why(err error) string {
	var kind interface{ Reason() string }
	var file *dataset.FileError
	switch {
	case errors.As(err, &kind):
		return kind.Reason()
	case errors.As(err, &file):
		return "file"
	}
	return "other"
}

func hand(s dataset.Sample, err error, yield func(dataset.Sample, error) bool) error {
	if !yield(s, err) {
		return errBreak
	}
	return nil
}
