package mcap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/foxglove/mcap/go/mcap"
	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/dataset/internal/formattest"
)

// The files were written by Foxglove's own Python packages, see scripts/formats_fixture.py.
var files = []string{"ros2.mcap", "ros2-lz4.mcap", "protobuf.mcap", "json.mcap"}

var byTopic = &Options{TaskTopic: "/task"}

func file(name string) string { return formattest.Dir + "/" + name }

func TestFrames(t *testing.T) {
	golden := formattest.Golden(t)
	every := func(n int) (list []image.Image) {
		for i := 0; i < len(golden); i += n {
			list = append(list, golden[i])
		}
		return list
	}
	for _, name := range files {
		want := map[string][]image.Image{"front": golden, "top": golden}
		if strings.HasPrefix(name, "ros2") {
			want = map[string][]image.Image{"front.image.compressed": golden, "top.image_raw": every(2), "grey": nil}
			for _, img := range every(3) {
				want["grey"] = append(want["grey"], green{img})
			}
		}
		recordings, err := Recordings(file(name), byTopic)
		if err != nil {
			t.Fatal(err)
		}
		if len(recordings) != len(want) {
			t.Errorf("%s: %d recordings", name, len(recordings))
		}
		for _, r := range recordings {
			formattest.Same(t, name+" "+r.Camera, formattest.Frames(t, r), want[r.Camera], 0)
			if r.Task != "Push and open a window" || r.Scene != "formats" || r.Episode != strings.TrimSuffix(name, ".mcap") {
				t.Errorf("%s: %s/%s, task %q", name, r.Scene, r.Episode, r.Task)
			}
			if d := cmp.Diff([]clips.Action{{End: r.Stored.Len(), Text: r.Task}}, r.Actions); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
	}
}

// green is the green of an image, as grey.
type green struct{ image.Image }

func (g green) At(x, y int) color.Color {
	_, v, _, _ := g.Image.At(x, y).RGBA()
	return color.Gray{Y: uint8(v >> 8)}
}

func TestCameras(t *testing.T) {
	o := *byTopic
	o.Cameras = []string{"/top/image_raw", "/grey"}
	recordings, err := Recordings(file("ros2.mcap"), &o)
	if err != nil {
		t.Fatal(err)
	}
	if len(recordings) != 2 || recordings[0].Camera != "top.image_raw" || recordings[1].Camera != "grey" {
		t.Errorf("%+v", recordings)
	}
}

// TestParts: a folder's files are one recording, in the order of their times.
func TestParts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run.7")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ros2.mcap", "ros2-lz4.mcap"} {
		data, err := os.ReadFile(file(name))
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, name), data)
	}
	recordings, err := Recordings(dir, &Options{Task: "Push", SubtaskTopic: "/subtask", Cameras: []string{"/front/image/compressed"}})
	if err != nil {
		t.Fatal(err)
	}
	r := recordings[0]
	var want []image.Image
	for _, img := range formattest.Golden(t) {
		want = append(want, img, img)
	}
	formattest.Same(t, "two parts", formattest.Frames(t, r), want, 0)
	if d := cmp.Diff([]clips.Action{{End: 8, Text: "Reach the window."}, {Start: 8, End: 20, Text: "Push the window open.", PlanIndex: 1}}, r.Actions); d != "" {
		t.Error(d)
	}
	if r.Episode != "run.7" || len(r.Stored.Files()) != 2 {
		t.Errorf("episode %q of %q", r.Episode, r.Stored.Files())
	}
}

func put(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// stored are a recording's frames as files.
func stored(t testing.TB, r clips.Recording) (frames [][]byte, errs int) {
	t.Helper()
	in, err := r.Stored.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for i := range r.Stored.Len() {
		data, _, err := in.Frame(i)
		if err != nil {
			errs++
		}
		frames = append(frames, data)
	}
	return frames, errs
}

// TestCut: of a file that ends early, all frames before its end are there, and are what they were.
func TestCut(t *testing.T) {
	for _, name := range files {
		whole, err := os.ReadFile(file(name))
		if err != nil {
			t.Fatal(err)
		}
		all, err := Recordings(file(name), byTopic)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][][]byte{}
		for _, r := range all {
			want[r.Camera], _ = stored(t, r)
		}
		short, seen := filepath.Join(t.TempDir(), "short.mcap"), 0
		for n := 0; n < len(whole); n += len(whole) / 60 {
			put(t, short, whole[:n])
			recordings, err := Recordings(short, &Options{Task: "Push"})
			var damage *DamageError
			if err != nil && !errors.As(err, &damage) && n > len(mcap.Magic) {
				t.Errorf("%s, %d bytes: %v", name, n, err)
			}
			for _, r := range recordings {
				got, errs := stored(t, r)
				if errs > 0 || len(got) == 0 || len(got) > len(want[r.Camera]) {
					t.Fatalf("%s, %d bytes: %d frames, %d errors", name, n, len(got), errs)
				}
				if !slices.EqualFunc(want[r.Camera][:len(got)], got, bytes.Equal) {
					t.Errorf("%s, %d bytes: %s shows something else", name, n, r.Camera)
				}
				if r.Camera == recordings[0].Camera {
					if len(got) < seen || err == nil && len(got) != 10 {
						t.Errorf("%s, %d bytes: %d frames, and %d of less", name, n, len(got), seen)
					}
					seen = len(got)
				}
			}
		}
		if seen < 9 {
			t.Errorf("%s: at most %d frames", name, seen)
		}
	}
}

