package egotsr_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"log"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/decompose"
)

// lamp is a frame with a light part and a dark one.
func lamp(light uint8) image.Image {
	img := image.NewGray(image.Rect(0, 0, 56, 56))
	for i := range 56 * 28 {
		img.Pix[i] = light
	}
	img.SetGray(55, 55, color.Gray{20})
	return img
}

func ExampleModel_Track() {
	m := open()
	defer m.Close()
	tracker := m.Track("Light the lamp", nil)
	var before egotsr.State
	for i := range 3 {
		now, err := tracker.Observe(context.Background(), lamp(uint8(40+60*i)))
		if err != nil {
			log.Fatal(err)
		}
		switch now.Trend {
		case egotsr.Done:
			// stop the robot
		case egotsr.Regressing:
			// try again
		}
		_ = egotsr.Reward(before, now, 0.99) // for reinforcement learning
		before = now
	}
	fmt.Println(before.Progress >= 0, before.Subtask)
	// Output: true -1
}

// A recording of the task done well shows a model that has never learnt it how far an attempt is.
func ExampleTrackOptions() {
	m := open()
	defer m.Close()
	demo := []image.Image{lamp(40), lamp(100), lamp(160), lamp(220)}
	tracker := m.Track("Light the lamp", &egotsr.TrackOptions{Demo: demo, Every: -1})
	var progress []float64
	for _, light := range []uint8{45, 110, 215} {
		now, err := tracker.Observe(context.Background(), lamp(light))
		if err != nil {
			log.Fatal(err)
		}
		progress = append(progress, now.Progress)
	}
	fmt.Println(progress[0] < progress[1], progress[1] < progress[2])
	// Output: true true
}

func ExampleModel_Done() {
	m := open()
	defer m.Close()
	p, err := m.Done(context.Background(), "Light the lamp", lamp(255))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p > 0 && p < 1)
	// Output: true
}

func ExampleModel_Next() {
	m := open()
	defer m.Close()
	plan := &decompose.Plan{Goal: "Light the lamp", Subtasks: []decompose.Subtask{{Text: "Reach the switch."}, {Text: "Press it."}}}
	p, err := m.Next(context.Background(), plan, lamp(20))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d subtasks, or none, sum %.1f\n", len(p)-1, p[0]+p[1]+p[2])
	// Output: 2 subtasks, or none, sum 1.0
}

func ExampleReward() {
	before, after := egotsr.State{Progress: 0.25}, egotsr.State{Progress: 0.75}
	fmt.Println(egotsr.Reward(before, after, 1))
	// Output: 0.5
}
