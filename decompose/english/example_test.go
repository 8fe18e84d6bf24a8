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

// A sentence is never planned in part: the error names the words, and what was understood besides.
func ExampleDecompose_refused() {
	_, err := english.Decompose(context.Background(), "Open the drawer, then juggle the mugs", nil)
	var unplaced *decompose.UnplacedError
	if errors.As(err, &unplaced) {
		for _, w := range unplaced.Words {
			fmt.Println(w.Text, w.Offset)
		}
		fmt.Println(unplaced.Reason)
		fmt.Println(unplaced.Understood)
	}
	// Output:
	// juggle 22
	// no skill does it
	// [Open the drawer]
}

// Words that nobody has listed name things, too; what a plan takes for granted of them it says. In strict mode that is an error.
func ExampleDecompose_assumed() {
	sentence := "Could you please put both moka pots in the caddy next to the zorp?"
	plan, err := english.Decompose(context.Background(), sentence, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range plan.Subtasks {
		fmt.Println(s.Text)
	}
	_, err = english.Decompose(context.Background(), "Pour the beans into the bowl", &decompose.Options{Strict: true})
	fmt.Println(err)
	// Output:
	// Pick up the moka pot 1
	// Put the moka pot 1 in the caddy
	// Pick up the moka pot 2
	// Put the moka pot 2 in the caddy
	// decompose: cannot place "Pour the beans into the bowl": it rests on assumptions: the beans are handled as one thing, or one after the other; the beans can be poured
}
