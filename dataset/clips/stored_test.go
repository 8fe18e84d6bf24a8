package clips

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bag is a Stored of grey frames, frame i as bright as i, that breaks at one of them.
type bag struct {
	file string
	n    int
	bad  int
	open *int
}

func (b bag) Len() int        { return b.n }
func (b bag) Files() []string { return []string{b.file} }
func (b bag) Close() error    { *b.open--; return nil }

func (b bag) Open() (FrameReader, error) {
	*b.open++
	return b, nil
}

func (b bag) Frame(i int) ([]byte, string, error) {
	if i == b.bad {
		return nil, "", errors.New("is broken")
	}
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	for k := range img.Pix {
		img.Pix[k] = byte(i)
	}
	var out bytes.Buffer
	err := png.Encode(&out, img)
	return out.Bytes(), ".png", err
}

func TestStored(t *testing.T) {
	open, dir := 0, t.TempDir()
	b := bag{file: filepath.Join(dir, "a.bag"), n: 25, bad: -1, open: &open}
	if err := os.WriteFile(b.file, []byte("bag"), 0o666); err != nil {
		t.Fatal(err)
	}
	r := Recording{Scene: "s", Episode: "1", Task: "Push", Stored: b, Actions: []Action{{End: 25, Text: "Push"}}}
	var numbers []int
	err := r.Decode(context.Background(), 10, func(i int, img image.Image) error {
		numbers = append(numbers, i)
		if v, _, _, _ := img.At(0, 0).RGBA(); int(v>>8) != i {
			t.Errorf("frame %d is frame %d", i, v>>8)
		}
		return nil
	})
	if d := cmp.Diff([]int{0, 10, 20}, numbers); d != "" || err != nil {
		t.Error(d, err)
	}
	out := filepath.Join(dir, "out")
	prepare := func() *Report {
		report, err := Prepare(context.Background(), []Recording{r}, out, &Options{Every: 10})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	if report := prepare(); report.Frames != 2 || len(report.Failed) > 0 {
		t.Error(report)
	}
	for i := range 2 {
		data, err := os.ReadFile(filepath.Join(out, fmt.Sprintf("clips/s/1/Push/%05d.png", i)))
		want, _, _ := b.Frame(10 * i)
		if err != nil || !bytes.Equal(data, want) {
			t.Errorf("frame %d: %v", i, err)
		}
	}
	if report := prepare(); report.AsItWas != 1 {
		t.Error("the same bag is cut again:", report)
	}
	if err := os.WriteFile(b.file, []byte("another"), 0o666); err != nil {
		t.Fatal(err)
	}
	b.bad = 10
	r.Stored = b
	if report := prepare(); len(report.Failed) != 1 {
		t.Error("a bag that has changed is not read again:", report)
	}
	if err := r.Decode(context.Background(), 10, func(int, image.Image) error { return nil }); err == nil || open != 0 {
		t.Errorf("%v, and %d are open", err, open)
	}
}
