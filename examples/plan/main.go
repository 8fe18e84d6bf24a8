// Plan splits a task into subtasks that are proved, and draws which needs which.
//
//	go run ./examples/plan "Put the mug in the sink, then close the drawer"
//	go run ./examples/plan -svg plan.svg -pddl plans/ "Stack the red block on the blue block"
//	go run ./examples/plan -file sentences.txt                                    # a table: planned, assumed, refused
//	go run ./examples/plan -frame now.jpg "Push a mug under a coffee machine"     # only what remains, seen by nano
//
// After each subtask stand the numbers of those it has to wait for: the rest may be done in another order, or at once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/decompose/english"
	"github.com/egotsr/egotsr/examples/internal/program"
	"github.com/egotsr/egotsr/vision"
)

func main() {
	var c program.Checkpoint
	c.Flags("model")
	frame := flag.String("frame", "", "image `file` of the present: only what remains is listed")
	svg := flag.String("svg", "", "`file` for a picture of the causal graph")
	pddl := flag.String("pddl", "", "`folder` for domain.pddl, problem.pddl and plan.txt; not with -frame")
	many := flag.String("file", "", "text `file` of tasks, one a line; - is standard input: a table of what is planned of them, what that assumes, and what is refused")
	program.Main(func(ctx context.Context) error {
		if *many != "" {
			return table(ctx, *many)
		}
		if *frame != "" && *pddl != "" { // no library has such words, so PDDL has not either
			return errors.New("-pddl takes no -frame: what is seen there is said in a model's words")
		}
		task := strings.Join(flag.Args(), " ")
		var p *decompose.Plan
		var err error
		if *frame != "" {
			p, err = seen(ctx, c, task, *frame)
		} else {
			p, err = egotsr.Decompose(ctx, task, nil)
		}
		if err != nil {
			return err
		}
		list(p)
		if *svg != "" {
			err = os.WriteFile(*svg, draw(p), 0o644)
		}
		if *pddl != "" && err == nil {
			err = export(ctx, task, *pddl)
		}
		return err
	})
}

func list(p *decompose.Plan) {
	if len(p.Subtasks) == 0 {
		fmt.Println("Nothing is left to do.")
	}
	for _, a := range p.Assumed {
		fmt.Println("Assumed:", a)
	}
	for i, s := range p.Subtasks {
		fmt.Printf("%2d  %-44s %s%s\n", i+1, s.Text, s, waits(s.After))
	}
}

// waits lists the subtasks that come before, counted from 1.
func waits(after []int) string {
	if len(after) == 0 {
		return ""
	}
	numbers := make([]string, len(after))
	for i, n := range after {
		numbers[i] = fmt.Sprint(n + 1)
	}
	return "  after " + strings.Join(numbers, ", ")
}

// seen asks a checkpoint what remains.
func seen(ctx context.Context, c program.Checkpoint, task, frame string) (*decompose.Plan, error) {
	now, err := vision.ReadFile(frame)
	if err != nil {
		return nil, err
	}
	m, err := c.Open(ctx, egotsr.Options{})
	if err != nil {
		return nil, err
	}
	defer m.Close()
	return m.Plan(ctx, task, now)
}

// export writes what the grammar understood as PDDL, for other planners, with the plan in the form that validators take.
func export(ctx context.Context, task, dir string) error {
	r, err := english.Understand(task)
	if err != nil {
		return fmt.Errorf("PDDL: %w", err)
	}
	p, err := r.Plan(ctx, nil)
	if err != nil {
		return err
	}
	domain, problem, err := r.Library.PDDL(r.Problem)
	if err != nil {
		return err
	}
	plan, err := r.Library.PDDLPlan(r.Problem, p)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	write := func(name, text string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644) }
	return errors.Join(write("domain.pddl", domain), write("problem.pddl", problem), write("plan.txt", plan))
}
