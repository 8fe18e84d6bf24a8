// Package recordings finds recordings in the formats of robots, for examples that take any of them.
package recordings

import (
	"flag"
	"fmt"
	"os"

	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/dataset/hdf5"
	"github.com/egotsr/egotsr/dataset/lerobot"
	"github.com/egotsr/egotsr/dataset/mcap"
	"github.com/egotsr/egotsr/dataset/rosbag"
)

// Files says where recordings are: one of the first four, and what task they are of where the files have none.
type Files struct{ LeRobot, MCAP, Rosbag, HDF5, Task, Topic string }

// Flags adds them to the command line.
func (f *Files) Flags() {
	flag.StringVar(&f.LeRobot, "lerobot", "", "`folder` of a LeRobotDataset, v2 or v3, instead of -data")
	flag.StringVar(&f.MCAP, "mcap", "", "MCAP `file`, or folder of the parts of one, instead of -data")
	flag.StringVar(&f.Rosbag, "rosbag", "", "rosbag2 `folder` or .db3 file, instead of -data")
	flag.StringVar(&f.HDF5, "hdf5", "", "HDF5 `file` or folder of ALOHA or robomimic, instead of -data")
	flag.StringVar(&f.Task, "task", "", "the task's `name`, for recordings that have none")
	flag.StringVar(&f.Topic, "task-topic", "", "or the `topic` of texts that tells it, for -mcap and -rosbag")
}

// Given tells whether one of the formats is.
func (f *Files) Given() bool {
	return f.LeRobot != "" || f.MCAP != "" || f.Rosbag != "" || f.HDF5 != ""
}

// Read lists the recordings; episodes that cannot be used are told of and left out.
func (f *Files) Read() ([]clips.Recording, error) {
	switch {
	case f.LeRobot != "":
		return lerobot.Recordings(f.LeRobot)
	case f.MCAP != "":
		return undamaged(mcap.Recordings(f.MCAP, &mcap.Options{Task: f.Task, TaskTopic: f.Topic}))
	case f.Rosbag != "":
		return undamaged(rosbag.Recordings(f.Rosbag, &rosbag.Options{Task: f.Task, TaskTopic: f.Topic}))
	}
	return undamaged(hdf5.Recordings(f.HDF5, &hdf5.Options{Task: f.Task}))
}

// undamaged goes on with what could be read, and tells of what could not.
func undamaged(recordings []clips.Recording, err error) ([]clips.Recording, error) {
	if len(recordings) == 0 {
		return nil, err
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "left out:", err)
	}
	return recordings, nil
}
