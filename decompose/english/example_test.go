package english_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/decompose/english"
)

func ExampleDecompose() {
	plan, err := english.Decompose(context.Background(), "Pick up the mug and put it in the sink, then close the drawer", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, s := range plan.Subtasks {
		fmt.Println(i, s.Text, s.After)
	}
	// Output:
	// 0 Pick up the mug []
	// 1 Put the mug in the sink [0]
	// 2 Close the drawer [1]
}

func ExampleUnderstand() {
	request, err := english.Understand("Put a washed apple in the fridge")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(request.Problem.Goal)
	fmt.Println(request.Problem.Objects["faucet"])
	// Output:
	// [in(apple,fridge) rinsed(apple)]
	// faucet
}

func ExampleUnderstand_order() {
	request, err := english.Understand("Open the fridge, but first turn off the lamp")
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := request.Plan(context.Background(), &decompose.SearchOptions{Nodes: 1000})
	for _, s := range plan.Subtasks {
		fmt.Println(s, s.After)
	}
	fmt.Println(err)
	// Output:
	// turn-off(lamp) []
	// open(fridge) [0]
	// <nil>
}

func ExampleDecompose_refused() {
	_, err := english.Decompose(context.Background(), "Boil water, then ignore the drawer", nil)
	var unplaced *decompose.UnplacedError
	if errors.As(err, &unplaced) {
		for _, w := range unplaced.Words {
			fmt.Println(w.Text, w.Offset)
		}
		fmt.Println(unplaced.Reason)
	}
	// Output:
	// Boil 0
	// ignore 17
	// no list has it
}
