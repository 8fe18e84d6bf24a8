package clips

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Reasons in Report.Dropped, as String prints them.
const (
	droppedOutside = "in no action"
	droppedEnd     = "at the end of a clip"
)

// Report says what Prepare made of the recordings.
type Report struct {
	Recordings int
	AsItWas    int // prepared already, and not touched
	Failed     []*EpisodeError
	LeftOut    []*EpisodeError // actions that go beyond the end of their recording; its others are prepared
	Clips      int             // in all prepared recordings
	Frames     int             // kept in them
	Dropped    map[string]int  // frames by reason; of the recordings prepared this time
}

func (r *Report) add(rec *Recording, res result) {
	if res.err != nil {
		r.Failed = append(r.Failed, &EpisodeError{rec.Scene, rec.Episode, rec.Camera, res.err})
		return
	}
	for _, what := range res.leftOut {
		r.LeftOut = append(r.LeftOut, &EpisodeError{rec.Scene, rec.Episode, rec.Camera, errors.New(what)})
	}
	if res.asItWas {
		r.AsItWas++
	}
	r.Clips += res.clips
	r.Frames += res.kept
	for reason, n := range res.dropped {
		r.Dropped[reason] += n
	}
}

// String is a few lines for a person.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d recordings: %d prepared, %d as they were, %d failed; %d clips, %d frames",
		r.Recordings, r.Recordings-r.AsItWas-len(r.Failed), r.AsItWas, len(r.Failed), r.Clips, r.Frames)
	for _, reason := range slices.Sorted(maps.Keys(r.Dropped)) {
		fmt.Fprintf(&b, "\n%d frames dropped %s", r.Dropped[reason], reason)
	}
	for _, e := range r.LeftOut {
		fmt.Fprintf(&b, "\nleft out: %v", e)
	}
	for _, e := range r.Failed {
		fmt.Fprintf(&b, "\nfailed: %v", e)
	}
	return b.String()
}
