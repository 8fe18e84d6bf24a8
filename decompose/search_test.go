package decompose

import (
	"testing"
)

func TestSearch(t *testing.T) {
	for _, c := range problems() {
		p := mustSearch(t, Skills(), c.pr)
		t.Log(c.name, len(p.Subtasks), shown(p))
		if c.steps > 0 && len(p.Subtasks) != c.steps {
			t.Errorf("%s: %d steps, want %d", c.name, len(p.Subtasks), c.steps)
		}
		if err := p.Verify(nil); err != nil {
			t.Error(c.name, err)
		}
		if err := p.VerifyOrder(nil); err != nil {
			t.Error(c.name, err)
		}
		if err := Skills().Check(c.pr, p); err != nil {
			t.Error(c.name, err)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	for _, c := range problems() {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				mustSearch(b, Skills(), c.pr)
			}
		})
	}
}
