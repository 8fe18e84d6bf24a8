package cot

import (
	"bufio"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/internal/simtest"
)

// crashPairs is how many pairs the run that is killed describes.
const crashPairs = 120

// TestCrash kills a run at random moments, without warning, until one comes through. No question whose answer had
// reached the spool is asked again, and what comes out is what an undisturbed run gives, byte for byte.
func TestCrash(t *testing.T) {
	if dir := os.Getenv("EGOTSR_COT_DIR"); dir != "" {
		crashing(t, dir)
		return
	}
	program, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	dir, calm := t.TempDir(), t.TempDir()
	kills, rounds := 0, simtest.Pick(6, 20)
	for round := 0; ; round++ {
		known := spooled(t, filepath.Join(dir, "spool"))
		before := asked(t, dir)
		cmd := exec.Command(program, "-test.run=^TestCrash$")
		cmd.Env = append(os.Environ(), "EGOTSR_COT_DIR="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if round < rounds {
			// After some answers of this round, so that every round gets somewhere and few get through.
			aim := len(before) + 1 + rand.IntN(crashPairs/rounds)
			for deadline := time.Now().Add(10 * time.Second); len(asked(t, dir)) < aim && time.Now().Before(deadline); {
				time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
			}
			cmd.Process.Kill()
		}
		err := cmd.Wait()
		if err != nil && round >= rounds {
			t.Fatal(err)
		}
		for _, task := range asked(t, dir)[len(before):] {
			if known[task] {
				t.Errorf("round %d: %s was answered and paid for, and asked again", round, task)
			}
		}
		if err == nil {
			break
		}
		kills++
	}
	if kills < rounds/2 {
		t.Errorf("only %d runs were killed", kills)
	}
	if n := len(spooled(t, filepath.Join(dir, "spool"))); n != crashPairs {
		t.Errorf("%d answers in the spool", n)
	}
	crashing(t, calm)
	got, _ := os.ReadFile(filepath.Join(dir, "out.jsonl"))
	undisturbed, _ := os.ReadFile(filepath.Join(calm, "out.jsonl"))
	if diff := cmp.Diff(string(undisturbed), string(got)); len(undisturbed) == 0 || diff != "" {
		t.Errorf("%d bytes, an undisturbed run gives %d %s", len(got), len(undisturbed), diff)
	}
	t.Logf("%d runs killed, %d questions for %d pairs", kills, len(asked(t, dir)), crashPairs)
}

// crashing is the run that is killed.
func crashing(t *testing.T, dir string) {
	log, err := os.OpenFile(filepath.Join(dir, "asked"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	f, err := os.Create(filepath.Join(dir, "out.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	slow := func(int) string { time.Sleep(2 * time.Millisecond); return "" }
	opts := Options{Spool: filepath.Join(dir, "spool"), Parallel: 3}
	w := json.NewEncoder(f)
	for sample, err := range Fill(t.Context(), &watcher{log: log, before: slow}, lamps(crashPairs), opts, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Encode(sample); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// asked lists the tasks that runs have asked about so far, in order.
func asked(t *testing.T, dir string) []string {
	data, err := os.ReadFile(filepath.Join(dir, "asked"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	return lines[:len(lines)-1]
}

// spooled lists the tasks whose answers a spool has whole.
func spooled(t *testing.T, path string) map[string]bool {
	known := map[string]bool{}
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return known
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for r := bufio.NewReader(f); ; {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return known
		}
		var rec record
		if err := json.Unmarshal(line, &rec); err != nil {
			t.Fatal(err)
		}
		if rec.Task != "" {
			known[rec.Task] = true
		}
	}
}
