package evaluate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
)

// lit is a source of lamps as bright as the last part of their path says.
type lit struct{ *dataset.List }

func (lit) Image(name string) (image.Image, error) {
	level, err := strconv.Atoi(path.Base(name))
	if err != nil {
		return nil, fs.ErrNotExist
	}
	img := image.NewGray(image.Rect(0, 0, 40, 30))
	for i := range img.Pix {
		img.Pix[i] = uint8(level)
	}
	return img, nil
}

// lampEpisode gets brighter as its costs fall from 250 to 0.
func lampEpisode(id string, costs ...float64) dataset.Episode {
	e := dataset.Episode{Scene: "lamp", ID: id, Task: "Light <b>the</b> lamp & \"wait\"", Plan: []string{"Turn on the lamp"}}
	for i, c := range costs {
		e.Frames = append(e.Frames, fmt.Sprintf("%s/%d/%d", id, i, 250-int(c)))
		e.Subtask = append(e.Subtask, count(c == 0))
		e.Cost = append(e.Cost, c)
	}
	return e
}

// lampEpisodes wander towards completion; not all get there.
func lampEpisodes(n int) (episodes []dataset.Episode) {
	rng := rand.New(rand.NewPCG(3, 4))
	for k := range n {
		cost := 200.0
		var costs []float64
		for range 20 + rng.IntN(20) {
			costs = append(costs, cost)
			cost = min(max(cost+math.Round(float64(2+10*(k%2))*rng.NormFloat64()-8), 0), 250)
		}
		if k%3 == 0 {
			costs = append(costs, 0)
		}
		episodes = append(episodes, lampEpisode(strconv.Itoa(k), costs...))
	}
	return episodes
}

// unsure is an oracle that errs: its log-odds and its curves have noise.
type unsure struct{ rng *rand.Rand }

func (u unsure) Judge(_ context.Context, p egotsr.Pair, _ *egotsr.JudgeOptions) (egotsr.Judgement, error) {
	return egotsr.Judgement{PImg1: sigmoid((u.level(p.Img1)-u.level(p.Img2))/20 + 2*u.rng.NormFloat64() + 0.3)}, nil
}

func (u unsure) Progress(_ context.Context, _ string, frames []image.Image) ([]float64, error) {
	values := make([]float64, len(frames))
	for i, f := range frames {
		values[i] = math.Round((u.level(f) + 30*u.rng.NormFloat64()) / 5) // ties
	}
	return values, nil
}

func (u unsure) Done(_ context.Context, _ string, frame image.Image) (float64, error) {
	return sigmoid((u.level(frame)-235)/10 + u.rng.NormFloat64()), nil
}

// track follows an episode, and is as unsure of that.
func (u unsure) track(t testing.TB, e *dataset.Episode) Tracked {
	k := Tracked{Scene: e.Scene, Episode: e.ID, Task: e.Task, Setback: setbacks(e), Success: slices.Index(succeeded(e), true)}
	for i, cost := range e.Cost {
		level := float64(250 - cost)
		k.Regress = append(k.Regress, i > 0 && cost > e.Cost[i-1]+8)
		k.Truth = append(k.Truth, 1-cost/slices.Max(e.Cost))
		k.Curve = append(k.Curve, level+40*u.rng.NormFloat64())
		s := egotsr.State{Progress: min(max((level+20*u.rng.NormFloat64())/250, 0), 1), Trend: egotsr.Trend(1 + u.rng.IntN(3)), Confidence: u.rng.Float64(), Subtask: -1}
		if cost <= 20*u.rng.Float64() {
			s.Trend = egotsr.Done
		}
		k.States = append(k.States, s)
	}
	if len(k.States) == 0 {
		t.Fatalf("episode %s has no frames", e.ID)
	}
	return k
}

func (unsure) level(m image.Image) float64 { return float64(m.(*image.Gray).Pix[0]) }

