package hdf5_test

import (
	"fmt"

	"github.com/egotsr/egotsr/dataset/hdf5"
)

func ExampleRecordings() {
	recordings, err := hdf5.Recordings("../../testdata/formats/robomimic.hdf5", &hdf5.Options{Task: "Push and open a window"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range recordings {
		fmt.Println(r.Scene, r.Episode, r.Camera, r.Stored.Len(), r.Task)
	}
	// Output:
	// robomimic demo_0 agentview_image 10 Push and open a window
	// robomimic demo_2 agentview_image 3 Push and open a window
	// robomimic demo_10 agentview_image 5 Push and open a window
}
