package decompose_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// desk is a fork on a desk with a drawer.
func desk(goal ...string) *decompose.Problem {
	return &decompose.Problem{
		Objects: map[string]string{"fork": "fork", "desk": "desk", "drawer": "drawer", "here": "place"},
		Start:   []string{"hand-empty", "at(here)", "on(fork,desk)", "located(fork,here)", "located(desk,here)", "located(drawer,here)"},
		Goal:    goal,
	}
}

func ExampleLibrary_Search() {
	plan, err := decompose.Skills().Search(context.Background(), desk("in(fork,drawer)", "not is-open(drawer)"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, s := range plan.Subtasks {
		fmt.Println(i, s.Text, s.After)
	}
	// Output:
	// 0 Open the drawer []
	// 1 Pick up the fork [0]
	// 2 Put the fork in the drawer [0 1]
	// 3 Close the drawer [0 2]
}

func ExampleLibrary_Verify() {
	plan := &decompose.Plan{Subtasks: []decompose.Subtask{
		{Action: "pick", Args: []string{"fork"}},
		{Action: "place-in", Args: []string{"fork", "drawer"}},
	}}
	err := decompose.Skills().Verify(desk("in(fork,drawer)"), plan)
	var order *decompose.OrderError
	if errors.As(err, &order) {
		fmt.Println(order.Fault, order.Step, order.Literal, order.Actions)
	}
	// Output: missing step 1 is-open(drawer) [open(drawer)]
}

func ExampleLibrary_Check() {
	plan := &decompose.Plan{Subtasks: []decompose.Subtask{
		{Action: "open", Args: []string{"drawer"}},
		{Action: "pick", Args: []string{"fork"}},
	}}
	fmt.Println(decompose.Skills().Check(desk("holding(fork)"), plan))
	// Output: decompose: additional step: step 0, open(drawer): the goal is reached without it (1 of 2 steps serve nothing)
}

func ExampleLibrary_Complete() {
	plan, err := decompose.Skills().Complete(desk("holding(fork)"), &decompose.Plan{Subtasks: []decompose.Subtask{{Action: "pick", Args: []string{"fork"}}}})
	fmt.Println(plan.Subtasks[0].Text, plan.Subtasks[0].Effect, err)
	// Output: Pick up the fork [holding(fork) not hand-empty not on(fork,desk) not located(fork,here)] <nil>
}

func ExampleLibrary_After() {
	now, err := decompose.Skills().After(desk(), &decompose.Plan{Subtasks: []decompose.Subtask{{Action: "open", Args: []string{"drawer"}}}})
	fmt.Println(strings.Contains(strings.Join(now, " "), "is-open(drawer)"), err)
	// Output: true <nil>
}

func ExamplePlan_Verify() {
	plan := decompose.Plan{Subtasks: []decompose.Subtask{
		{Action: "place", Args: []string{"mug"}, Pre: []string{"holding(mug)"}, Effect: []string{"on(mug,table)", "not holding(mug)"}},
		{Action: "pick", Args: []string{"mug"}, Pre: []string{"hand-empty"}, Effect: []string{"holding(mug)", "not hand-empty"}},
	}}
	fmt.Println(plan.Verify([]string{"hand-empty"}))
	// Output: decompose: wrong order: step 0, place(mug), needs holding(mug), which only step 1 supplies
}

func ExamplePlan_Order() {
	plan := decompose.Plan{Start: []string{"hand-empty"}, Subtasks: []decompose.Subtask{
		{Action: "light", Effect: []string{"lit"}},
		{Action: "pick", Args: []string{"mug"}, Pre: []string{"hand-empty"}, Effect: []string{"holding(mug)", "not hand-empty"}},
		{Action: "read", Pre: []string{"lit"}, Effect: []string{"read"}},
	}}
	fmt.Println(plan.Order(nil), plan.Subtasks[1].After, plan.Subtasks[2].After)
	fmt.Println(plan.VerifyOrder(nil))
	// Output:
	// <nil> [] [0]
	// <nil>
}

func ExamplePlan_Links() {
	plan, _ := decompose.Skills().Search(context.Background(), desk("in(fork,drawer)"), nil)
	links, _ := plan.Links(nil)
	for _, l := range links {
		if l.From >= 0 {
			fmt.Println(l.From, "→", l.To, l.Literal, l.Threat)
		}
	}
	// Output:
	// 0 → 1 hand-empty true
	// 1 → 2 holding(fork) false
	// 0 → 2 is-open(drawer) false
	// 2 → 3 in(fork,drawer) false
}

func ExampleParse() {
	library, err := decompose.Parse("garden.txt", strings.NewReader(`
		kind plant
		predicate thirsty(plant)
		action water(x: plant)
		  text   Water the {x}
		  needs  thirsty(x)
		  effect not thirsty(x)
	`))
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := library.Search(context.Background(), &decompose.Problem{
		Objects: map[string]string{"old rose": "plant"}, Start: []string{"thirsty(old rose)"}, Goal: []string{"not thirsty(old rose)"},
	}, nil)
	fmt.Println(plan.Subtasks[0].Text, err)
	_, err = decompose.Parse("garden.txt", strings.NewReader("kind plant\naction water(x: plnt)\n  text Water\n  effect wet(x)\n"))
	fmt.Println(err)
	// Output:
	// Water the old rose <nil>
	// decompose: the library is not sound
	// 	garden.txt:2: there is no kind plnt
	// 	garden.txt:2: there is no predicate wet
}

func ExampleLibrary_Extend() {
	library, err := decompose.Skills().Extend("mine.txt", strings.NewReader("kind samovar: vessel device\n"))
	fmt.Println(library.Is("samovar", "item"), err)
	// Output: true <nil>
}

func ExampleLibrary_PDDL() {
	_, problem, err := decompose.Skills().PDDL(desk("in(fork,drawer)"))
	fmt.Println(strings.Contains(problem, "(:goal"), err)
	// Output: true <nil>
}

// Annotations of an episode become a plan if their order is possible.
func ExampleAnnotated() {
	plan, err := decompose.Annotated("Lift the mug", []string{"Reach for the mug.", "Grasp the mug.", "Lift the mug."})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan.Subtasks[2].After)
	_, err = decompose.Annotated("Lift the mug", []string{"Lift the mug.", "Grasp the mug."})
	var order *decompose.OrderError
	fmt.Println(errors.As(err, &order) && order.Fault == decompose.WrongOrder)
	// Output:
	// [1]
	// true
}

// Reading without light is a plan as listed, and none if the steps may be done in any order.
func ExamplePlan_VerifyOrder() {
	plan := decompose.Plan{Subtasks: []decompose.Subtask{
		{Action: "light", Effect: []string{"lit"}},
		{Action: "read", Pre: []string{"lit"}, Effect: []string{"read"}},
	}}
	fmt.Println(plan.Verify([]string{}), plan.VerifyOrder([]string{}) != nil)
	plan.Subtasks[1].After = []int{0}
	fmt.Println(plan.VerifyOrder([]string{}))
	// Output:
	// <nil> true
	// <nil>
}

func ExampleLibrary_PDDLPlan() {
	problem := desk("in(fork,drawer)")
	plan, _ := decompose.Skills().Search(context.Background(), problem, nil)
	text, err := decompose.Skills().PDDLPlan(problem, plan)
	fmt.Print(text, err)
	// Output:
	// (open drawer here)
	// (pick fork desk here)
	// (place-in fork drawer here)
	// <nil>
}

func ExampleParseLiteral() {
	l, err := decompose.ParseLiteral("not on( red mug , table )")
	fmt.Println(l, l.Args[0], err)
	// Output: not on(red mug,table) red mug <nil>
}

func ExampleEndpoint() {
	planner := &decompose.Endpoint{URL: "http://localhost:8000/v1", Model: "qwen2.5-vl", Key: "sk-…"}
	options := &decompose.Options{Generator: planner}
	fmt.Println(options.Generator == planner, planner.Key)
	// Output: true [hidden]
}
