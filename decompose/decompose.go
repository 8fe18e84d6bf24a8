// Package decompose turns a task into a causal sequence of atomic subtasks, and proves it.
//
// A [Library] says which actions there are, what each needs and what it changes; [Skills] is the built-in one, and
// users write their own in the same text format (see [Parse]). A [Problem] is a scene and a goal in the library's
// words. From there:
//
//   - [Request] is a task, understood: a problem, and what is to come about in which order. [Request.Plan] finds the plan, and
//     [Request.Accept] proves one that came from elsewhere. Package english makes requests of sentences; package propose asks a
//     language model ([Generator]) for the steps.
//   - [Library.Search] finds a shortest [Plan], or says by a typed error that there is none.
//   - [Library.Verify] proves a plan that came from elsewhere, a language model, say: a symbolic run that must get
//     through every step and reach the goal. [Library.Check] also rejects steps that serve nothing.
//   - [Plan.Verify] proves a plan without its library, on the literals that its subtasks carry.
//   - [Plan.Order] derives from causal links which subtasks must come after which; everything else may be swapped.
//   - [Library.PDDL] writes domain and problem for other planners, [Library.PDDLPlan] a plan for their validators.
//
// A plan that fails yields an [*OrderError]: which step, which literal it lacks, and who could supply it.
package decompose

import (
	"fmt"
	"strconv"
	"strings"
)

// Subtask is one atomic step of a plan.
type Subtask struct {
	Text   string   `json:"text"`             // "Pick up the mug"
	Action string   `json:"action,omitempty"` // an action of the library, "pick"
	Args   []string `json:"args,omitempty"`   // what it acts on, "mug"
	After  []int    `json:"after,omitempty"`  // the subtasks it causally needs, by index and ascending; see Plan.Order
	Pre    []string `json:"pre,omitempty"`    // literals that must hold before it, such as "hand-empty" and "on(mug,table)"
	Effect []string `json:"effect,omitempty"` // literals that hold after it, such as "holding(mug)" and "not on(mug,table)"
}

// String gives the action as it stands in a plan: pick(mug).
func (s Subtask) String() string { return Literal{Name: s.Action, Args: s.Args}.String() }

// Plan is a sequence of subtasks that leads from a state of the world to a goal.
type Plan struct {
	Goal     string    `json:"goal"` // the task in words
	Subtasks []Subtask `json:"subtasks"`
	Reason   string    `json:"reason,omitempty"`  // why this order; from the generator where it gave one
	Repairs  int       `json:"repairs,omitempty"` // answers of the generator that were not accepted before this one

	Assumed []string `json:"assumed,omitempty"` // what the words left open and the plan rests on: "the caddy can hold things"; nil in strict mode

	Start []string `json:"start,omitempty"` // literals that hold before the first subtask, as far as the plan's maker knew them
	Want  []string `json:"want,omitempty"`  // literals that hold after the last one: the goal in symbols; may be empty
}

// Problem is a scene and a goal, in the words of a library. What Start does not list is false, except for what the
// library gives every thing of a kind; "not open(box)" in Start takes such a fact away.
type Problem struct {
	Objects map[string]string // every thing and its kind, "red mug": "mug"; several kinds are parted by spaces
	Start   []string
	Goal    []string
	Text    string // the goal in words, copied to the plans found; may be empty
}

// Fault is what is wrong with a plan, in the terms of the Embodied Agent Interface.
type Fault uint8

// The faults of plans.
const (
	Malformed       Fault = iota // a literal that is none, effects that contradict each other, effects the action has not
	MissingStep                  // a step needs what no step supplies
	AdditionalStep               // a step brings about what holds already, or serves nothing
	WrongOrder                   // a step needs what a later one supplies, or an earlier one took away too soon
	UnmetAffordance              // a step does to a thing what cannot be done to it, or to a thing that is not there
	UnknownAction                // a step's action is not in the library
	GoalNotReached               // every step can be done, and the goal does not hold at the end
)

func (f Fault) String() string {
	if names := []string{"malformed", "missing step", "additional step", "wrong order", "unmet affordance", "unknown action", "goal not reached"}; int(f) < len(names) {
		return names[f]
	}
	return "fault " + strconv.Itoa(int(f))
}

// OrderError says why a plan is not accepted. Step indices count from 0, as in Plan.Subtasks.
type OrderError struct {
	Fault     Fault
	Step      int      // the step that fails; the number of steps where the goal is not reached
	Action    string   // that step's action, pick(mug); empty for the goal
	Literal   string   // what it lacks; empty where the fault is no missing literal
	Supplier  int      // the step that supplies the literal too late, or -1
	Destroyer int      // the earlier step that took the literal away, or -1
	Actions   []string // what else could supply it, "pick(mug)"; only where the library is known
	Reason    string   // what the other fields do not say
}

func (e *OrderError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "decompose: %v: ", e.Fault)
	switch {
	case e.Action != "":
		fmt.Fprintf(&b, "step %d, %s", e.Step, e.Action)
	case e.Fault == GoalNotReached:
		b.WriteString("the goal")
	default:
		fmt.Fprintf(&b, "step %d", e.Step)
	}
	if e.Literal != "" {
		fmt.Fprintf(&b, ", needs %s", e.Literal)
	}
	if e.Destroyer >= 0 {
		fmt.Fprintf(&b, ", which step %d took away", e.Destroyer)
	}
	if e.Supplier >= 0 {
		fmt.Fprintf(&b, ", which only step %d supplies", e.Supplier)
	}
	if e.Reason != "" {
		b.WriteString(": " + e.Reason)
	}
	if len(e.Actions) > 0 {
		b.WriteString("; could be supplied by " + strings.Join(e.Actions, ", "))
	}
	return b.String()
}
