package dataset

import (
	"errors"
	"math/rand/v2"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestFrameNames(t *testing.T) {
	for _, want := range [][]string{
		{"a.jpg", "frame_1_2.jpg", "frame_1_10.jpg", "frame_009.jpg", "frame_9.jpg", "frame_10.JPG", "frame_11.webp", "frame_12.PNG"},
		{"10.05.jpg", "10.1.jpg", "10.10.jpg", "10.15.jpg", "11.jpg", "100.0.jpg"},
		{"1700000000.2.png", "1700000000.25.png", "1700000000.9.png", "1700000001.1.png"},
		{"t=9.5s.png", "t=10.05s.png", "t=10.1s.png"},
		{"2024.1.2.png", "2024.1.10.png", "2024.2.1.png"},
		{"2024-05-01T09_59_59.jpg", "2024-05-01T10_00_00.jpg", "2024-05-01T10_00_01.jpg"},
		{"left_2.jpg", "right_1.jpg"},
	} {
		files := fstest.MapFS{"d/.hidden.jpg": {}, "d/notes.txt": {}, "d/folder.png/x": {}}
		for _, k := range rand.Perm(len(want)) {
			files["d/"+want[k]] = &fstest.MapFile{}
		}
		got, err := FrameNames(files, "d")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v, %s", err, diff)
		}
	}
	if _, err := FrameNames(fstest.MapFS{}, "d"); !errors.As(err, new(*FileError)) {
		t.Errorf("no folder: %v", err)
	}
}
