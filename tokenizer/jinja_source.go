package tokenizer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// piece is a text of a template that is written as it stands, or a tag without its marks and signs.
type piece struct {
	mark byte // '%' of {% %}, '{' of {{ }}, 0 of a text
	text string
	line int // from 1
}

var tagStart = regexp.MustCompile(`\{[{%#]`)

// pieces takes a template apart as Jinja2 does with trim_blocks and lstrip_blocks, which is how transformers sets it: a sign - in a
// tag takes all blanks on its side, and without a sign {% %} and {# #} take the blanks before them that begin a line, and the line's
// end after them. Comments are left out.
func pieces(source string) (all []piece, err error) {
	whole, fresh := source, true // fresh: a line begins here
	line := func(rest string) int { return strings.Count(whole[:len(whole)-len(rest)], "\n") + 1 }
	for {
		at := tagStart.FindStringIndex(source)
		if at == nil {
			return append(all, piece{0, source, line(source)}), nil
		}
		text, mark, body := source[:at[0]], source[at[0]+1], source[at[1]:]
		sign := byte(0)
		if body != "" && (body[0] == '-' || body[0] == '+') {
			sign, body = body[0], body[1:]
		}
		begin := strings.LastIndexByte(text, '\n') + 1
		switch {
		case sign == '-':
			text = strings.TrimRightFunc(text, unicode.IsSpace)
		case sign == 0 && mark != '{' && (begin > 0 || fresh) && strings.TrimSpace(text[begin:]) == "":
			text = text[:begin]
		}
		end := tagEnd(body, mark)
		if end < 0 {
			return nil, fmt.Errorf("line %d: a tag has no end", line(source[at[0]:]))
		}
		all = append(all, piece{0, text, line(source)})
		inner, rest := body[:end], body[end+2:]
		trimmed := rest
		switch {
		case strings.HasSuffix(inner, "-"):
			inner, trimmed = inner[:end-1], strings.TrimLeftFunc(rest, unicode.IsSpace)
		case strings.HasSuffix(inner, "+") && mark == '{':
			return nil, fmt.Errorf("line %d: an expression ends in +", line(source[at[0]:]))
		case strings.HasSuffix(inner, "+"):
			inner = inner[:end-1]
		case mark != '{':
			trimmed = strings.TrimPrefix(rest, "\n")
		}
		fresh = strings.HasSuffix(rest[:len(rest)-len(trimmed)], "\n")
		if mark != '#' {
			all = append(all, piece{mark, strings.TrimSpace(inner), line(source[at[0]:])})
		}
		source = trimmed
	}
}

// tagEnd is where the closing mark is, or -1. As in Jinja2 none counts within brackets or strings.
func tagEnd(body string, mark byte) int {
	switch mark {
	case '#':
		return strings.Index(body, "#}")
	case '{':
		mark = '}'
	}
	depth, quote := 0, byte(0)
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case depth == 0 && strings.HasPrefix(body[i:], string(mark)+"}"):
			return i
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		}
	}
	return -1
}

// join makes one template of pieces again, in which every text is a string within a tag: the engine, which takes blanks away from
// the wrong texts where two tags stand side by side, finds none that it may touch. Lines keep their numbers for its errors.
func join(all []piece) string {
	var b strings.Builder
	lines := 1
	for _, p := range all {
		text := p.text
		if p.mark == 0 {
			text = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
		}
		pad := max(0, p.line-lines)
		lines += pad + strings.Count(text, "\n")
		text = strings.Repeat("\n", pad) + " " + text + " "
		if p.mark == '%' {
			b.WriteString("{%" + text + "%}")
		} else {
			b.WriteString("{{" + text + "}}")
		}
	}
	return b.String()
}

// statements are those of the engine's that are known to do as Jinja2's.
var statements = []string{
	"if", "elif", "else", "endif", "for", "endfor", "set", "endset", "macro", "endmacro", "filter", "endfilter", "break", "continue",
	"generation", "endgeneration",
}

var (
	keyword    = regexp.MustCompile(`^[\pL_]*`)
	macroStart = regexp.MustCompile(`^macro\s+([A-Za-z_]\w*)\(`)
	// escape finds what Python's string literals have and the engine's have not.
	escape = regexp.MustCompile(`(?:^|[^\\])(?:\\\\)*(\\[abfvr0-7xuUN])`)
)

// checkTags refuses what the engine would read otherwise than Jinja2 without a word, and macros that could call themselves: the stack
// that they use up takes the program with it. A macro cannot come to call itself if none is called within one, and none is passed on
// by its bare name.
func checkTags(all []piece) error {
	var names []string
	var outside, inside []string // what tags hold outside and inside of macros
	within := false
	for _, p := range all {
		word := keyword.FindString(p.text)
		switch {
		case p.mark == 0:
			continue
		case p.mark == '%' && !slices.Contains(statements, word):
			return fmt.Errorf("line %d: the statement %q is not supported", p.line, word)
		case escape.MatchString(p.text):
			return fmt.Errorf("line %d: the escape %s in a string is not supported; write the character itself",
				p.line, escape.FindStringSubmatch(p.text)[1])
		case p.mark == '%' && word == "macro":
			start := macroStart.FindStringSubmatch(p.text)
			if start == nil || within {
				return fmt.Errorf("line %d: this macro is not supported", p.line)
			}
			names, within = append(names, start[1]), true
			inside = append(inside, p.text[len(start[0]):])
		case p.mark == '%' && word == "endmacro":
			within = false
		case within:
			inside = append(inside, p.text)
		default:
			outside = append(outside, p.text)
		}
	}
	for _, name := range names {
		bare := regexp.MustCompile(`\b` + name + `\b`)
		called := regexp.MustCompile(`\b` + name + `\(`)
		if bare.MatchString(strings.Join(inside, "\n")) {
			return fmt.Errorf("the macro %s is named within a macro, which is not supported", name)
		}
		if all := strings.Join(outside, "\n"); len(bare.FindAllString(all, -1)) != len(called.FindAllString(all, -1)) {
			return fmt.Errorf("the macro %s is named and not called, which is not supported", name)
		}
	}
	return nil
}

// readable makes the engine's template of a checkpoint's.
func readable(source string) (string, error) {
	if len(source) > maxTemplate {
		return "", fmt.Errorf("is longer than %d bytes", maxTemplate)
	}
	// Jinja2 reads all line ends as one, and drops the last.
	source = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(source)
	all, err := pieces(strings.TrimSuffix(source, "\n"))
	return join(all), errors.Join(err, checkTags(all))
}
