package decompose

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// accepted is what an oracle can judge: whether each step can be done and the goal is reached at the end.
func accepted(t testing.TB, l *Library, pr *Problem, p *Plan) bool {
	t.Helper()
	err := l.Verify(pr, p)
	var order *OrderError
	if err != nil && !errors.As(err, &order) {
		t.Fatal(err)
	}
	return err == nil
}

// mutants are plans with a step left out, done twice, exchanged with another, shuffled as the causal order lets it, or done to, or by, something else. Most
// are broken, some are as good as before.
func mutants(l *Library, pr *Problem, p *Plan, r *rand.Rand) (out []*Plan) {
	bare := make([]Subtask, len(p.Subtasks))
	for i, s := range p.Subtasks {
		bare[i] = Subtask{Action: s.Action, Args: s.Args}
	}
	add := func(subtasks []Subtask) { out = append(out, &Plan{Subtasks: subtasks}) }
	n := len(bare)
	for range 4 {
		var shuffled []Subtask
		for _, i := range linear(p, r) {
			shuffled = append(shuffled, bare[i])
		}
		add(shuffled)
	}
	for i := range n {
		add(slices.Delete(slices.Clone(bare), i, i+1))
		add(slices.Insert(slices.Clone(bare), r.IntN(n+1), bare[i]))
		for j := range i {
			swapped := slices.Clone(bare)
			swapped[i], swapped[j] = swapped[j], swapped[i]
			add(swapped)
		}
	}
	objects := slices.Sorted(maps.Keys(pr.Objects))
	fits := func(a *Action, args []string) bool {
		if len(args) != len(a.Params) {
			return false
		}
		for i, o := range args {
			if !l.Is(pr.Objects[o], a.Params[i].Kind) || slices.Contains(args[:i], o) {
				return false
			}
		}
		return true
	}
	for tries, want := 0, len(out)+10*n; tries < 3000 && len(out) < want; tries++ {
		i := r.IntN(n)
		s := bare[i]
		if r.IntN(3) == 0 {
			s.Action = l.actions[r.IntN(len(l.actions))].Name
		}
		s.Args = slices.Clone(s.Args)
		if len(s.Args) > 0 && r.IntN(4) > 0 {
			s.Args[r.IntN(len(s.Args))] = objects[r.IntN(len(objects))]
		}
		if fits(l.byName[s.Action], s.Args) && s.String() != bare[i].String() {
			changed := slices.Clone(bare)
			changed[i] = s
			add(changed)
			add(slices.Insert(slices.Clone(bare), i, s))
		}
	}
	return out
}

// TestMutants: what Verify accepts, Complete turns into a plan that proves itself, in every order that After allows.
func TestMutants(t *testing.T) {
	r, total, good := rng(), 0, 0
	for _, c := range problems() {
		for _, m := range mutants(c.lib, c.pr, mustSearch(t, c.lib, c.pr), r) {
			total++
			full, err := c.lib.Complete(c.pr, m)
			if ok := accepted(t, c.lib, c.pr, m); ok != (err == nil) {
				t.Errorf("%s, %v: accepted %v, completed with %v", c.name, m.Subtasks, ok, err)
			} else if ok {
				good++
				if err := errors.Join(full.Verify(nil), full.VerifyOrder(nil), c.lib.Verify(c.pr, full)); err != nil {
					t.Errorf("%s, %v: %v", c.name, m.Subtasks, err)
				}
			}
		}
	}
	t.Logf("%d of %d are as good as the plan", good, total)
}

// TestOracle compares our verdict with those of two validators, and the length of our plans with the shortest.
func TestOracle(t *testing.T) {
	python := os.Getenv("EGOTSR_PDDL")
	if python == "" {
		t.Skip("EGOTSR_PDDL names no Python with unified-planning and up-fast-downward")
	}
	type task struct {
		Domain  string   `json:"domain"`
		Problem string   `json:"problem"`
		Plans   []string `json:"plans"`
		Optimal bool     `json:"optimal"`
	}
	var tasks bytes.Buffer
	var ours [][]bool
	r := rng()
	for _, c := range problems() {
		p := mustSearch(t, c.lib, c.pr)
		domain, problem, err := c.lib.PDDL(c.pr)
		if err != nil {
			t.Fatal(err)
		}
		tk := task{domain, problem, nil, true}
		var verdicts []bool
		for _, m := range mutants(c.lib, c.pr, p, r) {
			text, err := c.lib.PDDLPlan(c.pr, m)
			if errors.As(err, new(*OrderError)) {
				continue // nothing is there for the rest: PDDL has no words for it
			} else if err != nil {
				t.Fatal(err)
			}
			tk.Plans = append(tk.Plans, text)
			verdicts = append(verdicts, accepted(t, c.lib, c.pr, m))
		}
		line, err := json.Marshal(tk)
		if err != nil {
			t.Fatal(err)
		}
		tasks.Write(append(line, '\n'))
		ours = append(ours, verdicts)
	}
	cmd := exec.Command(python, "../scripts/pddl_oracle.py")
	cmd.Stdin, cmd.Stderr = &tasks, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	total, good, agree := 0, 0, 0
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(ours) {
		t.Fatalf("%d verdicts for %d tasks", len(lines), len(ours))
	}
	for i, c := range problems() {
		var verdict struct {
			UP, Strips []bool
			Optimal    *int
		}
		if err := json.Unmarshal([]byte(lines[i]), &verdict); err != nil {
			t.Fatal(err)
		}
		if n := len(mustSearch(t, c.lib, c.pr).Subtasks); verdict.Optimal == nil || *verdict.Optimal != n {
			t.Errorf("%s: ours has %d steps, Fast Downward's %v", c.name, n, verdict.Optimal)
		}
		for j, ok := range ours[i] {
			total++
			if ok {
				good++
			}
			if verdict.UP[j] == ok && verdict.Strips[j] == ok {
				agree++
			} else {
				t.Errorf("%s, mutant %d: ours %v, unified-planning %v, STRIPS %v", c.name, j, ok, verdict.UP[j], verdict.Strips[j])
			}
		}
	}
	t.Logf("%d of %d verdicts agree; %d mutants are as good as the plan", agree, total, good)
	if total < 2000 {
		t.Errorf("only %d mutants", total)
	}
}
