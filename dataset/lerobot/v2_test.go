package lerobot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/egotsr/egotsr/dataset/clips"
)

// formats holds datasets that lerobot 0.3.3 (v2.1) and 0.6.1 (v3.0) wrote, see scripts/formats_fixture.py: the same two
// episodes, with one camera kept as images and one as video.
const formats = "../../testdata/formats"

var versions = []string{"v2.1", "v3.0"}

// shownFrame is what lerobot itself reads back.
type shownFrame struct {
	Episode, Frame int
	Task           string
	Front, Side    [3]float64 // mean of each channel
}

func shownBy(t *testing.T, version string) (frames []shownFrame) {
	t.Helper()
	data, err := os.ReadFile(formats + "/lerobot-" + version + ".json")
	if err == nil {
		err = json.Unmarshal(data, &frames)
	}
	if err != nil {
		t.Fatal(err)
	}
	return frames
}

func TestVersions(t *testing.T) {
	for _, version := range versions {
		got, err := Recordings(formats + "/lerobot-" + version)
		if err != nil {
			t.Fatal(err)
		}
		videos := filepath.FromSlash(formats + "/lerobot-" + version + "/videos/")
		side := [2]clips.Recording{{From: 0, To: 10}, {From: 10, To: 19}}
		side[0].Video = filepath.Join(videos, "observation.images.side/chunk-000/file-000.mp4")
		side[1].Video = side[0].Video
		if version == "v2.1" {
			side[1].From, side[1].To = 0, 9
			for k := range side {
				side[k].Video = filepath.Join(videos, fmt.Sprintf("chunk-000/observation.images.side/episode_%06d.mp4", k))
			}
		}
		var want []clips.Recording
		for k, task := range []string{"Push and open a window", "Close the window"} {
			r := clips.Recording{Scene: "lerobot-" + version, Episode: fmt.Sprint(k), Task: task, Actions: []clips.Action{{End: 10 - k, Text: task}}}
			r.Camera = "front"
			want = append(want, r)
			r.Camera, r.Video, r.From, r.To = "side", side[k].Video, side[k].From, side[k].To
			want = append(want, r)
		}
		if d := cmp.Diff(want, got, cmpopts.IgnoreFields(clips.Recording{}, "Stored")); d != "" {
			t.Errorf("%s: %s", version, d)
		}
	}
}

