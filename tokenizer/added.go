package tokenizer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// added is an entry of added_tokens.
type added struct {
	text string
	id   int32
}

// matcher finds added tokens, leftmost first and longest among those that start together.
type matcher struct {
	byFirst [256][]added // by first byte, longest first
}

func newMatcher(tokens []added) (m matcher) {
	slices.SortFunc(tokens, func(a, b added) int { return cmp.Compare(len(b.text), len(a.text)) })
	for _, tok := range tokens {
		m.byFirst[tok.text[0]] = append(m.byFirst[tok.text[0]], tok)
	}
	return m
}

// find returns the first token in s and where it starts, or len(s) and nil.
func (m *matcher) find(s string) (int, *added) {
	for i := range len(s) {
		list := m.byFirst[s[i]]
		for k := range list {
			if strings.HasPrefix(s[i:], list[k].text) {
				return i, &list[k]
			}
		}
	}
	return len(s), nil
}

// addTokens reads added_tokens, which may repeat entries of the vocabulary.
func (t *Tokenizer) addTokens(list []json.RawMessage) error {
	spelled := make(map[int32]bool, len(t.merges)+256) // ids that plain text can give
	for _, id := range t.byteID {
		spelled[id] = true
	}
	for _, m := range t.merges {
		spelled[m.id] = true
	}
	var raw, normal []added
	seen := make(map[string]bool, len(list))
	t.control = map[string]int32{}
	for i, data := range list {
		where := fmt.Sprintf("added_tokens[%d]", i)
		var a struct {
			ID         *int32
			Content    string
			Special    bool
			Normalized bool
			SingleWord bool `json:"single_word"`
			LStrip     bool
			RStrip     bool
		}
		if err := decode(where, data, &a); err != nil {
			return err
		}
		switch {
		case a.SingleWord:
			return &UnsupportedError{"added token " + a.Content, "single_word"}
		case a.LStrip:
			return &UnsupportedError{"added token " + a.Content, "lstrip"}
		case a.RStrip:
			return &UnsupportedError{"added token " + a.Content, "rstrip"}
		case a.Content == "":
			return malformed(where, "no content")
		case a.ID == nil || *a.ID < 0 || *a.ID >= maxIDs:
			return malformed(where, "no id in [0, %d)", maxIDs)
		case seen[a.Content]:
			return malformed(where, "%q again", a.Content)
		}
		seen[a.Content] = true
		id, known := t.ids[a.Content]
		if known && id != *a.ID {
			return malformed(where, "%q has the id %d, in the vocabulary %d", a.Content, *a.ID, id)
		}
		if id = *a.ID; !known {
			if int(id) < len(t.pieces) && t.pieces[id] != "" {
				return malformed(where, "the id %d of %q is another token's", id, a.Content)
			}
			for int(id) >= len(t.pieces) {
				t.pieces, t.special = append(t.pieces, ""), append(t.special, false)
			}
			t.ids[a.Content], t.pieces[id] = id, fromAlphabet(a.Content)
		}
		if a.Special {
			if spelled[id] {
				// Then plain text could end a turn, which EncodeText promises it cannot.
				return malformed(where, "%q is special, yet merges spell it", a.Content)
			}
			t.special[id], t.control[a.Content] = true, id
		}
		if a.Normalized {
			normal = append(normal, added{t.normalise(a.Content), id})
		} else {
			raw = append(raw, added{a.Content, id})
		}
	}
	t.raw, t.normal = newMatcher(raw), newMatcher(normal)
	return nil
}
