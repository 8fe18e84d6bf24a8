package dataset

import (
	"strings"
	"testing"
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
