package egotsr_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"

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
