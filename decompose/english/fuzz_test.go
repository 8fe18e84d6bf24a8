package english

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/egotsr/egotsr/decompose"
)

// proved fails unless a plan is sound by its own literals, by its order, and by the library.
func proved(t testing.TB, sentence string) *decompose.Plan {
	t.Helper()
	began := time.Now()
	r, err := Understand(sentence)
	if err != nil {
		var unplaced *decompose.UnplacedError
		if !errors.As(err, &unplaced) {
			t.Fatalf("%q: %T %v", sentence, err, err)
		}
		return nil
	}
	p, err := r.Plan(context.Background(), nil)
	if err != nil && putDown(r) {
		p, err = r.Plan(context.Background(), nil)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Fatalf("%q: %v", sentence, took)
	}
	if err != nil {
		var none *decompose.NoPlanError
		var limit *decompose.LimitError
		var order *decompose.OrderError
		var contradiction *decompose.UnplacedError
		if !errors.As(err, &contradiction) && !errors.As(err, &none) && !errors.As(err, &limit) && !errors.As(err, &order) {
			t.Fatalf("%q: %T %v", sentence, err, err)
		}
		return nil
	}
	pr := *r.Problem
	pr.Goal = p.Want
	if err := errors.Join(p.Verify(nil), p.VerifyOrder(nil), r.Library.Verify(&pr, p)); err != nil {
		t.Fatalf("%q: %v", sentence, err)
	}
	if len(p.Subtasks) == 0 {
		t.Fatalf("%q: an empty plan", sentence)
	}
	return p
}

func FuzzGrammar(f *testing.F) {
	for _, table := range []string{"testdata/sentences.txt", "testdata/refused.txt"} {
		for _, row := range sentences(f, table) {
			f.Add(row[0])
		}
	}
	f.Fuzz(func(t *testing.T, sentence string) { proved(t, sentence) })
}

// TestGrammarShuffled says the words of the tables in any order, and joins sentences: what is planned must be proved.
func TestGrammarShuffled(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	var all []string
	for _, row := range sentences(t, "testdata/sentences.txt") {
		all = append(all, row[0])
	}
	rounds, planned, slowest := 3000, 0, time.Duration(0)
	if testing.Short() {
		rounds = 300
	}
	for range rounds {
		began, s := time.Now(), garbled(r, all)
		if proved(t, s) != nil {
			planned++
		}
		if took := time.Since(began); took > slowest {
			slowest = took
			if took > 200*time.Millisecond {
				t.Logf("%v: %s", took, s)
			}
		}
	}
	t.Logf("%d of %d planned, the slowest in %v", planned, rounds, slowest)
}

// garbled exchanges words of a sentence for those of others, or strings sentences together.
func garbled(r *rand.Rand, all []string) string {
	one := func() []string { return strings.Fields(all[r.IntN(len(all))]) }
	words := one()
	for range r.IntN(4) {
		switch other := one(); r.IntN(4) {
		case 0:
			words[r.IntN(len(words))] = other[r.IntN(len(other))]
		case 1:
			words = slices.Insert(words, r.IntN(len(words)), other[r.IntN(len(other))])
		case 2:
			words = slices.Concat(words, []string{[]string{"and", "then", ".", ","}[r.IntN(4)]}, other)
		default:
			i, j := r.IntN(len(words)), r.IntN(len(words))
			words[i], words[j] = words[j], words[i]
		}
	}
	return strings.Join(words, " ")
}
