package hdf5

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/dataset/internal/formattest"
)

// The files were written by h5py, see scripts/formats_fixture.py.
func file(name string) string { return formattest.Dir + "/" + name }

const task = "Push and open a window"

var push = &Options{Task: task}

// TestALOHA: arrays as they are, in chunks of one frame, in chunks of parts of several compressed by gzip, shuffled and with
// checksums, and compressed by LZF; and as h5py writes them with libver "latest".
func TestALOHA(t *testing.T) {
	golden := formattest.Golden(t)
	for name, cameras := range map[string][]string{
		"aloha.hdf5":  {"cam_high", "cam_left_wrist", "cam_low", "cam_right_wrist"},
		"latest.hdf5": {"cam_high"},
	} {
		got, err := Recordings(file(name), push)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, r := range got {
			found = append(found, r.Camera)
			formattest.Same(t, name+" "+r.Camera, formattest.Frames(t, r), golden, 0)
			if d := cmp.Diff([]clips.Action{{End: 10, Text: task}}, r.Actions); d != "" || r.Scene != "formats" || r.Episode != strings.TrimSuffix(name, ".hdf5") || r.Task != task {
				t.Errorf("%s: %s/%s, task %q %s", name, r.Scene, r.Episode, r.Task, d)
			}
		}
		if d := cmp.Diff(cameras, found); d != "" {
			t.Error(d)
		}
	}
}

// TestFiles: JPEG files padded in an array, and of variable length, come out as they went in.
func TestFiles(t *testing.T) {
	got, err := Recordings(file("aloha-jpeg.hdf5"), push)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 {
		t.Fatalf("%d recordings", len(got))
	}
	padded, _ := filesOf(t, got[0])
	lists, _ := filesOf(t, got[1])
	if !slices.EqualFunc(padded, lists, bytes.Equal) || !bytes.HasSuffix(padded[0], []byte{0xff, 0xd9}) {
		t.Error("padded files and lists differ")
	}
	for _, r := range got {
		formattest.Same(t, r.Camera, formattest.Frames(t, r), formattest.Golden(t), 3)
	}
}

// TestBGR: red and blue change places, in arrays and in files.
func TestBGR(t *testing.T) {
	for name, within := range map[string]float64{"aloha.hdf5": 0, "aloha-jpeg.hdf5": 3} {
		got, err := Recordings(file(name), &Options{Task: task, BGR: true, Cameras: []string{"cam_high"}})
		if err != nil {
			t.Fatal(err)
		}
		frames := formattest.Frames(t, got[0])
		for i := range frames {
			frames[i] = swapped(frames[i])
		}
		formattest.Same(t, name, frames, formattest.Golden(t), within)
	}
}

func swapped(img image.Image) image.Image {
	out := image.NewRGBA(img.Bounds())
	for y := range 64 {
		for x := range 64 {
			r, g, b, _ := img.At(x, y).RGBA()
			copy(out.Pix[out.PixOffset(x, y):], []byte{byte(b >> 8), byte(g >> 8), byte(r >> 8), 255})
		}
	}
	return out
}

func TestRobomimic(t *testing.T) {
	got, err := Recordings(file("robomimic.hdf5"), nil)
	if err != nil {
		t.Fatal(err)
	}
	golden := formattest.Golden(t)
	for k, want := range []struct {
		demo string
		n    int
	}{{"demo_0", 10}, {"demo_2", 3}, {"demo_10", 5}} {
		r := got[k]
		if r.Scene != "robomimic" || r.Episode != want.demo || r.Camera != "agentview_image" || r.Task != "Window" {
			t.Errorf("%s/%s, camera %s, task %q", r.Scene, r.Episode, r.Camera, r.Task)
		}
		formattest.Same(t, r.Episode, formattest.Frames(t, r), golden[:want.n], 0)
	}
}

