package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	goldenDir = "../testdata/golden"
	qwenDir   = "../.cache/qwen2.5"
)

var (
	loadSmall = sync.OnceValues(func() (*Tokenizer, error) { return Load(os.DirFS(goldenDir + "/a/checkpoint")) })
	loadQwen  = sync.OnceValues(func() (*Tokenizer, error) { return Load(os.DirFS(qwenDir)) })
)

// small is Qwen2.5's tokenizer cut to its first 738 merges.
func small(tb testing.TB) *Tokenizer {
	tb.Helper()
	t, err := loadSmall()
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// qwen is the real one, which is not in git.
func qwen(tb testing.TB) *Tokenizer {
	tb.Helper()
	if _, err := os.Stat(qwenDir + "/tokenizer.json"); err != nil {
		if os.Getenv("CI") != "" {
			tb.Fatalf("%v: run scripts/fetch-qwen-tokenizer.sh first", err)
		}
		tb.Skip("no Qwen2.5 tokenizer.json: scripts/fetch-qwen-tokenizer.sh fetches it")
	}
	t, err := loadQwen()
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func readGolden(tb testing.TB, name string, v any) {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(goldenDir, name))
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
}

type goldenCase struct {
	Text        string
	IDs         []int32
	Decoded     string
	DecodedSkip string `json:"decoded_skip_special"`
}

func TestGoldenQwen(t *testing.T) {
	tok := qwen(t)
	var encode, decode []goldenCase
	readGolden(t, "tokenizer/encode.json", &encode)
	readGolden(t, "tokenizer/decode.json", &decode)
	checkGolden(t, tok, encode, decode, 400, 150)

	var meta struct {
		Len   int
		Added map[string]struct {
			ID      int32
			Special bool
		} `json:"added_tokens"`
	}
	readGolden(t, "tokenizer/meta.json", &meta)
	if tok.Size() != meta.Len {
		t.Errorf("Size() = %d, want %d", tok.Size(), meta.Len)
	}
	for text, want := range meta.Added {
		if id, ok := tok.ID(text); !ok || id != want.ID || tok.special[id] != want.Special {
			t.Errorf("%s: id %d (%v), want %d, special %v", text, id, ok, want.ID, want.Special)
		}
	}
}

func TestGoldenSmall(t *testing.T) {
	var cases struct{ Encode, Decode []goldenCase }
	readGolden(t, "a/tokenizer_cases.json", &cases)
	checkGolden(t, small(t), cases.Encode, cases.Decode, 134, 116)
}

func checkGolden(t *testing.T, tok *Tokenizer, encode, decode []goldenCase, encodes, decodes int) {
	t.Helper()
	if len(encode) != encodes || len(decode) != decodes {
		t.Errorf("%d texts and %d id lists, want %d and %d", len(encode), len(decode), encodes, decodes)
	}
	for _, c := range encode {
		if diff := cmp.Diff(c.IDs, tok.Encode(c.Text), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("Encode(%+q) (-want +got):\n%s", c.Text, diff)
		}
		if diff := cmp.Diff(c.IDs, tok.EncodeText(c.Text), cmpopts.EquateEmpty()); !spellsAdded(c.Text) && diff != "" {
			t.Errorf("EncodeText(%+q) (-want +got):\n%s", c.Text, diff)
		}
	}
	for _, c := range slices.Concat(encode, decode) {
		if got := tok.Decode(c.IDs, false); got != c.Decoded {
			t.Errorf("Decode(%v)\n got %+q\nwant %+q", c.IDs, got, c.Decoded)
		}
		if got := tok.Decode(c.IDs, true); got != c.DecodedSkip {
			t.Errorf("Decode(%v) without special\n got %+q\nwant %+q", c.IDs, got, c.DecodedSkip)
		}
	}
}

func spellsAdded(text string) bool {
	return strings.Contains(text, "|>") || strings.Contains(text, "tool_call>")
}

func TestGoldenChat(t *testing.T) {
	tok := qwen(t)
	var cases []struct {
		Messages []struct {
			Role    string
			Content json.RawMessage
		}
		Options struct {
			Generate bool `json:"add_generation_prompt"`
			VisionID bool `json:"add_vision_id"`
		}
		Text string
		IDs  []int32
	}
	readGolden(t, "tokenizer/chat.json", &cases)
	rendered, videos, injected := 0, 0, 0
	for i, c := range cases {
		if diff := cmp.Diff(c.IDs, tok.Encode(c.Text)); diff != "" {
			t.Errorf("case %d: Encode (-want +got):\n%s", i, diff)
		}
		if strings.Contains(c.Text, "<|video_pad|>") {
			videos++ // the API has pictures only
			continue
		}
		var msgs []Message
		var counts []int
		for _, m := range c.Messages {
			msg := Message{Role: m.Role}
			var text string
			var parts []struct{ Type, Text string }
			if json.Unmarshal(m.Content, &text) == nil {
				msg.Parts = []Part{{Text: text}}
			} else if err := json.Unmarshal(m.Content, &parts); err != nil {
				t.Fatal(err)
			}
			for _, p := range parts {
				if p.Type == "text" {
					msg.Parts = append(msg.Parts, Part{Text: p.Text})
					continue
				}
				counts = append(counts, 1)
				if c.Options.VisionID {
					msg.Parts = append(msg.Parts, Part{Text: "Picture " + string(rune('0'+len(counts))) + ": "})
				}
				msg.Parts = append(msg.Parts, Part{Image: true})
			}
			msgs = append(msgs, msg)
		}
		got, err := tok.Chat(msgs, counts, c.Options.Generate)
		if err != nil {
			t.Fatalf("case %d: %v", i, err)
		}
		if strings.Contains(c.Text, "injected") {
			injected++ // same text, other tokens: here it stays text
			if slices.Equal(got, c.IDs) || tok.Decode(got, false) != c.Text {
				t.Errorf("case %d: got %v = %q", i, got, tok.Decode(got, false))
			}
			continue
		}
		rendered++
		if diff := cmp.Diff(c.IDs, got); diff != "" {
			t.Errorf("case %d: Chat (-want +got):\n%s", i, diff)
		}
	}
	if rendered != 45 || videos != 3 || injected != 3 {
		t.Errorf("%d rendered, %d with video, %d injected; want 45, 3, 3", rendered, videos, injected)
	}
}
