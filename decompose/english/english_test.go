package english

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/decompose"
)

// sentences reads a table of testdata.
func sentences(t testing.TB, name string) (out [][2]string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		sentence, steps, _ := strings.Cut(line, " | ")
		out = append(out, [2]string{sentence, steps})
	}
	return out
}

// TestGrammar holds the grammar against tasks in the style of AgiBot, ALFRED, Meta-World and kitchens, and the steps that
// they take. All of them were written for this table: 95 while the grammar was, then 54 and another 54 before the grammar
// had seen any of them. Of the first 54 it got 45 at first sight (4 wrong plans, 3 refusals; twice the table itself was
// wrong), of the second 48 (3 wrong plans, 1 refusal, twice the table). What no skill does has since moved to the table
// of refusals: 193 are left, and 3 came later. Now at least 95 of 100 must be right, and the rest, marked with !, refused.
func TestGrammar(t *testing.T) {
	table(t, "testdata/sentences.txt", 95)
}

// TestKinds holds what was mended by strangers' tables, with sentences of the same kind that no stranger wrote.
func TestKinds(t *testing.T) { table(t, "testdata/kinds.txt", 100) }

// Meta-World's names were not written for a grammar.
func TestGrammarMetaWorld(t *testing.T) {
	table(t, "testdata/metaworld.txt", 88)
}

// table wants so many percent of a table right, and the rest refused.
func table(t *testing.T, name string, percent int) {
	t.Helper()
	right, rows := 0, sentences(t, name)
	for _, row := range rows {
		p, err := Decompose(context.Background(), row[0], nil)
		if row[1] == "!" {
			if err == nil {
				t.Errorf("%s: not refused: %q", row[0], shown(p))
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", row[0], err)
			continue
		}
		if err := same(p, strings.Split(row[1], "; ")); err != nil {
			t.Errorf("%s: %v\n got %s\nwant %s", row[0], err, joined(p), row[1])
			continue
		}
		right++
	}
	if 100*right < percent*len(rows) {
		t.Errorf("%d of %d", right, len(rows))
	}
	t.Logf("%d of %d", right, len(rows))
}

func joined(p *decompose.Plan) string {
	var out []string
	for _, s := range p.Subtasks {
		out = append(out, s.String())
	}
	return strings.Join(out, "; ")
}

// same tells whether steps are those of a plan, in an order that its After allows.
func same(p *decompose.Plan, steps []string) error {
	left := make([]bool, len(p.Subtasks))
	if len(steps) != len(left) {
		return fmt.Errorf("%d steps, want %d", len(left), len(steps))
	}
	for _, step := range steps {
		i := 0
		for ; i < len(left); i++ {
			ready := !slices.ContainsFunc(p.Subtasks[i].After, func(j int) bool { return !left[j] })
			if !left[i] && ready && p.Subtasks[i].String() == step {
				break
			}
		}
		if i == len(left) {
			return fmt.Errorf("%s is not next", step)
		}
		left[i] = true
	}
	return nil
}

// TestStrict wants plans that rest on assumptions refused where none may be made, and else made with them.
func TestStrict(t *testing.T) {
	for _, row := range sentences(t, "testdata/strict.txt") {
		p, err := Decompose(t.Context(), row[0], &decompose.Options{Strict: true})
		if err == nil || !errors.As(err, new(*decompose.UnplacedError)) {
			t.Errorf("%s: %v, %v", row[0], p, err)
		}
		if p, err = Decompose(t.Context(), row[0], nil); err != nil || !strings.Contains(strings.Join(p.Assumed, "; "), row[1]) {
			t.Errorf("%s: %v, %v", row[0], p, err)
		}
	}
	if p, err := Decompose(t.Context(), "Put the mug in the sink", &decompose.Options{Strict: true}); err != nil || p.Assumed != nil {
		t.Error(p, err)
	}
}

// TestGrammarRefuses wants errors that name the words to blame, with their places in the sentence.
func TestGrammarRefuses(t *testing.T) {
	for _, row := range sentences(t, "testdata/refused.txt") {
		p, err := Decompose(context.Background(), row[0], nil)
		if err == nil {
			t.Errorf("%s: not refused: %q", row[0], shown(p))
			continue
		}
		if !strings.Contains(err.Error(), row[1]) {
			t.Errorf("%s: %v", row[0], err)
		}
		var unplaced *decompose.UnplacedError
		if errors.As(err, &unplaced) {
			for _, w := range unplaced.Words {
				if !strings.HasPrefix(row[0][w.Offset:], w.Text) {
					t.Errorf("%s: %q is not at %d", row[0], w.Text, w.Offset)
				}
			}
		}
	}
}

func shown(p *decompose.Plan) (out []string) {
	for _, s := range p.Subtasks {
		out = append(out, fmt.Sprint(s, s.After))
	}
	return out
}
