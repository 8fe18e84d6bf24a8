package cot

import (
	"errors"
	"io/fs"
	"maps"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset"
)

// nut is an episode in which the nut slips once; the first distances are the simulator's, from before its first step.
func nut() dataset.Episode {
	return dataset.Episode{
		Scene: "bench", ID: "7", Task: "Put the nut on the peg", Variant: "drop",
		Frames:  []string{"0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg"},
		Subtask: []int{0, 1, -1, 1, 2},
		Plan:    []string{"Grasp the nut.", "Move the nut above the peg."},
		Signals: map[string][]float64{
			signalHand:    {0.9, 0.21, 0.12, 0.05, 0.01},
			signalGoal:    {0.9, 0.34, 0.28, 0.12, 0.02},
			signalGripper: {1, 0.5, 0.9, 0.45, 0.3},
			signalSuccess: {0, 0, 0, 0, 1},
		},
	}
}

func TestSentences(t *testing.T) {
	plain := func(e dataset.Episode) dataset.Episode { e.Signals = nil; return e }
	change := func(f func(*dataset.Episode)) dataset.Episode { e := nut(); f(&e); return e }
	for name, c := range map[string]struct {
		episode dataset.Episode
		want    []string
	}{
		"signals": {nut(), []string{
			"Gripper open, 20 cm from the object, object 30 cm from its goal; grasp the nut; 0 of 2 steps done.",
			"Gripper half closed, 20 cm from the object, object 30 cm from its goal; move the nut above the peg; 1 of 2 steps done.",
			"Gripper open, 10 cm from the object, object 30 cm from its goal; the object slips out of the gripper.",
			"Gripper half closed, 5 cm from the object, object 10 cm from its goal; move the nut above the peg; 1 of 2 steps done.",
			"Gripper closed, at the object, object at its goal; the goal is reached.",
		}},
		"annotations": {plain(nut()), []string{
			"Grasp the nut; 0 of 2 steps done.", "Move the nut above the peg; 1 of 2 steps done.", "The object slips out of the gripper.",
			"Move the nut above the peg; 1 of 2 steps done.", "All 2 steps done.",
		}},
		"costs": {change(func(e *dataset.Episode) { e.Signals, e.Cost = nil, []float64{126, 34, 88, 12, 2} }), []string{
			"Grasp the nut; 0 of 2 steps done; about 150 moves left.", "Move the nut above the peg; 1 of 2 steps done; about 30 moves left.",
			"The object slips out of the gripper; about 90 moves left.", "Move the nut above the peg; 1 of 2 steps done; about 10 moves left.",
			"All 2 steps done; no moves left.",
		}},
		"pause": {change(func(e *dataset.Episode) { e.Variant, e.Signals = "pause", nil }), []string{
			"Grasp the nut; 0 of 2 steps done.", "Move the nut above the peg; 1 of 2 steps done.", "Move the nut above the peg; 1 of 2 steps done.",
			"Move the nut above the peg; 1 of 2 steps done.", "All 2 steps done.",
		}},
		"not annotated": {change(func(e *dataset.Episode) {
			e.Variant, e.Plan, e.Subtask = "", nil, []int{-1, -1, -1, 0, 0}
			e.Signals = map[string][]float64{signalHand: {0.1, 0.1, math.NaN(), 0.275, 0.27}}
		}), []string{"Gripper 10 cm from the object.", "Gripper 10 cm from the object.", "", "Gripper 30 cm from the object.", "Gripper 25 cm from the object."}},
		"texts": {change(func(e *dataset.Episode) {
			e.Signals = nil
			e.Subtask = []int{0, 1, 2, 3, 4}
			e.Plan = []string{"USB stick into\nthe port ", "A cup.", "Öffne die Tür.", strings.Repeat("Carry it on ", 9), ""}
		}), []string{
			"USB stick into the port; 0 of 5 steps done.", "A cup; 1 of 5 steps done.", "Öffne die Tür; 2 of 5 steps done.",
			"Carry it on Carry it on Carry it on Carry it on Carry it on Carry it on Carry …; 3 of 5 steps done.", "4 of 5 steps done.",
		}},
	} {
		for i, want := range c.want {
			if got := sentence(&c.episode, i); got != want {
				t.Errorf("%s, frame %d: %q, want %q", name, i, got, want)
			}
		}
	}
}

