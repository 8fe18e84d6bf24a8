package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	beamlog "github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/simtest"
)

// asProgram in the environment makes the test binary the program.
const asProgram = "EGOTSR_FLEET"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	flag.Parse()
	register()
	beamlog.SetupLogging("error", "text")
	beam.Init()
	os.Exit(m.Run())
}

// program is the program in a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// small is a job that takes no time: a tiny checkpoint and made-up episodes.
func small(t *testing.T) Job {
	return Job{Out: filepath.Join(t.TempDir(), "out"), Model: "../testdata/tiny", Backend: "go", Every: 1, Frames: 5, Pairs: 8, Workers: 2, Seed: 1, Name: "egotsr"}
}

// recordings makes up four episodes of two tasks.
func recordings(t *testing.T) (dir string, source []Source) {
	dir = t.TempDir()
	simtest.Write(t, dir, "Lift the cup", "Open [the] drawer?")
	return dir, []Source{{"data", dir}}
}

// outcome runs a job and gives everything in its folder.
func outcome(t *testing.T, j Job, sources []Source) (files map[string]string, printed string) {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), j, sources, &out); err != nil {
		t.Fatal(err)
	}
	return tree(t, j.Out), out.String()
}

// tree has a folder's files by name.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// times are when a folder's files were written.
func times(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	at := map[string]int64{}
	for name := range tree(t, dir) {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		at[name] = info.ModTime().UnixNano()
	}
	return at
}

// TestJob: the outcome is the same by any number of workers, in any pieces, and a second run does nothing.
func TestJob(t *testing.T) {
	_, source := recordings(t)
	j := small(t)
	want, printed := outcome(t, j, source)
	for _, says := range []string{"4 recordings, 20 frames", "32 pairs judged, 32 labelled", "0 dead letters", "4 recordings judged", "48 frames", "32 verdicts", "milliseconds of model time"} {
		if !strings.Contains(printed, says) {
			t.Errorf("no %q in\n%s", says, printed)
		}
	}
	was := times(t, j.Out)
	again, printed := outcome(t, j, source)
	if diff := cmp.Diff(want, again) + cmp.Diff(was, times(t, j.Out)); diff != "" || !strings.Contains(printed, "4 recordings that had their answers") || strings.Contains(printed, "recordings judged") {
		t.Errorf("a second run: %s\n%s", printed, diff)
	}
	for _, workers := range []int{1, 4} {
		other := j
		other.Out, other.Workers = filepath.Join(t.TempDir(), "out"), workers
		got, _ := outcome(t, other, source)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d workers: %s", workers, diff)
		}
	}
	for _, gone := range []string{"recordings/scene1/0", "recordings/scene0/1/answers.json", "result/progress.csv"} {
		if err := os.RemoveAll(filepath.Join(j.Out, gone)); err != nil {
			t.Fatal(err)
		}
		got, _ := outcome(t, j, source)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("without %s: %s", gone, diff)
		}
	}
	j.Seed++
	if got, _ := outcome(t, j, source); got["result/report.json"] == want["result/report.json"] || got["result/progress.csv"] != want["result/progress.csv"] {
		t.Error("other pairs were not judged, or change a curve")
	}
}

