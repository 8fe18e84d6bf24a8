package decompose_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/egotsr/egotsr/decompose"
)

func ExampleGrammar() {
	plan, err := decompose.Grammar(context.Background(), "Pick up the mug and put it in the sink, then close the drawer")
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
	request, err := decompose.Understand("Put a washed apple in the fridge")
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

func ExampleRequest_Plan() {
	request, err := decompose.Understand("Open the fridge, but first turn off the lamp")
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

func ExampleUnplacedError() {
	_, err := decompose.Grammar(context.Background(), "Boil water, then ignore the drawer")
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