func TestAnnotations(t *testing.T) {
	m := Annotations([]dataset.Episode{nut()})
	a, err := m.Describe(t.Context(), dataset.Sample{Img1: "1.jpg", Img2: "3.jpg", Closer: dataset.Img2}, nil, nil)
	if err != nil || a.Closer != dataset.Img2 || a.Detail[0] == a.Detail[1] {
		t.Errorf("%+v, %v", a, err)
	}
	var file *dataset.FileError
	if _, err := m.Describe(t.Context(), dataset.Sample{Img1: "1.jpg", Img2: "9.jpg"}, nil, nil); !errors.As(err, &file) || file.Path != "9.jpg" {
		t.Errorf("a frame of no episode: %v", err)
	}
}

// TestShared reads the shared simulated episodes: every sentence is short and fit to learn from, belongs to its frame
// whatever the place and the neighbour, and nearly every pair gets two that differ.
func TestShared(t *testing.T) {
	for _, c := range []struct {
		name        string
		words, kept int // most words in use, fewest pairs in a hundred that are described
	}{{"episodes", 120, 95}, {"episodes_long", 40, 80}} {
		t.Run(c.name, func(t *testing.T) {
			root := os.DirFS("../../../shared/" + c.name)
			if _, err := fs.Stat(root, "progress"); err != nil {
				t.Skip("no shared episodes")
			}
			episodes, _, err := dataset.Simulated(root)
			if err != nil {
				t.Fatal(err)
			}
			said := map[string]string{}
			words := map[string]bool{}
			longest := 0
			for k := range episodes {
				for i, path := range episodes[k].Frames {
					s := sentence(&episodes[k], i)
					said[path] = s
					longest = max(longest, utf8.RuneCountInString(s))
					for _, w := range regexp.MustCompile(`[a-z]+`).FindAllString(strings.ToLower(s), -1) {
						words[w] = true
					}
					if clean(s) != s || s == "" || mention.MatchString(s) || echo.MatchString(s) {
						t.Errorf("%s: %q", path, s)
					}
				}
			}
			if longest > 160 || len(words) > c.words {
				t.Errorf("sentences of %d characters, %d words", longest, len(words))
			}
			pairs, err := dataset.NewPairs(root, episodes, dataset.PairOptions{Groups: 400, Both: true, WrongTaskShare: 0.02, NoChangeShare: 0.02})
			if err != nil {
				t.Fatal(err)
			}
			o := fill(t.Context(), Annotations(episodes), pairs, Options{})
			if o.end != nil || len(o.errs) > 0 {
				t.Fatal(o.end, o.errs)
			}
			for _, s := range o.samples {
				if s.Detail != [2]string{said[s.Img1], said[s.Img2]} {
					t.Fatalf("%+v: frame 1 is %q, frame 2 %q", s, said[s.Img1], said[s.Img2])
				}
			}
			labelled := pairs.Len() - o.stats.Unlabelled
			if o.stats.Made*100 < labelled*c.kept || o.stats.Made+o.stats.Rejected[ReasonAlike] != labelled || o.stats.Unlabelled == 0 {
				t.Errorf("%+v of %d", o.stats, pairs.Len())
			}
			t.Logf("%d frames, %d sentences, %d words, at most %d characters; %d of %d labelled pairs described, the others alike",
				len(said), len(distinct(said)), len(words), longest, o.stats.Made, labelled)
			// Exchanging the frames exchanges the answer.
			m := Annotations(episodes)
			for i := range 200 {
				s, _ := pairs.At(i)
				a, err1 := m.Describe(t.Context(), s, nil, nil)
				b, err2 := m.Describe(t.Context(), s.Swap(), nil, nil)
				if diff := cmp.Diff(a.swap(), b); err1 != nil || err2 != nil || diff != "" {
					t.Fatal(err1, err2, diff)
				}
			}
		})
	}
}

func distinct(m map[string]string) map[string]bool {
	d := map[string]bool{}
	for s := range maps.Values(m) {
		d[s] = true
	}
	return d
}
