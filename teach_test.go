package egotsr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model"
)

// lamps are recordings in which a lamp gets brighter, or hardly does.
func lamps(t testing.TB, outcomes ...dataset.Outcome) (fstest.MapFS, []dataset.Episode) {
	t.Helper()
	fsys := fstest.MapFS{}
	var demos []dataset.Episode
	for k, outcome := range outcomes {
		e := dataset.Episode{Scene: "lamps", ID: fmt.Sprint(k), Task: "Light the lamp", Outcome: outcome}
		for i := range 10 {
			level := 20*i + 3*k
			if outcome == dataset.OutcomeFailed {
				level /= 4
			}
			img := image.NewGray(image.Rect(0, 0, 56, 56))
			for p := range img.Pix {
				img.Pix[p] = uint8(level + p%7)
			}
			img.SetGray(k, i, color.Gray{Y: 255})
			var b bytes.Buffer
			if err := png.Encode(&b, img); err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%d/%d.png", k, i)
			fsys[name] = &fstest.MapFile{Data: b.Bytes()}
			e.Frames = append(e.Frames, name)
		}
		demos = append(demos, e)
	}
	return fsys, demos
}

// ofLamps is what a model says of the lamps: pairs, and whether they are lit.
func ofLamps(t testing.TB, m *Model, fsys fstest.MapFS, demos []dataset.Episode) (out []float64) {
	t.Helper()
	src := dataset.NewList(fsys, nil)
	read := func(name string) image.Image {
		img, err := src.Image(name)
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	for _, e := range demos {
		a, b := read(e.Frames[2]), read(e.Frames[8])
		out = append(out, judge(t, m, Pair{e.Task, a, b}, nil).PImg1)
		done, err := m.Done(t.Context(), e.Task, b)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, done)
	}
	return out
}

// unraced leaves out a test that trains for long where the race detector runs, which is slow: it runs the short tests.
func unraced(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("trains for long")
	}
	t.Parallel()
}

