package main

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset/clips"
)

// worker is what a process has once for a job, whatever number of bundles it is given.
type worker struct {
	job   Job
	slots chan struct{} // recordings in hand

	asking sync.Mutex // see ask
	model  *egotsr.Model

	listing sync.Mutex
	lists   []list // the latest last
}

// workers are those of this process, by job. Beam makes a DoFn of its own for every bundle under way and has no place for what they share.
var workers sync.Map

func workerFor(j Job) *worker {
	w, _ := workers.LoadOrStore(j, &worker{job: j, slots: make(chan struct{}, j.Workers)})
	return w.(*worker)
}

func (w *worker) take(ctx context.Context) error {
	select {
	case w.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *worker) release() { <-w.slots }

// open is the model, opened when it is first needed. There is no cache of frames: what a frame is encoded together with, and so the
// rounding of its features, must not depend on the recordings before.
func (w *worker) open(ctx context.Context) (*egotsr.Model, error) {
	if w.model == nil {
		var err error
		w.model, err = egotsr.Open(ctx, w.job.checkpoint(), &egotsr.Options{Backend: w.job.Backend, MaxBatch: 2 * pairsPerGroup, FrameCache: -1})
		if err != nil {
			return nil, err
		}
	}
	return w.model, nil
}

// list is the recordings of a source.
type list struct {
	source     Source
	recordings []clips.Recording
}

// keptLists bounds the memory that listings take.
const keptLists = 4

// find gives the recording that is named. Frames inside a larger file cannot travel, so each process lists what it gets.
func (w *worker) find(r Ref) (*clips.Recording, error) {
	w.listing.Lock()
	defer w.listing.Unlock()
	for k, l := range w.lists {
		if l.source == r.Source {
			w.lists = append(slices.Delete(w.lists, k, k+1), l)
			if found := l.find(r); found != nil {
				return found, nil
			}
			w.lists = w.lists[:len(w.lists)-1] // the source has grown since
			break
		}
	}
	l := list{source: r.Source}
	l.recordings, _ = w.job.read(r.Source) // what is bad there has been told of
	w.lists = append(w.lists, l)
	w.lists = slices.Delete(w.lists, 0, max(0, len(w.lists)-keptLists))
	if found := l.find(r); found != nil {
		return found, nil
	}
	return nil, fmt.Errorf("%s has it no longer", r.Source.Path)
}

func (l *list) find(r Ref) *clips.Recording {
	k := slices.IndexFunc(l.recordings, func(x clips.Recording) bool {
		return x.Scene == r.Scene && x.Episode == r.Episode && x.Camera == r.Camera
	})
	if k < 0 {
		return nil
	}
	return &l.recordings[k]
}
