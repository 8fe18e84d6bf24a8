package clips_test

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"log"
	"os"
	"path/filepath"

	"github.com/egotsr/egotsr/dataset/clips"
)

// scene writes one episode of eight frames, with two actions.
func scene() string {
	root, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	frames := filepath.Join(root, "observation", "kitchen", "7")
	if err := os.MkdirAll(frames, 0o755); err != nil {
		log.Fatal(err)
	}
	for i := range 8 {
		f, err := os.Create(filepath.Join(frames, fmt.Sprintf("frame_%d.png", i)))
		if err != nil {
			log.Fatal(err)
		}
		if err := png.Encode(f, image.NewGray(image.Rect(0, 0, 64, 48))); err != nil {
			log.Fatal(err)
		}
		f.Close()
	}
	info := `[{"episode_id": 7, "task_name": "Tidy the table", "label_info": {"action_config": [
		{"start_frame": 0, "end_frame": 4, "action_text": "Pick up the cup.", "skill": "Pick"},
		{"start_frame": 4, "end_frame": 8, "action_text": "Place the cup in the sink.", "skill": "Place"}]}}]`
	if err := os.Mkdir(filepath.Join(root, "task_info"), 0o755); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "task_info", "kitchen.json"), []byte(info), 0o644); err != nil {
		log.Fatal(err)
	}
	return root
}

func ExampleAgiBot() {
	root := scene()
	defer os.RemoveAll(root)
	recordings, skipped, err := clips.AgiBot(root)
	if err != nil {
		log.Fatal(err)
	}
	r := recordings[0]
	fmt.Println(len(recordings), len(skipped), r.Task, len(r.Images), r.Actions[1].Text)
	// Output: 1 0 Tidy the table 8 Place the cup in the sink.
}

func ExamplePrepare() {
	root := scene()
	defer os.RemoveAll(root)
	recordings, _, err := clips.AgiBot(root)
	if err != nil {
		log.Fatal(err)
	}
	out := filepath.Join(root, "out")
	for range 2 {
		report, err := clips.Prepare(context.Background(), recordings, out, &clips.Options{Every: 2})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(report)
	}
	found, _ := filepath.Glob(filepath.Join(out, "clips/kitchen/7/*/*"))
	rel, _ := filepath.Rel(out, found[2])
	fmt.Println(len(found), rel)
	// Output:
	// 1 recordings: 1 prepared, 0 as they were, 0 failed; 2 clips, 4 frames
	// 1 recordings: 0 prepared, 1 as they were, 0 failed; 2 clips, 4 frames
	// 4 clips/kitchen/7/Place the cup in the sink./00002.png
}

func ExampleRecording_Decode() {
	root := scene()
	defer os.RemoveAll(root)
	recordings, _, err := clips.AgiBot(root)
	if err != nil {
		log.Fatal(err)
	}
	err = recordings[0].Decode(context.Background(), 3, func(i int, img image.Image) error {
		fmt.Println(i, img.Bounds().Size())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0 (64,48)
	// 3 (64,48)
	// 6 (64,48)
}
