package egotsr

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"image"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/egotsr/egotsr/internal/safetensors"
)

// Both checkpoints are real Qwen2.5-VLs with random weights: their verdicts mean nothing, and everything that must hold of any
// checkpoint can be tested on them. The tiny one takes milliseconds.
const (
	tiny   = "testdata/tiny"
	golden = "testdata/golden/a/checkpoint"
)

func openTiny(t testing.TB, o Options) *Model {
	t.Helper()
	return openFS(t, os.DirFS(tiny), o)
}

func openFS(t testing.TB, fsys fs.FS, o Options) *Model {
	t.Helper()
	if o.Backend == "" {
		o.Backend = cmp.Or(os.Getenv("EGOTSR_TEST_BACKEND"), "go") // make test asks for both
	}
	m, err := Open(context.Background(), fsys, &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// noise is a random image of the given size in pixels; equal seeds give equal images.
func noise(seed uint64, width, height int) image.Image {
	r := rand.New(rand.NewPCG(seed, 1))
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = uint8(r.Uint32())
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

func judge(t testing.TB, m *Model, p Pair, o *JudgeOptions) Judgement {
	t.Helper()
	j, err := m.Judge(context.Background(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestOpenErrors(t *testing.T) {
	ctx := context.Background()
	if _, err := Open(ctx, nil, nil); err == nil {
		t.Error("a nil file system was opened")
	}
	dir := os.DirFS(tiny)
	for _, o := range []Options{{MaxBatch: -1}, {Backend: "abacus"}, {Backend: "go", Weights: "f4"}, {Backend: "go", MinPixels: 9999, MaxPixels: 99}} {
		if _, err := Open(ctx, dir, &o); err == nil {
			t.Errorf("opened with %+v", o)
		}
	}
	for _, dir := range []string{t.TempDir(), "testdata/none"} {
		if _, err := Open(ctx, os.DirFS(dir), nil); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "no checkpoint") || strings.Contains(err.Error(), "preprocessor") {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestTemperature(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(tiny)); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(dir+"/"+"calibration.json", []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	ctx, p := context.Background(), Pair{"task", noise(1, 60, 60), noise(2, 60, 60)}
	single := &JudgeOptions{SingleOrder: true}
	cold := judge(t, openTiny(t, Options{}), p, single)
	write(`{"temperature": 1e6}`)
	m, err := Open(ctx, os.DirFS(dir), &Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if hot := judge(t, m, p, single); hot.Confidence > 0.5001 || (hot.PImg1 > 0.5) != (cold.PImg1 > 0.5) {
		t.Errorf("at a temperature of a million: %+v, at 1: %+v", hot, cold)
	}
	for _, bad := range []string{`{"temperature": 0}`, `{}`, `{"temperature": "1"}`, `1`} {
		write(bad)
		if _, err := Open(ctx, os.DirFS(dir), &Options{Backend: "go"}); err == nil {
			t.Errorf("opened with %s", bad)
		}
	}
}

func TestGoroutines(t *testing.T) {
	m := openTiny(t, Options{FrameCache: 3})
	frames := []image.Image{noise(1, 60, 60), noise(2, 60, 60), noise(3, 60, 60), noise(4, 90, 30)}
	want := map[[2]int]Judgement{}
	for i := range frames {
		for j := range frames {
			want[[2]int{i, j}] = judge(t, m, Pair{"task", frames[i], frames[j]}, nil)
		}
	}
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			ctx := context.Background()
			if g%8 == 7 { // some give up on the way; the others must not notice
				c, cancel := context.WithTimeout(ctx, time.Duration(g)*100*time.Microsecond)
				defer cancel()
				ctx = c
			}
			i, k := g%4, g/4%4
			j, err := m.Judge(ctx, Pair{"task", frames[i], frames[k]}, nil)
			if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
				return
			}
			if w := want[[2]int{i, k}]; err != nil || math.Abs(j.PImg1-w.PImg1) > 1e-5 {
				t.Errorf("goroutine %d: %v, %v, want %v", g, j.PImg1, err, w.PImg1)
			}
		})
	}
	wg.Wait()
}

func TestCancel(t *testing.T) {
	m := openFS(t, os.DirFS(golden), Options{}) // which is slow enough to be cancelled on the way
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Judge(ctx, Pair{"task", noise(1, 60, 60), noise(2, 60, 60)}, nil); err != context.Canceled {
		t.Errorf("cancelled before: %v", err)
	}
	var images []image.Image
	for i := range uint64(40) {
		images = append(images, noise(i, 300, 300))
	}
	ctx, cancel = context.WithCancel(context.Background())
	var at time.Time
	time.AfterFunc(300*time.Millisecond, func() { at = time.Now(); cancel() })
	_, err := m.Progress(ctx, "task", images)
	if err != context.Canceled {
		t.Fatalf("cancelled on the way: %v", err)
	}
	if late := time.Since(at); late > time.Second || m.frames.encodes == len(images) {
		t.Errorf("returned %v after the cancel, with %d frames encoded", late, m.frames.encodes)
	}
}

func TestClose(t *testing.T) {
	m := openTiny(t, Options{})
	p := Pair{"task", noise(1, 200, 200), noise(2, 200, 200)}
	started, done := make(chan bool), make(chan error)
	go func() {
		close(started)
		_, err := m.Judge(context.Background(), p, nil)
		done <- err
	}()
	<-started
	time.Sleep(5 * time.Millisecond)
	closed := make(chan bool)
	go func() { m.Close(); close(closed) }()
	if err := <-done; err != nil && err != ErrClosed {
		t.Errorf("a call under way: %v", err)
	}
	<-closed
	if err := m.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	ctx := context.Background()
	if _, err := m.Judge(ctx, p, nil); err != ErrClosed {
		t.Errorf("Judge after Close: %v", err)
	}
	if _, err := m.Progress(ctx, "task", nil); err != ErrClosed {
		t.Errorf("Progress after Close: %v", err)
	}
	for _, err := range []error{m.Warmup(ctx, 9, 9), m.Save(ctx, t.TempDir()), (&Model{}).Warmup(ctx, 9, 9)} {
		if err != ErrClosed {
			t.Errorf("after Close: %v", err)
		}
	}
	for _, err := range m.JudgeAll(ctx, values([]Pair{p}), nil) {
		if err != ErrClosed {
			t.Errorf("JudgeAll after Close: %v", err)
		}
	}
}

// TestAdapt: an adapter in peft's files changes the answers of frames already seen, and a wrong one nothing.
func TestAdapt(t *testing.T) {
	ctx := context.Background()
	m := openTiny(t, Options{})
	p := Pair{Task: "stack the cups", Img1: noise(1, 56, 56), Img2: noise(2, 56, 56)}
	before := judge(t, m, p, nil)
	// A = 1s and B = 1s over a vision block's qkv: PEFT's names, rank 1.
	const layer = "base_model.model.model.visual.blocks.0.attn.qkv.lora_"
	width := m.net.Config.Vision.HiddenSize
	ones := func(name string, shape ...int) safetensors.Tensor {
		return safetensors.Tensor{Name: layer + name + ".weight", DType: safetensors.F32, Shape: shape, WriteTo: func(w io.Writer) error {
			return safetensors.EncodeFloat32(w, safetensors.F32, slices.Repeat([]float32{1}, shape[0]*shape[1]))
		}}
	}
	var file bytes.Buffer
	if err := safetensors.Write(&file, nil, []safetensors.Tensor{ones("A", 1, width), ones("B", 3*width, 1)}); err != nil {
		t.Fatal(err)
	}
	config := func(text string) fstest.MapFS {
		return fstest.MapFS{"adapter_config.json": {Data: []byte(text)}, "adapter_model.safetensors": {Data: file.Bytes()}}
	}
	for want, fsys := range map[string]fs.FS{
		"use_dora":  config(`{"peft_type": "LORA", "r": 1, "lora_alpha": 1, "use_dora": true}`),
		"lora_A":    config(`{"peft_type": "LORA", "r": 2, "lora_alpha": 1}`),
		"is nil":    nil,
		"not exist": fstest.MapFS{},
	} {
		if err := m.Adapt(ctx, fsys); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "egotsr: ") {
			t.Errorf("%s: %v", want, err)
		}
	}
	if after := judge(t, m, p, nil); after != before {
		t.Errorf("refused adapters changed %+v to %+v", before, after)
	}
	if err := m.Adapt(ctx, config(`{"peft_type": "LORA", "r": 1, "lora_alpha": 0.1, "target_modules": "qkv"}`)); err != nil {
		t.Fatal(err)
	}
	if after := judge(t, m, p, nil); after.PImg1 == before.PImg1 {
		t.Errorf("the adapter changed nothing of %+v", before)
	}
	m.Close()
	if err := m.Adapt(ctx, fstest.MapFS{}); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
