// Rehearse makes a checkpoint's rehearsal.json of simulated episodes: a few frames of each, as small as the checkpoint sees them, with
// their costs and plans.
//
//	go run ./internal/rehearse -data EPISODES -episodes 100 -out model/nano/rehearsal.json
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"log"
	"os"

	"golang.org/x/image/draw"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/vision"
)

func main() {
	log.SetFlags(0)
	data := flag.String("data", "", "`folder` of simulated episodes")
	out := flag.String("out", "rehearsal.json", "`file` to write")
	episodes := flag.Int("episodes", 100, "at most so many, the tasks in turn")
	frames := flag.Int("frames", 12, "of each, evenly from the first to the last")
	size := flag.Int("size", 112, "of a frame, in pixels a side")
	quality := flag.Int("quality", 80, "of the JPEGs")
	flag.Parse()
	if err := write(*out, *data, *episodes, *frames, *size, *quality); err != nil {
		log.Fatal(err)
	}
}

// rehearsed is an episode with images in the place of paths.
type rehearsed struct {
	dataset.Episode
	Frames []string `json:"frames,omitempty"` // hides the paths
	Images [][]byte `json:"images"`
}

func write(out, data string, most, frames, size, quality int) error {
	disk := os.DirFS(data)
	all, skipped, err := dataset.Simulated(disk)
	if err != nil {
		return err
	}
	for _, s := range skipped {
		log.Println("left out:", s)
	}
	var file struct {
		Episodes []rehearsed `json:"episodes"`
	}
	few, err := dataset.Labelled(context.Background(), disk, inTurn(all)[:min(most, len(all))], frames)
	if err != nil {
		return err
	}
	for _, e := range few {
		r := rehearsed{Episode: learnt(e)}
		for _, path := range r.Episode.Frames {
			img, err := vision.Read(disk, path)
			if err != nil {
				return err
			}
			small := image.NewRGBA(image.Rect(0, 0, size, size))
			draw.CatmullRom.Scale(small, small.Bounds(), img, img.Bounds(), draw.Src, nil)
			var b bytes.Buffer
			if err := jpeg.Encode(&b, small, &jpeg.Options{Quality: quality}); err != nil {
				return err
			}
			r.Images = append(r.Images, b.Bytes())
		}
		file.Episodes = append(file.Episodes, r)
	}
	text, err := json.Marshal(file)
	if err != nil {
		return err
	}
	fmt.Printf("%d episodes, %.1f MB\n", len(file.Episodes), float64(len(text))/1e6)
	return os.WriteFile(out, text, 0o644)
}

// inTurn orders episodes so that every task has its first before any has its second.
func inTurn(all []dataset.Episode) (out []dataset.Episode) {
	of := map[string][]dataset.Episode{}
	var names []string
	for _, e := range all {
		if of[e.Task] == nil {
			names = append(names, e.Task)
		}
		of[e.Task] = append(of[e.Task], e)
	}
	for k := 0; len(out) < len(all); k++ {
		for _, name := range names {
			if k < len(of[name]) {
				out = append(out, of[name][k])
			}
		}
	}
	return out
}

// learnt is what is known about an episode that a judge learns from.
func learnt(e dataset.Episode) dataset.Episode {
	return dataset.Episode{Scene: e.Scene, ID: e.ID, Task: e.Task, Outcome: e.Outcome, Plan: e.Plan, Frames: e.Frames, Numbers: e.Numbers, Subtask: e.Subtask, Cost: e.Cost}
}
