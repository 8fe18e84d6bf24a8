package lerobot_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

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

func ExampleOpenProgress() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS("../../testdata/formats/lerobot-v2.1")); err != nil {
		log.Fatal(err)
	}
	progress, err := lerobot.OpenProgress(dir, &lerobot.ProgressOptions{Model: "a clock"})
	if err != nil {
		log.Fatal(err)
	}
	defer progress.Close()
	for _, episode := range progress.Missing() { // all, or those that an earlier run has left
		n := progress.Frames(episode)
		scores, err := lerobot.Spread([]int{0, n - 1}, []float64{0, 1}, n)
		if err == nil {
			err = progress.Add(episode, scores, nil)
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("episode", episode, n, "frames")
	}
	if err := progress.Write(); err != nil {
		log.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.parquet"))
	fmt.Println(filepath.Base(files[0]))
	// Output:
	// episode 0 10 frames
	// episode 1 9 frames
	// egotsr_progress.parquet
}

func ExampleSpread() {
	scores, err := lerobot.Spread([]int{0, 4}, []float64{0.5, 1}, 6)
	fmt.Println(scores, err)
	// Output: [0.5 0.625 0.75 0.875 1 1] <nil>
}
