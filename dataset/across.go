package dataset

import "fmt"

// Across compares recordings of a task with each other: it makes episodes of the frames of several, which have their order and no more
// in common with a recording. Progress in two recordings is not the same thing to a step, so only frames that are a sixth of the task
// apart are compared. And where a failure is among the recordings, the end of every other one is beyond any frame of it. All have to be
// of one task and [Labelled]; those without costs are passed over.
func Across(recordings []Episode) []Episode {
	var made []Episode
	for a := range recordings {
		for b := range recordings {
			from, to := &recordings[a], &recordings[b]
			if a == b || from.Task != to.Task || from.Cost == nil || to.Cost == nil || from.Outcome == OutcomeFailed || to.Outcome == OutcomeFailed {
				continue
			}
			made = append(made, between(from, to, fmt.Sprintf("%d-%d", a, b)))
		}
	}
	for a := range recordings {
		if failed := &recordings[a]; failed.Outcome == OutcomeFailed && failed.Cost != nil {
			made = append(made, beyond(failed, recordings, fmt.Sprintf("%d", a)))
		}
	}
	return made
}

// bands are the parts of a task that frames are taken from, as shares of what remains, the beginning first. Every second one is of one
// recording, the others of the other.
var bands = [4][2]float64{{0.9, 1}, {0.6, 0.75}, {0.3, 0.45}, {0, 0}}

// between has the bands of two recordings in turn.
func between(a, b *Episode, id string) Episode {
	made := Episode{Scene: "across", ID: id, Task: a.Task, Plan: a.Plan}
	for k, band := range bands {
		e := []*Episode{a, b}[k%2]
		most := e.greatest()
		for i, c := range e.Cost {
			if share := c / most; share >= band[0] && share <= band[1] {
				made.take(e, i, whole*float64(len(bands)-1-k)/float64(len(bands)-1))
			}
		}
	}
	return made
}

// beyond has the frames of a failure and after them the ends of others.
func beyond(failed *Episode, recordings []Episode, id string) Episode {
	made := Episode{Scene: "beyond", ID: id, Task: failed.Task, Plan: failed.Plan}
	for i, c := range failed.Cost {
		if c >= failed.Margin() {
			made.take(failed, i, whole)
		}
	}
	for k := range recordings {
		e := &recordings[k]
		if n := len(e.Cost); n > 0 && e.Task == failed.Task && e.Outcome != OutcomeFailed && e.Cost[n-1] == 0 {
			made.take(e, n-1, 0)
		}
	}
	return made
}

func (e *Episode) take(from *Episode, i int, cost float64) {
	e.Frames, e.Subtask, e.Cost = append(e.Frames, from.Frames[i]), append(e.Subtask, -1), append(e.Cost, cost)
}

// greatest is the greatest cost.
func (e *Episode) greatest() (most float64) {
	for _, c := range e.Cost {
		most = max(most, c)
	}
	return max(most, 1)
}
