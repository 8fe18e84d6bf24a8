package lerobot_test

import (
	"fmt"

	"github.com/egotsr/egotsr/dataset/lerobot"
)

func ExampleRecordings() {
	recordings, err := lerobot.Recordings("../../testdata/lerobot/drawer", "wrist")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range recordings[:2] {
		fmt.Println(r.Scene, r.Episode, r.Camera, r.From, r.To, r.Task)
		for _, a := range r.Actions {
			fmt.Println("  ", a.Start, a.End, a.Text)
		}
	}
	// Output:
	// drawer 0 wrist 0 10 Open the drawer
	//    0 4 Reach the handle.
	//    4 8 Pull the drawer open.
	//    8 10 Let go.
	// drawer 1 wrist 10 22 Open the drawer
	//    2 5 Reach the handle.
	//    5 12 Pull the drawer open.
}
