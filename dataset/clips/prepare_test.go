package clips

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/simtest"
)

// TestMain lets the test program run itself as the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("EGOTSR_TEST_PREPARE"); dir != "" {
		recordings, _, err := AgiBot(filepath.Join(dir, "source"))
		if err == nil {
			_, err = Prepare(context.Background(), recordings, filepath.Join(dir, "out"), &Options{Every: 2, Workers: 3})
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// source writes scenes of episodes of n frames; frame i of an episode is a picture with value i, so that its bytes tell
// which it is. Actions are [0, n/2) "Pick." and [n/2, n) "Place.".
func source(t testing.TB, scenes, episodes, n int, cameras ...string) string {
	t.Helper()
	root := t.TempDir()
	for s := range scenes {
		var infos []any
		for e := range episodes {
			infos = append(infos, info(e, n))
			for _, camera := range append(cameras, "")[:max(1, len(cameras))] {
				dir := filepath.Join(root, "observation", fmt.Sprint("s", s), fmt.Sprint(e), camera)
				for i := range n {
					put(t, filepath.Join(dir, fmt.Sprintf("frame_%d.png", i)), picture(t, i, e, len(camera)))
				}
			}
		}
		putJSON(t, filepath.Join(root, "task_info", fmt.Sprintf("s%d.json", s)), infos)
	}
	return root
}

func info(episode, n int) any {
	return map[string]any{"episode_id": episode, "task_name": "tidy", "label_info": map[string]any{"action_config": []any{
		map[string]any{"start_frame": 0, "end_frame": n / 2, "action_text": "Pick.", "skill": "Pick"},
		map[string]any{"start_frame": n / 2, "end_frame": n, "action_text": "Place.", "skill": "Place"},
	}}}
}

func picture(t testing.TB, values ...int) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	for i, v := range values {
		img.Pix[i] = uint8(v)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func put(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
		t.Fatal(err)
	}
}

func putJSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	put(t, path, data)
}

