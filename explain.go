package egotsr

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/egotsr/egotsr/model"
)

// How much a model may write, in tokens.
const (
	verdictLimit = 64  // an answer without a description
	detailsLimit = 512 // a description of both frames
)

// explain has the model describe the frames in each order, then scores the verdict after what it wrote.
func (m *Model) explain(ctx context.Context, qs []question, features []*model.Features, o *JudgeOptions) error {
	said := make([][2]string, len(qs))
	for i, q := range qs {
		var written [2]string
		for _, order := range q.orders(o) {
			text, err := m.write(ctx, q, features[2*i:2*i+2], order, details, m.detailsLimit)
			if err != nil {
				return err
			}
			written[order] = details + strings.TrimRight(text[:verdictAt(text)], " \t\r\n")
			said[i][order] = written[order] + "\n" + forced
		}
		q.report(written, o)
	}
	return m.score(ctx, qs, features, said, o)
}

// generate lets the model answer freely, in each order, and counts what it says as votes: 1, 0 or, where the text says
// nothing, one half.
func (m *Model) generate(ctx context.Context, qs []question, features []*model.Features, o *JudgeOptions) error {
	limit := verdictLimit
	if o.Explain || o.Prompt.Explains() {
		limit = m.detailsLimit
	}
	for i, q := range qs {
		var written [2]string
		var votes [2]float64
		for _, order := range q.orders(o) {
			text, err := m.write(ctx, q, features[2*i:2*i+2], order, "", limit)
			if err != nil {
				return err
			}
			written[order] = text
			switch side := parseVerdict(text); {
			case side == Undecided:
				votes[order] = 0.5
			case (side == Img1) == (order == 0):
				votes[order] = 1
			}
		}
		q.report(written, o)
		q.decide(votes, o)
	}
	return nil
}

// write generates greedily after what the assistant was made to say. Once a description was asked for it stops at the
// verdict, which is scored and not generated.
func (m *Model) write(ctx context.Context, q question, features []*model.Features, order int, said string, limit int) (string, error) {
	p, err := m.prompt(q.text, said, features[order], features[1-order])
	if err != nil {
		return "", err
	}
	var stop func([]int32) bool
	if said != "" {
		stop = func(ids []int32) bool {
			// A token is at least one byte, so the last len(verdict) tokens hold the verdict if it has just come.
			return strings.Contains(strings.ToLower(m.tok.Decode(ids[max(0, len(ids)-len(verdict)):], true)), verdict)
		}
	}
	ids, err := m.net.Generate(ctx, p, limit, stop)
	if err != nil {
		return "", err
	}
	return m.tok.Decode(ids, true), nil
}

// report fills in what was written. Raw is of the caller's order. Detail is of the question's own order where that
// tells the frames apart, so that it, too, mirrors.
func (q *question) report(written [2]string, o *JudgeOptions) {
	q.Raw = written[0]
	if q.flipped {
		q.Raw = written[1]
	}
	if !o.Explain {
		return
	}
	for _, order := range q.orders(o) {
		d, ok := splitDetails(written[order])
		if !ok {
			continue
		}
		if q.flipped != (order == 1) {
			d[0], d[1] = d[1], d[0]
		}
		q.Detail = d
		return
	}
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

// parseVerdict reads the answer after the last "closer to completion". A copy of the choice is no answer.
func parseVerdict(text string) Side {
	for _, match := range answerPattern.FindAllStringSubmatch(text[verdictAt(text):], -1) {
		switch match[1] {
		case "1":
			return Img1
		case "2":
			return Img2
		}
	}
	return Undecided
}

// splitDetails tells the description of the first frame shown from that of the second. It knows the two forms that
// models are trained on, "img1: …; img2: …" and a JSON object with these keys; false where the text is neither.
func splitDetails(text string) (d [2]string, ok bool) {
	text = text[:verdictAt(text)]
	if at := strings.Index(text, details); at >= 0 {
		text = text[at+len(details):]
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