// TestFlips: whatever byte of a file with chunks is wrong, no frame is: checksums tell.
func TestFlips(t *testing.T) {
	for _, name := range files[:3] {
		whole, err := os.ReadFile(file(name))
		if err != nil {
			t.Fatal(err)
		}
		all, err := Recordings(file(name), byTopic)
		if err != nil {
			t.Fatal(err)
		}
		front, _ := stored(t, all[0])
		damaged, noticed := filepath.Join(t.TempDir(), "damaged.mcap"), 0
		for at := 0; at < len(whole); at += len(whole)/150 + 1 {
			data := bytes.Clone(whole)
			data[at] ^= 0x41
			put(t, damaged, data)
			recordings, err := Recordings(damaged, &Options{Task: "Push"})
			if err != nil {
				noticed++
				if !errors.As(err, new(*DamageError)) && !errors.As(err, new(*Error)) {
					t.Errorf("%s, byte %d: %v", name, at, err)
				}
			}
			if len(recordings) == 0 {
				continue
			}
			got, errs := stored(t, recordings[0])
			if errs > 0 || len(got) > len(front) {
				t.Fatalf("%s, byte %d: %d frames, %d errors", name, at, len(got), errs)
			}
			if recordings[0].Camera == all[0].Camera && !slices.EqualFunc(front[:len(got)], got, bytes.Equal) {
				t.Errorf("%s, byte %d: the frames are others", name, at)
			}
		}
		if noticed < 100 {
			t.Errorf("%s: %d damages were noticed", name, noticed)
		}
	}
}

// one writes a file with one message a topic, all of the same schema and encoding.
func one(t testing.TB, schema, encoding string, messages map[string][]byte) string {
	t.Helper()
	var b bytes.Buffer
	w, err := mcap.NewWriter(&b, &mcap.WriterOptions{Chunked: true})
	if err != nil {
		t.Fatal(err)
	}
	errs := []error{w.WriteHeader(&mcap.Header{}), w.WriteSchema(&mcap.Schema{ID: 1, Name: schema, Encoding: "ros2msg"})}
	id := uint16(0)
	for topic, data := range messages {
		id++
		errs = append(errs,
			w.WriteChannel(&mcap.Channel{ID: id, SchemaID: 1, Topic: topic, MessageEncoding: encoding}),
			w.WriteMessage(&mcap.Message{ChannelID: id, LogTime: uint64(id), Data: data}))
	}
	if err := errors.Join(append(errs, w.Close())...); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "one.mcap")
	put(t, name, b.Bytes())
	return name
}

// cdrImage is a sensor_msgs/Image in big-endian CDR.
func cdrImage(encoding string, width, height, step uint32, pixels []byte) []byte {
	b := []byte{0, 0, 0, 0}
	number := func(n uint32) {
		for (len(b)-4)%4 != 0 {
			b = append(b, 0)
		}
		b = binary.BigEndian.AppendUint32(b, n)
	}
	text := func(s string) {
		number(uint32(len(s) + 1))
		b = append(append(b, s...), 0)
	}
	number(1)
	number(2)
	text("camera")
	number(height)
	number(width)
	text(encoding)
	b = append(b, 0)
	number(step)
	number(uint32(len(pixels)))
	return append(b, pixels...)
}

func TestBigEndian(t *testing.T) {
	name := one(t, "sensor_msgs/msg/Image", "cdr", map[string][]byte{"/a": cdrImage("mono8", 2, 1, 2, []byte{7, 9})})
	recordings, err := Recordings(name, &Options{Task: "Push"})
	if err != nil {
		t.Fatal(err)
	}
	img := formattest.Frames(t, recordings[0])[0]
	if a, b := img.At(0, 0), img.At(1, 0); a != (color.Gray{7}) || b != (color.Gray{9}) {
		t.Errorf("%v, %v", a, b)
	}
}

