package egotsr

import (
	"strings"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
)

// Possible parts episodes whose annotated actions can be done in the order they are listed in from those of which
// [decompose.Annotated] proves that they cannot: a drawer that is closed before the cube is put in, say. Long pairs of the
// latter would teach that being wrong is progress. Every one refused has an error, which wraps a [*decompose.OrderError].
func Possible(episodes []dataset.Episode) (kept []dataset.Episode, refused []*dataset.EpisodeError) {
	verdicts := map[string]error{} // of plans: thousands of episodes share a few
	for _, e := range episodes {
		key := strings.Join(e.Plan, "\x00")
		err, known := verdicts[key]
		if !known {
			_, err = decompose.Annotated(e.Task, e.Plan)
			verdicts[key] = err
		}
		if err != nil {
			refused = append(refused, &dataset.EpisodeError{Scene: e.Scene, ID: e.ID, Err: err})
			continue
		}
		kept = append(kept, e)
	}
	return kept, refused
}