// TestAlone: what is said of a recording does not depend on one that was judged before and shows some of its frames. On one core, at
// least, what nano sees in a frame depends in the last digits on what else is encoded with it.
func TestAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	frames, err := filepath.Glob("../examples/progress/frames/*.jpg")
	if err != nil || len(frames) < 8 {
		t.Fatal(frames, err)
	}
	dir := t.TempDir()
	var episodes []map[string]any
	record := func(id, frames int, from []string) {
		folder := filepath.Join(dir, "observation/scene", fmt.Sprint(id))
		err := os.MkdirAll(folder, 0o755)
		for k, frame := range from[:frames] {
			data, bad := os.ReadFile(frame)
			err = errors.Join(err, bad, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%06d.jpg", k)), data, 0o644))
		}
		episodes = append(episodes, map[string]any{"episode_id": id, "task_name": "Open a drawer", "label_info": map[string]any{
			"action_config": []any{map[string]any{"start_frame": 0, "end_frame": frames, "action_text": "Open the drawer."}}}})
		text, bad := json.Marshal(episodes)
		err = errors.Join(err, bad, os.MkdirAll(filepath.Join(dir, "task_info"), 0o755), os.WriteFile(filepath.Join(dir, "task_info/scene.json"), text, 0o644))
		if err != nil {
			t.Fatal(err)
		}
	}
	j := small(t)
	j.Model, j.Frames, j.Pairs = "", 8, 0
	source := []Source{{"data", dir}}
	record(1, 3, frames)
	outcome(t, j, source)
	record(2, 8, frames)
	after, _ := outcome(t, j, source)
	if err := os.RemoveAll(filepath.Join(dir, "observation/scene/1")); err != nil {
		t.Fatal(err)
	}
	j.Out = filepath.Join(t.TempDir(), "out")
	alone, _ := outcome(t, j, source)
	const name = "recordings/scene/2/answers.json"
	if diff := cmp.Diff(alone[name], after[name]); diff != "" || alone[name] == "" {
		t.Error(diff)
	}
}

