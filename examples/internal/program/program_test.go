package program

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
)

// A device is not a terminal because it is no file.
func TestTerminal(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if info, err := null.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		t.Skip("the null device of this system is no character device")
	}
	if Terminal(null) {
		t.Error("the null device is taken for a terminal")
	}
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminal can be made here:", err)
	}
	defer master.Close()
	if !Terminal(master) {
		t.Error("a terminal is not taken for one")
	}
}

// Elsewhere than on a terminal a line is written for every tenth, and for each new total.
func TestLines(t *testing.T) {
	var b bytes.Buffer
	tell := hook(&b, "steps", false)
	for i := range 101 {
		tell(i, 100, "")
	}
	for i := range 3 {
		tell(i+1, 3, "the second stage")
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 11+3 || lines[0] != "0 of 100 steps" || lines[10] != "100 of 100 steps" || lines[13] != "3 of 3 steps, the second stage" {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
	b.Reset()
	if tell(0, 0, ""); b.String() != "0 of 0 steps\n" {
		t.Errorf("of nothing: %q", b.String())
	}
}

func TestBar(t *testing.T) {
	var b bytes.Buffer
	tell := hook(&b, "steps", true)
	tell(1, 2, "")
	tell(2, 2, "loss 0.5")
	tell(1, 4, "") // another stage
	tell(9, 4, "") // more than there are
	tell(1, 4, "") // and one of the same length
	got := b.String()
	for _, want := range []string{"steps", "(1/2)", "steps, loss 0.5", "(2/2)", "(1/4)", "(4/4)"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if lines := strings.Split(got, "\n"); len(lines) != 3 || !strings.Contains(lines[2], "(1/4)") {
		t.Errorf("want a line for each full bar, and a third bar under way: %q", got)
	}
}

// The frames of a folder come in the order of their numbers, and what is no frame is passed over.
func TestFrames(t *testing.T) {
	fsys := fstest.MapFS{"a/10.png": {}, "a/9.PNG": {}, "a/100.jpeg": {}, "a/notes.txt": {}, "a/.hidden": {}, "b/notes.txt": {}}
	got, err := Frames(fsys, "a")
	if diff := cmp.Diff([]string{"a/9.PNG", "a/10.png", "a/100.jpeg"}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := Frames(fsys, "b"); err == nil || !strings.Contains(err.Error(), "b has no") {
		t.Error(err)
	}
	if _, err := Frames(fsys, "c"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestCheckpoint(t *testing.T) {
	m, err := (&Checkpoint{Dir: "../../../testdata/tiny", Backend: "go"}).Open(t.Context(), egotsr.Options{Backend: "none"})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if _, err := fs.Stat((&Checkpoint{}).FS(), "config.json"); err != nil {
		t.Error("the zero value has no checkpoint:", err)
	}
}

func TestPrompt(t *testing.T) {
	for name, want := range map[string]dataset.Prompt{"tag": dataset.Tag, "long": dataset.Long, "cot": dataset.CoT} {
		if got, err := Prompt(name); got != want || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := Prompt("Long"); err == nil || !strings.Contains(err.Error(), "-prompt Long") {
		t.Error(err)
	}
}

// Words stay inside the width they are given, whatever letters they are made of.
func TestWords(t *testing.T) {
	const width = 60
	for _, text := range []string{"a", "as long as there is room for", strings.Repeat("ä", 40), "打开抽屉，把杯子放进去，然后关上"} {
		img := image.NewGray(image.Rect(0, 0, 400, 20))
		Words(img, 0, 14, width, color.White, text)
		ink := 0
		for i, v := range img.Pix {
			if v != 0 {
				ink++
				if i%img.Stride >= width {
					t.Fatalf("%q is wider than %d", text, width)
				}
			}
		}
		if ink == 0 {
			t.Errorf("%q: nothing is written", text)
		}
	}
}
