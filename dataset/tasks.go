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
