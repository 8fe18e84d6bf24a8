package english

import (
	"context"
	"testing"
	"time"

	"github.com/egotsr/egotsr/internal/simtest"
)

// tenSteps has ten subtasks.
const tenSteps = "Put the fork, the knife, the mug, the plate and the bowl in the sink."

func BenchmarkGrammar(b *testing.B) {
	for _, c := range []struct{ name, sentence string }{
		{"one clause", "Open the drawer."},
		{"two clauses", "Pick up the mug and put it in the sink, then close the drawer."},
		{"tool", "Wipe the table with the sponge."},
		{"washed", "Put a washed apple in the fridge"},
		{"hot", "Put a hot potato on the plate"},
		{"ten steps", tenSteps},
		{"refused", "Boil water in the kettle."},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Decompose(context.Background(), c.sentence, nil)
			}
		})
	}
	b.Run("table", func(b *testing.B) {
		rows := sentences(b, "testdata/sentences.txt")
		i := 0
		for b.Loop() {
			Decompose(context.Background(), rows[i%len(rows)][0], nil)
			i++
		}
	})
}

// TestGrammarSteady wants no more allocations per call after 100,000 calls than before.
func TestGrammarSteady(t *testing.T) {
	calls := simtest.Pick(5000, 100_000)
	if testing.Short() {
		calls = 1000
	}
	once := func() { Decompose(context.Background(), "Open the drawer, put the spoon in it and close it.", nil) }
	first := testing.AllocsPerRun(100, once)
	for range calls {
		Decompose(context.Background(), "Open the drawer.", nil) // the cheapest: 20 s of them
	}
	if last := testing.AllocsPerRun(100, once); last > first*1.02 {
		t.Errorf("%v allocations a call, then %v", first, last)
	}
}

// TestGrammarFast bounds the time of a ten-step task, generously: the machine may be busy.
func TestGrammarFast(t *testing.T) {
	best := time.Hour
	for range 20 {
		began := time.Now()
		p, err := Decompose(context.Background(), tenSteps, nil)
		if err != nil || len(p.Subtasks) != 10 {
			t.Fatal(p, err)
		}
		best = min(best, time.Since(began))
	}
	if best > 20*time.Millisecond && !testing.Short() { // the race detector, which is slow, runs the short tests
		t.Errorf("ten steps took %v at best", best)
	}
}
