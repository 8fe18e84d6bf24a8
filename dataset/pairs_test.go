package dataset

import (
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newPairs(t testing.TB, opts PairOptions) (*Pairs, []Episode) {
	t.Helper()
	fsys, episodes := mixed(t)
	p, err := NewPairs(fsys, episodes, opts)
	if err != nil {
		t.Fatal(err)
	}
	return p, episodes
}

func TestSwapIsAnInvolution(t *testing.T) {
	p, _ := newPairs(t, PairOptions{Groups: 50})
	for _, s := range samplesOf(t, p) {
		s.Detail = [2]string{"a", "b"}
		w := s.Swap()
		if diff := cmp.Diff(s, w.Swap()); same(w, s) || diff != "" {
			t.Fatalf("swapped twice, %s", diff)
		}
		if w.Img1 != s.Img2 || w.Frame1 != s.Frame2 || w.Detail != [2]string{"b", "a"} || w.Closer == s.Closer || w.Window != s.Window {
			t.Fatalf("swapped, %s", cmp.Diff(s, w))
		}
	}
	if got := (Sample{}).Swap(); got.Closer != "" || got.Kind != "" {
		t.Errorf("an unlabelled sample became %+v", got)
	}
}

// TestLabels recomputes every field of every sample from the costs.
func TestLabels(t *testing.T) {
	p, episodes := newPairs(t, PairOptions{Groups: 300})
	find := func(s Sample) *Episode {
		return &episodes[slices.IndexFunc(episodes, func(e Episode) bool { return e.Scene == s.Scene && e.ID == s.Episode })]
	}
	kinds := map[Kind]int{}
	for _, s := range samplesOf(t, p) {
		e := find(s)
		c1, c2 := e.Cost[s.Frame1], e.Cost[s.Frame2]
		if s.Task != e.Task || s.Img1 != e.Frames[s.Frame1] || s.Img2 != e.Frames[s.Frame2] {
			t.Fatalf("%+v does not belong to its frames", s)
		}
		if math.Abs(c1-c2) < 5 || (s.Closer == Img1) != (c1 < c2) || (s.Closer == Img2) != (c2 < c1) {
			t.Fatalf("%+v: costs %v and %v", s, c1, c2)
		}
		early, late := min(s.Frame1, s.Frame2), max(s.Frame1, s.Frame2)
		if s.Window != late-early {
			t.Fatalf("%+v: window", s)
		}
		want := KindForward
		switch {
		case e.Cost[late] > e.Cost[early]:
			want = KindRegression
		case e.BelowBest[early]:
			want = KindRecovery
		case s.Frame1 == late:
			want = KindInverse
		}
		if s.Kind != want {
			t.Fatalf("%+v: kind should be %s", s, want)
		}
		level := LevelLong
		if e.Subtask[early] == e.Subtask[late] {
			level = LevelShort
		}
		if s.Level != level {
			t.Fatalf("%+v: level should be %s", s, level)
		}
		kinds[s.Kind]++
	}
	if len(kinds) != 4 {
		t.Errorf("kinds %v", kinds)
	}
}

// A second attempt at an action is not the same action, nor is the disturbance between them one.
func TestLevelAcrossAttempts(t *testing.T) {
	e := Episode{Frames: make([]string, 5), Cost: make([]float64, 5), BelowBest: make([]bool, 5), Subtask: []int{0, 0, -1, -1, 0}}
	for _, c := range []struct {
		i, j int
		want Level
	}{{0, 1, LevelShort}, {0, 4, LevelLong}, {2, 3, LevelLong}, {3, 4, LevelLong}} {
		if got := e.pair(c.i, c.j, 1).Level; got != c.want {
			t.Errorf("frames %d and %d are %s", c.i, c.j, got)
		}
	}
}

// TestPositionSaysNothing asks a judge that always answers img1: it is right in half of the samples, exactly.
func TestPositionSaysNothing(t *testing.T) {
	for _, opts := range []PairOptions{
		{}, {Both: true}, {PairsPerGroup: 3}, {Level: LevelShort}, {Level: LevelLong}, {Windows: []int{1, 4}}, {RegressionShare: 1},
	} {
		opts.Seed, opts.Groups = 3, 1000
		p, _ := newPairs(t, opts)
		img1, samples := 0, samplesOf(t, p)
		for i, s := range samples {
			img1 += bit(s.Closer == Img1)
			if opts.Both && i%2 == 1 && !same(s, samples[i-1].Swap()) {
				t.Fatalf("sample %d is not the swap of the one before", i)
			}
		}
		if 2*img1 != len(samples) {
			t.Errorf("%+v: always img1 is right in %d of %d", opts, img1, len(samples))
		}
	}
}

func TestLevels(t *testing.T) {
	for _, level := range []Level{LevelShort, LevelLong} {
		p, _ := newPairs(t, PairOptions{Groups: 300, Level: level})
		for _, s := range samplesOf(t, p) {
			if s.Level != level {
				t.Fatalf("%+v is not %s", s, level)
			}
		}
	}
}

// TestWindows: near pairs are a small part of all pairs of an episode, and a third of those drawn if asked for.
func TestWindows(t *testing.T) {
	fsys, episodes := mixed(t)
	near := func(windows []int) float64 {
		p, err := NewPairs(fsys, episodes[:1], PairOptions{Groups: 500, FramesPerGroup: 12, PairsPerGroup: 9, Windows: windows})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, s := range samplesOf(t, p) {
			n += bit(s.Window <= 1)
		}
		return float64(n) / float64(p.Len())
	}
	if asItFalls, third := near(nil), near([]int{1, 5}); asItFalls > 0.2 || math.Abs(third-1./3) > 0.001 {
		t.Errorf("shares of pairs one frame apart: %v, then %v", asItFalls, third)
	}
}

// TestNegatives: pairs without an answer come in their shares, show one state or carry a foreign name, and learn nobody
// anything.
func TestNegatives(t *testing.T) {
	fsys, episodes := mixed(t)
	for i := range episodes {
		episodes[i].Task = "in " + episodes[i].Scene // names without a long word in common
	}
	p, err := NewPairs(fsys, episodes, PairOptions{Groups: 1000, NoChangeShare: 0.2, WrongTaskShare: 0.1, Both: true})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[Kind]int{}
	for _, s := range samplesOf(t, p) {
		if s.Kind != KindNoChange && s.Kind != KindWrongTask {
			continue
		}
		kinds[s.Kind]++
		e := &episodes[slices.IndexFunc(episodes, func(e Episode) bool { return e.Scene == s.Scene && e.ID == s.Episode })]
		switch {
		case s.Closer != "" || Long.Target(s) != "":
			t.Fatalf("%+v has an answer", s)
		case s.Kind == KindNoChange && (e.Cost[s.Frame1] != e.Cost[s.Frame2] || s.Task != e.Task):
			t.Fatalf("%+v changes", s)
		case s.Kind == KindWrongTask && s.Task == e.Task:
			t.Fatalf("%+v names its own task", s)
		}
	}
	for kind, want := range map[Kind]float64{KindNoChange: 0.2, KindWrongTask: 0.1} {
		if got := float64(kinds[kind]) / float64(p.Len()); math.Abs(got-want) > 0.02 {
			t.Errorf("%s: %v of all", kind, got)
		}
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{{"Open a drawer", "Close the Drawer", false}, {"Open a drawer", "Push the mug", true}, {"a b c", "a b c", false}, {"a b c", "a b d", true}} {
		if unrelated(c.a, c.b) != c.want {
			t.Errorf("%q and %q", c.a, c.b)
		}
	}
}

// TestAnnotationOnly: without costs the order of the actions decides, inside one uninterrupted action time does, and what
// nobody annotated is never shown.
func TestAnnotationOnly(t *testing.T) {
	e := Episode{
		Scene: "s", ID: "1", Task: "t", Plan: []string{"a", "b"},
		Frames:  []string{"0", "1", "2", "3", "4", "5", "6", "7"},
		Numbers: []int{10, 20, 30, 40, 50, 60, 70, 80},
		Subtask: []int{0, 0, -1, 1, 1, 0, 2, 2},
	}
	want := map[[2]int]int{
		{0, 1}: 1, {0, 3}: 1, {0, 4}: 1, {0, 6}: 1, {0, 7}: 1, {1, 3}: 1, {1, 4}: 1, {1, 6}: 1, {1, 7}: 1,
		{3, 4}: 1, {3, 5}: -1, {4, 5}: -1, {3, 6}: 1, {3, 7}: 1, {4, 6}: 1, {4, 7}: 1, {5, 6}: 1, {5, 7}: 1,
	}
	for i := range e.Frames {
		for j := i + 1; j < len(e.Frames); j++ {
			if got := e.order(i, j); got != want[[2]int{i, j}] {
				t.Errorf("frames %d and %d: %d", i, j, got)
			}
		}
	}
	p, err := NewPairs(nil, []Episode{e}, PairOptions{Groups: 200})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[Kind]int{}
	for _, s := range samplesOf(t, p) {
		kinds[s.Kind]++
		if s.Frame1 == 30 || s.Frame2 == 30 {
			t.Fatalf("%+v shows a frame without annotation", s)
		}
	}
	if kinds[KindRegression] == 0 || kinds[KindForward] == 0 || kinds[KindInverse] == 0 {
		t.Errorf("kinds %v", kinds)
	}
	only := Episode{Frames: e.Frames[:4], Plan: []string{"a"}, Subtask: []int{-1, 0, 0, 0}}
	if p, err = NewPairs(nil, []Episode{only}, PairOptions{Groups: 50, Level: LevelShort}); err != nil || p.Len() != 400 {
		t.Errorf("one action: %v", err)
	}
	for _, subtask := range [][]int{{-1, -1, -1, -1}, {0, 1, 1, 1}, {1, 1, 1, 1}} {
		only.Subtask = subtask
		if _, err = NewPairs(nil, []Episode{only}, PairOptions{Level: LevelShort}); !errors.Is(err, ErrNoPairs) {
			t.Errorf("subtasks %v: %v", subtask, err)
		}
	}
}

func TestDone(t *testing.T) {
	e := Episode{Plan: []string{"a", "b", "c"}, Subtask: []int{0, 1, -1, -1, 0, 2, 3, -1}}
	for i, want := range []int{0, 1, 0, 0, 0, 2, 3, 3} {
		if got := e.done(i); got != want {
			t.Errorf("frame %d: %d done", i, got)
		}
	}
	if got := (&Episode{Subtask: []int{-1}}).done(0); got != 0 {
		t.Errorf("nothing annotated: %d done", got)
	}
}

func TestBothAddsOnlySwaps(t *testing.T) {
	single, _ := newPairs(t, PairOptions{Seed: 9, Groups: 40})
	both, _ := newPairs(t, PairOptions{Seed: 9, Groups: 40, Both: true})
	if both.Len() != 2*single.Len() {
		t.Fatalf("%d and %d samples", both.Len(), single.Len())
	}
	doubled := samplesOf(t, both)
	for i, s := range samplesOf(t, single) {
		if diff := cmp.Diff(s, doubled[2*i]); diff != "" {
			t.Fatalf("sample %d: %s", i, diff)
		}
	}
}

func TestGroups(t *testing.T) {
	const frames, pairs, groups = 5, 6, 2000
	p, _ := newPairs(t, PairOptions{Groups: groups, FramesPerGroup: frames, PairsPerGroup: pairs})
	if p.Len() != groups*pairs {
		t.Fatalf("%d samples", p.Len())
	}
	samples, tasks := samplesOf(t, p), map[string]int{}
	worse, slips := 0, 0
	for g := range groups {
		group, seen, distinct := samples[g*pairs:(g+1)*pairs], map[int]bool{}, map[framePair]bool{}
		for _, s := range group {
			if s.Scene != group[0].Scene || s.Episode != group[0].Episode {
				t.Fatalf("group %d mixes episodes", g)
			}
			if s.Scene == "s1" && s.Episode == "1" {
				slips++
				worse += bit(s.Kind == KindRegression)
			}
			seen[s.Frame1], seen[s.Frame2] = true, true
			distinct[framePair{min(s.Frame1, s.Frame2), max(s.Frame1, s.Frame2), 0}] = true
		}
		if len(seen) > frames || len(distinct) != pairs {
			t.Fatalf("group %d has %d frames and %d distinct pairs", g, len(seen), len(distinct))
		}
		tasks[group[0].Task]++
	}
	// Four standard deviations of 2000 coins around 1000, though one task has an episode and the other two.
	if n := tasks["task 0"]; n < 910 || n > 1090 {
		t.Errorf("groups by task: %v", tasks)
	}
	if got := float64(worse) / float64(slips); got < 0.2 || got > 0.3 {
		t.Errorf("regressions are %v of the pairs of the episode that has some", got)
	}
}

func TestAtIsDeterministicAndConcurrent(t *testing.T) {
	opts := PairOptions{Seed: 7, Groups: 200, Both: true}
	a, _ := newPairs(t, opts)
	want := samplesOf(t, a)
	b, _ := newPairs(t, opts)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			// Each reader walks another way, so that slots of the cache change hands.
			for k := range want {
				i := (k*(2*w+1) + w) % len(want)
				s, err := b.At(i)
				if diff := cmp.Diff(want[i], s); err != nil || diff != "" {
					t.Errorf("sample %d: %v, %s", i, err, diff)
					return
				}
			}
		})
	}
	wg.Wait()
	opts.Seed++
	c, _ := newPairs(t, opts)
	if slices.EqualFunc(samplesOf(t, c), want, same) {
		t.Error("another seed gives the same samples")
	}
}

