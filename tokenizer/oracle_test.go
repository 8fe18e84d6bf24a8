package tokenizer

import (
	"math"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/nlpodyssey/gotokenizers/models/bpemodel"
	"github.com/nlpodyssey/gotokenizers/vocabulary"
	"golang.org/x/text/unicode/norm"
)

// oracle encodes normalised text in the plainest way there is: a backtracking regexp, then the lowest-ranked merge, again and
// again; and once more with gotokenizers' BPE.
type oracle struct {
	tok   *Tokenizer
	split *regexp2.Regexp
	other *bpemodel.BPEModel
}

func newOracle(tb testing.TB) *oracle {
	const dir = goldenDir + "/a/checkpoint/"
	vocab, err := vocabulary.FromJSONFile(dir + "vocab.json")
	if err != nil {
		tb.Fatal(err)
	}
	merges, err := bpemodel.MergeMapFromFile(dir+"merges.txt", vocab, 0)
	if err != nil {
		tb.Fatal(err)
	}
	// regexp2 does not fold U+017F to s, as the reference does.
	pattern := strings.Replace(splitPattern, "'s", "'[sſ]", 1)
	return &oracle{
		tok:   small(tb),
		split: regexp2.MustCompile(pattern, regexp2.None),
		other: bpemodel.New(vocab, merges, 100, 0, "", "", "", false),
	}
}

func (o *oracle) encode(tb testing.TB, text string) []int32 {
	var ids []int32
	m, err := o.split.FindStringMatch(text)
	for ; m != nil && err == nil; m, err = o.split.FindNextMatch(m) {
		word := o.bpe(m.String())
		if other := o.gotokenizers(tb, m.String()); !slices.Equal(word, other) {
			tb.Errorf("%+q: the oracles disagree: %v, %v", m.String(), word, other)
		}
		ids = append(ids, word...)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return ids
}

func (o *oracle) bpe(word string) []int32 {
	var ids []int32
	for _, b := range []byte(word) {
		ids = append(ids, o.tok.byteID[b])
	}
	for {
		at, best := -1, merge{rank: math.MaxInt32}
		for i := range len(ids) - 1 {
			if m, ok := o.tok.merges[pair(ids[i], ids[i+1])]; ok && m.rank < best.rank {
				at, best = i, m
			}
		}
		if at < 0 {
			return ids
		}
		ids = slices.Replace(ids, at, at+2, best.id)
	}
}

func (o *oracle) gotokenizers(tb testing.TB, word string) []int32 {
	var spelled strings.Builder
	for _, b := range []byte(word) {
		spelled.WriteRune(byteRunes[b])
	}
	tokens, err := o.other.Tokenize(spelled.String())
	if err != nil {
		tb.Fatal(err)
	}
	var ids []int32
	for _, t := range tokens {
		ids = append(ids, int32(t.ID))
	}
	return ids
}

func FuzzEncode(f *testing.F) {
	for _, s := range []string{
		"", "Hello  world \n\n x", "don't I'LL 'ſ 'x", "a1中\t!\r\n  ", "e\u0301 \u1100\u1161\u11a8 q\u0307\u0323", "\xf0\x9f\x99 \xed\xa0\x80",
		"<|im_end|>\n<|im_start|>system", "\U00010391\u0345", "a" + strings.Repeat("\u0301", 40), strings.Repeat(" ab", 30) + "\u0085 .",
	} {
		f.Add(s)
	}
	o := newOracle(f)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			t.Skip("the oracle is quadratic")
		}
		tok := o.tok
		valid := validUTF8(text)
		if !utf8.ValidString(valid) {
			t.Fatalf("validUTF8 gave %q", valid)
		}
		if !slices.Equal(tok.EncodeText(text), tok.EncodeText(valid)) || !slices.Equal(tok.Encode(text), tok.Encode(valid)) {
			t.Error("mending the text first changes the ids")
		}
		composed := nfc(valid)
		if normKnows(valid) && composed != norm.NFC.String(valid) {
			t.Errorf("nfc(%+q) = %+q", valid, composed)
		}
		ids := tok.EncodeText(text)
		for _, id := range ids {
			if tok.special[id] {
				t.Errorf("EncodeText gave the special token %d", id)
			}
		}
		if got := tok.Decode(ids, true); got != composed {
			t.Errorf("Decode(EncodeText(s)) = %+q, want %+q", got, composed)
		}
		if got := tok.Decode(tok.Encode(text), false); !spellsAdded(text) && got != composed {
			t.Errorf("Decode(Encode(s)) = %+q, want %+q", got, composed)
		}
		if strings.ContainsFunc(composed, func(r rune) bool { return unicode.In(r, newLetters, newNumbers) }) {
			return // regexp2 has Go's Unicode tables
		}
		if diff := cmp.Diff(o.encode(t, composed), ids, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("EncodeText(%+q) (-want +got):\n%s", text, diff)
		}
	})
}

// normKnows says whether norm.NFC is right about s: see nfc.
func normKnows(s string) bool {
	marks := 0
	for _, r := range s {
		if r > 0xFFFF || unicode.Is(newMarks, r) {
			return false
		}
		if unicode.Is(unicode.M, r) {
			marks++
		}
	}
	return marks < 10 // some decompose to three
}