// fullReport has everything a report can have, of a judge that errs.
func fullReport(t testing.TB, dump io.Writer) (*Report, lit) {
	t.Helper()
	ctx, episodes := context.Background(), lampEpisodes(30)
	src := lit{dataset.ValidationPairs(nil, episodes, dataset.ValidationOptions{PerEpisode: 20, Seed: 1})}
	judge := unsure{rand.New(rand.NewPCG(5, 6))}
	last := func(s *dataset.Sample) string {
		k, _ := strconv.Atoi(s.Episode)
		return episodes[k].Frames[len(episodes[k].Frames)-1]
	}
	r, err := Pairs(ctx, judge, src, &Options{Name: "unsure", Seed: 1, Dump: dump, Last: last})
	if err != nil {
		t.Fatal(err)
	}
	options := &Options{Name: "unsure", Frames: 16, Seed: 1}
	r.Curves, err = Curves(ctx, judge, Episodes{episodes, src.Image}, options)
	if err != nil {
		t.Fatal(err)
	}
	if r.Done, err = Done(ctx, judge, Episodes{episodes, src.Image}, options); err != nil {
		t.Fatal(err)
	}
	r.Track = &TrackReport{Samples: "tracks", Seed: 1}
	for k := range episodes {
		r.Track.Episodes = append(r.Track.Episodes, judge.track(t, &episodes[k]))
	}
	r.Track.measure("tracker")
	r.Track.Bad = []BadSample{{Index: 99, Reason: "gone"}}
	r.Plans = &PlanReport{Samples: "plans", Tasks: map[string]PlanScore{}, Faults: map[string]int{}}
	for k, got := range [][]string{{"Find it.", "Light it."}, {"Light it.", "Find it."}, {"Find it."}, nil} {
		item := PlanItem{Index: k, Task: "Light the lamp", Image: "a", Want: []string{"Find it.", "Light it."}, Got: got, Faults: []string{"unmet affordance"}}
		score := PlanScore{Asked: 1, Impossible: 1, Edits: 2}
		if got != nil {
			score, item.Faults = PlanScore{Asked: 1}, faults(got, item.Want)
			score.compare(got, item.Want)
		}
		r.Plans.add(&item, score)
	}
	return r, src
}

func TestReportJSON(t *testing.T) {
	var dump, again bytes.Buffer
	r, _ := fullReport(t, &dump)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := fullReport(t, &again)
	text2, err := json.Marshal(other)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), string(text2)) + cmp.Diff(dump.String(), again.String()); diff != "" {
		t.Errorf("the same measurement gave another report\n%s", diff)
	}
	var back struct {
		Manifest Manifest
		Report
	}
	if err := json.Unmarshal(text, &back); err != nil || back.Manifest != r.Manifest() || len(back.Mistakes) != 8 || len(back.Curves.Episodes) != 30 || len(back.Plans.Items) != 4 {
		t.Errorf("%v: %+v", err, back.Manifest)
	}
	if diff := cmp.Diff(r.Systems, back.Systems) + cmp.Diff(r.Curves, back.Curves) + cmp.Diff(r.Done, back.Done) + cmp.Diff(r.Track, back.Track) + cmp.Diff(r.Plans, back.Plans); diff != "" {
		t.Errorf("read back: -want +got\n%s", diff)
	}
	for i := range r.Mistakes {
		if m := &r.Mistakes[i]; m.right(m.P()) || i > 0 && max(m.P(), 1-m.P()) > max(r.Mistakes[i-1].P(), 1-r.Mistakes[i-1].P()) {
			t.Errorf("mistake %d: %+v", i, m)
		}
	}
	var table strings.Builder
	if err := r.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"pixels like the last", "curves: unsure", "with setbacks", "place in the recording", "Light the lamp", "wrong plans: 1 missing step, 1 unmet affordance, 1 wrong order",
		"tracker: correlation with true progress", "setbacks noticed within 5 frames", "1 episodes could not be read, the first: gone", "report " + r.Manifest().ID, "short, 1–3 frames"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q", want)
		}
	}
}

