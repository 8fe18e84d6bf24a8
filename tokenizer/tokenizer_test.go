package tokenizer

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestAddedTokens(t *testing.T) {
	tok, err := New(tiny(t))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]int32{
		"<|im_end|>":    {259},
		"<|im_end|>!":   {261}, // the longest
		"<<|im_end|>":   {'<', 259},
		"<e\u0301>":     {260}, // looked for after NFC
		"<|im_\xffend>": tok.EncodeText("<|im_\uFFFDend>"),
	} {
		if diff := cmp.Diff(want, tok.Encode(text)); diff != "" {
			t.Errorf("Encode(%q) (-want +got):\n%s", text, diff)
		}
	}
	if got := tok.EncodeText("<|im_end|>"); len(got) != 10 {
		t.Errorf("EncodeText gave %v", got)
	}
	if got := tok.Decode([]int32{259, 260, 261, -1, 1 << 30}, true); got != "<\uFFFD><|im_end|>!" {
		t.Errorf("Decode: %+q", got) // é alone is the spelling of the byte 0xE9, to the reference too
	}
}

func TestValidUTF8(t *testing.T) {
	const bad = "\uFFFD"
	for in, want := range map[string]string{
		"ok é":                     "ok é",
		"\xff\xfe":                 bad + bad,
		"a\x80b":                   "a" + bad + "b",
		"\xc0\x80":                 bad + bad,       // overlong
		"\xe4\xb8":                 bad,             // cut
		"\xe4\xb8x":                bad + "x",       //
		"\xf0\x9f\x99":             bad,             // cut
		"\xf0\x9f\x99\xf0\x9f":     bad + bad,       //
		"\xf0\x80\x80":             bad + bad + bad, // overlong
		"\xed\xa0\x80":             bad + bad + bad, // a surrogate
		"\xf4\x90\x80\x80":         bad + bad + bad + bad,
		"\xf5\x80":                 bad + bad,
		"\xe0\xa0\xe0\xa0\x80":     bad + "\u0800",
		"\xf1\x80\x80\xe4\xb8\xad": bad + "中",
	} {
		if got := validUTF8(in); got != want {
			t.Errorf("validUTF8(%q) = %+q, want %+q", in, got, want)
		}
	}
}

func TestNFC(t *testing.T) {
	for in, want := range map[string]string{
		"e\u0301":                          "é",
		"q\u0307\u0323":                    "q\u0323\u0307",
		"\u1112\u1161\u11ab":               "한",
		"가\u11a8":                          "각",
		"\u0958":                           "\u0915\u093c", // excluded from composition
		"\U00011099\U000110ba":             "\U0001109a",
		"\U00010391\u0345":                 "\U00010391\u0345",                 // norm.NFC: U+1FBC
		"q" + strings.Repeat("\u0323", 40): "q" + strings.Repeat("\u0323", 40), // norm.NFC: U+034F inside
		"a\u07fd\u0301":                    "a\u07fd\u0301",                    // newMarks
	} {
		if got := nfc(in); got != want {
			t.Errorf("nfc(%+q) = %+q, want %+q", in, got, want)
		}
	}
}

// A word as long as the text must not be quadratic: this takes minutes then.
func TestLongWord(t *testing.T) {
	text := strings.Repeat("abcd", 1<<18) + strings.Repeat("\u0301\u0323", 1<<16) + strings.Repeat(" ", 1<<18) + strings.Repeat("\n ", 1<<16)
	tok := small(t)
	if got := tok.Decode(tok.EncodeText(text), false); got != nfc(text) {
		t.Error("round trip differs")
	}
}

func TestConcurrent(t *testing.T) {
	var cases struct{ Encode []goldenCase }
	readGolden(t, "a/tokenizer_cases.json", &cases)
	tok, err := Load(os.DirFS(goldenDir + "/a/checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, c := range cases.Encode {
				if diff := cmp.Diff(c.IDs, tok.Encode(c.Text), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("Encode(%+q) (-want +got):\n%s", c.Text, diff)
				}
			}
		})
	}
	wg.Wait()
}

// english is 200 KB of prose: the go command's documentation.
func english(b *testing.B) string {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Skip(err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src/cmd/go/alldocs.go"))
	if err != nil {
		b.Skip(err)
	}
	return strings.ReplaceAll(string(text), "\n//", "\n")
}

func BenchmarkEncode(b *testing.B) {
	tok := qwen(b)
	var cases []goldenCase
	readGolden(b, "tokenizer/encode.json", &cases)
	var mixed strings.Builder
	for _, c := range cases {
		mixed.WriteString(c.Text)
	}
	for name, text := range map[string]string{"english": english(b), "mixed": mixed.String()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tok.Encode(text)
			}
		})
		b.Run(name+"-cold", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			cold := *tok
			for b.Loop() {
				cold.cache = newWordCache()
				cold.Encode(text)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	tok, text := qwen(b), english(b)
	ids := tok.Encode(text)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tok.Decode(ids, false)
	}
}

func BenchmarkNew(b *testing.B) {
	qwen(b)
	data, err := os.ReadFile(qwenDir + "/tokenizer.json")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := New(data); err != nil {
			b.Fatal(err)
		}
	}
}
