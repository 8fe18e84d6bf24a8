// Rehearse makes a checkpoint's rehearsal.json of simulated episodes: a few frames of each, as small as the checkpoint sees them, with
// their costs and plans.
//
//	go run ./internal/rehearse -data EPISODES -episodes 100 -out model/nano/rehearsal.json
package main

import (
	"bytes"
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
	for _, e := range inTurn(all)[:min(most, len(all))] {
		r := rehearsed{Episode: some(e, frames)}
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

// some keeps so many frames of an episode, and of what is known about them what a judge learns from.
func some(e dataset.Episode, frames int) dataset.Episode {
	short := dataset.Episode{Scene: e.Scene, ID: e.ID, Task: e.Task, Outcome: e.Outcome, Plan: e.Plan}
	n := len(e.Frames)
	for k := range min(frames, n) {
		i := k * (n - 1) / max(min(frames, n)-1, 1)
		number := i
		if e.Numbers != nil {
			number = e.Numbers[i]
		}
		short.Frames, short.Numbers = append(short.Frames, e.Frames[i]), append(short.Numbers, number)
		short.Subtask, short.Cost = append(short.Subtask, e.Subtask[i]), append(short.Cost, e.Cost[i])
	}
	return short
}
