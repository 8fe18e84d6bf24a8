package clips

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestGroup is the reference's rule on its edges: frame i belongs where ceil(start/10) <= i < floor(end/10).
func TestGroup(t *testing.T) {
	for _, c := range []struct {
		start, end, every int
		first, last       int // subsampled frames; last < first is none
	}{
		{0, 100, 10, 0, 9}, {1, 100, 10, 1, 9}, {9, 100, 10, 1, 9}, {10, 100, 10, 1, 9}, {11, 100, 10, 2, 9},
		{0, 99, 10, 0, 8}, {0, 101, 10, 0, 9}, {0, 109, 10, 0, 9}, {0, 110, 10, 0, 10}, {20, 30, 10, 2, 2},
		{20, 29, 10, 2, 1}, {21, 30, 10, 3, 2}, {21, 39, 10, 3, 2}, {21, 40, 10, 3, 3}, {50, 50, 10, 5, 4}, {60, 50, 10, 6, 4},
		{3, 7, 1, 3, 6}, {5, 215, 7, 1, 29},
	} {
		actions := []Action{{Start: c.start, End: c.end}}
		for i := range 40 {
			want := -1
			if c.first <= i && i <= c.last {
				want = 0
			}
			if got := group(actions, c.every, i); got != want {
				t.Errorf("[%d, %d) of every %d: frame %d is in action %d, want %d", c.start, c.end, c.every, i, got, want)
			}
		}
	}
	overlap := []Action{{Start: 0, End: 50}, {Start: 30, End: 80}}
	if group(overlap, 10, 4) != 0 || group(overlap, 10, 5) != 1 || group(nil, 10, 0) != -1 {
		t.Error("a frame of two actions belongs to the first")
	}
}

// refined runs n frames through a clip.
func refined(n, least, drop int) (numbers []int, dropped int) {
	c := clip{least: least, drop: drop}
	for i := range n {
		for _, f := range c.add(heldFrame{number: i}) {
			numbers = append(numbers, f.number)
		}
		if len(c.held) > max(least, drop) {
			panic("holds more than it has to")
		}
	}
	stay, dropped := c.end()
	for _, f := range stay {
		numbers = append(numbers, f.number)
	}
	return numbers, dropped
}

func TestRefine(t *testing.T) {
	for _, c := range []struct{ n, least, drop, kept int }{
		{0, 18, 7, 0}, {1, 18, 7, 1}, {17, 18, 7, 17}, {18, 18, 7, 11}, {19, 18, 7, 12}, {100, 18, 7, 93}, {100, 18, 0, 100}, {7, 7, 7, 0}, {6, 7, 7, 6},
	} {
		if got, dropped := refined(c.n, c.least, c.drop); len(got) != c.kept || dropped != c.n-c.kept {
			t.Errorf("%d frames: %d kept, %d dropped, want %d kept", c.n, len(got), dropped, c.kept)
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		n, drop := rng.IntN(60), rng.IntN(10)
		least := drop + rng.IntN(20)
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		if n >= least {
			all = all[:n-min(n, drop)]
		}
		if got, _ := refined(n, least, drop); !slices.Equal(got, all) {
			t.Fatalf("%d frames, %d dropped of %d: %v", n, drop, least, got)
		}
	}
}

func TestFolders(t *testing.T) {
	got := folders([]Action{{Text: "Pick."}, {Text: "Place."}, {Text: "Pick."}, {Text: "pick."}, {Text: "Pick. (2)"}})
	if want := []string{"Pick.", "Place.", "Pick. (2)", "pick. (3)", "Pick. (2) (2)"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	long := strings.Repeat("é", 300)
	seen := map[string]string{}
	for _, text := range []string{"", ".", "..", "...", "a/b", "a\\b", "a_b", "../../etc", "a\x00b", " a", "a\n", long, long + "x", "\xff", "C:", "Öffne die Tür."} {
		name := folderName(text)
		if name == "" || len(name) > 220 || strings.ContainsAny(name, "/\\\x00\n") || strings.HasPrefix(name, ".") || strings.TrimSpace(name) != name {
			t.Errorf("%q becomes %q", text, name)
		}
		if before, ok := seen[name]; ok {
			t.Errorf("%q and %q both become %q", before, text, name)
		}
		seen[name] = text
	}
	if folderName("Öffne die Tür.") != "Öffne die Tür." {
		t.Error("a text that is a name has changed")
	}
}