// TestFramesOfVersions: images are the pixels that were recorded, and videos show what lerobot shows.
func TestFramesOfVersions(t *testing.T) {
	_, noFFmpeg := exec.LookPath("ffmpeg")
	for _, version := range versions {
		shown := shownBy(t, version)
		recordings, err := Recordings(formats + "/lerobot-" + version)
		if err != nil {
			t.Fatal(err)
		}
		rows := map[string]int{}
		for _, r := range recordings {
			if r.Video != "" && noFFmpeg != nil {
				continue
			}
			err := r.Decode(context.Background(), 1, func(i int, img image.Image) error {
				s := shown[rows[r.Camera]]
				rows[r.Camera]++
				if fmt.Sprint(s.Episode) != r.Episode || s.Frame != i || s.Task != r.Task {
					t.Errorf("%s: episode %s, frame %d: lerobot shows %+v", version, r.Episode, i, s)
				}
				want, within := s.Front, 0.01
				if r.Camera == "side" {
					want, within = s.Side, 1.0 // its decoder converts colours otherwise
				}
				got := means(img)
				for c := range got {
					if d := got[c] - want[c]; d > within || d < -within {
						t.Errorf("%s: episode %s, camera %s, frame %d: means %.2f, lerobot has %.2f", version, r.Episode, r.Camera, i, got, want)
					}
				}
				if r.Episode == "0" && r.Camera == "front" {
					samePixels(t, fmt.Sprintf("%s/frames/%06d.png", formats, i), img)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if rows["front"] != len(shown) || noFFmpeg == nil && rows["side"] != len(shown) {
			t.Errorf("%s: %v frames, lerobot has %d", version, rows, len(shown))
		}
	}
}

func means(img image.Image) (m [3]float64) {
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			m[0], m[1], m[2] = m[0]+float64(r>>8), m[1]+float64(g>>8), m[2]+float64(b>>8)
		}
	}
	for c := range m {
		m[c] /= float64(b.Dx() * b.Dy())
	}
	return m
}

func samePixels(t *testing.T, file string, got image.Image) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	for y := range 64 {
		for x := range 64 {
			r, g, b, _ := want.At(x, y).RGBA()
			p, q, s, _ := got.At(x, y).RGBA()
			if r != p || g != q || b != s {
				t.Fatalf("%s: pixel %d, %d differs", file, x, y)
			}
		}
	}
}

// TestImageOrder asks for images out of order and from two goroutines.
func TestImageOrder(t *testing.T) {
	recordings, err := Recordings(formats+"/lerobot-v3.0", "front")
	if err != nil {
		t.Fatal(err)
	}
	second := recordings[1].Stored
	done := make(chan error)
	for range 2 {
		go func() {
			frames, errs := second.Open()
			if errs != nil {
				done <- errs
				return
			}
			for _, i := range []int{8, 0, 3, 3, 7} {
				data, ext, err := frames.Frame(i)
				if err == nil && (ext != ".png" || len(data) == 0) {
					err = fmt.Errorf("frame %d: %d bytes of %s", i, len(data), ext)
				}
				errs = errors.Join(errs, err)
			}
			done <- errs
		}()
	}
	if err := errors.Join(<-done, <-done); err != nil {
		t.Error(err)
	}
	frames, err := second.Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{-1, 9} {
		if _, _, err := frames.Frame(i); err == nil {
			t.Errorf("frame %d of %d", i, second.Len())
		}
	}
}

// copied is a copy of the v2.1 dataset that a test may damage.
func copied(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "set")
	if err := os.CopyFS(dir, os.DirFS(formats+"/lerobot-v2.1")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestV2Errors(t *testing.T) {
	const first, second = "data/chunk-000/episode_000000.parquet", "data/chunk-000/episode_000001.parquet"
	const film = "videos/chunk-000/observation.images.side/episode_000001.mp4"
	for what, c := range map[string]struct {
		name, old, new string // in file name, or new for all of it
		file           string
		episode        int
		say            string
	}{
		"no chunks":         {infoFile, `"chunks_size": 1000`, `"chunks_size": 0`, infoFile, -1, "chunks_size is 0"},
		"more episodes":     {infoFile, `episodes": 2`, `episodes": 3`, infoFile, -1, "but meta/episodes.jsonl lists 2"},
		"not JSON":          {episodesFile, `{"episode_index": 1`, `"episode_index": 1`, episodesFile, -1, "line 2"},
		"pretty":            {episodesFile, ``, "[\n{\"episode_index\": 0,\n", episodesFile, -1, "line 1"},
		"no index":          {episodesFile, `"episode_index": 1`, `"episode": 1`, episodesFile, -1, "no episode_index"},
		"negative":          {episodesFile, `"episode_index": 1`, `"episode_index": -1`, episodesFile, -1, "no episode_index"},
		"twice":             {episodesFile, `"episode_index": 1`, `"episode_index": 0`, episodesFile, 0, "listed twice"},
		"no length":         {episodesFile, `"length": 9`, `"x": 9`, episodesFile, 1, "has 0 frames"},
		"huge length":       {episodesFile, `"length": 9`, `"length": 99999999999`, episodesFile, 1, "has 99999999999 frames"},
		"longer than rows":  {episodesFile, `"length": 9`, `"length": 10`, second, 1, "has 9 rows"},
		"no such file":      {episodesFile, `"episode_index": 1`, `"episode_index": 2`, strings.Replace(film, "1.mp4", "2.mp4", 1), 2, "no such file"},
		"swapped":           {infoFile, `data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}`, `data/chunk-000/episode_000000`, first, 1, "has no rows"},
		"leads out":         {infoFile, `data/chunk`, `../data/chunk`, infoFile, -1, "leads out"},
		"task twice":        {taskListFile, `"task_index": 1`, `"task_index": 0`, taskListFile, -1, "line 2: index 0 is listed twice"},
		"no task index":     {taskListFile, `"task_index": 1`, `"index": 1`, taskListFile, -1, "no task_index"},
		"no task":           {taskListFile, `"task_index": 1`, `"task_index": 7`, second, 1, "meta/tasks.jsonl has no text for index 1"},
		"no image column":   {infoFile, `observation.images.front`, `observation.images.back`, first, 0, "no images in a column observation.images.back"},
		"video, not images": {infoFile, "\"observation.images.front\": {\n            \"dtype\": \"image\"", "\"observation.images.front\": {\n            \"dtype\": \"video\"", "videos/chunk-000/observation.images.front/episode_000000.mp4", 0, "no such file"},
	} {
		dir := copied(t)
		name := filepath.Join(dir, c.name)
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		after := strings.Replace(string(text), c.old, c.new, 1)
		if c.old == "" {
			after = c.new
		}
		if after == string(text) {
			t.Errorf("%s: nothing was changed", what)
		}
		if err := os.WriteFile(name, []byte(after), 0o666); err != nil {
			t.Fatal(err)
		}
		got, err := Recordings(dir)
		var e *Error
		if !errors.As(err, &e) || e.File != c.file || e.Episode != c.episode || !strings.Contains(err.Error(), c.say) || got != nil {
			t.Errorf("%s: %v; want %q about %s, episode %d", what, err, c.say, c.file, c.episode)
		}
	}
}

// TestImageDamage flips bytes of a data file: frames are read or are an *Error, and nothing panics.
func TestImageDamage(t *testing.T) {
	dir := copied(t)
	recordings, err := Recordings(dir, "front")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "data/chunk-000/episode_000000.parquet")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for at := 0; at < len(whole); at += len(whole) / 300 {
		damaged := append([]byte(nil), whole...)
		damaged[at] ^= 0x55
		if err := os.WriteFile(file, damaged, 0o666); err != nil {
			t.Fatal(err)
		}
		fresh, err := Recordings(dir, "front")
		if err != nil {
			continue
		}
		frames, err := fresh[0].Stored.Open()
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			if _, _, err := frames.Frame(i); err != nil {
				refused++
				if e := (*Error)(nil); !errors.As(err, &e) {
					t.Fatalf("byte %d: %v", at, err)
				}
			}
		}
	}
	if refused == 0 {
		t.Error("no damage was noticed")
	}
	if err := os.WriteFile(file, whole[:1000], 0o666); err != nil {
		t.Fatal(err)
	}
	frames, err := recordings[0].Stored.Open()
	if err != nil {
		t.Fatal(err)
	}
	var e *Error
	if _, _, err := frames.Frame(0); !errors.As(err, &e) {
		t.Errorf("a file cut short: %v", err)
	}
}

func FuzzV2(f *testing.F) {
	f.Add([]byte(`{"episode_index": 0, "tasks": ["a"], "length": 3}`), []byte(`{"task_index": 0, "task": "a"}`))
	f.Add([]byte("\ufeff\n{}\n[1]"), []byte("null\n{\"task_index\":1e9}"))
	f.Fuzz(func(t *testing.T, episodes, tasks []byte) {
		d := &folder{dir: t.TempDir(), Version: "v2.1", ChunkSize: 1000, DataPath: "data/{episode_chunk}/{episode_index:06d}", VideoPath: "{video_key}/{episode_index}"}
		put(t, d.dir, episodesFile, episodes)
		put(t, d.dir, taskListFile, tasks)
		var e *Error
		list, err := d.listedEpisodes([]camera{{key: "a"}, {key: "b", images: true}})
		if err != nil && !errors.As(err, &e) {
			t.Error(err)
		}
		for _, x := range list {
			if err == nil && (x.length < 1 || x.index < 0 || len(x.views) != 2) {
				t.Errorf("%+v", x)
			}
		}
		if _, err := d.tasks(); err != nil && !errors.As(err, &e) {
			t.Error(err)
		}
	})
}
