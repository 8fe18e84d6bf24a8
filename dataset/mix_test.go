package dataset

import (
	"errors"
	"fmt"
	"testing"
)

func numberedList(prefix string, n int) *List {
	var samples []Sample
	for i := range n {
		samples = append(samples, Sample{Img1: fmt.Sprint(prefix, i)})
	}
	return NewList(nil, samples)
}

// grouped is a list whose samples come in blocks.
type grouped struct{ *List }

func (grouped) Block() int { return 2 }

func TestMix(t *testing.T) {
	m, err := NewMix(Part{numberedList("a", 3), 1}, Part{grouped{numberedList("b", 12)}, 2})
	if err != nil {
		t.Fatal(err)
	}
	var got string
	for _, s := range samplesOf(t, m) {
		got += s.Img1 + " "
	}
	if want := "0/a0 1/b0 1/b1 1/b2 1/b3 0/a1 1/b4 1/b5 1/b6 1/b7 0/a2 1/b8 1/b9 1/b10 1/b11 "; got != want || m.Block() != 5 || m.Len() != 15 {
		t.Errorf("%s", got)
	}
	for _, i := range []int{-1, 15} {
		var ie *IndexError
		if _, err := m.At(i); !errors.As(err, &ie) {
			t.Errorf("At(%d): %v", i, err)
		}
	}
	for _, path := range []string{"", "2/a", "x/a", "-1/a", "a"} {
		var fe *FileError
		if _, err := m.Image(path); !errors.As(err, &fe) {
			t.Errorf("%q: %v", path, err)
		}
	}
	p, _ := newPairs(t, PairOptions{Groups: 4})
	both, err := NewMix(Part{Source: p}, Part{Source: p, Weight: 3})
	if err != nil {
		t.Fatal(err)
	}
	s, err := both.At(40)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := both.Image(s.Img1); err != nil {
		t.Errorf("%s: %v", s.Img1, err)
	}
	for _, parts := range [][]Part{nil, {{numberedList("", 0), 1}}, {{numberedList("", 1), -1}}} {
		if _, err := NewMix(parts...); err == nil {
			t.Errorf("%v was mixed", parts)
		}
	}
}