func prepare(t testing.TB, root, out string, o *Options) *Report {
	t.Helper()
	recordings, skipped, err := AgiBot(root)
	if err != nil || len(skipped) > 0 {
		t.Fatal(skipped, err)
	}
	report, err := Prepare(context.Background(), recordings, out, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// tree is a folder's files by path, with a hash of each and its time where wanted.
func tree(t testing.TB, dir string, times bool) (lines []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		line := fmt.Sprintf("%s %x", rel, sha256.Sum256(data))
		if info, err := d.Info(); err == nil && times {
			line += info.ModTime().String()
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestPrepareArguments: what cannot be is refused before anything is written, in the working directory least of all.
func TestPrepareArguments(t *testing.T) {
	t.Chdir(t.TempDir())
	recordings := []Recording{{Scene: "s", Episode: "1", Task: "t", Images: []string{"0.png"}, Actions: []Action{{End: 1, Text: "a"}}}}
	if _, err := Prepare(t.Context(), recordings, "", nil); err == nil || !strings.Contains(err.Error(), "out is empty") {
		t.Error(err)
	}
	for _, o := range []Options{{Every: -1}, {Workers: -1}, {Least: 3, Drop: 4}} {
		if _, err := Prepare(t.Context(), recordings, "out", &o); err == nil || !strings.Contains(err.Error(), "Options.Every") {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
}

// TestPrepare: the layout, every frame in its clip, and a reader that finds it all again.
func TestPrepare(t *testing.T) {
	root, out := source(t, 2, 3, 100), t.TempDir()
	before := tree(t, root, true)
	steps := ""
	report := prepare(t, root, out, &Options{Every: 2, Progress: func(done, total int) { steps += fmt.Sprintf("%d/%d ", done, total) }})
	// Clips of 25 frames lose 7.
	if len(report.Failed) != 0 || steps != "1/6 2/6 3/6 4/6 5/6 6/6 " || report.Recordings != 6 || report.Clips != 12 || report.Frames != 6*36 || report.Dropped[droppedEnd] != 6*14 {
		t.Errorf("%v, %s", report, steps)
	}
	if !slices.Equal(before, tree(t, root, true)) {
		t.Error("the source has changed")
	}
	for i := range 50 {
		name := filepath.Join(out, "clips", "s1", "2", []string{"Pick.", "Place."}[i/25], fmt.Sprintf("%05d.png", i))
		data, err := os.ReadFile(name)
		if dropped := i%25 >= 18; dropped != errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		} else if !dropped && !bytes.Equal(data, picture(t, 2*i, 2, 0)) {
			t.Errorf("%s is another frame", name)
		}
	}
	episodes, err := dataset.Short(os.DirFS(out))
	if err != nil || len(episodes) != 6 {
		t.Fatalf("%d episodes, %v", len(episodes), err)
	}
	want := dataset.Episode{Scene: "s1", ID: "2", Task: "tidy", Plan: []string{"Pick.", "Place."}}
	for k, action := range want.Plan {
		for i := range 18 {
			want.Frames = append(want.Frames, fmt.Sprintf("clips/s1/2/%s/%05d.png", action, 25*k+i))
			want.Numbers, want.Subtask = append(want.Numbers, 25*k+i), append(want.Subtask, k)
		}
	}
	if diff := cmp.Diff(want, episodes[5]); diff != "" {
		t.Error(diff)
	}
}

// TestIdempotent: a second run touches nothing; a changed option, annotation or frame redoes what it concerns.
func TestIdempotent(t *testing.T) {
	root, out := source(t, 1, 2, 40), t.TempDir()
	prepare(t, root, out, &Options{Every: 1})
	first := tree(t, out, true)
	if r := prepare(t, root, out, &Options{Every: 1}); r.AsItWas != 2 || r.Frames != 2*26 || !slices.Equal(first, tree(t, out, true)) {
		t.Errorf("a second run changed something: %v", r)
	}
	put(t, filepath.Join(root, "observation", "s0", "1", "frame_3.png"), picture(t, 77))
	if r := prepare(t, root, out, &Options{Every: 1}); r.AsItWas != 1 {
		t.Errorf("one frame has changed: %v", r)
	}
	if data, err := os.ReadFile(filepath.Join(out, "clips", "s0", "1", "Pick.", "00003.png")); err != nil || !bytes.Equal(data, picture(t, 77)) {
		t.Errorf("the changed frame is not there: %v", err)
	}
	if r := prepare(t, root, out, &Options{Every: 1, Drop: -1}); r.AsItWas != 0 || r.Frames != 80 {
		t.Errorf("other options: %v", r)
	}
	fresh := t.TempDir()
	prepare(t, root, fresh, &Options{Every: 1, Drop: -1, Workers: 1})
	if !slices.Equal(tree(t, fresh, false), tree(t, out, false)) {
		t.Error("what was redone differs from what is made anew")
	}
}

// TestKilled: killed at random moments and run again, the result is that of a run left alone, byte for byte.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	root := source(t, 3, 4, 60)
	if err := os.Rename(root, filepath.Join(dir, "source")); err != nil {
		t.Fatal(err)
	}
	kills, rounds := simtest.Pick(4, 20), 0
	child := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "EGOTSR_TEST_PREPARE="+dir)
		cmd.Stderr = os.Stderr
		return cmd
	}
	start := time.Now()
	if err := child().Run(); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(start)
	want := tree(t, filepath.Join(dir, "out"), false)
	if len(want) != 12*(30+2) { // clips of 15 frames lose none; and a mark, and the list of what was written
		t.Fatalf("%d files", len(want))
	}
	rng := rand.New(rand.NewPCG(4, 4))
	for rounds < kills {
		if err := os.RemoveAll(filepath.Join(dir, "out")); err != nil {
			t.Fatal(err)
		}
		for range 4 { // several kills on one output, then to the end
			cmd := child()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			// Up to the time of a whole run: in the middle of clips, between them, and after the end.
			time.Sleep(time.Duration(rng.Int64N(int64(whole))))
			cmd.Process.Kill()
			cmd.Wait()
			rounds++
		}
		if err := child().Run(); err != nil {
			t.Fatal(err)
		}
		if got := tree(t, filepath.Join(dir, "out"), false); !slices.Equal(got, want) {
			t.Fatalf("after %d kills: %d files, want %d, or other bytes", rounds, len(got), len(want))
		}
	}
}

func TestCameras(t *testing.T) {
	root, out := source(t, 1, 1, 40, "hand", "head"), t.TempDir()
	if r := prepare(t, root, out, &Options{Every: 1}); r.Recordings != 2 || r.Clips != 4 {
		t.Errorf("%v", r)
	}
	for _, camera := range []string{"hand", "head"} {
		if _, err := os.Stat(filepath.Join(out, "clips", "s0", "0", camera, "Pick.", "00000.png")); err != nil {
			t.Error(err)
		}
	}
	episodes, err := dataset.Short(os.DirFS(out))
	if err != nil || len(episodes) != 2 || episodes[0].Camera != "hand" || episodes[1].Camera != "head" {
		t.Errorf("%+v, %v", episodes, err)
	}
	one := t.TempDir()
	if r := prepare(t, root, one, &Options{Every: 1, Camera: "head"}); r.Recordings != 1 {
		t.Errorf("%v", r)
	}
	if _, err := os.Stat(filepath.Join(one, "clips", "s0", "0", "Place.", "00020.png")); err != nil {
		t.Errorf("one camera's clips have no folder of its own: %v", err)
	}
}

// TestOtherCameras: an output made with another choice of cameras is left alone, and said so.
func TestOtherCameras(t *testing.T) {
	root, out := source(t, 1, 1, 40, "hand", "head"), filepath.Join(t.TempDir(), "[x")
	put(t, filepath.Join(root, "observation", "s0", "0", "thumb.png"), picture(t, 1)) // no camera's
	for _, order := range [][]string{{"", "head"}, {"head", ""}} {
		out := out + order[0]
		prepare(t, root, out, &Options{Every: 1, Camera: order[0]})
		put(t, filepath.Join(out, "clips", "s0", ".0.writing-1", "x"), nil)
		before := tree(t, filepath.Join(out, "clips", "s0", "0"), true)
		if r := prepare(t, root, out, &Options{Every: 1, Camera: order[1]}); len(r.Failed) != r.Recordings || !strings.Contains(r.String(), "choice of cameras") {
			t.Errorf("%q: %v", order, r)
		}
		if !slices.Equal(before, tree(t, filepath.Join(out, "clips"), true)) && !slices.Equal(before, tree(t, filepath.Join(out, "clips", "s0", "0"), true)) {
			t.Errorf("%q: the clips have changed", order)
		}
		if _, err := os.Stat(filepath.Join(out, "clips", "s0", ".0.writing-1")); err == nil {
			t.Error("what was left behind was left alone")
		}
	}
}

// TestSceneWithoutAnnotation: its episodes are told of, those of other scenes are read.
// TestPrepareLeavesOthersAlone: a file among the clips, or in an episode's place, that no run has written stays as it is, and so does the
// episode that it lies in, whose file goes on to stand for its clips.
func TestPrepareLeavesOthersAlone(t *testing.T) {
	root, out := source(t, 1, 2, 40, "head"), t.TempDir()
	prepare(t, root, out, &Options{Every: 2, Camera: "head"})
	put(t, filepath.Join(out, "clips", "s0", "0", "notes.md"), []byte("mine"))
	put(t, filepath.Join(out, "episodes", "s0", "1.json"), []byte(`{"source":"mine","task":"x"}`))
	before := tree(t, out, false)
	recordings, _, err := AgiBot(root)
	if err != nil {
		t.Fatal(err)
	}
	report, err := Prepare(t.Context(), recordings, out, &Options{Every: 3, Camera: "head"})
	if err != nil || len(report.Failed) != 2 {
		t.Fatal(report, err)
	}
	if text := report.String(); !strings.Contains(text, "notes.md") || !strings.Contains(text, "1.json is there already") {
		t.Error(text)
	}
	if diff := cmp.Diff(before, tree(t, out, false)); diff != "" {
		t.Error(diff)
	}
}

// TestProgressPanics: what Progress panics with ends the run, and not the process.
func TestProgressPanics(t *testing.T) {
	recordings, _, err := AgiBot(source(t, 1, 3, 40))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Prepare(t.Context(), recordings, t.TempDir(), &Options{Progress: func(int, int) { panic("hostile") }})
	if err == nil || !strings.Contains(err.Error(), "Options.Progress panicked") {
		t.Error(err)
	}
}

func TestSceneWithoutAnnotation(t *testing.T) {
	root := source(t, 3, 2, 10)
	if err := os.Remove(filepath.Join(root, "task_info", "s0.json")); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(root, "task_info", "s1.json"), []byte("[{"))
	recordings, skipped, err := AgiBot(root)
	if err != nil || len(recordings) != 2 || len(skipped) != 4 || !errors.Is(skipped[0], fs.ErrNotExist) || !strings.Contains(skipped[3].Error(), "s1.json") {
		t.Errorf("%d recordings, %v, %v", len(recordings), skipped, err)
	}
}

// TestSameText: two actions with one text stay two clips, and two places in the plan.
func TestSameText(t *testing.T) {
	root, out := source(t, 1, 1, 40), t.TempDir()
	recordings, _, err := AgiBot(root)
	if err != nil {
		t.Fatal(err)
	}
	recordings[0].Actions = []Action{{Start: 20, End: 30, Text: "Pick."}, {Start: 0, End: 10, Text: "Pick."}, {Start: 12, End: 12, Text: "Wait."}, {Start: 30, End: 40, Text: "Retrieve it."}}
	if _, err := Prepare(context.Background(), recordings, out, &Options{Every: 1, Least: 5, Drop: 2}); err != nil {
		t.Fatal(err)
	}
	episodes, err := dataset.Short(os.DirFS(out))
	if err != nil {
		t.Fatal(err)
	}
	e := episodes[0]
	if !slices.Equal(e.Plan, []string{"Pick.", "Wait.", "Pick.", "Retrieve it."}) {
		t.Errorf("plan %q", e.Plan)
	}
	count := map[string]int{}
	for i, f := range e.Frames {
		count[fmt.Sprint(filepath.Base(filepath.Dir(f)), e.Subtask[i])]++
	}
	if fmt.Sprint(count) != "map[Pick. (2)0:8 Pick.2:8 Retrieve it.3:10]" {
		t.Errorf("%v", count)
	}
}

// TestBeyondTheEnd: an action annotated where nothing is recorded is named, this time and the next, and not prepared.
func TestBeyondTheEnd(t *testing.T) {
	root, out := source(t, 1, 1, 40), t.TempDir()
	recordings, _, err := AgiBot(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		every   int
		actions []Action
		kept    int
		leftOut string
	}{
		{1, []Action{{End: 20, Text: "Pick."}, {Start: 20, End: 41, Text: "Place."}}, 20, `left out: clips: episode s0/0: action "Place.", frames 20 to 41, goes beyond the end of the recording, which has 40 frames`},
		{10, []Action{{End: 20, Text: "Pick."}, {Start: 20, End: 60, Text: "Place."}}, 2, "which has about 40 frames"},
		{10, []Action{{End: 20, Text: "Pick."}, {Start: 20, End: 49, Text: "Place."}}, 4, ""},
		{1, []Action{{End: 20, Text: "Pick."}, {Start: 90, End: 99, Text: "Wait."}}, 20, `"Wait."`},
		{1, []Action{{Start: 40, End: 60, Text: "Pick."}}, 0, `failed: clips: episode s0/0: no frame lies in an action; action "Pick.", frames 40 to 60`},
	} {
		recordings[0].Actions = c.actions
		for range 2 {
			report, err := Prepare(t.Context(), recordings, out, &Options{Every: c.every, Drop: -1})
			if err != nil || report.Frames != c.kept || !strings.Contains(report.String(), c.leftOut) || c.leftOut == "" && len(report.LeftOut) > 0 {
				t.Errorf("%v: %v, %v", c.actions, report, err)
			}
		}
		if c.kept == 0 {
			continue
		}
		episodes, err := dataset.Short(os.DirFS(out))
		if err != nil || len(episodes) != 1 || len(episodes[0].Plan) != 1 && c.leftOut != "" {
			t.Errorf("%v: %v, %v", c.actions, episodes, err)
		}
	}
	if _, err := Prepare(t.Context(), recordings, out, &Options{Camera: "third"}); err == nil || !strings.Contains(err.Error(), `camera "third"`) {
		t.Errorf("a camera that is not there: %v", err)
	}
}

// TestBadRecordings: each is reported, and the others are prepared.
func TestBadRecordings(t *testing.T) {
	root, out := source(t, 1, 3, 40), t.TempDir()
	put(t, filepath.Join(root, "observation", "s0", "9", "frame_0.png"), picture(t, 0)) // not annotated
	putJSON(t, filepath.Join(root, "task_info", "s0.json"), []any{info(0, 40), info(1, 0), info(2, 40), info(5, 40)})
	recordings, skipped, err := AgiBot(root)
	if err != nil || len(skipped) != 2 || skipped[0].Episode != "9" || skipped[1].Episode != "5" {
		t.Errorf("%v, %v", skipped, err)
	}
	put(t, filepath.Join(root, "x.mp4"), []byte("no video"))
	recordings = append(recordings, Recording{Scene: "s0", Episode: "7", Video: filepath.Join(root, "x.mp4"), Actions: []Action{{End: 9, Text: "a"}}})
	report, err := Prepare(context.Background(), recordings, out, &Options{Every: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Failed) != 2 || report.Failed[0].Episode != "1" || report.Failed[1].Episode != "7" || report.Clips != 4 {
		t.Errorf("%v", report)
	}
	if !strings.Contains(report.String(), "s0/1: no frame lies in an action") {
		t.Errorf("%v", report)
	}
	if left := tree(t, filepath.Join(out, "clips", "s0"), false); slices.ContainsFunc(left, func(l string) bool { return !strings.HasPrefix(l, "0/") && !strings.HasPrefix(l, "2/") }) {
		t.Errorf("left behind: %v", left)
	}
	t.Setenv("PATH", "")
	report, err = Prepare(context.Background(), recordings[3:], t.TempDir(), nil)
	if err != nil || len(report.Failed) != 1 || !errors.Is(report.Failed[0], ErrNoFFmpeg) || !strings.Contains(report.Failed[0].Error(), "ffmpeg") {
		t.Errorf("without ffmpeg: %v, %v", report, err)
	}
	bad := []Recording{{Scene: "..", Episode: "1"}, {Scene: "a", Episode: "b/c"}, {Scene: "a", Episode: "b", Camera: "../x"}, recordings[0], recordings[0]}
	bad[3].Truth = &dataset.Episode{Frames: make([]string, 40), Subtask: make([]int, 40), Cost: make([]float64, 5)}
	named := recordings[0]
	named.Camera = "head" // would lie inside the folder of the one without a name
	if report, err = Prepare(context.Background(), append(bad, named), t.TempDir(), nil); err != nil || len(report.Failed) != 6 {
		t.Errorf("%v, %v", report, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Prepare(ctx, recordings, t.TempDir(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestSimulated: the shared episodes keep the truth about every frame.
func TestSimulated(t *testing.T) {
	for name, n := range map[string]int{"episodes": 96, "episodes_long": 12} {
		t.Run(name, func(t *testing.T) { keepsTruth(t, filepath.Join("..", "..", "..", "shared", name), n) })
	}
}

func keepsTruth(t *testing.T, root string, n int) {
	if _, err := os.Stat(root); err != nil {
		t.Skip("no shared episodes")
	}
	recordings, skipped, err := AgiBot(root)
	if err != nil || len(skipped) > 0 || len(recordings) != n {
		t.Fatal(len(recordings), skipped, err)
	}
	out := t.TempDir()
	if r, err := Prepare(context.Background(), recordings[:12], out, &Options{Every: 1, Drop: -1}); err != nil || len(r.Failed) > 0 {
		t.Fatal(r, err)
	}
	got, err := dataset.Short(os.DirFS(out))
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := dataset.Simulated(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 12 {
		t.Fatalf("%d episodes", len(got))
	}
	for i, e := range got {
		w := want[i]
		if len(e.Frames) != len(w.Frames) {
			t.Errorf("episode %s/%s: %d frames of %d", e.Scene, e.ID, len(e.Frames), len(w.Frames))
		}
		e.Frames, e.Numbers, w.Frames = nil, nil, nil // clips have names of their own
		if diff := cmp.Diff(w, e); diff != "" {
			t.Errorf("episode %s/%s: %s", e.Scene, e.ID, diff)
		}
	}
}
