package egotsr_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"log"
	"os"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/model/nano"
	"github.com/egotsr/egotsr/vision"
)

// embedded opens the checkpoint that comes with the library, and door one of its frames: the door stands ajar.
func embedded() (m *egotsr.Model, door image.Image) {
	m, err := egotsr.Open(context.Background(), nano.FS(), &egotsr.Options{Backend: "go"})
	if err != nil {
		log.Fatal(err)
	}
	if door, err = vision.ReadFile("examples/judge/frames/door-a.jpg"); err != nil {
		log.Fatal(err)
	}
	return m, door
}

// Only what remains is planned: the door's handle is hooked already.
func ExampleModel_Plan() {
	m, door := embedded()
	defer m.Close()
	plan, err := m.Plan(context.Background(), "Open a door with a revolving joint", door)
	if errors.As(err, new(*decompose.OrderError)) {
		fmt.Println("what the model would do next cannot be done")
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	for i, s := range plan.Subtasks {
		fmt.Println(i, s.Text, s.After)
	}
	// Output:
	// 0 Pull the door open. []
	// 1 Keep the door open. [0]
}

func ExampleModel_Generate() {
	m, door := embedded()
	defer m.Close()
	shut, err := vision.ReadFile("examples/judge/frames/door-b.jpg")
	if err != nil {
		log.Fatal(err)
	}
	text, err := m.Generate(context.Background(), dataset.Long.Text("Open a door with a revolving joint"), door, shut)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
	// Output: closer to completion: img1
}

func ExampleModel_GenerateList() {
	m, door := embedded()
	defer m.Close()
	list, logProb, err := m.GenerateList(context.Background(), dataset.Remaining.Text("Open a door with a revolving joint"), door)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q, likely: %t\n", list, logProb > -1)
	// Output: ["Pull the door open." "Keep the door open."], likely: true
}

// An adapter that peft has trained is merged before the first question.
func ExampleModel_Adapt() {
	m := open()
	defer m.Close()
	err := m.Adapt(context.Background(), os.DirFS("an/adapter"))
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output: true
}
