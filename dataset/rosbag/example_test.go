package rosbag_test

import (
	"fmt"

	"github.com/egotsr/egotsr/dataset/rosbag"
)

func ExampleRecordings() {
	recordings, err := rosbag.Recordings("../../testdata/formats/rosbag", &rosbag.Options{TaskTopic: "/task", SubtaskTopic: "/subtask"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range recordings {
		fmt.Println(r.Scene, r.Episode, r.Camera, r.Stored.Len(), r.Task)
		for _, a := range r.Actions {
			fmt.Println("  ", a.Start, a.End, a.Text)
		}
	}
	// Output:
	// formats rosbag front.image.compressed 10 Push and open a window
	//    0 4 Reach the window.
	//    4 10 Push the window open.
	// formats rosbag top.image_raw 10 Push and open a window
	//    0 4 Reach the window.
	//    4 10 Push the window open.
}
