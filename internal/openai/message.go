package openai

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"strings"
)

const jpegQuality = 90

// DataURL is an image as JPEG inside a URL. Alpha is left out.
func DataURL(img *image.RGBA) (string, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return "", err
	}
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// completion is the part of a response that matters.
type completion struct {
	Choices []struct {
		FinishReason string `json:"finish_reason"`
		Message      struct {
			Content string `json:"content"`
			Refusal string `json:"refusal"`
		} `json:"message"`
	} `json:"choices"`
	Usage struct {
		In  int `json:"prompt_tokens"`
		Out int `json:"completion_tokens"`
	} `json:"usage"`
}

// read takes the answer out of a response of status 200, and counts its tokens in any case.
func (t *Tokens) read(data []byte, use func(text string, cut bool) error) error {
	var c completion
	if err := json.Unmarshal(data, &c); err != nil {
		return &AnswerError{Err: err}
	}
	t.In += c.Usage.In
	t.Out += c.Usage.Out
	if len(c.Choices) == 0 {
		return &AnswerError{Err: errors.New("no choices")}
	}
	choice := c.Choices[0]
	if choice.Message.Refusal != "" || choice.FinishReason == "content_filter" {
		return &AnswerError{Refused: true}
	}
	if err := use(choice.Message.Content, choice.FinishReason == "length"); err != nil {
		return &AnswerError{Err: err}
	}
	return nil
}

// refusal explains a status with what the server says beside it.
func (s *Server) refusal(status int, data []byte) *Error {
	r := &Error{Status: status, Reason: fmt.Sprintf("status %d", status), Final: final(status)}
	var body struct {
		Error struct {
			Message string `json:"message"`
			Code    any    `json:"code"`
		} `json:"error"`
	}
	if json.Unmarshal(data, &body) == nil && body.Error.Message != "" {
		text := []rune(s.redact(strings.Join(strings.Fields(body.Error.Message), " "))) // before a part of the key is cut off
		r.Err = errors.New(string(text[:min(len(text), 200)]))
	}
	// An empty account is told as a 429, and no wait fills it.
	if status == http.StatusTooManyRequests && body.Error.Code == "insufficient_quota" {
		r.Final = true
	}
	return r
}

// redact takes the key out of what a server says: some repeat it.
func (s *Server) redact(text string) string {
	if key := s.key(); key != "" {
		text = strings.ReplaceAll(text, key, hidden)
	}
	return text
}

// key is the Key without the line break that files of keys end in.
func (s *Server) key() string { return strings.TrimSpace(string(s.Key)) }
