package jsonlist

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestAccept(t *testing.T) {
	for text, want := range map[string]bool{
		`[]`: true, `["a"]`: true, `["a","b \"c\" \\ é"]`: true,
		`["a",]`: false, `[,`: false, `["a" ,"b"]`: false, `[""]`: false, `{`: false, `["a"]]`: false, `["\n"]`: false, "[\"\n": false, `["\u0041"]`: false,
		`["` + strings.Repeat("x", MaxBytes) + `"]`:         true,
		`["` + strings.Repeat("x", MaxBytes+1):              false,
		`[` + strings.Repeat(`"x",`, MaxStrings-1) + `"x"]`: true,
		`[` + strings.Repeat(`"x",`, MaxStrings):            false,
	} {
		s, ok := State{}.Accept(text)
		if ok != want || ok && !s.Done() {
			t.Errorf("%.40s: %v, done %v", text, ok, s.Done())
		}
	}
}

// Whatever a model tries, what is accepted is a beginning of JSON, ends, and gives the strings that encoding/json finds.
func TestRandomWriter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pieces := []string{`"`, `"`, `["`, `]`, `",`, `,`, `a`, `é`, "\xff", `\`, ` `, "\n", "{", "[", "mug.", `"]`}
	for range 2000 {
		var s State
		var text strings.Builder
		for range 20000 {
			p := pieces[rng.IntN(len(pieces))]
			if next, ok := s.Accept(p); ok {
				s = next
				text.WriteString(p)
			}
			if s.Done() {
				break
			}
		}
		var want []string
		if !s.Done() {
			t.Fatalf("never ended: %.60s", text.String())
		}
		if err := json.Unmarshal([]byte(text.String()), &want); err != nil {
			t.Fatalf("%s: %v", text.String(), err)
		}
		if diff := cmp.Diff(want, Parse(text.String()), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", text.String(), diff)
		}
	}
}

func TestParseUnfinished(t *testing.T) {
	for text, want := range map[string][]string{`["a","b`: {"a"}, `["a"`: {"a"}, `[`: nil, ``: nil, `"a"`: nil, `["a",7]`: {"a"}} {
		if diff := cmp.Diff(want, Parse(text), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
