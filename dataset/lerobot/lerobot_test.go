package lerobot

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset/clips"
)

// The fixture was written by the lerobot package, see scripts/lerobot_fixture.py.
const fixture = "../../testdata/lerobot"

func TestDrawer(t *testing.T) {
	got, err := Recordings(fixture + "/drawer")
	if err != nil {
		t.Fatal(err)
	}
	reach, pull, letGo := "Reach the handle.", "Pull the drawer open.", "Let go."
	actions := [][]clips.Action{
		{{Start: 0, End: 4, Text: reach}, {Start: 4, End: 8, Text: pull, PlanIndex: 1}, {Start: 8, End: 10, Text: letGo, PlanIndex: 2}},
		{{Start: 2, End: 5, Text: reach}, {Start: 5, End: 12, Text: pull, PlanIndex: 1}},
		{
			{Start: 0, End: 3, Text: reach}, {Start: 3, End: 6, Text: pull, PlanIndex: 1}, {Start: 6, End: 8, Text: reach, PlanIndex: 2},
			{Start: 8, End: 12, Text: pull, PlanIndex: 3}, {Start: 12, End: 13, Text: letGo, PlanIndex: 4},
		},
	}
	var want []clips.Recording
	for k, span := range [][2]int{{0, 10}, {10, 22}, {22, 35}} {
		for _, camera := range []string{"top", "wrist"} {
			want = append(want, clips.Recording{
				Scene: "drawer", Episode: strconv.Itoa(k), Camera: camera, Task: "Open the drawer",
				Video: filepath.Join(fixture, "drawer/videos/observation.images."+camera+"/chunk-000/file-000.mp4"),
				From:  span[0], To: span[1], Actions: actions[k],
			})
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestSpoken(t *testing.T) {
	got, err := Recordings(fixture + "/spoken")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Task != "Pour the water" || got[1].Task != "Wipe the table" || got[1].From != 11 || got[1].To != 21 {
		t.Fatalf("%+v", got)
	}
	for k, want := range [][]clips.Action{
		{{Start: 0, End: 4, Text: "Grasp the jug."}, {Start: 4, End: 11, Text: "Tilt the jug.", PlanIndex: 1}},
		{{Start: 0, End: 10, Text: "Wipe the table"}},
	} {
		if diff := cmp.Diff(want, got[k].Actions); diff != "" {
			t.Errorf("episode %d (-want +got):\n%s", k, diff)
		}
	}
}

// readBack is what lerobot itself reads from the fixture, a frame each.
type readBack struct {
	Episode    int
	Task       string
	Subtask    string
	Brightness map[string]int
}

func expected(t *testing.T) (all map[string][]readBack) {
	data, err := os.ReadFile(fixture + "/expected.json")
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestAgainstLeRobot compares every frame's task and subtask with what lerobot reads from the same files.
func TestAgainstLeRobot(t *testing.T) {
	for name, frames := range expected(t) {
		recordings, err := Recordings(fixture + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		cameras := len(frames[0].Brightness)
		if len(recordings) == 0 || len(recordings)%cameras != 0 {
			t.Fatalf("%s: %d recordings", name, len(recordings))
		}
		for k := 0; k < len(recordings); k += cameras {
			r := recordings[k]
			for i := range r.To - r.From {
				f := frames[i]
				text := ""
				for _, a := range r.Actions {
					if a.Start <= i && i < a.End {
						text = a.Text
					}
				}
				if f.Subtask == "" && text == f.Task {
					text = "" // not annotated at all
				}
				if strconv.Itoa(f.Episode) != r.Episode || f.Task != r.Task || f.Subtask != text {
					t.Errorf("%s: episode %s, frame %d: %q of %q, lerobot has %+v", name, r.Episode, i, text, r.Task, f)
				}
			}
			frames = frames[r.To-r.From:]
		}
		if len(frames) != 0 {
			t.Errorf("%s: lerobot has %d frames more", name, len(frames))
		}
	}
}

// TestFrames decodes the videos: the frames between From and To have to be those that lerobot shows for the episode.
func TestFrames(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not on PATH")
	}
	const size = 64 * 48 * 3
	for name, frames := range expected(t) {
		recordings, err := Recordings(fixture + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		videos := map[string][]byte{}
		row := map[string]int{}
		for _, r := range recordings {
			if videos[r.Video] == nil {
				cmd := exec.Command(ffmpeg, "-v", "error", "-i", r.Video, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
				if videos[r.Video], err = cmd.Output(); err != nil {
					t.Fatal(err)
				}
			}
			pixels := videos[r.Video]
			if len(pixels) < r.To*size {
				t.Fatalf("%s has %d frames, not %d", r.Video, len(pixels)/size, r.To)
			}
			for i := r.From; i < r.To; i++ {
				sum := 0
				for _, p := range pixels[i*size : (i+1)*size] {
					sum += int(p)
				}
				want := frames[row[r.Camera]]
				row[r.Camera]++
				// Frames differ by 4 and more, episodes by 60.
				if d := sum/size - want.Brightness[r.Camera]; d < -1 || d > 1 || strconv.Itoa(want.Episode) != r.Episode {
					t.Errorf("%s/%s: frame %d of the file is %d, lerobot shows %+v", name, r.Camera, i, sum/size, want)
				}
			}
		}
	}
}

func TestCameras(t *testing.T) {
	for _, c := range []struct {
		ask, want []string
	}{
		{[]string{"wrist"}, []string{"wrist"}},
		{[]string{"wrist", "observation.images.top"}, []string{"wrist", "top"}},
	} {
		recordings, err := Recordings(fixture+"/drawer", c.ask...)
		if err != nil {
			t.Fatal(err)
		}
		for k, r := range recordings {
			if want := c.want[k%len(c.want)]; r.Camera != want || filepath.Base(filepath.Dir(filepath.Dir(r.Video))) != "observation.images."+want {
				t.Errorf("%q: recording %d is %s in %s", c.ask, k, r.Camera, r.Video)
			}
		}
	}
	for _, ask := range [][]string{{"side"}, {"top", "top"}, {"top", "observation.images.top"}, {""}, {"action"}} {
		if _, err := Recordings(fixture+"/drawer", ask...); err == nil {
			t.Errorf("%q were found", ask)
		}
	}
}

func TestSceneName(t *testing.T) {
	for dir, want := range map[string]string{
		"/a/pusht": "pusht",
		"/a/hub/datasets--lerobot--aloha_sim/snapshots/0f6e1b": "aloha_sim",
		"/a/snapshots/0f6e1b": "0f6e1b",
	} {
		if got, err := sceneName(dir); err != nil || got != want {
			t.Errorf("%s: %q, %v", dir, got, err)
		}
	}
}

func TestNoDataset(t *testing.T) {
	_, err := Recordings(t.TempDir())
	var e *Error
	if !errors.As(err, &e) || e.File != "meta/info.json" || e.Episode != -1 || !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
