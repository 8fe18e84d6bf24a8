package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/egotsr/egotsr/internal/simtest"
	"github.com/egotsr/egotsr/internal/state"
)

// TestMain lets the test program run itself as the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("EGOTSR_TEST_ITERATE"); dir != "" {
		if err := iterate(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// checkpoint is the state of a run: how many samples it has taken, and how much of its output belongs to those.
type checkpoint struct {
	Position uint64
	Written  int64
}

// iterate takes three epochs of the samples in dir, from the last checkpoint on, and writes what it took.
func iterate(dir string) error {
	c, err := Open(os.DirFS(dir), nil)
	if err != nil {
		return err
	}
	q, err := OpenQuarantine(filepath.Join(dir, "bad"), 0.5, 100)
	if err != nil {
		return err
	}
	var at checkpoint
	if data, err := os.ReadFile(filepath.Join(dir, "checkpoint")); err == nil {
		if err := json.Unmarshal(data, &at); err != nil {
			return err
		}
	}
	out, err := os.OpenFile(filepath.Join(dir, "out"), os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	if err := out.Truncate(at.Written); err != nil {
		return err
	}
	if _, err := out.Seek(at.Written, io.SeekStart); err != nil {
		return err
	}
	o := Order{Seed: 9, Len: c.Len(), Block: 4}
	for next, part := range o.Batches(at.Position, 50, 0, 1) {
		if at.Position >= 3*uint64(c.Len()) { // killed after its last checkpoint, or done
			break
		}
		for _, i := range part {
			s, err := c.At(i)
			if err := q.Add(i, err); err != nil {
				return err
			}
			if err != nil {
				continue
			}
			n, err := fmt.Fprintln(out, i, s.Img1)
			if err != nil {
				return err
			}
			at.Written += int64(n)
		}
		at.Position = next
		time.Sleep(time.Millisecond)
		err := state.Disk{}.WriteFile(filepath.Join(dir, "checkpoint"), func(w io.Writer) error { return json.NewEncoder(w).Encode(at) })
		if err != nil {
			return err
		}
	}
	return q.Close()
}

// TestKilled: a run that is killed at random moments, the first ones while the index is built, ends with the output and
// the list of bad samples of one that was left alone.
func TestKilled(t *testing.T) {
	text := written(t, JSONL, numbered(2000)...)
	for _, k := range []int{500, 40_000, 300_000} { // three lines that are no samples
		text[k+bytes.IndexByte(text[k:], '\n')+1] = '!'
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	start := func(dir string) *exec.Cmd {
		t.Helper()
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "EGOTSR_TEST_ITERATE="+dir)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	outcome := func(dir string) string {
		t.Helper()
		var all []byte
		for _, name := range []string{"checkpoint", "out", "bad"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, data...)
		}
		return string(all)
	}
	calm := onDisk(t, map[string][]byte{"a.jsonl": text})
	if err := start(calm).Wait(); err != nil {
		t.Fatal(err)
	}
	want := outcome(calm)
	if n := bytes.Count([]byte(want), []byte("\n")); n != 1+3*2000-3*3+3 {
		t.Fatalf("%d lines from a run left alone", n)
	}
	kills := simtest.Pick(5, 20)
	rng := rand.New(rand.NewPCG(3, 4))
	for killed := 0; killed < kills; {
		dir := onDisk(t, map[string][]byte{"a.jsonl": text})
		for {
			cmd := start(dir)
			if killed < kills {
				time.Sleep(time.Duration(rng.IntN(60)) * time.Millisecond)
				_ = cmd.Process.Kill() // it may have ended
			}
			if cmd.Wait() == nil {
				break
			}
			if cmd.ProcessState.Exited() {
				t.Fatal("the run failed by itself")
			}
			killed++
		}
		if outcome(dir) != want {
			t.Fatal("a run that was killed ends otherwise")
		}
	}
}