func TestRefused(t *testing.T) {
	const image, compressed = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
	pixels := make([]byte, 12)
	task := Options{Task: "Push"}
	empty := t.TempDir()
	for what, c := range map[string]struct {
		path  string
		opts  Options
		topic string
		say   string
	}{
		"no file":        {file("no.mcap"), task, "", "no such file"},
		"empty folder":   {empty, task, "", "holds no .mcap files"},
		"another format": {file("episode.mp4"), task, "", "is no MCAP file"},
		"no task":        {file("ros2.mcap"), Options{}, "", "/subtask (std_msgs/msg/String, cdr), /task (std_msgs/msg/String, cdr)"},
		"no such texts":  {file("ros2.mcap"), Options{TaskTopic: "/goal"}, "/goal", "nothing was said on it; texts are on /subtask"},
		"task of images": {file("ros2.mcap"), Options{TaskTopic: "/grey"}, "/grey", "holds sensor_msgs/msg/Image, not std_msgs/String"},
		"no such camera": {file("ros2.mcap"), Options{Task: "Push", Cameras: []string{"/left"}}, "/left", "is no topic of images; there are /depth/image_raw"},
		"camera of text": {file("ros2.mcap"), Options{Task: "Push", Cameras: []string{"/task"}}, "/task", "is no topic of images"},
		"camera twice":   {file("ros2.mcap"), Options{Task: "Push", Cameras: []string{"/grey", "/grey"}}, "/grey", "asked for twice"},
		"depth":          {file("ros2.mcap"), Options{Task: "Push", Cameras: []string{"/depth/image_raw"}}, "/depth/image_raw", "holds depth"},
		"no images":      {one(t, "std_msgs/msg/String", "cdr", map[string][]byte{"/a": nil}), task, "", "no images on any topic; there are /a (std_msgs/msg/String, cdr)"},
		"yuv":            {one(t, image, "cdr", map[string][]byte{"/a": cdrImage("yuv422_yuy2", 2, 2, 4, pixels)}), task, "/a", `"yuv422_yuy2"; read are rgb8`},
		"no encoding":    {one(t, image, "cdr", map[string][]byte{"/a": cdrImage("", 2, 2, 6, pixels)}), task, "/a", "without an encoding"},
		"too few pixels": {one(t, image, "cdr", map[string][]byte{"/a": cdrImage("rgb8", 2, 3, 6, pixels)}), task, "/a", "12 bytes of pixels"},
		"huge":           {one(t, image, "cdr", map[string][]byte{"/a": cdrImage("rgb8", math.MaxUint32, math.MaxUint32, math.MaxUint32, pixels)}), task, "/a", "4294967295 by 4294967295"},
		"short":          {one(t, image, "cdr", map[string][]byte{"/a": cdrImage("rgb8", 2, 2, 6, pixels)[:40]}), task, "/a", "ends too early"},
		"ros1":           {one(t, image, "ros1", map[string][]byte{"/a": pixels}), task, "/a", `"ros1"; read are cdr`},
		"cdr2":           {one(t, image, "cdr", map[string][]byte{"/a": {0, 9, 0, 0, 1}}), task, "/a", "plain CDR"},
		"not an image":   {one(t, "foxglove.CompressedImage", "json", map[string][]byte{"/a": []byte(`{"format":"h264","data":"AAAAAWdk"}`)}), task, "/a", `format "h264": is no JPEG`},
		"not JSON":       {one(t, "foxglove.CompressedImage", "json", map[string][]byte{"/a": []byte(`{`)}), task, "/a", "unexpected end"},
		"not protobuf":   {one(t, "foxglove.RawImage", "protobuf", map[string][]byte{"/a": {0xff}}), task, "/a", "EOF"},
		"same name":      {one(t, compressed, "cdr", map[string][]byte{"/a/b": png(t), "a/b": png(t)}), task, "", "would both be camera a.b"},
	} {
		got, err := Recordings(c.path, &c.opts)
		var e *Error
		if !errors.As(err, &e) || c.topic != "" && e.Topic != c.topic || !strings.Contains(err.Error(), c.say) || got != nil {
			t.Errorf("%s: %v; want %q of topic %q", what, err, c.say, c.topic)
		}
	}
	if _, err := Recordings(file("no.mcap"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// png is a sensor_msgs/CompressedImage with one of the frames.
func png(t testing.TB) []byte {
	data, err := os.ReadFile(file("frames/000000.png"))
	if err != nil {
		t.Fatal(err)
	}
	b := []byte{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 'p', 'n', 'g', 0}
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(data))), data...)
}

