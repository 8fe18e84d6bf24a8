package propose_test

import (
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/decompose/english"
)

// hasty is a generator that thinks of the drawer only once it is told. A loaded model or an endpoint.Client takes its place.
type hasty struct{ asked int }

func (h *hasty) Generate(context.Context, string, ...image.Image) (string, error) {
	h.asked++
	if h.asked == 1 {
		return `["pick(fork)", "place-in(fork,drawer)"]`, nil
	}
	return "Nothing goes into a closed drawer, and a full hand opens none.\n" +
		`["open(drawer)", "pick(fork)", "place-in(fork,drawer)"]`, nil
}

func ExamplePlan() {
	plan, err := english.Decompose(context.Background(), "Put the fork in the drawer", &decompose.Options{Generator: &hasty{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, s := range plan.Subtasks {
		fmt.Println(i, s.Text, s.After)
	}
	fmt.Println(plan.Repairs, plan.Reason)
	// Output:
	// 0 Open the drawer []
	// 1 Pick up the fork [0]
	// 2 Put the fork in the drawer [0 1]
	// 1 Nothing goes into a closed drawer, and a full hand opens none.
}

func ExamplePlan_refused() {
	_, err := english.Decompose(context.Background(), "Put the fork in the drawer", &decompose.Options{Generator: &hasty{}, Rounds: -1})
	var failed *decompose.GeneratorError
	var order *decompose.OrderError
	if errors.As(err, &failed) && errors.As(err, &order) {
		fmt.Println(failed.Last)
		fmt.Println(order.Fault, order.Literal, order.Actions)
	}
	// Output:
	// ["pick(fork)", "place-in(fork,drawer)"]
	// missing step is-open(drawer) [open(drawer)]
}
