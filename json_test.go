package egotsr

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/decompose"
)

// answers are one of each that a program hands on as JSON, with every field set.
type answers struct {
	Judgement Judgement      `json:"judgement"`
	Undecided Judgement      `json:"undecided"`
	State     State          `json:"state"`
	First     State          `json:"first"`
	Plan      decompose.Plan `json:"plan"`
	Reached   decompose.Plan `json:"reached"`
}

// TestJSON: what programs read as JSON keeps its form, and comes back whole.
func TestJSON(t *testing.T) {
	want := answers{
		Judgement: Judgement{Closer: Img2, PImg1: 0.25, Confidence: 0.75, Disagreement: 0.125, Detail: [2]string{"Shut.", "Half open."}, Raw: "closer to completion: img2"},
		Undecided: Judgement{PImg1: 0.5, Confidence: 0.5},
		State:     State{Progress: 0.5, Trend: Recovering, Confidence: 0.875, Subtask: 1, Was: Regressing, Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Turned: true},
		First:     State{Subtask: -1},
		Plan: decompose.Plan{Goal: "Put the mug in the sink", Reason: "by the grammar", Repairs: 1, Assumed: []string{"the sink can hold things"}, Start: []string{"hand-empty"}, Want: []string{"in(mug,sink)"}, Subtasks: []decompose.Subtask{
			{Text: "Pick up the mug", Action: "pick", Args: []string{"mug"}, Pre: []string{"hand-empty"}, Effect: []string{"holding(mug)", "not hand-empty"}},
			{Text: "Put it in the sink", Action: "put-in", Args: []string{"mug", "sink"}, After: []int{0}, Pre: []string{"holding(mug)"}, Effect: []string{"in(mug,sink)"}},
		}},
		Reached: decompose.Plan{Goal: "Open the door", Subtasks: []decompose.Subtask{}},
	}
	text, err := json.MarshalIndent(want, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	golden, err := os.ReadFile("testdata/json.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden), string(text)); diff != "" {
		t.Errorf("the form has changed (-was +is)\n%s", diff)
	}
	var got answers
	in := json.NewDecoder(bytes.NewReader(golden))
	in.DisallowUnknownFields()
	if err := in.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("not what was written (-want +got)\n%s", diff)
	}
	for _, bad := range []string{`"img3"`, `2`, `""`, `"Img1"`, `null1`} {
		var s Side
		if json.Unmarshal([]byte(bad), &s) == nil {
			t.Errorf("%s is a side: %v", bad, s)
		}
	}
	if _, err := json.Marshal(Side(3)); err == nil {
		t.Error("a side that is none was written")
	}
}
