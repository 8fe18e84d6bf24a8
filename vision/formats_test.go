package vision

import (
	"encoding/json"
	"testing"
)

// formatCase is one file of testdata/formats.json: see make.py beside it.
type formatCase struct {
	Name   string
	Data   []byte
	Levels int // how far a pixel may be from Pillow's
	W, H   int
	RGB    []byte
}

func formatCases(t testing.TB) (cases []formatCase) {
	t.Helper()
	if err := json.Unmarshal(read(t, "testdata/formats.json"), &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 50 {
		t.Fatalf("only %d cases", len(cases))
	}
	return cases
}

// TestFormats reads every format as Pillow does: exactly, except where a JPEG's cosine transform comes in.
func TestFormats(t *testing.T) {
	for _, c := range formatCases(t) {
		img, err := Decode(c.Data)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if b := img.Bounds(); b.Dx() != c.W || b.Dy() != c.H {
			t.Errorf("%s: bounds %v, want %dx%d", c.Name, b, c.W, c.H)
			continue
		}
		if is := difference(t, ToRGB(img), &RGB{c.W, c.H, c.RGB}); is.largest > c.Levels {
			t.Errorf("%s: %+v, want at most %d levels", c.Name, is, c.Levels)
		}
	}
}
