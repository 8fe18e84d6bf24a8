package evaluate_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing/fstest"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/evaluate"
)

// The examples run on a tiny checkpoint with random weights, so they print what any checkpoint would.
func open() *egotsr.Model {
	m, err := egotsr.Open(context.Background(), os.DirFS("../testdata/tiny"), &egotsr.Options{Backend: "go"})
	if err != nil {
		log.Fatal(err)
	}
	return m
}

// brightens is a source of lamps as bright as the paths of their frames say.
type brightens struct{ *dataset.List }

func (brightens) Image(path string) (image.Image, error) {
	level, err := strconv.ParseUint(path, 10, 8)
	if err != nil {
		return nil, fs.ErrNotExist
	}
	img := image.NewGray(image.Rect(0, 0, 56, 56))
	for i := range img.Pix[1:] {
		img.Pix[i+1] = uint8(level)
	}
	return img, nil
}

func ExamplePairs() {
	m := open()
	defer m.Close()
	src := brightens{dataset.NewList(nil, []dataset.Sample{
		{Task: "Light the lamp", Img1: "10", Img2: "200", Frame2: 9, Window: 9, Closer: dataset.Img2, Kind: dataset.KindForward},
		{Task: "Light the lamp", Img1: "90", Img2: "30", Frame2: 4, Window: 4, Closer: dataset.Img1, Kind: dataset.KindRegression},
	})}
	report, err := evaluate.Pairs(context.Background(), m, src, &evaluate.Options{Name: "a tiny checkpoint"})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range report.Systems[1:3] {
		all, _ := s.Group(evaluate.GroupAll)
		fmt.Printf("%s: %.0f %% of %d pairs\n", s.Name, 100*all.Right, all.Pairs)
	}
	// Output:
	// always the later frame: 50 % of 2 pairs
	// always img1: 0 % of 2 pairs
}

// lampCosts are two episodes in which a lamp gets brighter, and what is left to do at every frame.
func lampCosts() []dataset.Episode {
	return []dataset.Episode{
		{Scene: "hall", ID: "1", Task: "Light the lamp", Frames: []string{"10", "90", "200"}, Subtask: []int{0, 0, 1}, Plan: []string{"Turn on the lamp"}, Cost: []float64{20, 10, 0}},
		{Scene: "hall", ID: "2", Task: "Light the lamp", Frames: []string{"20", "150", "60", "220"}, Subtask: []int{0, 0, -1, 1}, Plan: []string{"Turn on the lamp"}, Cost: []float64{20, 6, 14, 0}},
	}
}

