package main

import (
	"context"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	beamregister "github.com/apache/beam/sdks/v2/go/pkg/beam/register"
)

// Outcome is what became of a recording, or of a source that cannot be read.
type Outcome struct {
	Ref
	Question string // that its answers are to
	Reason   string // why there are none, or why a part of it was left out
}

// pipeline is the whole job. A recording is its unit: all work on the frames of one is one element's, so that each frame is read and
// encoded for many questions, and what the model is asked together is the same however a runner makes its bundles.
func pipeline(j Job, sources []Source) *beam.Pipeline {
	p, s := beam.NewPipelineWithRoot()
	named, unread := beam.ParDo2(s.Scope("List"), &listFn{Job: j}, beam.CreateList(s, sources))
	judged, dead := beam.ParDo2(s.Scope("Judge"), &judgeFn{Job: j}, beam.GroupByKey(s, named))
	all := beam.GroupByKey(s, beam.AddFixedKey(s, beam.Flatten(s, judged, dead, unread)))
	beam.ParDo0(s.Scope("Gather"), &gatherFn{Job: j}, all)
	return p
}

// register tells Beam of the types that a worker has to know. It comes before beam.Init.
func register() {
	beamregister.DoFn4x0[context.Context, Source, func(string, Ref), func(Outcome)](&listFn{})
	beamregister.DoFn5x1[context.Context, string, func(*Ref) bool, func(Outcome), func(Outcome), error](&judgeFn{})
	beamregister.DoFn3x1[context.Context, int, func(*Outcome) bool, error](&gatherFn{})
	beamregister.Emitter2[string, Ref]()
	beamregister.Emitter1[Outcome]()
	beamregister.Iter1[Ref]()
	beamregister.Iter1[Outcome]()
}

// The counters of a run, in the order they are printed in.
const (
	judgedCount = iota
	hadCount
	deadCount
	frameCount
	verdictCount
	modelTime
)

const namespace = "fleet"

var counters = []string{"recordings judged", "recordings that had their answers", "dead letters", "frames", "verdicts", "milliseconds of model time"}

func add(ctx context.Context, counter int, n int) {
	beam.NewCounter(namespace, counters[counter]).Inc(ctx, int64(n))
}

// listFn names the recordings of a source, each by its folder.
type listFn struct{ Job Job }

func (f *listFn) ProcessElement(ctx context.Context, s Source, named func(string, Ref), unread func(Outcome)) {
	recordings, bad := f.Job.read(s)
	for _, r := range recordings {
		ref := Ref{s, r.Scene, r.Episode, r.Camera}
		named(ref.folder(), ref)
	}
	for _, err := range bad {
		add(ctx, deadCount, 1)
		unread(Outcome{Ref: Ref{Source: s}, Reason: err.Error()})
	}
}

// judgeFn answers about recordings, several at once, and tells of them when their bundle ends.
type judgeFn struct {
	Job     Job
	running sync.WaitGroup
	mu      sync.Mutex
	done    []done
}

func (f *judgeFn) ProcessElement(ctx context.Context, _ string, refs func(*Ref) bool, _, _ func(Outcome)) error {
	w := workerFor(f.Job)
	if err := w.take(ctx); err != nil {
		return err
	}
	var same []Ref
	var r Ref
	for refs(&r) {
		same = append(same, r)
	}
	f.running.Go(func() {
		defer w.release()
		d := w.recording(ctx, same)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.done = append(f.done, d)
	})
	return nil
}

func (f *judgeFn) FinishBundle(ctx context.Context, judged, dead func(Outcome)) error {
	f.running.Wait()
	all := f.done
	f.done = nil
	for _, d := range all {
		if d.err != nil {
			return d.err
		}
		for _, o := range d.dead {
			add(ctx, deadCount, 1)
			dead(o)
		}
		if d.judged != nil {
			judged(*d.judged)
		}
		add(ctx, frameCount, d.frames)
		add(ctx, verdictCount, d.verdicts)
		add(ctx, modelTime, int(d.model.Milliseconds()))
		switch {
		case d.judged == nil:
		case d.asItWas:
			add(ctx, hadCount, 1)
		default:
			add(ctx, judgedCount, 1)
		}
	}
	return nil
}
