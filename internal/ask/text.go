package ask

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model"
)

// verdict is what the reader of a text looks for: models vary the colon, the blank and the case.
const verdict = "closer to completion"

// opening begins a description. The blank after the colon is left to the model: it belongs to the first word's token.
var opening = strings.TrimSpace(dataset.Details)

// Write generates greedily, at most limit tokens, in answer to a text about frames.
func (a *Asker) Write(ctx context.Context, text string, limit int, frames ...*model.Features) (string, error) {
	return a.write(ctx, text, "", limit, nil, frames...)
}

// Describe has the model describe the frames, as [dataset.CoT] asks for, and returns what it wrote before its verdict, which is left
// to be scored: see Pair.Said.
func (a *Asker) Describe(ctx context.Context, text string, limit int, frames ...*model.Features) (string, error) {
	atVerdict := func(ids []int32) bool {
		// A token is at least one byte, so the last len(verdict) tokens hold the verdict if it has just come.
		return strings.Contains(strings.ToLower(a.tok.Decode(ids[max(0, len(ids)-len(verdict)):], true)), verdict)
	}
	said, err := a.write(ctx, text, opening, limit, atVerdict, frames...)
	if err != nil {
		return "", err
	}
	return opening + strings.TrimRight(said[:verdictAt(said)], " \t\r\n"), nil
}

func (a *Asker) write(ctx context.Context, text, said string, limit int, stop func([]int32) bool, frames ...*model.Features) (string, error) {
	p, err := a.Prompt(text, said, frames...)
	if err != nil {
		return "", err
	}
	ids, err := a.net.Generate(ctx, p, limit, stop)
	if err != nil {
		return "", err
	}
	return a.tok.Decode(ids, true), nil
}

// verdictAt is where the last "closer to completion" begins, in any case of letters, or the end of the text.
func verdictAt(text string) int {
	// ASCII alone is folded: strings.ToLower may change lengths.
	if all := verdictPattern.FindAllStringIndex(text, -1); all != nil {
		return all[len(all)-1][0]
	}
	return len(text)
}

var (
	verdictPattern = regexp.MustCompile(`(?i)closer to completion`)
	// answerPattern matches an answer or the echo of the choice, "[img1/img2]", which comes first where both would do.
	answerPattern = regexp.MustCompile(`(?i)img\s?1\s*(?:/|or|或)\s*img\s?2|img\s?([12])\b`)
	labelPattern  = regexp.MustCompile(`(?i)["'*]*img\s?([12])["'*]*\s*[:：]\s*`)
)

// Verdict reads the answer after the last "closer to completion": [dataset.Img1], [dataset.Img2], or "" where there is none. A copy of
// the choice is no answer.
func Verdict(text string) string {
	for _, match := range answerPattern.FindAllStringSubmatch(text[verdictAt(text):], -1) {
		switch match[1] {
		case "1":
			return dataset.Img1
		case "2":
			return dataset.Img2
		}
	}
	return ""
}

// Details tells the description of the first frame shown from that of the second. It knows the two forms that models are trained on,
// "img1: …; img2: …" and a JSON object with these keys; false where the text is neither.
func Details(text string) (d [2]string, ok bool) {
	text = text[:verdictAt(text)]
	if at := strings.Index(text, opening); at >= 0 {
		text = text[at+len(opening):]
	}
	text = strings.TrimSpace(text)
	var object struct{ Img1, Img2 string }
	if json.Unmarshal([]byte(text), &object) == nil && object.Img1 != "" && object.Img2 != "" {
		return [2]string{object.Img1, object.Img2}, true
	}
	labels := labelPattern.FindAllStringSubmatchIndex(text, -1)
	for k, l := range labels {
		end := len(text)
		if k+1 < len(labels) {
			end = labels[k+1][0]
		}
		part := strings.Trim(text[l[1]:end], " \t\r\n;,\"'{}*")
		// The first description of a frame counts: a summary may name the frames again.
		if side := text[l[2]] - '1'; d[side] == "" {
			d[side] = part
		}
	}
	return d, d[0] != "" && d[1] != ""
}
