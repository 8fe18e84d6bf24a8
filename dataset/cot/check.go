package cot

import (
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/egotsr/egotsr/dataset"
)

// Why an answer is rejected; keys of Stats.Rejected, beside the reasons of *AnswerErrors.
const (
	ReasonContradicts = "contradicts the label" // the conclusion is the other frame
	ReasonUndecided   = "undecided"             // there is no conclusion
	ReasonEmpty       = "empty"                 // a frame has no description
	ReasonLong        = "too long"              // a description has more than 600 characters
	ReasonAlike       = "alike"                 // both frames have the same description, so nothing follows from it
	ReasonMentions    = "mentions an image"     // a description speaks of images, files or the frame beside it
	ReasonEcho        = "echo"                  // a description repeats the form of the answer, which a parser would stumble over
)

// maxDetail is in characters. Two such descriptions and a verdict fit the reference's target of 1500.
const maxDetail = 600

// accept gives the descriptions of an answer to s as they may be learned from, or the reason why they may not.
func accept(a Answer, s dataset.Sample) (details [2]string, reason string) {
	for k, d := range a.Detail {
		details[k] = clean(d)
	}
	switch {
	case a.Closer == "":
		return details, ReasonUndecided
	case a.Closer != s.Closer:
		return details, ReasonContradicts
	}
	for _, d := range details {
		switch {
		case d == "":
			return details, ReasonEmpty
		case utf8.RuneCountInString(d) > maxDetail:
			return details, ReasonLong
		case echo.MatchString(d):
			return details, ReasonEcho
		case mention.MatchString(d), names(d, s.Img1), names(d, s.Img2):
			return details, ReasonMentions
		}
	}
	if details[0] == details[1] {
		return details, ReasonAlike
	}
	return details, ""
}

// names reports that a description holds a file's name, without its ending. A bare number or word may stand there for
// itself.
func names(detail, file string) bool {
	stem := strings.ToLower(strings.TrimSuffix(path.Base(file), path.Ext(file)))
	letter := strings.ContainsFunc(stem, func(r rune) bool { return !unicode.IsDigit(r) })
	return letter && strings.ContainsFunc(stem, unicode.IsDigit) && strings.Contains(strings.ToLower(detail), stem)
}

const (
	imageNoun = `(?:image|img|picture|photo|frame|snapshot)`
	ordinal   = `(?:first|second|left|right|other|former|latter|previous|next|earlier|later)`
	// anImage names one of the two: "img1", "image 2", "Frame B" (and not "the frame a door has"), "the second picture", 图1, 第一张图片.
	anImage = `(?:\b` + imageNoun + `[\s_#]*(?:[12]|(?-i:[AB]))\b|\b(?:the\s+)?` + ordinal + `\s+` + imageNoun + `\b|图(?:片|像)?\s?[12一二]|第[一二]张(?:图(?:片|像)?)?)`
)

var (
	// label is how models begin a description: "img1:", "In the first image, ", "This image shows ".
	label   = regexp.MustCompile(`(?i)^["'*\s]*(?:in\s+)?(?:` + anImage + `|th(?:e|is)\s+` + imageNoun + `)` + `["'*\s]*(?:[:：,，]|shows?\b:?|显示[:：]?|中[,，]?)\s*(?:that\s+)?`)
	mention = regexp.MustCompile(`(?i)` + anImage + `|img\s?[12]|\.(?:jpe?g|png|webp|bmp|gif)\b|\bboth ` + imageNoun + `s|(?:另|前|后)一张`)
	echo    = regexp.MustCompile(`(?i)closer to completion|closer_to_completion|spatial details|state_difference|<\||\{task_name\}`)
)

// clean makes one line of a description and takes off the label it began with.
func clean(detail string) string {
	detail = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, detail)
	detail = strings.Join(strings.Fields(detail), " ")
	if at := label.FindStringIndex(detail); at != nil {
		detail = detail[at[1]:]
		first, size := utf8.DecodeRuneInString(detail)
		detail = string(unicode.ToUpper(first)) + detail[min(size, len(detail)):]
		if size == 0 {
			detail = ""
		}
	}
	return strings.TrimSpace(detail)
}