// TestTeach: what is learnt is learnt, survives Save, and the run that made it is not made again.
func TestTeach(t *testing.T) {
	unraced(t)
	m := openTiny(t, Options{})
	fsys, demos := lamps(t, "", dataset.OutcomeSuccess, "", dataset.OutcomeRecovered, dataset.OutcomeFailed)
	before := ofLamps(t, m, fsys, demos)
	o := &TeachOptions{Budget: 4 * time.Second, Dir: filepath.Join(t.TempDir(), "run"), Seed: 3}
	taught, err := m.Teach(t.Context(), fsys, demos, o)
	for err == nil && taught.Steps == 0 && o.Budget < 2*time.Minute { // on a busy machine
		o.Budget *= 2
		o.Dir = filepath.Join(t.TempDir(), "run") // one that has ended does not go on
		taught, err = m.Teach(t.Context(), fsys, demos, o)
	}
	if err != nil {
		t.Fatal(err)
	}
	if taught.After < taught.Before || taught.Steps == 0 || !math.IsNaN(taught.Known) {
		t.Errorf("%+v", taught)
	}
	after := ofLamps(t, m, fsys, demos)
	if cmp.Equal(before, after) {
		t.Errorf("before and after %v", after)
	}
	dir := filepath.Join(t.TempDir(), "saved")
	if err := m.Save(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	saved := openFS(t, os.DirFS(dir), Options{})
	if diff := cmp.Diff(after, ofLamps(t, saved, fsys, demos)); diff != "" || *saved.fitted.Load() != *m.fitted.Load() {
		t.Errorf("saved and opened again (-want +got):\n%s%+v %+v", diff, saved.fitted.Load(), m.fitted.Load())
	}
	if f := m.fitted.Load(); f.Temperature == 1 || f.Done == 0 {
		t.Errorf("%+v has not been fitted", f)
	}

	other := openTiny(t, Options{})
	again, err := other.Teach(t.Context(), fsys, demos, o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(taught, again, cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })); diff != "" {
		t.Errorf("the same run (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(after, ofLamps(t, other, fsys, demos)); diff != "" {
		t.Errorf("the same run (-want +got):\n%s", diff)
	}
	o.Seed++
	_, err = other.Teach(t.Context(), fsys, demos, o)
	if bad := (*InputError)(nil); !errors.As(err, &bad) || bad.What != "TeachOptions.Dir" {
		t.Error(err)
	}
}

// TestTeachLoRA: adapters of every layer become part of the weights that are saved.
func TestTeachLoRA(t *testing.T) {
	unraced(t)
	m := openTiny(t, Options{})
	fsys, demos := lamps(t, "", "", "")
	before := ofLamps(t, m, fsys, demos)
	taught, err := m.Teach(t.Context(), fsys, demos, &TeachOptions{Budget: 3 * time.Second, LoRA: true})
	if err != nil || taught.After < taught.Before {
		t.Fatalf("%+v, %v", taught, err)
	}
	if after := ofLamps(t, m, fsys, demos); cmp.Equal(before, after) != (taught.Steps == 0) {
		t.Errorf("%+v: before %v, after %v", taught, before, after)
	}
}

// anHour begins a run that has an hour.
func anHour(t testing.TB, m *Model, fsys fs.FS, demos []dataset.Episode) *course {
	t.Helper()
	l, err := newLesson(t.Context(), m, fsys, demos)
	if err != nil {
		t.Fatal(err)
	}
	c, err := m.course(t.Context(), l, TeachOptions{Budget: time.Hour, Dir: t.TempDir(), Logger: m.log}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTeachSlower: where answers become less likely the rate is lowered, three times, and what is no better is not taken.
func TestTeachSlower(t *testing.T) {
	unraced(t)
	m := openTiny(t, Options{})
	fsys, demos := lamps(t, "", "", "")
	before := ofLamps(t, m, fsys, demos)
	c := anHour(t, m, fsys, demos)
	c.at.Before = &mark{Right: 1, Loss: -10} // nothing is as good
	rate := c.recipe().LR
	taught, err := c.run(t.Context())
	if err := errors.Join(err, c.close()); err != nil {
		t.Fatal(err)
	}
	if c.at.Slower != mostSlower || c.recipe().LR != rate/64 || taught.Steps != 0 || taught.After != 1 {
		t.Errorf("%+v, %+v", c.at, taught)
	}
	if diff := cmp.Diff(before, ofLamps(t, m, fsys, demos)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestTeachSlowerKilled: a run that is killed when its rate has been lowered goes on from the peak.
func TestTeachSlowerKilled(t *testing.T) {
	t.Parallel()
	m, far := openTiny(t, Options{}), openTiny(t, Options{})
	depart(t, far)
	fsys, demos := lamps(t, "", "", "")
	c := anHour(t, m, fsys, demos)
	c.at.Slower, c.at.Step = 1, 8
	if err := errors.Join(far.Save(t.Context(), filepath.Join(c.opts.Dir, "peak")), c.keep(), c.close()); err != nil {
		t.Fatal(err)
	}
	again, err := m.course(t.Context(), c.lesson, c.opts, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer again.close()
	if digest(t, again.student.net) != digest(t, far.net) {
		t.Error("it goes on from other weights")
	}
}

// depart moves a model's weights a part of the way to random ones.
func depart(t testing.TB, m *Model) {
	t.Helper()
	random, err := model.New(m.net.Config, "go", 6)
	if err != nil {
		t.Fatal(err)
	}
	defer random.Close()
	if digest(t, m.net) == digest(t, random) {
		t.Fatal("the random weights are those of the checkpoint")
	}
	if err := m.net.Take(t.Context(), random, 0.3); err != nil {
		t.Fatal(err)
	}
}

func digest(t testing.TB, net *model.Model) string {
	t.Helper()
	d, err := net.Digest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestTeachBlend: of the way from the weights before to those of the peak the place is kept that is nearest to those before, of those that have nearly
// all that is won where the answers are likeliest, and where what was known is known still.
func TestTeachBlend(t *testing.T) {
	t.Parallel()
	m, far := openTiny(t, Options{}), openTiny(t, Options{})
	depart(t, m) // what it was is better
	fsys, demos := lamps(t, "", "", "")
	c := anHour(t, m, fsys, demos)
	if err := far.Save(t.Context(), filepath.Join(c.opts.Dir, "peak")); err != nil {
		t.Fatal(err)
	}
	var losses []float64
	for _, share := range blends {
		between := openTiny(t, Options{})
		depart(t, between)
		if err := between.net.Take(t.Context(), far.net, share); err != nil {
			t.Fatal(err)
		}
		x, err := between.mark(t.Context(), c.chooses)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, x.Loss)
	}
	likeliest, want := losses[0], losses[1]
	if !slices.IsSorted(losses[:4]) || slices.Min(losses[3:]) < losses[2] {
		t.Fatalf("losses on the way back: %v", losses)
	}
	before := likeliest + ((losses[1]+losses[2])/2-likeliest)/mayLack // all of it but a tenth has the second
	c.at.Before, c.at.Best, c.at.Step, c.knows, c.remembers = &mark{Loss: before}, before, 7, c.chooses, c.chooses
	c.at.Known = 3 // more than anyone knows
	if err := c.blend(t.Context()); err != nil || c.kept() {
		t.Errorf("%+v, %v: kept what has forgotten", c.at, err)
	}
	c.at.Known = 0
	if err := errors.Join(c.blend(t.Context()), c.close()); err != nil {
		t.Fatal(err)
	}
	best, err := c.open(t.Context(), filepath.Join(c.opts.Dir, "best"))
	if err != nil {
		t.Fatal(err)
	}
	defer best.Close()
	got, err := best.mark(t.Context(), c.chooses)
	if err != nil || math.Abs(got.Loss-want) > 1e-4 || math.Abs(c.at.Best-likeliest) > 1e-4 || !c.kept() || c.at.Step != 7 {
		t.Errorf("%+v, %v and %+v, want %v", got, err, c.at, want)
	}
}

// TestTeachRecall: what is recalled is what the teacher says of the recordings under other names than theirs, the same of one seed.
func TestTeachRecall(t *testing.T) {
	t.Parallel()
	m := openTiny(t, Options{})
	fsys, demos := lamps(t, "", "", "")
	c := anHour(t, m, fsys, demos)
	defer c.close()
	known := []string{"Turn", demos[0].Task, "Close the box", "Open a door", "Turn", "Push", "Pull a mug"}
	few := func(n int) dataset.Source {
		t.Helper()
		c.memory.episodes = nil
		for _, name := range known[:n] {
			c.memory.episodes = append(c.memory.episodes, dataset.Episode{Task: name})
		}
		samples, err := c.recall(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return recalled{dataset.NewList(fsys, samples)}
	}
	if n := few(5).Len(); n != 0 {
		t.Errorf("%d of three names", n)
	}
	src, again := few(7), few(7)
	if n := src.Len(); n != recalledPairs*recalledNames {
		t.Fatal(n)
	}
	for i := range src.Len() {
		s, err := src.At(i)
		if err != nil {
			t.Fatal(err)
		}
		if other, _ := again.At(i); !cmp.Equal(s, other) {
			t.Fatalf("sample %d: %+v and %+v", i, s, other)
		}
		if i%32 != 0 {
			continue
		}
		a, err1 := src.Image(s.Img1)
		b, err2 := src.Image(s.Img2)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		p := judge(t, m, Pair{s.Task, a, b}, nil).PImg1
		if s.Task == demos[0].Task || !slices.Contains(known, s.Task) || (p > 0.5) != (s.Closer == dataset.Img1) {
			t.Errorf("sample %d: %+v, judged %v", i, s, p)
		}
	}
}

// TestTeachInput: what a caller gets wrong is an InputError that names it, and costs nothing.
func TestTeachInput(t *testing.T) {
	t.Parallel()
	m := openTiny(t, Options{})
	fsys, demos := lamps(t, "", "", "")
	fsys["broken.png"] = &fstest.MapFile{Data: []byte("no picture")}
	var large bytes.Buffer
	if err := png.Encode(&large, noise(1, 84, 56)); err != nil {
		t.Fatal(err)
	}
	fsys["large.png"] = &fstest.MapFile{Data: large.Bytes()}
	third := func(change func(*dataset.Episode)) []dataset.Episode {
		e := demos[2]
		change(&e)
		return []dataset.Episode{demos[0], demos[1], e}
	}
	still := func(e *dataset.Episode) { e.Frames = []string{e.Frames[0], e.Frames[0]} }
	for name, c := range map[string]struct {
		what, says string
		demos      []dataset.Episode
		opts       *TeachOptions
	}{
		"none":      {"demos", "are none", nil, nil},
		"one":       {"demos", "one", demos[:1], nil},
		"no task":   {"demo 2: task", "empty", third(func(e *dataset.Episode) { e.Task = " " }), nil},
		"one frame": {"demo 2", "1 frame", third(func(e *dataset.Episode) { e.Frames = e.Frames[:1] }), nil},
		"outcome":   {"demo 2", "fine", third(func(e *dataset.Episode) { e.Outcome = "fine" }), nil},
		"costs":     {"demo 2", "costs", third(func(e *dataset.Episode) { e.Cost = []float64{1} }), nil},
		"broken":    {"demo 2", "broken.png", third(func(e *dataset.Episode) { e.Frames = []string{e.Frames[0], "broken.png"} }), nil},
		"missing":   {"demo 2", "missing.png", third(func(e *dataset.Episode) { e.Frames = []string{e.Frames[0], "missing.png"} }), nil},
		"shapes":    {"demo 2", "84x56", third(func(e *dataset.Episode) { e.Frames = []string{e.Frames[0], "large.png"} }), nil},
		"still":     {"demos", "moves", []dataset.Episode{demos[0], third(still)[2]}, nil},
		"failures":  {"demos", "done", []dataset.Episode{demos[0], third(func(e *dataset.Episode) { e.Outcome = dataset.OutcomeFailed })[2]}, nil},
		"budget":    {"TeachOptions.Budget", "-1ns", demos, &TeachOptions{Budget: -1}},
	} {
		before := ofLamps(t, m, fsys, demos[:1])
		taught, err := m.Teach(t.Context(), fsys, c.demos, c.opts)
		if bad := (*InputError)(nil); !errors.As(err, &bad) || bad.What != c.what || !strings.Contains(err.Error(), c.says) || taught != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(before, ofLamps(t, m, fsys, demos[:1])); diff != "" {
			t.Errorf("%s: the model has changed (-want +got):\n%s", name, diff)
		}
	}
	if _, err := m.Teach(t.Context(), nil, demos, nil); err == nil {
		t.Error("images are nil")
	}
	_, err := openTiny(t, Options{Weights: "int8"}).Teach(t.Context(), fsys, demos, nil)
	if bad := (*InputError)(nil); !errors.As(err, &bad) || bad.What != "Options.Weights" {
		t.Error("int8:", err)
	}
	if _, err := (*Model)(nil).Teach(t.Context(), fsys, demos, nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// TestTeachTasks: of every task there is something to learn from and, where it has two recordings, to choose by, whatever their order.
func TestTeachTasks(t *testing.T) {
	t.Parallel()
	m := openTiny(t, Options{})
	fsys, demos := lamps(t, "", "", "", "", "", "", "", "", "", "")
	for name, c := range map[string]struct {
		tasks, learnt, held string
	}{
		"one":         {"aaaaaaaaaa", "aaaaaaaa", "aa"},
		"two":         {"aa", "a", "a"},
		"one of each": {"aaaaaaaab", "aaaaaab", "aa"},
		"in turn":     {"abcdeabcde", "abcde", "abcde"},
		"one by one":  {"aabb", "ab", "ab"},
	} {
		var of []dataset.Episode
		for k, task := range c.tasks {
			e := demos[k]
			e.Task = string(task)
			of = append(of, e)
		}
		names := func(of []dataset.Episode) (text string) {
			for _, e := range of {
				text += e.Task
			}
			return text
		}
		l, err := newLesson(t.Context(), m, fsys, of)
		if err != nil || names(l.learnt) != c.learnt || names(l.held) != c.held {
			t.Errorf("%s: learnt from %s, held back %s, %v", name, names(l.learnt), names(l.held), err)
		}
	}
	demos[1].Task = "Dim the lamp"
	if _, err := newLesson(t.Context(), m, fsys, demos[:2]); !errors.As(err, new(*InputError)) {
		t.Error("one recording of each task:", err)
	}
}

// TestTeachElse: a run does not go on with other weights than it began with, nor with other recordings of the same names.
func TestTeachElse(t *testing.T) {
	t.Parallel()
	m, other := openTiny(t, Options{}), openTiny(t, Options{})
	fsys, demos := lamps(t, "", "", "")
	o := &TeachOptions{Budget: 1, Dir: filepath.Join(t.TempDir(), "run")}
	if _, err := m.Teach(t.Context(), fsys, demos, o); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Teach(t.Context(), fsys, demos, o); err != nil {
		t.Error("the same:", err)
	}
	refused := func(name string, m *Model) {
		t.Helper()
		_, err := m.Teach(t.Context(), fsys, demos, o)
		if bad := (*InputError)(nil); !errors.As(err, &bad) || bad.What != "TeachOptions.Dir" {
			t.Errorf("%s: %v", name, err)
		}
	}
	depart(t, other)
	refused("other weights", other)
	first := fsys[demos[0].Frames[4]].Data
	img, err := png.Decode(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	img.(*image.Gray).Pix[0]++
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	fsys[demos[0].Frames[4]] = &fstest.MapFile{Data: b.Bytes()}
	refused("another recording", m)
}

// TestTeachEnded: a model whose teaching is ended, or has no time, is as it was; and answers meanwhile, as it did.
func TestTeachEnded(t *testing.T) {
	t.Parallel()
	m := openTiny(t, Options{})
	fsys, demos := lamps(t, "", "", "")
	before := ofLamps(t, m, fsys, demos)
	taught, err := m.Teach(t.Context(), fsys, demos, &TeachOptions{Budget: 1})
	if err != nil || taught.Steps != 0 || taught.Before != taught.After {
		t.Errorf("%+v, %v", taught, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error)
	go func() {
		_, err := m.Teach(ctx, fsys, demos, &TeachOptions{Budget: time.Hour})
		ended <- err
	}()
	for began := time.Now(); time.Since(began) < time.Second; {
		if diff := cmp.Diff(before, ofLamps(t, m, fsys, demos)); diff != "" {
			t.Fatalf("meanwhile (-want +got):\n%s", diff)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if diff := cmp.Diff(before, ofLamps(t, m, fsys, demos)); diff != "" || *m.fitted.Load() != unfitted {
		t.Errorf("afterwards (-want +got):\n%s", diff)
	}
}

// TestTeachKilled: a process that is killed at any moment loses at most what it has done since the recordings were last judged.
func TestTeachKilled(t *testing.T) {
	unraced(t)
	fsys, demos := lamps(t, "", "", "")
	if dir := os.Getenv("EGOTSR_TEACH_KILLED"); dir != "" {
		m := openTiny(t, Options{})
		_, err := m.Teach(t.Context(), fsys, demos, &TeachOptions{Budget: time.Hour, Dir: dir})
		t.Fatal("not killed", err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	for _, after := range []time.Duration{700 * time.Millisecond, 1300 * time.Millisecond, 2 * time.Second} {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestTeachKilled$")
		cmd.Env = append(os.Environ(), "EGOTSR_TEACH_KILLED="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(after)
		cmd.Process.Kill()
		cmd.Wait()
	}
	m := openTiny(t, Options{})
	taught, err := m.Teach(t.Context(), fsys, demos, &TeachOptions{Budget: 5 * time.Second, Dir: dir})
	if err != nil || taught.After < taught.Before {
		t.Errorf("%+v, %v", taught, err)
	}
}

// TestRehearsal: what a checkpoint knew is measured afterwards, and Save keeps the set. One that is damaged is told of, by its place.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	fsys, demos := lamps(t, "", "", "", "", "", "", "", "")
	type episode struct {
		dataset.Episode
		Frames []string `json:"frames,omitempty"`
		Images [][]byte `json:"images"`
	}
	set := func(change func(k int, e *episode)) fs.FS {
		var file struct {
			Episodes []episode `json:"episodes"`
		}
		for k, d := range demos {
			e := episode{Episode: d}
			e.Plan, e.Subtask, e.Episode.Frames = []string{"Turn it up"}, make([]int, len(d.Frames)), nil
			for i, name := range d.Frames {
				e.Cost, e.Images = append(e.Cost, float64(90-10*i)), append(e.Images, fsys[name].Data)
			}
			change(k, &e)
			file.Episodes = append(file.Episodes, e)
		}
		text, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		return files(t, tiny, map[string][]byte{rehearsalFile: text})
	}
	m := openFS(t, set(func(int, *episode) {}), Options{})
	taught, err := m.Teach(t.Context(), fsys, demos[:3], &TeachOptions{Budget: 2 * time.Second})
	if err != nil || !(taught.Known >= 0 && taught.Known <= 1) {
		t.Errorf("%+v, %v", taught, err)
	}
	dir := filepath.Join(t.TempDir(), "saved")
	if err := m.Save(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if r, err := loadRehearsal(os.DirFS(dir)); err != nil || len(r.episodes) != len(demos) {
		t.Error("saved:", err)
	}
	for says, change := range map[string]func(k int, e *episode){
		"episode 2, image 3": func(k int, e *episode) { e.Images[3] = e.Images[3][:20] },
		"costs":              func(k int, e *episode) { e.Cost = e.Cost[:4] },
		"no frames":          func(k int, e *episode) { e.Images = nil },
	} {
		m := openFS(t, set(func(k int, e *episode) {
			if k == 2 {
				change(k, e)
			}
		}), Options{})
		if _, err := m.Teach(t.Context(), fsys, demos[:3], nil); err == nil || !strings.Contains(err.Error(), rehearsalFile) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	m = openFS(t, files(t, tiny, map[string][]byte{rehearsalFile: []byte("{")}), Options{})
	if _, err := m.Teach(t.Context(), fsys, demos[:3], nil); err == nil || !strings.Contains(err.Error(), rehearsalFile) {
		t.Error(err)
	}
}

func TestThreshold(t *testing.T) {
	yes, no := []bool{true, true}, []bool{false, false, false}
	over := append(yes, no...)
	for name, c := range map[string]struct {
		p        []float64
		from, to float64
	}{
		"apart, the usual between": {[]float64{0.9, 0.8, 0.1, 0.2, 0.05}, end, end},
		"all low":                  {[]float64{0.3, 0.2, 0.01, 0.02, 0.1}, 0.15, 0.2},
		"all high":                 {[]float64{0.99, 0.97, 0.5, 0.6, 0.7}, 0.7, 0.8},
		"one of each wrong":        {[]float64{0.1, 0.9, 0.2, 0.3, 0.95}, 0.3, 0.9},
	} {
		if got := threshold(c.p, over); got < c.from || got > c.to {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := threshold([]float64{0.5, 0.6}, yes); got != 0 {
		t.Errorf("without another kind: %v", got)
	}
}
