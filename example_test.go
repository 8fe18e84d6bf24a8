package egotsr_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"log"
	"os"
	"slices"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
)

// The examples run on a tiny checkpoint with random weights, so they print what any checkpoint would.
func open() *egotsr.Model {
	m, err := egotsr.Open(context.Background(), os.DirFS("testdata/tiny"), &egotsr.Options{Backend: "go"})
	if err != nil {
		log.Fatal(err)
	}
	return m
}

// gray is a frame of one brightness.
func gray(level uint8) image.Image {
	img := image.NewGray(image.Rect(0, 0, 56, 56))
	for i := range img.Pix {
		img.Pix[i] = level
	}
	img.SetGray(0, 0, color.Gray{})
	return img
}

func ExampleOpen() {
	m, err := egotsr.Open(context.Background(), os.DirFS("testdata/tiny"), &egotsr.Options{
		Backend:  "go",
		MaxBatch: 16,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	fmt.Println("ready")
	// Output: ready
}

func ExampleModel_Judge() {
	m := open()
	defer m.Close()
	ctx := context.Background()
	before, after := gray(20), gray(200)
	j, err := m.Judge(ctx, egotsr.Pair{Task: "Open a drawer", Img1: before, Img2: after}, nil)
	if err != nil {
		log.Fatal(err)
	}
	swapped, err := m.Judge(ctx, egotsr.Pair{Task: "Open a drawer", Img1: after, Img2: before}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("mirror image:", j.PImg1 == 1-swapped.PImg1)
	// Output: mirror image: true
}

func ExampleModel_JudgeAll() {
	m := open()
	defer m.Close()
	pairs := []egotsr.Pair{
		{Task: "Open a drawer", Img1: gray(20), Img2: gray(200)},
		{Task: "Open a drawer", Img1: gray(20)}, // its second frame is missing
		{Task: "Open a drawer", Img1: gray(90), Img2: gray(90)},
	}
	for j, err := range m.JudgeAll(context.Background(), slices.Values(pairs), nil) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(j.Confidence >= 0.5, j.Closer == egotsr.Undecided)
	}
	// Output:
	// true false
	// egotsr: img2: is nil
	// true true
}

func ExampleDecompose() {
	plan, err := egotsr.Decompose(context.Background(), "Put the apple in the fridge and turn on the lamp", nil)
	if err != nil {
		log.Fatal(err)
	}
	for i, s := range plan.Subtasks {
		fmt.Println(i, s.Text, s.After)
	}
	// Output:
	// 0 Open the fridge []
	// 1 Pick up the apple [0]
	// 2 Put the apple in the fridge [0 1]
	// 3 Turn on the lamp [2]
}

// A model is a generator: what it writes becomes a plan only if it can be proved. This one has random weights.
func ExampleDecompose_model() {
	m := open()
	defer m.Close()
	_, err := egotsr.Decompose(context.Background(), "Turn on the lamp", &decompose.Options{Generator: m, Rounds: -1})
	var failed *decompose.GeneratorError
	fmt.Println(errors.As(err, &failed))
	// Output: true
}

func ExampleModel_Progress() {
	m := open()
	defer m.Close()
	curve, err := m.Progress(context.Background(), "Open a drawer", []image.Image{gray(20), gray(90), gray(200)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(curve), slices.Min(curve), slices.Max(curve))
	// Output: 3 0 1
}

func ExampleModel_Warmup() {
	m := open()
	defer m.Close()
	if err := m.Warmup(context.Background(), 56, 56); err != nil {
		log.Fatal(err)
	}
	fmt.Println("compiled")
	// Output: compiled
}

func ExampleModel_Save() {
	m := open()
	defer m.Close()
	dir, err := os.MkdirTemp("", "checkpoint")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := m.Save(context.Background(), dir+"/copy"); err != nil {
		log.Fatal(err)
	}
	again, err := egotsr.Open(context.Background(), os.DirFS(dir+"/copy"), &egotsr.Options{Backend: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer again.Close()
	fmt.Println("saved and opened")
	// Output: saved and opened
}

func ExampleModel_Calibrate() {
	m := open()
	defer m.Close()
	held := brightens{dataset.NewList(nil, []dataset.Sample{
		{Task: "Light the lamp", Img1: "10", Img2: "200", Closer: dataset.Img2},
		{Task: "Light the lamp", Img1: "90", Img2: "30", Closer: dataset.Img1},
	})}
	temperature, err := m.Calibrate(context.Background(), held, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("fitted:", temperature > 0)
	// Output: fitted: true
}
