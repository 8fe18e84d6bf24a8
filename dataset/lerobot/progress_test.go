package lerobot

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
)

// many is a dataset of n episodes with 3, 4, 5, 3, … frames.
func many(t testing.TB, n int) string {
	t.Helper()
	s := good()
	s.info = strings.Replace(goodInfo, `episodes": 2`, fmt.Sprintf(`episodes": %d`, n), 1)
	s.episodes, s.rows = nil, nil
	for k := range n {
		from := len(s.rows)
		for i := range 3 + k%3 {
			s.rows = append(s.rows, dataRow{Index: int64(len(s.rows)), Episode: int64(k), Frame: int32(i), Time: float32(i) / 10})
		}
		s.episodes = append(s.episodes, metaRow{Index: int64(k), Length: int64(3 + k%3), From: float64(from) / 10, To: float64(len(s.rows)) / 10})
	}
	return s.write(t)
}

// score is a made-up score of a frame.
func score(episode, frame int) float64 { return float64(episode*7%10)/20 + float64(frame)/30 }

// fill adds what is missing and writes the file.
func fill(dir string, opts *ProgressOptions, pause time.Duration) error {
	p, err := OpenProgress(dir, opts)
	if err != nil {
		return err
	}
	defer p.Close()
	for _, e := range p.Missing() {
		time.Sleep(pause)
		var sparse, dense []float64
		for i := range p.Frames(e) {
			sparse = append(sparse, score(e, i))
			if opts.Dense {
				dense = append(dense, score(e, i)/2)
			}
		}
		if err := p.Add(e, sparse, dense); err != nil {
			return err
		}
	}
	return p.Write()
}

