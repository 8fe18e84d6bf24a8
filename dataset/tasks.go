package dataset

import "fmt"

// SplitTasks parts episodes into those of the tasks named and the rest, both in order: to leave whole tasks out of a
// training, and to measure on just those. A name that no episode has is an error, since a typing mistake would silently
// leave nothing out.
func SplitTasks(episodes []Episode, names ...string) (of, rest []Episode, err error) {
	found := make(map[string]bool, len(names))
	for _, name := range names {
		found[name] = false
	}
	for _, e := range episodes {
		if _, named := found[e.Task]; named {
			found[e.Task] = true
			of = append(of, e)
		} else {
			rest = append(rest, e)
		}
	}
	for _, name := range names {
		if !found[name] {
			return nil, nil, fmt.Errorf("dataset: no episode is of the task %q", name)
		}
	}
	return of, rest, nil
}

// SplitPlans parts episodes whose annotated plan passes a check from the rest, both in order. Where the check is
// decompose.Annotated, the rest are annotated in an order that is proved to be impossible: a drawer that is closed before the
// cube is put in, say, whose long pairs would teach that being wrong is progress. Each one refused has an error that wraps
// the check's. The check is made once for every task and plan that differ: thousands of episodes share a few.
func SplitPlans(episodes []Episode, check func(task string, plan []string) error) (kept []Episode, refused []*EpisodeError) {
	verdicts := map[string]error{}
	for _, e := range episodes {
		key := fmt.Sprintf("%q %q", e.Task, e.Plan)
		err, known := verdicts[key]
		if !known {
			err = check(e.Task, e.Plan)
			verdicts[key] = err
		}
		if err != nil {
			refused = append(refused, &EpisodeError{Scene: e.Scene, ID: e.ID, Err: err})
			continue
		}
		kept = append(kept, e)
	}
	return kept, refused
}
