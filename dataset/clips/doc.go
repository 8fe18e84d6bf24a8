// Package clips cuts recordings into clips, one folder of frames for every atomic action, in the layout of EgoTSR-Short.
// Recordings come from [AgiBot] or from the packages dataset/lerobot, mcap, rosbag and hdf5; what [Prepare] writes is read by dataset.Short.
package clips

import "github.com/egotsr/egotsr/dataset"

// Recording is one camera's view of one episode, before clips are cut.
type Recording struct {
	Scene, Episode, Camera, Task string // Camera is "" where the layout names none

	Video    string   // path of a video file on disk; or
	Images   []string // paths of image files on disk, in the order of recording; or
	Stored   Stored   // frames inside a larger file, such as a bag
	From, To int      // video only: frames [From, To) of the file belong to this recording; To 0 = to its end

	Actions []Action // in frame numbers of the recording (0 = From), before subsampling
	Plan    []string // texts in the order of a clean attempt; nil = the actions' texts in order of start

	// Truth is a valid Episode of the recording before subsampling, with what is known about every frame. Its Cost,
	// Regress, BelowBest, Signals, Outcome, Variant and Seed are taken over. Nil where nothing is known.
	Truth *dataset.Episode
}

// Action is a stretch of a recording in which one atomic action is done.
type Action struct {
	Start, End  int // frames [Start, End)
	Text, Skill string
	PlanIndex   int // index into Recording.Plan; -1 = a disturbance, len(Plan) = all is done. Not looked at where Plan is nil
}
