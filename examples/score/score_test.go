package main

import (
	"context"
	"errors"
	"image"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/dataset/hdf5"
	"github.com/egotsr/egotsr/dataset/lerobot"
	"github.com/egotsr/egotsr/dataset/mcap"
	"github.com/egotsr/egotsr/dataset/rosbag"
	"github.com/egotsr/egotsr/model/nano"
	"github.com/egotsr/egotsr/vision"
)

const (
	formats = "../../testdata/formats/"
	task    = "Push and open a window"
)

var tiny = os.DirFS("../../testdata/tiny")

// row is one of what Score writes.
type row struct {
	Index   int64   `parquet:"index"`
	Episode int64   `parquet:"episode_index"`
	Frame   int64   `parquet:"frame_index"`
	Sparse  float32 `parquet:"progress_sparse"`
	Dense   float32 `parquet:"progress_dense"`
}

func open(t *testing.T, checkpoint fs.FS) *egotsr.Model {
	t.Helper()
	m, err := egotsr.Open(context.Background(), checkpoint, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func frames(t *testing.T, r clips.Recording) (list []image.Image) {
	t.Helper()
	if err := r.Decode(context.Background(), 1, func(_ int, img image.Image) error { list = append(list, img); return nil }); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestScore(t *testing.T) {
	t.Setenv("GOMLX_BACKEND", "go") // compiles nothing
	dir := filepath.Join(t.TempDir(), "set")
	if err := os.CopyFS(dir, os.DirFS(formats+"lerobot-v2.1")); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := (&scorer{every: 3, name: "nano"}).run(ctx, dir, tiny, ""); err == nil {
		t.Error("two cameras were one")
	}
	s := &scorer{camera: "front", every: 3, name: "nano", dense: true}
	if err := s.run(ctx, dir, tiny, ""); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "nano_progress.parquet")
	rows, err := parquet.ReadFile[row](file)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 19 {
		t.Fatalf("%d rows", len(rows))
	}
	recordings, err := lerobot.Recordings(dir, "front")
	if err != nil {
		t.Fatal(err)
	}
	m := open(t, tiny)
	for k, length := range []int{10, 9} {
		var some []image.Image
		for i, img := range frames(t, recordings[k]) {
			if i%3 == 0 {
				some = append(some, img)
			}
		}
		curve, err := m.Progress(ctx, recordings[k].Task, some)
		if err != nil {
			t.Fatal(err)
		}
		for i := range length {
			r := rows[10*k+i]
			// The one action is the whole episode, so that both scores are the same.
			if r.Index != int64(10*k+i) || r.Episode != int64(k) || r.Frame != int64(i) || r.Dense != r.Sparse {
				t.Errorf("row %d: %+v", 10*k+i, r)
			}
			if i%3 == 0 && math.Abs(float64(r.Sparse)-curve[i/3]) > 1e-4 {
				t.Errorf("episode %d, frame %d: %v, not %v", k, i, r.Sparse, curve[i/3])
			}
		}
	}
	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.run(ctx, dir, tiny, "no such backend"); err != nil {
		t.Errorf("what is done is done again: %v", err)
	}
	if after, err := os.Stat(file); err != nil || !os.SameFile(before, after) {
		t.Errorf("the file was written again: %v", err)
	}
}

// TestOneEpisode: the same episode in every format that is read has the same frames, and the same curve.
func TestOneEpisode(t *testing.T) {
	t.Setenv("GOMLX_BACKEND", "go")
	var images []string
	for i := range 10 {
		images = append(images, filepath.Join(formats, "frames", "00000"+string(rune('0'+i))+".png"))
	}
	golden := frames(t, clips.Recording{Images: images})
	lossless := map[string][]clips.Recording{}
	var errs []error
	add := func(name string, recordings []clips.Recording, err error) {
		errs = append(errs, err)
		for _, r := range recordings {
			if r.Episode != "1" && (r.Stored == nil || r.Stored.Len() == len(golden)) {
				lossless[name] = append(lossless[name], r)
			}
		}
	}
	for _, version := range []string{"v2.1", "v3.0"} {
		r, err := lerobot.Recordings(formats+"lerobot-"+version, "front")
		add("lerobot "+version, r, err)
	}
	for _, name := range []string{"ros2.mcap", "ros2-lz4.mcap", "protobuf.mcap", "json.mcap"} {
		r, err := mcap.Recordings(formats+name, &mcap.Options{TaskTopic: "/task"})
		add(name, r, err)
	}
	bag, err := rosbag.Recordings(formats+"rosbag", &rosbag.Options{TaskTopic: "/task"})
	add("rosbag", bag, err)
	for _, name := range []string{"aloha.hdf5", "robomimic.hdf5"} {
		r, err := hdf5.Recordings(formats+name, &hdf5.Options{Task: task})
		add(name, r, err)
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	m := open(t, nano.FS()) // which has learnt to pass over what a codec does
	curve := func(images []image.Image) []float64 {
		var some []image.Image // every other is enough, and takes a quarter of the time
		for i := 0; i < len(images); i += 2 {
			some = append(some, images[i])
		}
		curve, err := m.Progress(context.Background(), task, some)
		if err != nil {
			t.Fatal(err)
		}
		return curve
	}
	want := curve(golden)
	if len(lossless) != 9 {
		t.Errorf("%d formats", len(lossless))
	}
	for name, recordings := range lossless {
		for _, r := range recordings {
			got := frames(t, r)
			if r.Task != task || !slices.EqualFunc(got, golden, func(a, b image.Image) bool { return vision.ToRGB(a).Hash() == vision.ToRGB(b).Hash() }) {
				t.Errorf("%s, %s: task %q, or other frames", name, r.Camera, r.Task)
			}
		}
	}
	// Of the same frames the curve is the same, whatever they come from; one format stands for all.
	if d := cmp.Diff(want, curve(frames(t, lossless["rosbag"][1]))); d != "" {
		t.Error(d)
	}
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not on PATH")
	}
	side, err := lerobot.Recordings(formats+"lerobot-v3.0", "side")
	if err != nil {
		t.Fatal(err)
	}
	for name, video := range map[string]struct {
		recording clips.Recording
		within    float64
	}{
		"mp4":           {clips.Recording{Video: formats + "episode.mp4"}, 0.15},
		"lerobot video": {side[0], 0.25}, // lerobot compresses small pictures hard
	} {
		shown := frames(t, video.recording)
		if len(shown) != len(golden) {
			t.Fatalf("%s: %d frames", name, len(shown))
		}
		got := curve(shown)
		for i := range want {
			if math.Abs(got[i]-want[i]) > video.within {
				t.Errorf("%s: frame %d is at %.2f, not %.2f: more than a codec's rounding", name, 2*i, got[i], want[i])
			}
		}
	}
}
