package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestKilled: killed at random moments and started again, the program leaves what it leaves when left alone.
func TestKilled(t *testing.T) {
	dir, _ := recordings(t)
	killed(t, 4, "-data", dir, "-every", "1", "-frames", "5", "-model", "../testdata/tiny", "-backend", "go")
}

// killed runs the program once as it is, and once with kills by SIGKILL, and compares what they leave.
func killed(t *testing.T, kills int, args ...string) {
	t.Helper()
	whole, took, _ := alone(t, args...)
	out := filepath.Join(t.TempDir(), "out")
	rng := rand.New(rand.NewPCG(5, 5))
	hit := 0
	for range kills {
		cmd := program(t, append(args, "-out", out)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// So that the last one, too, is likely to find work.
		time.Sleep(time.Duration(rng.Int64N(int64(took) * 2 / int64(kills))))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if cmd.Wait() != nil {
			hit++
		}
	}
	t.Logf("%d of %d kills came before the end; left then: %d of %d files", hit, kills, len(tree(t, out)), len(whole))
	if text, err := program(t, append(args, "-out", out)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if diff := cmp.Diff(whole, tree(t, out)); diff != "" {
		t.Errorf("after %d kills: %.2000s", hit, diff)
	}
}

// alone runs the program into a new folder, and tells how long it took and the most memory it had, in MB.
func alone(t *testing.T, args ...string) (files map[string]string, took time.Duration, memory int64) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	cmd := program(t, append(args, "-out", out)...)
	start := time.Now()
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	took = time.Since(start)
	if used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		memory = used.Maxrss / 1024
	}
	return tree(t, out), took, memory
}

// TestEpisodes is what `make bench-fleet` runs on the simulated episodes in EGOTSR_EPISODES: nano by 1, 2 and 4 workers, with times and memory;
// then ten kills, for which a tiny checkpoint has to do.
func TestEpisodes(t *testing.T) {
	data := os.Getenv("EGOTSR_EPISODES")
	if data == "" {
		t.Skip("EGOTSR_EPISODES names no episodes: make bench-fleet does")
	}
	args := []string{"-every", "1", "-frames", "3"}
	if _, _, memory := alone(t, append(args, "-data", few(t, data, 3), "-workers", "1")...); memory > 0 {
		t.Logf("three scenes, 1 worker: %d MB at most", memory) // and XLA's programs are compiled
	}
	args = append(args, "-data", data)
	var want map[string]string
	var first time.Duration
	for _, workers := range []int{1, 2, 4} {
		files, took, memory := alone(t, append(args, "-workers", fmt.Sprint(workers))...)
		if want == nil {
			want, first = files, took
		}
		t.Logf("%d workers: %.1f s, %.2f of one worker's time; %d MB at most; %d files", workers, took.Seconds(), took.Seconds()/first.Seconds(), memory, len(files))
		if diff := cmp.Diff(want, files); diff != "" {
			t.Errorf("%d workers leave something else: %.2000s", workers, diff)
		}
	}
	killed(t, 10, append(args, "-model", "../testdata/tiny", "-backend", "go")...)
}

// few is a folder of links to the first scenes of another.
func few(t *testing.T, data string, scenes int) string {
	t.Helper()
	dir := t.TempDir()
	data, err := filepath.Abs(data)
	if err != nil {
		t.Fatal(err)
	}
	all, err := os.ReadDir(filepath.Join(data, "observation"))
	if err != nil {
		t.Fatal(err)
	}
	for _, scene := range all[:min(scenes, len(all))] {
		for _, name := range []string{"observation/" + scene.Name(), "progress/" + scene.Name(), "task_info/" + scene.Name() + ".json"} {
			to := filepath.Join(dir, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Symlink(filepath.Join(data, name), to)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}