// TestFolder: what can be read of a folder is there, beside the error of what cannot.
func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kitchen")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"episode_10.hdf5", "episode_9.HDF5"} {
		put(t, filepath.Join(dir, name), bytesOf(t, file("latest.hdf5")))
	}
	put(t, filepath.Join(dir, "episode_11.h5"), []byte("no"))
	got, err := Recordings(dir, push)
	var e *Error
	if !errors.As(err, &e) || filepath.Base(e.File) != "episode_11.h5" {
		t.Error(err)
	}
	if len(got) != 2 || got[0].Episode != "episode_9" || got[1].Episode != "episode_10" || got[1].Scene != "kitchen" {
		t.Errorf("%+v", got)
	}
}

func bytesOf(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func put(t testing.TB, name string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// filesOf are a recording's frames as files.
func filesOf(t testing.TB, r clips.Recording) (frames [][]byte, errs int) {
	t.Helper()
	in, err := r.Stored.Open()
	if err != nil {
		if !errors.As(err, new(*Error)) {
			t.Fatal(err)
		}
		return nil, r.Stored.Len()
	}
	defer in.Close()
	for i := range r.Stored.Len() {
		data, _, err := in.Frame(i)
		if err != nil {
			errs++
			if !errors.As(err, new(*Error)) {
				t.Fatal(err)
			}
		}
		frames = append(frames, data)
	}
	return frames, errs
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	high := Options{Task: task, Cameras: []string{"cam_high"}}
	for what, c := range map[string]struct {
		path   string
		opts   Options
		object string
		say    string
	}{
		"no file":         {file("no.hdf5"), *push, "", "no such file"},
		"empty folder":    {dir, *push, "", "holds no .hdf5 or .h5 files"},
		"another format":  {file("episode.mp4"), *push, "", "is no HDF5 file"},
		"no task":         {file("aloha.hdf5"), Options{}, "", "no task"},
		"no camera":       {file("aloha.hdf5"), Options{Task: task, Cameras: []string{"cam"}}, "observations/images", `no camera "cam", only ["cam_high"`},
		"camera twice":    {file("aloha.hdf5"), Options{Task: task, Cameras: []string{"cam_low", "cam_low"}}, "observations/images", "asked for twice"},
		"zstd":            {file("zstd.hdf5"), *push, "observations/images/cam_high", "filter 32015 (zstd), which is not read; gzip and lzf are; name the cameras"},
		"zstd, asked for": {file("zstd.hdf5"), high, "observations/images/cam_high", "filter 32015 (zstd)"},
		"latest, chunks":  {file("latest-chunks.hdf5"), *push, "observations/images/cam_high", `without libver "latest"`},
	} {
		got, err := Recordings(c.path, &c.opts)
		var e *Error
		if !errors.As(err, &e) || e.Object != c.object || !strings.Contains(err.Error(), c.say) || got != nil {
			t.Errorf("%s: %v; want %q about %q", what, err, c.say, c.object)
		}
	}
	if _, err := Recordings(file("no.hdf5"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestShapes: what is no array of images says so.
func TestShapes(t *testing.T) {
	for what, c := range map[string]struct {
		array array
		say   string
	}{
		"channels first": {array{dims: []uint64{9, 3, 48, 64}, size: 1}, "images are [frames"},
		"no frames":      {array{dims: []uint64{0, 48, 64, 3}, size: 1}, "no frames"},
		"empty":          {array{dims: []uint64{9, 0, 64, 3}, size: 1}, "no shape of images"},
		"huge":           {array{dims: []uint64{9, 1 << 31, 1 << 31, 1 << 31, 3}, size: 1}, "no shape of images"},
		"huge chunks":    {array{dims: []uint64{9, 48, 64, 3}, chunk: []uint64{1 << 31, 48, 64, 3}, size: 1}, "has chunks of"},
		"wide":           {array{dims: []uint64{9, 48, 64, 1}, size: 2}, "numbers of 2 bytes"},
		"signed":         {array{dims: []uint64{9, 48, 64, 1}, size: 1, signed: true}, "signed"},
		"floating":       {array{dims: []uint64{9, 48, 64, 1}, size: 4, class: 1}, "class 1"},
		"lists of lists": {array{dims: []uint64{9, 4}, size: 16, class: classList}, "are a list"},
		"one number":     {array{dims: []uint64{9}, size: 1}, "images are [frames"},
	} {
		if err := c.array.asImages(); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestCut and TestFlips: damage is an error of ours, and no frame of an array with checksums is another than it was.
func TestCut(t *testing.T) {
	for _, name := range []string{"aloha.hdf5", "aloha-jpeg.hdf5", "robomimic.hdf5", "latest.hdf5"} {
		whole := bytesOf(t, file(name))
		short := filepath.Join(t.TempDir(), "short.hdf5")
		for n := 0; n < len(whole); n += len(whole) / 50 {
			put(t, short, whole[:n])
			got, err := Recordings(short, push)
			if err != nil && !errors.As(err, new(*Error)) {
				t.Errorf("%s, %d bytes: %v", name, n, err)
			}
			errs := 0
			for _, r := range got {
				_, k := filesOf(t, r)
				errs += k
			}
			if err == nil && errs == 0 && len(whole)-n > 8192 {
				t.Errorf("%s, %d bytes of %d are enough", name, n, len(whole))
			}
		}
	}
}

func TestFlips(t *testing.T) {
	whole := bytesOf(t, file("aloha.hdf5"))
	all, err := Recordings(file("aloha.hdf5"), push)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := filesOf(t, all[2]) // gzip, with checksums
	low := &Options{Task: task, Cameras: []string{"cam_low"}}
	damaged, noticed := filepath.Join(t.TempDir(), "damaged.hdf5"), 0
	for at := 0; at < len(whole); at += 1 + at/20 {
		data := bytes.Clone(whole)
		data[at] ^= 0x41
		put(t, damaged, data)
		got, err := Recordings(damaged, low)
		if err != nil {
			noticed++
			if !errors.As(err, new(*Error)) {
				t.Errorf("byte %d: %v", at, err)
			}
		}
		for _, r := range got {
			frames, errs := filesOf(t, r)
			noticed += errs
			for i := range frames {
				if frames[i] != nil && at > 10_000 && !bytes.Equal(frames[i], want[i]) {
					t.Errorf("byte %d: frame %d is another", at, i)
				}
			}
		}
	}
	if noticed < 50 {
		t.Errorf("%d damages were noticed", noticed)
	}
}

func FuzzRecordings(f *testing.F) {
	for _, name := range []string{"aloha-jpeg.hdf5", "latest-chunks.hdf5", "zstd.hdf5"} {
		f.Add(bytesOf(f, file(name)))
	}
	name := filepath.Join(f.TempDir(), "fuzz")
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Recordings(put(t, fmt.Sprint(name, os.Getpid()), data), push)
		if err != nil && !errors.As(err, new(*Error)) {
			t.Error(err)
		}
		for _, r := range got {
			filesOf(t, r)
		}
	})
}

// FuzzFilters: nothing that a chunk holds panics or grows without end.
func FuzzFilters(f *testing.F) {
	f.Add([]byte("\x02abc\x20\x02"), uint64(0), 300)
	f.Fuzz(func(t *testing.T, data []byte, mask uint64, size int) {
		size %= 1 << 16
		for _, id := range []uint64{filterDeflate, filterShuffle, filterChecksum, filterLZF} {
			a := array{size: 2, filters: []filter{{id: id}}}
			if out, err := a.unfilter(data, mask, uint64(max(size, 0))); err == nil && len(out) != max(size, 0) {
				t.Errorf("filter %d: %d bytes, not %d", id, len(out), size)
			}
		}
		new(array).pipeline(&fields{data: data})
	})
}
