package dataset

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitTasks(t *testing.T) {
	episodes := []Episode{{Task: "open", ID: "1"}, {Task: "close", ID: "2"}, {Task: "open", ID: "3"}, {Task: "press", ID: "4"}}
	ids := func(es []Episode) (s string) {
		for _, e := range es {
			s += e.ID
		}
		return s
	}
	for _, c := range []struct {
		names    []string
		of, rest string
	}{{nil, "", "1234"}, {[]string{"open"}, "13", "24"}, {[]string{"press", "open"}, "134", "2"}} {
		of, rest, err := SplitTasks(episodes, c.names...)
		if err != nil || ids(of) != c.of || ids(rest) != c.rest {
			t.Errorf("%q: %s and %s, %v", c.names, ids(of), ids(rest), err)
		}
	}
	if _, _, err := SplitTasks(episodes, "open", "Open"); err == nil || !strings.Contains(err.Error(), `"Open"`) {
		t.Errorf("an unknown task: %v", err)
	}
}

// The check is made once a plan, and what it refuses is told with the episode.
func TestSplitPlans(t *testing.T) {
	open, shut := []string{"Open the drawer.", "Place the cube."}, []string{"Close the drawer.", "Place the cube."}
	closed := errors.New("the drawer is closed")
	asked := 0
	kept, refused := SplitPlans([]Episode{
		{Scene: "a", ID: "1", Task: "store", Plan: open}, {Scene: "a", ID: "2", Task: "store", Plan: shut}, {Scene: "b", ID: "3", Task: "store", Plan: open},
		{Scene: "b", ID: "4", Task: "store", Plan: shut}, {Scene: "b", ID: "5", Task: "hide", Plan: shut}, {Scene: "b", ID: "6"},
	}, func(task string, plan []string) error {
		asked++
		if task == "store" && plan[0] == shut[0] {
			return closed
		}
		return nil
	})
	var ids []string
	for _, e := range kept {
		ids = append(ids, e.ID)
	}
	for _, err := range refused {
		ids = append(ids, err.Scene+"/"+err.ID)
		if !errors.Is(err, closed) {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"1", "3", "5", "6", "a/2", "b/4"}, ids); diff != "" || asked != 4 {
		t.Errorf("asked %d times (-want +got) %s", asked, diff)
	}
}
