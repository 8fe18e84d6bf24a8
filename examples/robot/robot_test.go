package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/egotsr/egotsr"
)

// frame is one of the test's frames as a file.
func frame(t testing.TB, level uint8) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 56, 28))
	for i := range img.Pix {
		img.Pix[i] = level + uint8(i%7)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The test's program is its own robot, of the kind that the environment names.
func TestMain(m *testing.M) {
	kind, file := os.Getenv("EGOTSR_ROBOT"), os.Getenv("EGOTSR_ROBOT_FRAME")
	if kind == "" {
		os.Exit(m.Run())
	}
	data, err := os.ReadFile(file)
	if err != nil {
		os.Exit(9)
	}
	for i := range 3 {
		binary.Write(os.Stdout, binary.BigEndian, uint32(len(data)))
		os.Stdout.Write(data)
		if kind == "polite" {
			var trend, progress string
			if n, _ := fmt.Scanln(&trend, &progress); n != 2 {
				os.Exit(10 + i)
			}
		}
	}
	switch kind {
	case "fails":
		os.Exit(3)
	case "deaf": // it neither listens nor ends
		os.Stdout.Close()
		time.Sleep(time.Minute)
	case "silent":
		time.Sleep(time.Minute)
	}
}

func live(t *testing.T, ctx context.Context, kind string) recording {
	t.Helper()
	file := filepath.Join(t.TempDir(), "frame.png")
	if err := os.WriteFile(file, frame(t, 90), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("EGOTSR_ROBOT", kind)
	t.Setenv("EGOTSR_ROBOT_FRAME", file)
	r, err := robot(ctx, os.Args[0], "Open a drawer")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func model(t *testing.T) *egotsr.Model {
	t.Helper()
	m, err := egotsr.Open(t.Context(), os.DirFS("../../testdata/tiny"), &egotsr.Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// However a robot ends, the loop ends too, and what it saw is written.
func TestRobot(t *testing.T) {
	m := model(t)
	for kind, want := range map[string]string{"polite": "", "fails": "exit status 3", "deaf": "signal: killed", "silent": "context deadline exceeded"} {
		ctx, cancel := context.WithCancel(t.Context())
		if kind == "silent" { // as an interrupt would
			ctx, cancel = context.WithTimeout(t.Context(), 3*time.Second)
		}
		defer cancel()
		out := filepath.Join(t.TempDir(), "robot.gif")
		began := time.Now()
		err := run(ctx, m, live(t, ctx, kind), 0, out)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", kind, err, want)
		}
		if took := time.Since(began); took > grace+20*time.Second {
			t.Errorf("%s: ended after %v", kind, took)
		}
		if g := open(t, out); len(g.Image) != 3 {
			t.Errorf("%s: %d pictures", kind, len(g.Image))
		}
	}
	if _, err := robot(t.Context(), " ", "t"); err == nil {
		t.Error("no command was started")
	}
}

// Without -out nothing is kept, and nothing is written.
func TestNoOverlay(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "1.png"), frame(t, 1), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := folder(dir, "Open a drawer")
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), model(t), r, 0, ""); err != nil {
		t.Error(err)
	}
}

func open(t *testing.T, path string) *gif.GIF {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gif.DecodeAll(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// A folder's frames come in the order of their numbers, and what is no frame is passed over.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string][]byte{"10.png": frame(t, 100), "9.PNG": frame(t, 50), "notes.txt": []byte("no frame"), ".hidden": nil} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := folder(dir, "t")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []uint8{50, 100} {
		img, err := r.next()
		if err != nil || color.GrayModel.Convert(img.At(0, 0)).(color.Gray).Y != want {
			t.Errorf("not the frame of %d: %v", want, err)
		}
	}
	if _, err := r.next(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if _, err := folder(t.TempDir(), "t"); err == nil {
		t.Error("an empty folder has frames")
	}
}

func TestReadFrame(t *testing.T) {
	whole := frame(t, 7)
	stream := append(binary.BigEndian.AppendUint32(nil, uint32(len(whole))), whole...)
	if img, err := readFrame(bytes.NewReader(stream)); err != nil || img.Bounds().Dx() != 56 {
		t.Error(img, err)
	}
	if _, err := readFrame(bytes.NewReader(nil)); err != io.EOF {
		t.Error(err)
	}
	for name, text := range map[string][]byte{"torn length": stream[:3], "no image": stream[:4], "torn": stream[:20], "too long": {255, 0, 0, 0}, "empty": {0, 0, 0, 0}} {
		if _, err := readFrame(bytes.NewReader(text)); err == nil || err == io.EOF {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An overlay of any length holds few pictures, evenly, from the first to the last.
func TestOverlay(t *testing.T) {
	gray := image.NewGray(image.Rect(0, 0, 8, 8))
	for _, n := range []int{1, maxPictures, maxPictures + 1, 1234} {
		o := &overlay{task: "t", stride: 1}
		for i := range n {
			o.add(gray, egotsr.State{Progress: float64(i) / 1234, Subtask: i, Trend: egotsr.Trend(i % 5)}, "s")
			if len(o.pictures) > maxPictures || cap(o.pictures) > 4*maxPictures {
				t.Fatalf("%d pictures after %d frames", len(o.pictures), i+1)
			}
		}
		for k, p := range o.pictures {
			if want := k * o.stride; p.state.Subtask != want && !(k == len(o.pictures)-1 && p.state.Subtask == n-1) {
				t.Errorf("of %d: picture %d is of frame %d", n, k, p.state.Subtask)
			}
		}
		if last := o.pictures[len(o.pictures)-1].state.Subtask; last != n-1 {
			t.Errorf("of %d: the last picture is of frame %d", n, last)
		}
		if n > maxPictures {
			continue
		}
		path := filepath.Join(t.TempDir(), "o.gif")
		if err := o.write(path); err != nil {
			t.Fatal(err)
		}
		if g := open(t, path); len(g.Image) != n || g.Delay[n-1] <= 100 || g.Config.Width != width || g.Config.Height != height {
			t.Errorf("of %d: %d pictures of %dx%d", n, len(g.Image), g.Config.Width, g.Config.Height)
		}
	}
}
