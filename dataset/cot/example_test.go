package cot_test

import (
	"context"
	"fmt"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/cot"
)

// lift is an episode in which the cube slips and is caught again.
var lift = dataset.Episode{
	Task: "Lift the cube", Variant: "drop",
	Frames: []string{"0.jpg", "1.jpg", "2.jpg"}, Subtask: []int{0, 1, -1}, Plan: []string{"Grasp the cube.", "Lift the cube."},
	Signals: map[string][]float64{"gripper_opening": {1, 0.5, 0.9}, "object_goal_distance": {0.3, 0.15, 0.31}},
}

func ExampleAnnotations() {
	m := cot.Annotations([]dataset.Episode{lift})
	s := dataset.Sample{Task: lift.Task, Img1: "2.jpg", Img2: "1.jpg", Closer: dataset.Img2}
	a, err := m.Describe(context.Background(), s, nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Detail[0])
	fmt.Println(a.Detail[1])
	fmt.Println(a.Closer)
	// Output:
	// Gripper open, object 30 cm from its goal; the object slips out of the gripper.
	// Gripper half closed, object 15 cm from its goal; lift the cube; 1 of 2 steps done.
	// img2
}

func ExampleFill() {
	src := dataset.NewList(nil, []dataset.Sample{
		{Task: lift.Task, Img1: "0.jpg", Img2: "1.jpg", Closer: dataset.Img2},
		{Task: lift.Task, Img1: "0.jpg", Img2: "2.jpg"}, // nobody knows
	})
	var stats cot.Stats
	for s, err := range cot.Fill(context.Background(), cot.Annotations([]dataset.Episode{lift}), src, cot.Options{}, &stats) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(dataset.CoT.Target(s))
	}
	fmt.Println(stats.Made, "made,", stats.Unlabelled, "without a label")
	// Output:
	// spatial details: img1: Gripper open, object 30 cm from its goal; grasp the cube; 0 of 2 steps done.; img2: Gripper half closed, object 15 cm from its goal; lift the cube; 1 of 2 steps done.
	// closer to completion: img2
	// 1 made, 1 without a label
}
