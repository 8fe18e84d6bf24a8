package decompose

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// annotations are the actions of one episode of each task, as the simulator's authors call them: a task's name, then its
// actions, one a line.
func annotations(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/annotations.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		lines := strings.Split(block, "\n")
		all[lines[0]] = lines[1:]
	}
	return all
}

// Annotations of real episodes are possible, from every action on. Backwards those of a single thing are not.
func TestAnnotated(t *testing.T) {
	refused := 0
	for task, texts := range annotations(t) {
		for i := range texts {
			p, err := Annotated(task, texts[i:])
			if err != nil {
				t.Errorf("%s from %d on: %v", task, i, err)
				continue
			}
			if err := errors.Join(p.Verify(nil), p.VerifyOrder(nil)); err != nil || p.Subtasks[0].Text != texts[i] {
				t.Errorf("%s from %d on: %v, %+v", task, i, err, p.Subtasks[0])
			}
		}
		back := slices.Clone(texts)
		slices.Reverse(back)
		if _, err := Annotated(task, back); err != nil {
			if e := (*OrderError)(nil); !errors.As(err, &e) || e.Fault != WrongOrder {
				t.Errorf("%s backwards: %v", task, err)
			}
			refused++
		}
	}
	if n := len(annotations(t)); refused < n-3 { // three long tasks have parts that may be done in any order
		t.Errorf("%d of %d are refused backwards", refused, n)
	}
}

func TestAnnotatedSteps(t *testing.T) {
	p, err := Annotated("Hammer", []string{
		"Move the gripper above the hammer.", "Grasp the hammer.", "Lift the hammer in front of the nail.", "Drive the nail in with the hammer.", "Keep the hammer pressed on the nail.",
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Subtask{
		{Action: "move", Args: []string{"hammer"}, Effect: []string{"near(hammer)"}},
		{Action: "grasp", Args: []string{"hammer"}, Pre: []string{"near(hammer)"}, Effect: []string{"touched(hammer)"}, After: []int{0}},
		{Action: "lift", Args: []string{"hammer", "nail"}, Pre: []string{"touched(hammer)"}, Effect: []string{"carried(hammer)"}, After: []int{1}},
		{Action: "drive", Args: []string{"nail", "hammer"}, Pre: []string{"carried(hammer)"}, Effect: []string{"done(nail)"}, After: []int{2}},
		{Action: "keep", Args: []string{"hammer", "nail"}, Pre: []string{"carried(hammer)"}, Effect: []string{"kept(hammer)"}, After: []int{2}},
	} {
		got := p.Subtasks[i]
		if got.Action != want.Action || !slices.Equal(got.Args, want.Args) || !slices.Equal(got.Pre, want.Pre) || !slices.Equal(got.Effect, want.Effect) || !slices.Equal(got.After, want.After) {
			t.Errorf("%d: %+v, want %+v", i, got, want)
		}
	}
	for name, texts := range map[string][]string{
		"shut before it is filled": {"Pick up the cube.", "Close the drawer.", "Place the cube in the drawer."},
		"put before it is taken":   {"Put the mug on the shelf.", "Grasp the mug."},
	} {
		if p, err := Annotated("", texts); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if p, err := Annotated("", []string{"", "...", "zzz"}); err != nil || len(p.Subtasks) != 3 {
		t.Errorf("words without sense: %+v, %v", p, err)
	}
}