func TestNewPairsErrors(t *testing.T) {
	fsys, episodes := mixed(t)
	for _, opts := range []PairOptions{
		{Groups: -1}, {FramesPerGroup: 1}, {PairsPerGroup: -1}, {RegressionShare: 1.1}, {RegressionShare: math.NaN()},
		{Groups: math.MaxInt, PairsPerGroup: 2}, {Level: "middle"}, {Windows: []int{4, 1}}, {NoChangeShare: 0.6, WrongTaskShare: 0.6},
		{WrongTaskShare: -0.1}, {NoChangeShare: math.NaN()},
	} {
		if _, err := NewPairs(fsys, episodes, opts); err == nil {
			t.Errorf("%+v: no error", opts)
		}
	}
	if _, err := NewPairs(fsys, episodes[2:3], PairOptions{}); !errors.Is(err, ErrNoPairs) {
		t.Errorf("an episode that stands still: %v", err)
	}
	if _, err := NewPairs(fsys, make([]Episode, 1), PairOptions{}); err == nil || !strings.Contains(err.Error(), "no frames") {
		t.Errorf("an empty episode: %v", err)
	}
	if _, err := NewPairs(fsys, nil, PairOptions{}); !errors.Is(err, ErrNoPairs) {
		t.Errorf("no episodes: %v", err)
	}
	bad := slices.Clone(episodes)
	bad[1].Cost = bad[1].Cost[1:]
	var ee *EpisodeError
	if _, err := NewPairs(fsys, bad, PairOptions{}); !errors.As(err, &ee) || ee.Scene != "s1" || ee.ID != "1" || !strings.Contains(err.Error(), "s1/1: 15 frames but 14 costs") {
		t.Errorf("%v", err)
	}
}

func TestSourceErrors(t *testing.T) {
	p, episodes := newPairs(t, PairOptions{Groups: 1})
	fsys, _ := mixed(t)
	broken := change(fsys, "broken.jpg", "not a picture")
	for _, src := range []Source{p, ValidationPairs(broken, episodes, ValidationOptions{})} {
		for _, i := range []int{-1, src.Len()} {
			var ie *IndexError
			if _, err := src.At(i); !errors.As(err, &ie) || ie.Index != i || ie.Len != src.Len() {
				t.Errorf("At(%d): %v", i, err)
			}
		}
		s, err := src.At(0)
		if err != nil {
			t.Fatal(err)
		}
		if img, err := src.Image(s.Img1); err != nil || img.Bounds().Dx() != 8 || img.Bounds().Dy() != 6 {
			t.Errorf("%s: %v", s.Img1, err)
		}
		for _, name := range []string{"broken.jpg", "none.jpg", "../out.jpg"} {
			var fe *FileError
			if _, err := src.Image(name); !errors.As(err, &fe) || fe.Path != name {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if _, err := p.Image("none.jpg"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