func readProgress(t *testing.T, dir, name string) []denseRow {
	t.Helper()
	rows, err := parquet.ReadFile[denseRow](filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestProgress(t *testing.T) {
	for _, dir := range []string{many(t, 5), copied(t)} {
		for _, opts := range []*ProgressOptions{{Model: "m"}, {Name: "sarm", Dense: true}} {
			if err := fill(dir, opts, 0); err != nil {
				t.Fatal(err)
			}
			name := "egotsr_progress.parquet"
			if opts.Name != "" {
				name = "sarm_progress.parquet"
			}
			d, err := readInfo(dir)
			if err != nil {
				t.Fatal(err)
			}
			episodes, err := d.episodes(nil)
			if err != nil {
				t.Fatal(err)
			}
			var want []denseRow
			for _, e := range episodes {
				for i := range e.length {
					r := denseRow{int64(len(want)), int64(e.index), int64(i), float32(score(e.index, i)), 0}
					if opts.Dense {
						r.Dense = float32(score(e.index, i) / 2)
					}
					want = append(want, r)
				}
			}
			if d := cmp.Diff(want, readProgress(t, dir, name)); d != "" {
				t.Error(d)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
				t.Errorf("%q are left", left)
			}
		}
		// Another run finds all done.
		p, err := OpenProgress(dir, &ProgressOptions{Model: "m"})
		if err != nil {
			t.Fatal(err)
		}
		if missing := p.Missing(); missing != nil || p.Add(0, []float64{1}, nil) == nil || p.Write() != nil || p.Close() != nil {
			t.Errorf("a finished file misses %v", missing)
		}
	}
}

// TestProgressKilled kills a program that scores, again and again at other moments; in the end the file is the one that
// a program makes that is left alone.
func TestProgressKilled(t *testing.T) {
	opts := &ProgressOptions{Model: "m", Dense: true}
	if dir := os.Getenv("EGOTSR_TEST_PROGRESS"); dir != "" {
		if err := fill(dir, opts, time.Millisecond); err != nil {
			t.Fatal(err)
		}
		return
	}
	alone := many(t, 60)
	if err := fill(alone, opts, 0); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(alone, "egotsr_progress.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	dir, killed := many(t, 60), 0
	for run := 0; ; run++ {
		if run == 100 {
			t.Fatal("does not come to an end")
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestProgressKilled$")
		cmd.Env = append(os.Environ(), "EGOTSR_TEST_PROGRESS="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Whatever the machine's speed, it dies some episodes after it began, within a write or between two.
		written := func() int {
			data, _ := os.ReadFile(filepath.Join(dir, ".egotsr_progress.journal"))
			return bytes.Count(data, []byte("\n"))
		}
		ended, enough := make(chan error, 1), written()+5+run%7
		go func() { ended <- cmd.Wait() }()
		var err error
		for alive := true; alive; {
			select {
			case err = <-ended:
				alive = false
			case <-time.After(500 * time.Microsecond):
				if written() >= enough {
					cmd.Process.Kill()
				}
			}
		}
		got, read := os.ReadFile(filepath.Join(dir, "egotsr_progress.parquet"))
		if read == nil && !bytes.Equal(got, want) {
			t.Fatalf("after %d kills the file has %d bytes that are others", killed, len(got))
		}
		if err == nil {
			break
		}
		killed++
	}
	if killed < 2 {
		t.Errorf("killed %d times", killed)
	}
}

// TestProgressTorn: whatever of the journal's last line is there, the scores before it count and it is written again.
func TestProgressTorn(t *testing.T) {
	dir := many(t, 3)
	journal := filepath.Join(dir, ".egotsr_progress.journal")
	p, err := OpenProgress(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for e := range 2 {
		if err := p.Add(e, make([]float64, p.Frames(e)), nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenProgress(dir, nil); err == nil || !strings.Contains(err.Error(), "another run") {
		t.Errorf("two at once: %v", err)
	}
	p.Close()
	if d := cmp.Diff([]int{0, 1, 2}, p.Missing()); d != "" || p.Add(0, []float64{0, 0, 0}, nil) == nil || p.Write() == nil {
		t.Error("a closed one goes on")
	}
	whole, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	for n := len(whole); n >= 0; n-- {
		put(t, dir, ".egotsr_progress.journal", whole[:n])
		p, err := OpenProgress(dir, nil)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if missing := 4 - bytes.Count(whole[:n], []byte("\n")); n > 0 && len(p.Missing()) != min(missing, 3) {
			t.Errorf("%d bytes: %v are missing", n, p.Missing())
		}
		p.Close()
	}
	if err := fill(dir, &ProgressOptions{}, 0); err != nil {
		t.Fatal(err)
	}
	readProgress(t, dir, "egotsr_progress.parquet")
}

func TestProgressErrors(t *testing.T) {
	dir := many(t, 3)
	for _, name := range []string{"a/b", "..", ".x", `a\b`} {
		if _, err := OpenProgress(dir, &ProgressOptions{Name: name}); err == nil {
			t.Errorf("%q names a file", name)
		}
	}
	p, err := OpenProgress(dir, &ProgressOptions{Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		episode       int
		sparse, dense []float64
		say           string
	}{
		"no such episode": {3, []float64{0}, nil, "not in the dataset"},
		"too few":         {0, []float64{0, 0}, nil, "2 scores"},
		"dense":           {0, []float64{0, 0, 0}, []float64{0, 0, 0}, "Dense: false"},
		"NaN":             {0, []float64{0, math.NaN(), 0}, nil, "frame 1: score NaN"},
		"too great":       {0, []float64{0, 0, 1.5}, nil, "frame 2: score 1.5"},
	} {
		err := p.Add(c.episode, c.sparse, c.dense)
		var e *Error
		if !errors.As(err, &e) || e.Episode != c.episode || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := p.Write(); err == nil || !strings.Contains(err.Error(), "episode 0: has no scores yet, and 2 others") {
		t.Error(err)
	}
	p.Close()
	if _, err := OpenProgress(dir, &ProgressOptions{Model: "other"}); err == nil || !strings.Contains(err.Error(), "something else") {
		t.Errorf("another model goes on: %v", err)
	}
	if err := fill(dir, &ProgressOptions{Model: "m"}, 0); err != nil {
		t.Fatal(err)
	}
	for _, o := range []*ProgressOptions{{Model: "other"}, {Model: "m", Dense: true}} {
		if _, err := OpenProgress(dir, o); err == nil || !strings.Contains(err.Error(), "holds other scores") {
			t.Errorf("%+v: %v", o, err)
		}
	}
	put(t, dir, "mine_progress.parquet", []byte("mine"))
	put(t, dir, ".notes_progress.journal", []byte("my notes\nare here"))
	for _, name := range []string{"mine", "notes"} {
		if _, err := OpenProgress(dir, &ProgressOptions{Name: name}); !errors.As(err, new(*Error)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, ".notes_progress.journal")); err != nil || string(got) != "my notes\nare here" {
		t.Errorf("%q, %v", got, err)
	}
	s := good()
	s.rows[1].Index = 7
	if _, err := OpenProgress(s.write(t), nil); err == nil || !strings.Contains(err.Error(), "index 7, where 1 is next") {
		t.Error(err)
	}
}

func TestSpread(t *testing.T) {
	got, err := Spread([]int{1, 3, 4}, []float64{0.2, 0.6, 1}, 6)
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{0.2, 0.2, 0.4, 0.6, 1, 1}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 {
			t.Errorf("%v, want %v", got, want)
			break
		}
	}
	for _, at := range [][]int{nil, {0}, {-1, 2}, {0, 6}, {2, 2}, {3, 1}} {
		if _, err := Spread(at, []float64{0, 1}, 6); err == nil {
			t.Errorf("%v was taken", at)
		}
	}
}

// FuzzJournal: no file is a journal by chance, and one that is read again gives the same.
func FuzzJournal(f *testing.F) {
	h := journalHeader{Format: journalFormat, Model: "m", Episodes: 2, Frames: 5}
	f.Add([]byte(`{"format":"egotsr progress 1","model":"m","dense":false,"episodes":2,"frames":5}` + "\n" + `{"episode":1,"sparse":[0,1]}` + "\n" + `{"epis`))
	f.Add([]byte("{}\n"))
	name := filepath.Join(f.TempDir(), "journal")
	f.Fuzz(func(t *testing.T, data []byte) {
		name := fmt.Sprint(name, os.Getpid())
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
		j, err := openJournal(name, h)
		if err != nil {
			if after, err := os.ReadFile(name); err != nil || !bytes.Equal(after, data) {
				t.Errorf("what was refused was changed: %q, %v", after, err)
			}
			return
		}
		defer j.close()
		for episode, part := range j.parts {
			e, err := j.entry(episode)
			if err != nil || e.Episode != episode || len(e.Sparse) != part.length {
				t.Errorf("episode %d: %+v, %v", episode, e, err)
			}
		}
	})
}