// TestSamples: what is written are samples that the library reads, with images, and the verdict as the answer.
func TestSamples(t *testing.T) {
	_, source := recordings(t)
	j := small(t)
	outcome(t, j, source)
	disk := os.DirFS(j.Out)
	samples, err := dataset.Open(disk, disk, "result/samples.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer samples.Close()
	if samples.Len() != 32 {
		t.Fatalf("%d samples", samples.Len())
	}
	for i := range samples.Len() {
		s, err := samples.At(i)
		if err != nil {
			t.Fatal(err)
		}
		var p float64
		err = json.Unmarshal(s.Extra["p_img1"], &p)
		if _, bad := samples.Image(s.Img1); errors.Join(err, bad) != nil || (p > 0.5) != (s.Closer == dataset.Img1) || len(s.Extra["annotated"]) != len(`"img1"`) {
			t.Errorf("sample %d: %+v, %v, %v", i, s, err, bad)
		}
	}
	j.Sure = 1
	outcome(t, j, source)
	if text, err := os.ReadFile(filepath.Join(j.Out, "result/samples.jsonl")); err != nil || len(text) > 0 {
		t.Errorf("labels of which the model is less than sure: %s, %v", text, err)
	}
}

// TestPoison: what cannot be used costs itself alone, and is told of.
func TestPoison(t *testing.T) {
	dir, source := recordings(t)
	clean, _ := outcome(t, small(t), source)
	for name, text := range map[string]string{
		"observation/scene0/1/frame_000002.jpg": "no picture",
		"progress/scene1/0.json":                "{",
		"broken.mcap":                           "no recording",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	j := small(t)
	got, printed := outcome(t, j, append(source, Source{"mcap", filepath.Join(dir, "broken.mcap")}, Source{"hdf5", filepath.Join(dir, "nowhere.h5")}))
	if !strings.Contains(printed, "2 recordings, ") || !strings.Contains(printed, "4 dead letters (") || !strings.Contains(printed, " 4 dead letters\n") {
		t.Error(printed)
	}
	var letters []letter
	for lines := bufio.NewScanner(strings.NewReader(got["result/dead.jsonl"])); lines.Scan(); {
		var l letter
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		letters = append(letters, l)
	}
	for k, about := range []string{"scene1/0", "broken.mcap", "nowhere.h5", "00002.jpg"} {
		if k >= len(letters) || !strings.Contains(fmt.Sprint(letters[k]), about) {
			t.Errorf("letter %d is not about %s: %+v", k, about, letters)
		}
	}
	for _, whole := range []string{"recordings/scene0/0/answers.json", "recordings/scene1/1/answers.json"} {
		if got[whole] == "" || got[whole] != clean[whole] {
			t.Errorf("%s has suffered", whole)
		}
	}
	for _, out := range []string{j.Out, filepath.Join(t.TempDir(), "out")} {
		j.Out = out
		again, _ := outcome(t, j, append(source, Source{"mcap", filepath.Join(dir, "broken.mcap")}, Source{"hdf5", filepath.Join(dir, "nowhere.h5")}))
		if diff := cmp.Diff(got, again); diff != "" {
			t.Errorf("in %s: %s", out, diff)
		}
	}
	if err := run(t.Context(), small(t), []Source{{"mcap", filepath.Join(dir, "broken.mcap")}}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "no recording") {
		t.Error("a job without a recording is one:", err)
	}
}

// TestFormats reads every format, and a LeRobotDataset gets its progress.
func TestFormats(t *testing.T) {
	const formats = "../testdata/formats/"
	j := small(t)
	set := filepath.Join(t.TempDir(), "set")
	if err := os.CopyFS(set, os.DirFS(formats+"lerobot-v2.1")); err != nil {
		t.Fatal(err)
	}
	j.Camera, j.Topic, j.Task = "front", "/task", "Push and open a window"
	got, printed := outcome(t, j, []Source{{"lerobot", set}})
	rows, err := parquet.ReadFile[struct {
		Episode  int64   `parquet:"episode_index"`
		Frame    int64   `parquet:"frame_index"`
		Progress float32 `parquet:"progress_sparse"`
	}](filepath.Join(set, "egotsr_progress.parquet"))
	if err != nil || len(rows) != 19 || !strings.Contains(printed, "2 recordings, 10 frames") {
		t.Fatalf("%d rows, %v\n%s", len(rows), err, printed)
	}
	for at, line := range strings.Split(strings.TrimSpace(got["result/progress.csv"]), "\n")[1:] {
		cells := strings.Split(line, ",")
		if cells[2] != "front" && cells[2] != "observation.images.front" {
			t.Errorf("line %d is of another camera: %s", at, line)
		}
		for _, r := range rows {
			if cells[1] == fmt.Sprint(r.Episode) && cells[3] == fmt.Sprint(r.Frame) && fmt.Sprint(r.Progress) != fmt.Sprint(number32(t, cells[4])) {
				t.Errorf("%s, but %v", line, r.Progress)
			}
		}
	}
	j = small(t)
	j.Topic, j.Task = "/task", "Push and open a window"
	_, printed = outcome(t, j, []Source{{"mcap", formats + "ros2.mcap"}, {"rosbag", formats + "rosbag"}, {"hdf5", formats + "aloha.hdf5"}, {"lerobot", formats + "lerobot-v2.1"}})
	if !strings.Contains(printed, "it has several cameras") || strings.Contains(printed, "0 recordings, ") {
		t.Error(printed)
	}
	t.Log(printed)
}

func number32(t *testing.T, text string) float32 {
	t.Helper()
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return float32(x)
}

// TestNames: recordings of one name are told apart from none, and one that would leave the folder goes nowhere.
func TestNames(t *testing.T) {
	_, source := recordings(t)
	_, other := recordings(t)
	j := small(t)
	if err := run(t.Context(), j, append(other, source...), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "no recording could be used") {
		t.Error(err)
	}
	dead, err := os.ReadFile(filepath.Join(j.Out, "result/dead.jsonl"))
	if n := strings.Count(string(dead), "one of 2 recordings"); err != nil || n != 8 {
		t.Errorf("%d of 8 recordings of double names, %v: %s", n, err, dead)
	}
	j.Camera = "side"
	if err := run(t.Context(), j, source, &bytes.Buffer{}); err == nil {
		t.Error("a camera that is not there has recordings")
	}
	for _, r := range []Ref{{Scene: "..", Episode: "1"}, {Scene: "a", Episode: "../b"}, {Scene: "a", Episode: "b", Camera: "c/d"}, {Episode: "1"}, {Scene: "a", Episode: "b", Camera: "../../c"}} {
		if err := r.named(); err == nil {
			t.Errorf("%+v names a folder: %s", r, r.folder())
		}
	}
}

// TestForeign: what the program did not write stays, and is in the way only where it has a name of ours.
func TestForeign(t *testing.T) {
	dir, source := recordings(t)
	for name, refused := range map[string]bool{"result/notes.txt": false, "recordings/scene0/1/answers.json": false, "result/progress.csv": true, "result/made-of.json": true} {
		j := small(t)
		path := filepath.Join(j.Out, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("mine"), 0o644)); err != nil {
			t.Fatal(err)
		}
		err := run(t.Context(), j, source, &bytes.Buffer{})
		text, gone := os.ReadFile(path)
		dead, _ := os.ReadFile(filepath.Join(j.Out, "result/dead.jsonl"))
		if string(text) != "mine" || gone != nil || (err != nil) != refused || strings.HasPrefix(name, "recordings") && !strings.Contains(string(dead), "move it away") {
			t.Errorf("%s: %q, %v, %s", name, text, err, dead)
		}
	}
	// Somebody edits a file, and more recordings come.
	j := small(t)
	outcome(t, j, source)
	path := filepath.Join(j.Out, "result/progress.csv")
	if err := errors.Join(os.WriteFile(path, []byte("mine"), 0o644), os.RemoveAll(filepath.Join(dir, "observation/scene1/1"))); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), j, source, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Error(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "mine" {
		t.Errorf("%s, %v", text, err)
	}
}

// TestResult stops a result from being written after any of its renames: the next makes it whole.
func TestResult(t *testing.T) {
	j := small(t)
	_, source := recordings(t)
	want, _ := outcome(t, j, source)
	j.Sure = 0.5001
	other, _ := outcome(t, j, source)
	dir := filepath.Join(j.Out, resultFolder)
	both := made{Files: map[string][]string{}}
	for _, m := range []string{want["result/made-of.json"], other["result/made-of.json"]} {
		var one made
		if err := json.Unmarshal([]byte(m), &one); err != nil {
			t.Fatal(err)
		}
		for name, sums := range one.Files {
			both.Files[name] = append(both.Files[name], sums...)
		}
	}
	for name := range both.Files { // the files replaced one after the other
		if err := errors.Join(put(filepath.Join(dir, markFile), both), os.WriteFile(filepath.Join(dir, name), []byte(want["result/"+name]), 0o644)); err != nil {
			t.Fatal(err)
		}
		got, _ := outcome(t, j, source)
		if diff := cmp.Diff(other, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestWrong: flags that make no job are refused before anything is done.
func TestWrong(t *testing.T) {
	_, source := recordings(t)
	for name, spoil := range map[string]func(*Job){
		"out": func(j *Job) { j.Out = "" }, "every": func(j *Job) { j.Every = 0 }, "frames": func(j *Job) { j.Frames = 1 },
		"workers": func(j *Job) { j.Workers = 0 }, "pairs": func(j *Job) { j.Pairs = 3 }, "sure": func(j *Job) { j.Sure = 2 },
		"checkpoint": func(j *Job) { j.Model = "nowhere" },
	} {
		j := small(t)
		spoil(&j)
		if err := run(t.Context(), j, source, &bytes.Buffer{}); err == nil {
			t.Errorf("%s is taken", name)
		} else if name == "checkpoint" && !strings.Contains(err.Error(), "nowhere: ") {
			t.Error(err)
		}
	}
	out := filepath.Join(t.TempDir(), "out")
	said, err := program(t, "-out", out, "-data", source[0].Path, "surplus").CombinedOutput()
	if _, made := os.Stat(out); err == nil || made == nil || !strings.Contains(string(said), "surplus") {
		t.Errorf("what follows the flags is taken: %v %s", err, said)
	}
}