func ExampleCurves() {
	m := open()
	defer m.Close()
	curves, err := evaluate.Curves(context.Background(), m, lamps(), nil)
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

func ExampleDone() {
	m := open()
	defer m.Close()
	done, err := evaluate.Done(context.Background(), m, lamps(), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("done on %d of %d frames; an AUC between 0 and 1: %v\n", done.Done, done.Frames, done.Systems[0].AUC >= 0 && done.Systems[0].AUC <= 1)
	// Output: done on 2 of 7 frames; an AUC between 0 and 1: true
}

func ExamplePlans() {
	m := open()
	defer m.Close()
	boundaries, err := dataset.NewBoundaries(nil, lampCosts())
	if err != nil {
		log.Fatal(err)
	}
	plans, err := evaluate.Plans(context.Background(), m, brightBoundaries{boundaries}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("asked:", plans.All.Asked)
	// Output: asked: 4
}

// lamps are the same, with how their frames are read.
func lamps() evaluate.Episodes { return evaluate.Episodes{List: lampCosts(), Image: brightens{}.Image} }

// brightBoundaries shows lamps for the frames of plans.
type brightBoundaries struct{ *dataset.Plans }

func (brightBoundaries) Image(path string) (image.Image, error) { return brightens{}.Image(path) }

// Another system's answers stand beside the model's: here the CSV that the reference implementation writes.
func ExampleReport_AddAnswers() {
	m := open()
	defer m.Close()
	pairs := brightens{dataset.ValidationPairs(nil, lampCosts(), dataset.ValidationOptions{})}
	report, err := evaluate.Pairs(context.Background(), m, pairs, nil)
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
	pairs := brightens{dataset.ValidationPairs(nil, lampCosts(), dataset.ValidationOptions{})}
	report, err := evaluate.Pairs(context.Background(), m, pairs, &evaluate.Options{Name: "a tiny checkpoint"})
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
	pairs := brightens{dataset.ValidationPairs(nil, lampCosts(), dataset.ValidationOptions{})}
	one, err := evaluate.Pairs(context.Background(), m, pairs, nil)
	if err != nil {
		log.Fatal(err)
	}
	other, err := evaluate.Pairs(context.Background(), m, pairs, &evaluate.Options{Prompt: dataset.Tag})
	if err != nil {
		log.Fatal(err)
	}
	if one.Checkpoint, err = evaluate.HashCheckpoint(os.DirFS("../testdata/tiny")); err != nil {
		log.Fatal(err)
	}
	fmt.Println(one.Manifest().Questions == other.Manifest().Questions, len(one.Manifest().Checkpoint))
	// Output: false 16
}

func ExampleTrack() {
	m := open()
	defer m.Close()
	track, err := evaluate.Track(context.Background(), m, lamps(), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d episodes that succeed; beside the tracker:\n", track.Done.Of)
	for _, c := range track.Curves[1:] {
		fmt.Println(c.Name, c.Median >= -1 && c.Median <= 1)
	}
	// Output:
	// 2 episodes that succeed; beside the tracker:
	// all frames compared true
	// elapsed time true
}

// A report can be made of answers that somebody else has asked for.
func ExampleNewReport() {
	items := []evaluate.Item{
		{Task: "Light the lamp", Img1: "10", Img2: "200", Closer: dataset.Img2, Asked: 0.2, Swapped: 0.1},
		{Task: "Light the lamp", Img1: "90", Img2: "30", Closer: dataset.Img1, Asked: 0.4, Swapped: 0.3},
	}
	r := evaluate.NewReport(items, &evaluate.Options{Name: "theirs"})
	fmt.Printf("%s: %.0f %% right\n", r.Systems[0].Name, 100*r.Systems[0].Groups[0].Right)
	// Output: theirs: 50 % right
}

func ExampleReport_WriteTable() {
	r := evaluate.NewReport([]evaluate.Item{{Task: "Light the lamp", Img1: "10", Img2: "200", Closer: dataset.Img2, Asked: 0.2, Swapped: 0.1}}, nil)
	var table strings.Builder
	if err := r.WriteTable(&table); err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(table.String()) {
		if cells := strings.Fields(line); cells[0] == string(evaluate.GroupAll) {
			fmt.Println(strings.Join(cells, " "))
			break
		}
	}
	// Output: all 1 100.0 % 100.0 % 0.0 100.0 % 100.0 % 100.0–100.0
}

func ExampleHashCheckpoint() {
	identity, err := evaluate.HashCheckpoint(os.DirFS("../testdata/tiny"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(identity), "digits")
	// Output: 16 digits
}

// second answers every pair with the second frame: a judge of a program's own.
type second struct{}

func (second) Judge(context.Context, egotsr.Pair, *egotsr.JudgeOptions) (egotsr.Judgement, error) {
	return egotsr.Judgement{PImg1: 0.2}, nil
}

// A table is answered row by row, and again at once where a run was killed. One of these images is missing.
func ExampleTable() {
	dir, err := os.MkdirTemp("", "table")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	in := filepath.Join(dir, "pairs.csv")
	rows := "video_path1,video_path2,task_name,target\nsmall_0.png,small_1.png,Light the lamp,img2\nsmall_0.png,gone.png,Light the lamp,img1\n"
	if err := os.WriteFile(in, []byte(rows), 0o644); err != nil {
		log.Fatal(err)
	}
	for i := range 2 {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("small_%d.png", i)), b.Bytes(), 0o644); err != nil {
			log.Fatal(err)
		}
	}
	r, err := evaluate.Table(context.Background(), second{}, evaluate.Sheet{In: in, Images: dir, Out: filepath.Join(dir, "answers.csv")}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d answered, %d skipped, gap %.0f\n", r.Answered, r.Skipped, r.Report.Systems[0].Groups[0].Gap)
	// Output: 1 answered, 1 skipped, gap 1
}

func ExampleMerge() {
	dir, err := os.MkdirTemp("", "shards")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	sheet := evaluate.Sheet{In: filepath.Join(dir, "pairs.csv"), Images: dir, Out: filepath.Join(dir, "answers.csv"), Shards: 2}
	rows := "video_path1,video_path2,task_name\ngone_0.png,gone_1.png,Light the lamp\ngone_1.png,gone_0.png,Light the lamp\n"
	if err := os.WriteFile(sheet.In, []byte(rows), 0o644); err != nil {
		log.Fatal(err)
	}
	for sheet.Shard = range sheet.Shards { // on machines of their own
		if _, err := evaluate.Table(context.Background(), second{}, sheet, nil); err != nil {
			log.Fatal(err)
		}
	}
	r, err := evaluate.Merge(sheet, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d answered, %d skipped\n", r.Answered, r.Skipped)
	// Output: 0 answered, 2 skipped
}
