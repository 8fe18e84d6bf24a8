package egotsr_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
)

// The model has random weights, so it may plan what cannot be done; that is an error, and not a plan.
func ExampleModel_Plan() {
	m := open()
	defer m.Close()
	plan, err := m.Plan(context.Background(), "Light the lamp", gray(20))
	if errors.As(err, new(*decompose.OrderError)) {
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range plan.Subtasks {
		fmt.Println(s.Text)
	}
}

func ExampleModel_Generate() {
	m := open()
	defer m.Close()
	text, err := m.Generate(context.Background(), "What is on the table?", gray(20))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
}

func ExampleModel_GenerateList() {
	m := open()
	defer m.Close()
	list, logProb, err := m.GenerateList(context.Background(), "List what is on the table, as JSON.", gray(20))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(list, logProb)
}

// An adapter that peft has trained is merged before the first question.
func ExampleModel_Adapt() {
	m := open()
	defer m.Close()
	err := m.Adapt(context.Background(), os.DirFS("an/adapter"))
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output: true
}

func ExampleEvaluateTrack() {
	m := open()
	defer m.Close()
	track, err := egotsr.EvaluateTrack(context.Background(), m, brightens{}.Image, lampCosts(), 1)
	if err != nil {
		log.Fatal(err)
	}
	if err := track.WriteTable(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// A report can be made of answers that somebody else has asked for.
func ExampleNewReport() {
	items := []egotsr.Item{
		{Task: "Light the lamp", Img1: "10", Img2: "200", Closer: dataset.Img2, Asked: 0.2, Swapped: 0.1},
		{Task: "Light the lamp", Img1: "90", Img2: "30", Closer: dataset.Img1, Asked: 0.4, Swapped: 0.3},
	}
	r := egotsr.NewReport(items, &egotsr.EvaluateOptions{Name: "theirs"})
	fmt.Printf("%s: %.0f %% right\n", r.Systems[0].Name, 100*r.Systems[0].Groups[0].Right)
	// Output: theirs: 50 % right
}

func ExampleReport_WriteTable() {
	r := egotsr.NewReport([]egotsr.Item{{Task: "Light the lamp", Img1: "10", Img2: "200", Closer: dataset.Img2, Asked: 0.2, Swapped: 0.1}}, nil)
	if err := r.WriteTable(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func ExampleHashCheckpoint() {
	identity, err := egotsr.HashCheckpoint(os.DirFS("testdata/golden/a/checkpoint"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(identity), "digits")
	// Output: 16 digits
}