// TestHuge: lengths that a file claims are not believed.
func TestHuge(t *testing.T) {
	record := func(op mcap.OpCode, length uint64, body ...byte) []byte {
		return append(binary.LittleEndian.AppendUint64([]byte{byte(op)}, length), body...)
	}
	head := make([]byte, 40)
	binary.LittleEndian.PutUint64(head[16:], math.MaxUint64)
	for what, data := range map[string][]byte{
		"message":       record(mcap.OpMessage, 1<<62),
		"more than all": record(mcap.OpSchema, math.MaxUint64),
		"attachment":    record(mcap.OpAttachment, 1<<40),
		"chunk":         record(mcap.OpChunk, 1<<50, head...),
		"chunk's size":  record(mcap.OpChunk, 40, head...),
		"compression":   record(mcap.OpChunk, 40, bytes.Repeat([]byte{0xff}, 40)...),
		"kind 0":        record(0, 0),
		"nothing":       nil,
		"channel":       record(mcap.OpChannel, 8, 1, 0, 1, 0, 0xff, 0xff, 0xff, 0xff),
		"unknown":       record(mcap.OpMessage, 22, make([]byte, 22)...),
	} {
		name := filepath.Join(t.TempDir(), "huge.mcap")
		put(t, name, append(bytes.Clone(mcap.Magic), data...))
		_, err := Recordings(name, &Options{Task: "Push"})
		var damage *DamageError
		if !errors.As(err, &damage) || damage.Offset != int64(len(mcap.Magic)) || damage.File != name {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestChanged: a file that is another by the time it is read is an error.
func TestChanged(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.mcap")
	data, err := os.ReadFile(file("ros2.mcap"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, name, data)
	recordings, err := Recordings(name, byTopic)
	if err != nil {
		t.Fatal(err)
	}
	put(t, name, data[:1000])
	if _, errs := stored(t, recordings[0]); errs == 0 {
		t.Error("frames of a file that is gone")
	}
}

func FuzzRecordings(f *testing.F) {
	for _, name := range files {
		data, err := os.ReadFile(file(name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:min(len(data), 30_000)])
	}
	name := filepath.Join(f.TempDir(), "fuzz.mcap")
	f.Fuzz(func(t *testing.T, data []byte) {
		name := fmt.Sprint(name, os.Getpid())
		put(t, name, data)
		recordings, err := Recordings(name, &Options{Task: "Push"})
		if err != nil && !errors.As(err, new(*Error)) && !errors.As(err, new(*DamageError)) {
			t.Error(err)
		}
		for _, r := range recordings {
			stored(t, r)
		}
	})
}

// BenchmarkRecordings lists the frames of a file of 200 MB in chunks: what a disk of that speed would give.
func BenchmarkRecordings(b *testing.B) {
	for _, c := range []struct {
		name string
		kind mcap.CompressionFormat
	}{{"none", mcap.CompressionNone}, {"lz4", mcap.CompressionLZ4}, {"zstd", mcap.CompressionZSTD}} {
		b.Run(c.name, func(b *testing.B) {
			var file bytes.Buffer
			w, err := mcap.NewWriter(&file, &mcap.WriterOptions{Chunked: true, Compression: c.kind})
			if err != nil {
				b.Fatal(err)
			}
			errs := []error{w.WriteHeader(&mcap.Header{}), w.WriteSchema(&mcap.Schema{ID: 1, Name: "sensor_msgs/msg/Image", Encoding: "ros2msg"}),
				w.WriteChannel(&mcap.Channel{ID: 1, SchemaID: 1, Topic: "/camera", MessageEncoding: "cdr"})}
			pixels := make([]byte, 640*480)
			for i := range 650 {
				for k := range pixels { // as even as a picture is
					pixels[k] = uint8(k/64 + i)
				}
				errs = append(errs, w.WriteMessage(&mcap.Message{ChannelID: 1, LogTime: uint64(i), Data: cdrImage("mono8", 640, 480, 640, pixels)}))
			}
			if err := errors.Join(append(errs, w.Close())...); err != nil {
				b.Fatal(err)
			}
			name := filepath.Join(b.TempDir(), "large.mcap")
			put(b, name, file.Bytes())
			b.SetBytes(650 * 640 * 480) // of pictures, however small they are in the file
			for b.Loop() {
				if r, err := Recordings(name, &Options{Task: "Push"}); err != nil || len(r) != 1 {
					b.Fatal(r, err)
				}
			}
		})
	}
}
