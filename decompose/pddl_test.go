package decompose_test

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

	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/decompose/english"
)

// accepted is what an oracle can judge: whether each step can be done and the goal is reached at the end.
func accepted(t testing.TB, l *decompose.Library, pr *decompose.Problem, p *decompose.Plan) bool {
	t.Helper()
	err := l.Verify(pr, p)
	var order *decompose.OrderError
	if err != nil && !errors.As(err, &order) {
		t.Fatal(err)
	}
	return err == nil
}

// mutants are plans with a step left out, done twice, exchanged with another, shuffled as the causal order lets it, or done to, or by, something else. Most
// are broken, some are as good as before.
func mutants(l *decompose.Library, pr *decompose.Problem, p *decompose.Plan, r *rand.Rand) (out []*decompose.Plan) {
	bare := make([]decompose.Subtask, len(p.Subtasks))
	for i, s := range p.Subtasks {
		bare[i] = decompose.Subtask{Action: s.Action, Args: s.Args}
	}
	add := func(subtasks []decompose.Subtask) { out = append(out, &decompose.Plan{Subtasks: subtasks}) }
	n := len(bare)
	for range 4 {
		var shuffled []decompose.Subtask
		for _, i := range decompose.Linear(p, r) {
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
	fits := func(a *decompose.Action, args []string) bool {
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
			s.Action = l.Actions()[r.IntN(len(l.Actions()))].Name
		}
		s.Args = slices.Clone(s.Args)
		if len(s.Args) > 0 && r.IntN(4) > 0 {
			s.Args[r.IntN(len(s.Args))] = objects[r.IntN(len(objects))]
		}
		if fits(l.Action(s.Action), s.Args) && s.String() != bare[i].String() {
			changed := slices.Clone(bare)
			changed[i] = s
			add(changed)
			add(slices.Insert(slices.Clone(bare), i, s))
		}
	}
	return out
}

// solved is a plan and what it is for.
type solved struct {
	name    string
	lib     *decompose.Library
	pr      *decompose.Problem
	plan    *decompose.Plan
	mutants []*decompose.Plan
	fixture bool // else a sentence's, of whose mutants some are drawn
}

// everyPlan is the plans of all fixtures and of all sentences that the grammar splits, each with its mutants.
func everyPlan(t testing.TB) (all []solved) {
	r := rand.New(rand.NewPCG(7, 11))
	for _, c := range decompose.Problems() {
		all = append(all, solved{name: c.Name, lib: c.Lib, pr: c.PR, plan: decompose.MustSearch(t, c.Lib, c.PR), fixture: true})
	}
	for _, row := range tasks(t) {
		request, err := english.Understand(row)
		if err != nil {
			continue // TestGrammar counts them
		}
		p, err := request.Plan(t.Context(), nil)
		if err != nil {
			continue
		}
		pr := *request.Problem
		pr.Goal = p.Want // more than the words say: what they want on the way is no goal
		if p.Want == nil || !accepted(t, request.Library, &pr, p) {
			t.Errorf("%q: a plan that does not reach its own goal", row)
			continue
		}
		all = append(all, solved{name: row, lib: request.Library, pr: &pr, plan: p})
	}
	for i := range all {
		c := &all[i]
		c.mutants = mutants(c.lib, c.pr, c.plan, r)
		if !c.fixture {
			r.Shuffle(len(c.mutants), func(a, b int) { c.mutants[a], c.mutants[b] = c.mutants[b], c.mutants[a] })
			c.mutants = c.mutants[:min(len(c.mutants), 10)]
		}
	}
	return all
}

// TestMutants: what Verify accepts, Complete turns into a plan that proves itself, in every order that After allows.
func TestMutants(t *testing.T) {
	total, good := 0, 0
	for _, c := range everyPlan(t) {
		for _, m := range c.mutants {
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

// TestOracle compares our verdict with those of two validators, and the length of our fixtures' plans with the shortest.
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
	plans := everyPlan(t)
	for _, c := range plans {
		domain, problem, err := c.lib.PDDL(c.pr)
		if err != nil {
			t.Fatal(err)
		}
		tk := task{domain, problem, nil, c.fixture}
		var verdicts []bool
		for _, m := range c.mutants {
			text, err := c.lib.PDDLPlan(c.pr, m)
			if errors.As(err, new(*decompose.OrderError)) {
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
	for i, c := range plans {
		var verdict struct {
			UP, Strips []bool
			Optimal    *int
		}
		if err := json.Unmarshal([]byte(lines[i]), &verdict); err != nil {
			t.Fatal(err)
		}
		if n := len(c.plan.Subtasks); c.fixture && (verdict.Optimal == nil || *verdict.Optimal != n) {
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
	t.Logf("%d of %d verdicts on mutants of %d plans agree; %d are as good as the plan", agree, total, len(plans), good)
	if total < 2000 {
		t.Errorf("only %d mutants", total)
	}
}

// tasks are the sentences of the grammar's first table.
func tasks(t testing.TB) (out []string) {
	text, err := os.ReadFile("english/testdata/sentences.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if sentence, _, ok := strings.Cut(line, " | "); ok && !strings.HasPrefix(line, "#") {
			out = append(out, sentence)
		}
	}
	return out
}
