package mcap_test

import (
	"fmt"

	"github.com/egotsr/egotsr/dataset/mcap"
)

func ExampleRecordings() {
	recordings, err := mcap.Recordings("../../testdata/formats/ros2.mcap", &mcap.Options{TaskTopic: "/task", SubtaskTopic: "/subtask"})
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
	// formats ros2 front.image.compressed 10 Push and open a window
	//    0 4 Reach the window.
	//    4 10 Push the window open.
	// formats ros2 grey 4 Push and open a window
	//    0 2 Reach the window.
	//    2 4 Push the window open.
	// formats ros2 top.image_raw 5 Push and open a window
	//    0 2 Reach the window.
	//    2 5 Push the window open.
}
