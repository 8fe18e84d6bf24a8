package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain makes this binary the program where it is started as one of the program's processes.
func TestMain(m *testing.M) {
	if slices.ContainsFunc(os.Args, func(a string) bool { return a == "-worker" || a == "-resume" }) {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func tiny(t *testing.T) settings {
	return settings{backend: "go", shape: "tiny", dir: t.TempDir(), data: "../../testdata/golden/a", python: "none", script: "none"}
}

// TestTable: without a GPU, a plugin and Python, the table has every row, each with a figure or the reason why it has none.
func TestTable(t *testing.T) {
	out := filepath.Join(t.TempDir(), "runs/table.json")
	var text strings.Builder
	failed, err := tiny(t).check(t.Context(), "", out, &text)
	if err != nil || failed {
		t.Errorf("%v, %v:\n%s", failed, err, &text)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(rows, func(r row) bool { return r.Part == parts[0].name })
	if at != 2 || rows[0].Part != "device" || rows[0].Note == "" || rows[1].Part != "checkpoint" || rows[1].Note == "" {
		t.Fatalf("it begins with %+v", rows[:2])
	}
	for _, p := range parts {
		for _, m := range p.rows {
			r := rows[at]
			at++
			if r.Part != p.name || r.Name != m.name || r.Unit != m.unit {
				t.Fatalf("row %d is %+v, not %s of %s", at, r, m.name, p.name)
			}
			if left := p.name == "transformers" || p.name == "precision" || strings.Contains(m.name, "TF32") || strings.Contains(m.name, "flags"); left != (r.Skipped != "") {
				t.Errorf("%s: %+v", m.name, r)
			}
			exact := p.name == "nano" // the Go backend beside itself
			if r.Skipped == "" && (r.Value == 0) != exact {
				t.Errorf("%s: %+v", m.name, r)
			}
			if !strings.Contains(text.String(), r.String()) {
				t.Errorf("the table has no row %q", r)
			}
		}
	}
	if at != len(rows) {
		t.Errorf("%d rows more", len(rows)-at)
	}
}

// TestFailures: a part that cannot begin, and one that time runs out for, leave their reasons in the rows, and a plugin that is not there
// fails the table.
func TestFailures(t *testing.T) {
	s := tiny(t)
	s.backend = "abacus"
	var text strings.Builder
	failed, err := s.check(t.Context(), "decode,lora", "", &text)
	if err != nil || !failed || strings.Count(text.String(), `"abacus" cannot be started`) != 3 || !strings.Contains(text.String(), "what came before it failed") {
		t.Errorf("%v, %v:\n%s", failed, err, &text)
	}
	s = tiny(t)
	s.data = t.TempDir()
	for _, r := range s.spawn(t.Context(), checkpoint) {
		if !strings.Contains(r.Error, "tokenizer.json") {
			t.Errorf("%+v", r)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	for _, r := range tiny(t).spawn(ctx, parts[0]) {
		if r.Skipped != "no time was left" || r.Error != "" {
			t.Errorf("%+v", r)
		}
	}
	for _, r := range tiny(t).spawn(t.Context(), part{name: "none", limit: time.Minute, rows: parts[1].rows[:2]}) {
		if r.Error == "" && r.Skipped == "" {
			t.Errorf("of a process that told nothing: %+v", r)
		}
	}
	if _, err := tiny(t).check(t.Context(), "goldem", "", &text); err == nil {
		t.Error("a part of that name")
	}
	s.shape = "9b"
	if _, err := s.check(t.Context(), "", "", &text); err == nil {
		t.Error("a shape of that name")
	}
}

// TestChecks: a figure beyond its limit, and one that is no number, fail.
func TestChecks(t *testing.T) {
	for worst, ok := range map[float64]bool{0: true, 1e-3: true, 2e-3: false} {
		if _, _, err := within(1e-3)(worst, "", nil); (err == nil) != ok {
			t.Error(worst, err)
		}
	}
	nan := float32(0)
	nan /= nan
	for _, got := range [][]float32{{nan, 2}, {1, nan}} {
		worst, _ := difference(got, []float32{1, 2})
		if v, _, err := within(1)(worst, "", nil); err == nil || json.NewEncoder(&strings.Builder{}).Encode(v) != nil {
			t.Error(got, v, err)
		}
	}
	if relative, absolute := difference([]float32{1, -4}, []float32{2, -8}); relative != 0.5 || absolute != 4 {
		t.Error(relative, absolute)
	}
	w := &worker{}
	_, _, err := w.run(t.Context(), measurement{run: func(context.Context, *worker) (float64, string, error) { panic("no") }})
	if err == nil || !strings.Contains(err.Error(), "panic: no") {
		t.Error(err)
	}
}
