package dataset_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing/fstest"

	"github.com/egotsr/egotsr/dataset"
)

func ExamplePrompt_Text() {
	own := dataset.Prompt("Which frame is nearer to the end of: {task_name}?")
	fmt.Println(own.Text("Open a drawer"))
	fmt.Println(dataset.Prompt("").Text("Open a drawer") == dataset.Long.Text("Open a drawer"))
	// Output:
	// Which frame is nearer to the end of: Open a drawer?
	// true
}

func ExamplePrompt_Target() {
	s := dataset.Sample{Closer: dataset.Img2, Detail: [2]string{"The drawer is shut.", "The drawer stands open."}}
	fmt.Println(dataset.Long.Target(s))
	fmt.Println(dataset.CoT.Target(s))
	// Output:
	// closer to completion: img2
	// spatial details: img1: The drawer is shut.; img2: The drawer stands open.
	// closer to completion: img2
}

func ExampleSample_Swap() {
	s := dataset.Sample{Img1: "early.jpg", Img2: "late.jpg", Closer: dataset.Img2, Kind: dataset.KindForward}
	w := s.Swap()
	fmt.Println(w.Img1, w.Img2, w.Closer, w.Kind)
	// Output: late.jpg early.jpg img1 inverse
}

// drop is an episode in which the cube slips at the third frame.
func drop() dataset.Episode {
	return dataset.Episode{
		Scene: "kitchen", ID: "7", Task: "Lift the cube",
		Frames:    []string{"0.jpg", "1.jpg", "2.jpg", "3.jpg"},
		Cost:      []float64{30, 10, 40, 0},
		Regress:   []bool{false, false, true, false},
		BelowBest: []bool{false, false, true, false},
		Subtask:   []int{0, 0, -1, 0},
		Plan:      []string{"Lift the cube."},
	}
}

func ExampleValidationPairs() {
	pairs := dataset.ValidationPairs(nil, []dataset.Episode{drop()}, dataset.ValidationOptions{})
	for i := range pairs.Len() {
		s, _ := pairs.At(i)
		fmt.Println(s.Frame1, s.Frame2, s.Closer, s.Kind, s.Level)
	}
	// Output:
	// 0 1 img2 forward short
	// 0 2 img1 regression long
	// 0 3 img2 forward long
	// 1 2 img1 regression long
	// 1 3 img2 forward long
	// 2 3 img2 recovery long
}

func ExampleNewPairs() {
	pairs, err := dataset.NewPairs(nil, []dataset.Episode{drop()}, dataset.PairOptions{Groups: 1000, PairsPerGroup: 4, Both: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	a, _ := pairs.At(4000)
	b, _ := pairs.At(4001)
	fmt.Println(pairs.Len(), b.Img1 == a.Img2, b.Closer != a.Closer)
	// Output: 8000 true true
}

// lit is an episode of two actions, the second of which begins at frame 2.
func lit() dataset.Episode {
	return dataset.Episode{
		Scene: "hall", ID: "1", Task: "Light the lamp", Frames: []string{"a", "b", "c", "d", "e"},
		Plan: []string{"Find the lamp.", "Turn it on."}, Subtask: []int{0, 0, 1, 1, 1}, Cost: []float64{4, 3, 2, 1, 0},
	}
}

func ExampleNewPlans() {
	plans, err := dataset.NewPlans(nil, []dataset.Episode{lit()})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, _ := plans.At(3)
	fmt.Println(plans.Len(), s.Img1, s.Remaining())
	// Output: 5 d [Turn it on.]
}

// Boundaries are the frames at which an action begins, or nothing is left.
func ExampleNewBoundaries() {
	plans, err := dataset.NewBoundaries(nil, []dataset.Episode{lit()})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range plans.Len() {
		s, _ := plans.At(i)
		fmt.Println(s.Img1, s.Remaining())
	}
	// Output:
	// a [Find the lamp. Turn it on.]
	// c [Turn it on.]
	// e []
}

func ExampleNewList() {
	var src dataset.Source = dataset.NewList(nil, []dataset.Sample{{Task: "Open a drawer", Closer: dataset.Img1}})
	_, err := src.At(1)
	fmt.Println(src.Len(), err)
	// Output: 1 dataset: sample 1 of a source with 1
}

func ExampleSimulated() {
	files := fstest.MapFS{
		"progress/kitchen/7.json": {Data: []byte(`{"scene_id": "kitchen", "episode_id": 7, "task_name": "Wait", "num_frames": 1, "cost_to_go": [0], "regress": [0], "below_best": [0]}`)},
		"progress/kitchen/8.json": {Data: []byte(`{"scene_id": `)},
		"task_info/kitchen.json": {Data: []byte(`[{"episode_id": 7, "task_name": "Wait", "subtask_plan": ["Wait."],
			"label_info": {"action_config": [{"start_frame": 0, "end_frame": 1}]}}, {"episode_id": 8}]`)},
		"observation/kitchen/7/frame_000000.jpg": {},
	}
	episodes, skipped, err := dataset.Simulated(files)
	fmt.Println(len(episodes), err)
	fmt.Println(skipped[0])
	_, _, err = dataset.Simulated(files, "elsewhere")
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output:
	// 1 <nil>
	// dataset: episode kitchen/8: progress/kitchen/8.json: byte 13: unexpected end of JSON input
	// true
}

func ExampleSimulatedCamera() {
	_, _, err := dataset.SimulatedCamera(fstest.MapFS{"progress/README.md": {}}, "third")
	fmt.Println(err)
	// Output: dataset: progress: holds no episode
}

func ExampleNewMix() {
	drawers := dataset.NewList(nil, []dataset.Sample{{Task: "Open a drawer"}, {Task: "Close a drawer"}})
	doors := dataset.NewList(nil, []dataset.Sample{{Task: "Open a door"}})
	mix, err := dataset.NewMix(dataset.Part{Source: drawers, Weight: 2}, dataset.Part{Source: doors})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range mix.Len() {
		s, _ := mix.At(i)
		fmt.Println(s.Task)
	}
	// Output:
	// Open a drawer
	// Close a drawer
	// Open a door
}

func ExampleNewAugmented() {
	films := dataset.NewList(nil, []dataset.Sample{{Img1: "start.jpg", Img2: "end.jpg", Closer: dataset.Img2}})
	s, _ := dataset.NewAugmented(films, 1).At(0)
	fmt.Println(s.Img1, s.Img2, s.Closer) // the block's number stands in front, for Image to draw the view by
	// Output: 0/start.jpg 0/end.jpg img2
}
