package cot

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// crashPairs is how many pairs the run that is killed describes.
const crashPairs = 120

// TestCrash kills a run at random moments, without warning, until one comes through. No question whose answer had
// reached the spool is asked again, and what comes out is what an undisturbed run gives, byte for byte.
func TestCrash(t *testing.T) {
	if url := os.Getenv("EGOTSR_COT_URL"); url != "" {
		crashing(t, url, os.Getenv("EGOTSR_COT_SPOOL"), os.Getenv("EGOTSR_COT_OUT"))
		return
	}
	program, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	s := newServer(t)
	faults := []string{"", "", "malformed", "", "500", ""}
	s.do(func(n int) string { return faults[n%len(faults)] })
	spool, out := filepath.Join(dir, "spool"), filepath.Join(dir, "out.jsonl")
	kills, rounds := 0, 20
	if testing.Short() {
		rounds = 6
	}
	for round := 0; ; round++ {
		known := spooled(t, spool)
		before := s.asked()
		cmd := exec.Command(program, "-test.run=^TestCrash$")
		cmd.Env = append(os.Environ(), "EGOTSR_COT_URL="+s.URL, "EGOTSR_COT_SPOOL="+spool, "EGOTSR_COT_OUT="+out)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if round < rounds {
			// After some answers of this round, so that every round gets somewhere and few get through.
			aim := s.count() + 1 + rand.IntN(crashPairs/rounds)
			for deadline := time.Now().Add(10 * time.Second); s.count() < aim && time.Now().Before(deadline); {
				time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
			}
			cmd.Process.Kill()
		}
		err := cmd.Wait()
		if err != nil && round >= rounds {
			t.Fatal(err)
		}
		for task, n := range s.asked() {
			if known[task] && n > before[task] {
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
	if n := len(spooled(t, spool)); n != crashPairs {
		t.Errorf("%d answers in the spool", n)
	}
	want := filepath.Join(dir, "want.jsonl")
	s.do(func(int) string { return "" })
	crashing(t, s.URL, filepath.Join(dir, "other"), want)
	got, _ := os.ReadFile(out)
	undisturbed, _ := os.ReadFile(want)
	if len(undisturbed) == 0 || !bytes.Equal(got, undisturbed) {
		t.Errorf("%d bytes, an undisturbed run gives %d; or they differ", len(got), len(undisturbed))
	}
	t.Logf("%d runs killed, %d requests for %d pairs", kills, s.count()-crashPairs, crashPairs)
}

// crashing is the run that is killed.
func crashing(t *testing.T, url, spool, out string) {
	f, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	w := json.NewEncoder(f)
	for sample, err := range Fill(t.Context(), endpointAt(url), lamps(crashPairs), Options{Spool: spool, Parallel: 3}, nil) {
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
