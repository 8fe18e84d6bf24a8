package english

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLook(t *testing.T) {
	for word, want := range map[string]entry{
		"mug":       {kind: 'V', verb: true},
		"kitchen":   {kind: 'K'},
		"apple":     {kind: 'F'},
		"idea":      {kind: '-'},
		"soy_sauce": {kind: 'F'},
		"slowly":    {kind: '.', adverb: true},
		"careful":   {kind: '.', adjective: true},
	} {
		got, ok := look(word)
		if got.near = ""; !ok || got != want {
			t.Errorf("%s: %+v, %v", word, got, ok)
		}
	}
	if e, _ := look("iron"); !slices.Contains(strings.Split(e.near, ","), "press") {
		t.Errorf("iron is near %s", e.near)
	}
	for _, word := range []string{"", "flurb", "mugg", "\n", "zzzz", "0"} {
		if e, ok := look(word); ok && word != "0" {
			t.Errorf("%q: %+v", word, e)
		}
	}
}

// Every line can be found, since the lines are sorted; every letter is one that grammar.txt knows, and the table has the size that
// a program may be asked to carry.
func TestLexicon(t *testing.T) {
	x, last := english(), ""
	for line := range strings.Lines(lexicon) {
		word, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || word <= last {
			t.Fatalf("%q after %q", line, last)
		}
		if k := rest[0]; k != '-' && k != '.' && x.classes[k] == "" {
			t.Fatalf("%q: nobody knows %c", line, k)
		}
		last = word
	}
	if len(lexicon) > 2<<20 {
		t.Errorf("%d bytes", len(lexicon))
	}
	for range 200 {
		at := len(lexicon) * len(last) % 7919 // somewhere
		word, _, _ := strings.Cut(lexicon[strings.IndexByte(lexicon[at*100:], '\n')+at*100+1:], " ")
		if _, ok := look(word); !ok {
			t.Fatalf("%q is not found", word)
		}
		last += "."
	}
}

// What is done before the first sentence, and the time of a sentence in the middle; the machine may be busy.
func TestSoon(t *testing.T) {
	best := time.Hour
	for range 30 {
		if best < 15*time.Millisecond {
			break
		}
		began := time.Now()
		if _, err := readVocabulary(); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(began))
	}
	if best > 20*time.Millisecond && !testing.Short() { // the race detector, which is slow, runs the short tests
		t.Errorf("the grammar is read in %v", best)
	}
	var took []time.Duration
	for _, row := range sentences(t, "testdata/sentences.txt") {
		fastest := time.Hour
		for range 3 {
			began := time.Now()
			Decompose(context.Background(), row[0], nil)
			fastest = min(fastest, time.Since(began))
		}
		took = append(took, fastest)
	}
	slices.Sort(took)
	t.Logf("the grammar is read in %v; a sentence takes %v, the slowest %v", best, took[len(took)/2], took[len(took)-1])
	if took[len(took)/2] > time.Millisecond && !testing.Short() {
		t.Errorf("a sentence takes %v", took[len(took)/2])
	}
}
