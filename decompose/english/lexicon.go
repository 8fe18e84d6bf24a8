package english

import (
	_ "embed"
	"strings"
)

// lexicon is the table that scripts/lexicon.py makes of WordNet; LICENSE-wordnet is its licence. It is searched as it lies, so
// that nothing has to be done before the first word is looked up.
//
//go:embed lexicon.txt
var lexicon string

// entry is what WordNet knows of a word.
type entry struct {
	kind                    byte // a letter of grammar.txt's classes; '-': nothing that can be touched, '.': no noun
	verb, adjective, adverb bool
	near                    string // verbs near it, parted by commas
}

// look finds a word, or several joined by _.
func look(word string) (e entry, ok bool) {
	low, high := 0, len(lexicon)
	for low < high {
		middle := low + (high-low)/2
		from := strings.LastIndexByte(lexicon[:middle], '\n') + 1
		line, _, _ := strings.Cut(lexicon[from:], "\n")
		key, rest, _ := strings.Cut(line, " ")
		switch c := strings.Compare(word, key); {
		case c == 0:
			flags, near, _ := strings.Cut(rest, ":")
			return entry{flags[0], strings.Contains(flags[1:], "v"), strings.Contains(flags[1:], "a"), strings.Contains(flags[1:], "r"), near}, true
		case c < 0:
			high = from
		default:
			low = from + len(line) + 1
		}
	}
	return entry{}, false
}

// thing tells whether a word is a noun of something that can be touched.
func (e entry) thing() bool { return e.kind != '-' && e.kind != '.' && e.kind != 0 }

// singulars lists what a plural may be the plural of.
func singulars(w string) (out []string) {
	for _, try := range [][2]string{{"ies", "y"}, {"ves", "f"}, {"ves", "fe"}, {"s", ""}, {"es", ""}, {"men", "man"}, {"children", "child"}, {"mice", "mouse"}, {"feet", "foot"}} {
		if stem, ok := strings.CutSuffix(w, try[0]); ok && len(stem)+len(try[1]) > 1 && !strings.HasSuffix(w, "ss") {
			out = append(out, stem+try[1])
		}
	}
	return out
}
