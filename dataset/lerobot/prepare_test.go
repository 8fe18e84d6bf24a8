package lerobot

import (
	"context"
	"os"
	"os/exec"
	"path"
	"strconv"
	"testing"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/clips"
)

// TestPrepare goes the whole way: from LeRobot's files to clips and back as episodes, in which every frame has the
// brightness and the subtask that lerobot itself shows for it.
func TestPrepare(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not on PATH")
	}
	recordings, err := Recordings(fixture + "/drawer")
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	report, err := clips.Prepare(context.Background(), recordings, out, &clips.Options{Every: 1, Drop: -1, PNG: true})
	if err != nil {
		t.Fatal(err)
	}
	disk := os.DirFS(out)
	episodes, err := dataset.Short(disk)
	if err != nil {
		t.Fatal(err)
	}
	if len(episodes) != 6 {
		t.Fatalf("%d episodes of %+v", len(episodes), report)
	}
	shown := map[string][]readBack{}
	for _, f := range expected(t)["drawer"] {
		id := strconv.Itoa(f.Episode)
		shown[id] = append(shown[id], f)
	}
	images := dataset.NewList(disk, nil)
	for _, e := range episodes {
		if len(e.Frames) == 0 || e.Task != "Open the drawer" {
			t.Errorf("%s/%s: %d frames of %q", e.ID, e.Camera, len(e.Frames), e.Task)
		}
		for i, n := range e.Numbers {
			want := shown[e.ID][n]
			img, err := images.Image(e.Frames[i])
			if err != nil {
				t.Fatal(err)
			}
			r, g, b, _ := img.At(32, 24).RGBA()
			if d := int(r+g+b)/3>>8 - want.Brightness[e.Camera]; d < -1 || d > 1 {
				t.Errorf("%s is %d brighter than lerobot shows episode %s, frame %d", path.Base(e.Frames[i]), d, e.ID, n)
			}
			if text := e.Plan[e.Subtask[i]]; text != want.Subtask {
				t.Errorf("%s/%s: frame %d is %q, lerobot has %q", e.ID, e.Camera, n, text, want.Subtask)
			}
		}
	}
}