// TestReportOfNothing: a report without answers is one, but no page can be made of it. An order without an answer is null.
func TestReportOfNothing(t *testing.T) {
	nan := math.NaN()
	one := Item{Task: "t", Img1: "a", Img2: "b", Closer: dataset.Img2, Asked: 0.9, Swapped: nan}
	for name, c := range map[string]struct {
		items []Item
		page  bool
	}{"nil": {nil, false}, "no answer": {[]Item{{Asked: nan, Swapped: nan}}, false}, "one order": {[]Item{one}, true}} {
		r := NewReport(c.items, nil)
		text, err := json.Marshal(r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.page != bytes.Contains(text, []byte(`"p_swapped":null`)) {
			t.Errorf("%s: %s", name, text)
		}
		if err := r.WriteTable(io.Discard); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := r.WriteHTML(io.Discard, nil); !c.page {
			wantInput(t, err, "report")
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestManifest(t *testing.T) {
	r, _ := fullReport(t, nil)
	m := r.Manifest()
	r.Checkpoint = "abc"
	if n := r.Manifest(); n.Questions != m.Questions || n.ID == m.ID || n.Checkpoint != "abc" {
		t.Errorf("another checkpoint: %+v, %+v", m, n)
	}
	for what, change := range map[string]func(){
		"samples": func() { r.Samples += "x" },
		"options": func() { r.Options.Explain = true },
		"curves":  func() { r.Curves = nil },
		"done":    func() { r.Done.Samples += "x" },
		"plans":   func() { r.Plans.Samples = "others" },
		"track":   func() { r.Track.Samples = "others" },
		"seed":    func() { r.Track.Seed++ },
	} {
		before := r.Manifest()
		if change(); r.Manifest().Questions == before.Questions {
			t.Errorf("other %s, the same questions", what)
		}
	}
	files := fstest.MapFS{"config.json": {Data: []byte("{}")}, "model.safetensors": {Data: []byte("w")}, "README.md": {Data: []byte("a")}}
	one, err := HashCheckpoint(files)
	if err != nil || len(one) != 16 {
		t.Fatal(one, err)
	}
	files["README.md"] = &fstest.MapFile{Data: []byte("b")}
	if same, _ := HashCheckpoint(files); same != one {
		t.Error("the README counts")
	}
	files["model.safetensors"] = &fstest.MapFile{Data: []byte("v")}
	if other, _ := HashCheckpoint(files); other == one {
		t.Error("the weights do not count")
	}
	if _, err := HashCheckpoint(os.DirFS("no such folder")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestPixelBaseline(t *testing.T) {
	// Lamps that brighten and dim: the last frame is as dark as the second.
	e := lampEpisode("0", 250, 150, 20, 150)
	src := lit{dataset.ValidationPairs(nil, []dataset.Episode{e}, dataset.ValidationOptions{})}
	r, err := Pairs(context.Background(), &oracle{}, src, &Options{Last: func(*dataset.Sample) string { return e.Frames[3] }})
	if err != nil {
		t.Fatal(err)
	}
	// Levels 0, 100, 230, 100. Right: 0–1, 0–3. Wrong: 0–2 (100 away, and 130), 1–2 and 2–3.
	if s := r.Systems[4]; s.Name != "pixels like the last" || s.Groups[0].Pairs != 5 || s.Groups[0].Right != 0.4 {
		t.Errorf("%+v", s.Groups)
	}
	if d := r.items[0].Distance; d != [2]float64{100, 0} && math.Abs(d[0]-100)+d[1] > 1e-9 {
		t.Errorf("distance %v", d)
	}
	r, err = Pairs(context.Background(), &oracle{}, src, &Options{Last: func(*dataset.Sample) string { return "" }})
	if err != nil || len(r.Systems) != 4 {
		t.Errorf("without: %v", err)
	}
	_, err = Pairs(context.Background(), &oracle{}, src, &Options{Last: func(*dataset.Sample) string { return "gone" }})
	wantInput(t, err, "source")
}

// TestAnswers: rows in either order find their pairs, and what does not fit is counted.
func TestAnswers(t *testing.T) {
	pairs := func() *Report {
		samples := []dataset.Sample{}
		for i := range 4 {
			samples = append(samples, dataset.Sample{Task: "t", Img1: fmt.Sprintf("a/%d", i), Img2: fmt.Sprintf("a/%d", i+1), Frame1: i, Frame2: i + 1, Window: 1, Closer: dataset.Img2, Episode: "1", Level: dataset.LevelShort})
		}
		r, err := Pairs(context.Background(), &oracle{}, lit{dataset.NewList(nil, samples)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	add := func(r *Report, csv string) error {
		rows, err := dataset.Open(fstest.MapFS{"r.csv": {Data: []byte("\ufeffvideo_path1,video_path2,task_name,target\n" + csv)}}, nil, "r.csv")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		return r.AddAnswers("theirs", rows)
	}
	r := pairs()
	err := add(r, "a/0,a/1,t,img2\n./a/1,a/0,t,img2\n"+ // both orders of pair 0: right, then wrong
		"a/2,_/a/1,t,img1\n"+ // pair 1, swapped: right
		"a/2,a/3,t,img1\n"+ // pair 2: wrong
		"a/2,a/3,t,img2\n"+ // again
		"a/2,a/3,u,img2\n"+ // another task
		"a/3,a/4,t,unclear\na/4,a/3,t,\n")
	if err != nil {
		t.Fatal(err)
	}
	s := r.Systems[len(r.Systems)-1]
	if diff := cmp.Diff(&Answers{Rows: 8, Unreadable: 2, Extra: 2, Missing: 1}, s.Answers); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	want := Group{Name: GroupAll, Pairs: 3, Forwards: 2, Inverses: 2, Both: 1, Forward: 0.5, Inverse: 0.5, Right: 1. / 3, Interval: s.Groups[0].Interval}
	if diff := cmp.Diff(want, s.Groups[0]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
	// One order alone has no Gap.
	if err := add(r, "a/0,a/1,t,img2\n"); err != nil || r.Systems[len(r.Systems)-1].Groups[0].cells()[3] != "–" {
		t.Errorf("%v", err)
	}
	n := len(r.Systems)
	wantInput(t, add(r, "a/7,a/8,t,img2\n"), "answers")
	wantInput(t, add(&Report{}, "a/0,a/1,t,img2\n"), "report")
	if len(r.Systems) != n {
		t.Error("a failed addition left something")
	}
}

// outside finds what would make a browser fetch something: any address, once pictures are taken out.
var outside = regexp.MustCompile(`(?i)(https?:|//[a-z]|url\(|@import|<script|<link|<iframe|<object|<embed|\b(?:src|href)=)`)

var pictures = regexp.MustCompile(`src="data:image/jpeg;base64,[^"]*"`)

func TestWriteHTML(t *testing.T) {
	r, src := fullReport(t, nil)
	var with, without bytes.Buffer
	if err := errors.Join(r.WriteHTML(&with, src.Image), r.WriteHTML(&without, nil)); err != nil {
		t.Fatal(err)
	}
	if found := outside.Find(pictures.ReplaceAll(with.Bytes(), nil)); found != nil {
		t.Errorf("the page refers to %q", found)
	}
	text := with.String()
	if n := strings.Count(text, `src="data:image/jpeg;base64,`); n != 16 || strings.Contains(without.String(), "<img") || strings.Contains(text, "ZgotmplZ") {
		t.Errorf("%d pictures", n)
	}
	for _, want := range []string{"Light &lt;b&gt;the&lt;/b&gt; lamp", "Reliability", "Worst mistakes", "Success detection", "<h2>Tracking</h2>", "never done where the task failed", "Setbacks noticed", "1 unmet affordance",
		"<dt>could not be read</dt><dd>1</dd>", "prefers-color-scheme: dark", r.Manifest().ID, `name="viewport"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Count(text, "<svg") != 3+6+6 {
		t.Errorf("%d plots", strings.Count(text, "<svg"))
	}
	few := &Report{Systems: r.Systems[:1], Mistakes: []Item{{Img1: "gone", Img2: "a/gone", Closer: dataset.Img2}}}
	if err := few.WriteHTML(&without, src.Image); err != nil {
		t.Errorf("pairs alone: %v", err)
	}
	wantInput(t, (&Report{}).WriteHTML(&without, nil), "report")
}

// TestReportPython has scipy and scikit-learn work the figures out again, where EGOTSR_SKLEARN names a Python that has them.
func TestReportPython(t *testing.T) {
	python := os.Getenv("EGOTSR_SKLEARN")
	if python == "" {
		t.Skip("EGOTSR_SKLEARN is not set: make check-metrics sets it")
	}
	var dump bytes.Buffer
	r, _ := fullReport(t, &dump)
	dir := t.TempDir()
	check := func() ([]byte, error) {
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		report, items := filepath.Join(dir, "report.json"), filepath.Join(dir, "items.jsonl")
		if err := errors.Join(os.WriteFile(report, text, 0o644), os.WriteFile(items, dump.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
		return exec.Command(python, "../scripts/check_report.py", report, items).CombinedOutput()
	}
	out, err := check()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	r.Curves.Systems[0].Groups[1].Tau.Value += 1e-6
	r.Done.Systems[0].Interval[0] -= 0.1
	r.Track.Curves[1].Median += 1e-6
	r.Track.Alarms.N++
	r.Plans.All.Edits++
	r.Plans.Faults["missing step"]++
	if out, err := check(); err == nil || bytes.Count(out, []byte("not ")) != 6 {
		t.Errorf("wrong figures pass: %s", out)
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		n, most int
		want    []int
	}{{1, 8, []int{0}}, {3, 8, []int{0, 1, 2}}, {10, 4, []int{0, 3, 6, 9}}, {5, 1, []int{0, 4}}, {100, 3, []int{0, 49, 99}}} {
		if got := spread(c.n, c.most); !slices.Equal(got, c.want) {
			t.Errorf("%d of %d: %v", c.most, c.n, got)
		}
	}
}
