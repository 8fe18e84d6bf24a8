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
	"strings"
	"testing/fstest"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
)

// The examples run on a tiny checkpoint with random weights, so they print what any checkpoint would.
func open() *egotsr.Model {
	m, err := egotsr.Open(context.Background(), os.DirFS("testdata/golden/a/checkpoint"), &egotsr.Options{Backend: "go"})
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
	m, err := egotsr.Open(context.Background(), os.DirFS("testdata/golden/a/checkpoint"), &egotsr.Options{
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

func ExampleEvaluate() {
	m := open()
	defer m.Close()
	src := brightens{dataset.NewList(nil, []dataset.Sample{
		{Task: "Light the lamp", Img1: "10", Img2: "200", Frame2: 9, Window: 9, Closer: dataset.Img2, Kind: dataset.KindForward},
		{Task: "Light the lamp", Img1: "90", Img2: "30", Frame2: 4, Window: 4, Closer: dataset.Img1, Kind: dataset.KindRegression},
	})}
	report, err := egotsr.Evaluate(context.Background(), m, src, &egotsr.EvaluateOptions{Name: "a tiny checkpoint"})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range report.Systems[1:3] {
		fmt.Printf("%s: %.0f %% of %d pairs\n", s.Name, 100*s.Groups[0].Right, s.Groups[0].Pairs)
	}
	// Output:
	// always the later frame: 50 % of 2 pairs
	// always img1: 0 % of 2 pairs
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

// lampCosts are two episodes in which a lamp gets brighter, and what is left to do at every frame.
func lampCosts() []dataset.Episode {
	return []dataset.Episode{
		{Scene: "hall", ID: "1", Task: "Light the lamp", Frames: []string{"10", "90", "200"}, Subtask: []int{0, 0, 1}, Plan: []string{"Turn on the lamp"}, Cost: []float64{20, 10, 0}},
		{Scene: "hall", ID: "2", Task: "Light the lamp", Frames: []string{"20", "150", "60", "220"}, Subtask: []int{0, 0, -1, 1}, Plan: []string{"Turn on the lamp"}, Cost: []float64{20, 6, 14, 0}},
	}
}

func ExampleEvaluateCurves() {
	m := open()
	defer m.Close()
	curves, err := egotsr.EvaluateCurves(context.Background(), m, brightens{}.Image, lampCosts(), nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, g := range curves.Systems[1].Groups { // the first is the model
		fmt.Printf("%s, %s: tau %.2f\n", curves.Systems[1].Name, g.Name, g.Tau.Value)
	}
	// Output:
	// elapsed time, all: tau 0.83
	// elapsed time, clean: tau 1.00
	// elapsed time, with setbacks: tau 0.67
}

func ExampleEvaluateDone() {
	m := open()
	defer m.Close()
	done, err := egotsr.EvaluateDone(context.Background(), m.Done, brightens{}.Image, lampCosts(), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("done on %d of %d frames; an AUC between 0 and 1: %v\n", done.Done, done.Frames, done.Systems[0].AUC >= 0 && done.Systems[0].AUC <= 1)
	// Output: done on 2 of 7 frames; an AUC between 0 and 1: true
}

func ExampleEvaluatePlans() {
	m := open()
	defer m.Close()
	boundaries, err := dataset.NewBoundaries(nil, lampCosts())
	if err != nil {
		log.Fatal(err)
	}
	plans, err := egotsr.EvaluatePlans(context.Background(), m, brightBoundaries{boundaries})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("asked:", plans.All.Asked)
	// Output: asked: 4
}

// brightBoundaries shows lamps for the frames of plans.
type brightBoundaries struct{ *dataset.Plans }

func (brightBoundaries) Image(path string) (image.Image, error) { return brightens{}.Image(path) }

// Another system's answers stand beside the model's: here the CSV that the reference implementation writes.
func ExampleReport_AddAnswers() {
	m := open()
	defer m.Close()
	pairs := brightens{dataset.ValidationPairs(nil, lampCosts(), 0, 1)}
	report, err := egotsr.Evaluate(context.Background(), m, pairs, nil)
	if err != nil {
		log.Fatal(err)
	}
	files := fstest.MapFS{"theirs.csv": {Data: []byte("video_path1,video_path2,task_name,target\n" +
		"10,90,Light the lamp,img2\n90,10,Light the lamp,img2\n10,200,Light the lamp,img2\n")}}
	rows, err := dataset.Open(files, nil, "theirs.csv")
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
	if err := report.AddAnswers("theirs", rows); err != nil {
		log.Fatal(err)
	}
	s := report.Systems[len(report.Systems)-1]
	fmt.Printf("%d pairs right in %.0f %%; %d have no answer\n", s.Groups[0].Pairs, 100*s.Groups[0].Right, s.Answers.Missing)
	// Output: 2 pairs right in 50 %; 7 have no answer
}

func ExampleReport_WriteHTML() {
	m := open()
	defer m.Close()
	pairs := brightens{dataset.ValidationPairs(nil, lampCosts(), 0, 1)}
	report, err := egotsr.Evaluate(context.Background(), m, pairs, &egotsr.EvaluateOptions{Name: "a tiny checkpoint"})
	if err != nil {
		log.Fatal(err)
	}
	var page strings.Builder
	if err := report.WriteHTML(&page, pairs.Image); err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(page.String(), "How well a tiny checkpoint tells progress"))
	// Output: true
}

// Two reports answer the same questions if their manifests say so.
func ExampleReport_Manifest() {
	m := open()
	defer m.Close()
	pairs := brightens{dataset.ValidationPairs(nil, lampCosts(), 0, 1)}
	one, err := egotsr.Evaluate(context.Background(), m, pairs, nil)
	if err != nil {
		log.Fatal(err)
	}
	other, err := egotsr.Evaluate(context.Background(), m, pairs, &egotsr.EvaluateOptions{Prompt: dataset.Tag})
	if err != nil {
		log.Fatal(err)
	}
	if one.Checkpoint, err = egotsr.HashCheckpoint(os.DirFS("testdata/golden/a/checkpoint")); err != nil {
		log.Fatal(err)
	}
	fmt.Println(one.Manifest().Questions == other.Manifest().Questions, len(one.Manifest().Checkpoint))
	// Output: false 16
}
