// Rehearse makes a checkpoint's rehearsal.json of simulated episodes: a few frames of each, with their costs and plans.
//
//	go run ./internal/rehearse -data EPISODES -out model/nano/rehearsal.json
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"image/jpeg"
	"log"
	"os"
	"slices"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/vision"
)

func main() {
	log.SetFlags(0)
	data := flag.String("data", "", "`folder` of simulated episodes")
	out := flag.String("out", "rehearsal.json", "`file` to write")
	episodes := flag.Int("episodes", 64, "at most so many, the tasks in turn")
	frames := flag.Int("frames", 12, "of each, by twos: from the first to the last, and soon after each another")
	quality := flag.Int("quality", 45, "of the JPEGs, which have the size of the recorded frames: made smaller they would lose colour that a judge sees")
	flag.Parse()
	if err := write(*out, *data, *episodes, *frames, *quality); err != nil {
		log.Fatal(err)
	}
}

// rehearsed is an episode with images in the place of paths.
type rehearsed struct {
	dataset.Episode
	Frames []string `json:"frames,omitempty"` // hides the paths
	Images [][]byte `json:"images"`
}

func write(out, data string, most, frames, quality int) error {
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
	// Every fourth is measured on and the others are rehearsed: beside each other, those of a task are shared out among both.
	few := inTurn(all)[:min(most, len(all))]
	slices.SortStableFunc(few, func(a, b dataset.Episode) int { return cmp.Compare(a.Task, b.Task) })
	for _, e := range few {
		r := rehearsed{Episode: some(e, glimpses(len(e.Frames), frames))}
		for _, path := range r.Episode.Frames {
			img, err := vision.Read(disk, path)
			if err != nil {
				return err
			}
			var b bytes.Buffer
			if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
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

// glimpses are places in a recording of n frames, at most so many: half of them evenly from the first to the last, and another one to
// three frames after each, before the last, so that pairs are as far apart as those that a judge is asked about.
func glimpses(n, most int) (at []int) {
	half := max(2, most/2)
	for k := range half {
		i := k * (n - 1) / (half - 1)
		beside := i + 1 + k%3
		if beside >= n {
			beside = max(0, i-1-k%3)
		}
		at = append(at, i, beside)
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// some is what is known about some frames of an episode that a judge learns from.
func some(e dataset.Episode, at []int) dataset.Episode {
	few := dataset.Episode{Scene: e.Scene, ID: e.ID, Task: e.Task, Outcome: e.Outcome, Plan: e.Plan}
	for _, i := range at {
		few.Frames, few.Subtask, few.Cost = append(few.Frames, e.Frames[i]), append(few.Subtask, e.Subtask[i]), append(few.Cost, e.Cost[i])
		if e.Numbers != nil {
			i = e.Numbers[i]
		}
		few.Numbers = append(few.Numbers, i)
	}
	return few
}
