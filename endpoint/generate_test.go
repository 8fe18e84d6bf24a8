package endpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/decompose/english"
)

const tidy = "Put the fork in the drawer and close the drawer"

// planner is a client of a server that says the texts, one a request.
func planner(t *testing.T, requests *[]request, texts ...string) *Client {
	return &Client{URL: "http://x/v1", Model: "planner", HTTP: script(func(n int, r *http.Request) (int, http.Header, string) {
		var q request
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		*requests = append(*requests, q)
		text, _ := json.Marshal(texts[min(n, len(texts)-1)])
		return 200, nil, fmt.Sprintf(`{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":%s}}]}`, text)
	}).client()}
}

// A client is a generator: Decompose shows it the frames, tells it what is wrong with a plan, and proves the next.
func TestGenerate(t *testing.T) {
	var asked []request
	c := planner(t, &asked, `["pick(fork)","place-in(fork,drawer)","close(drawer)"]`,
		"The drawer first.\n"+`["open(drawer)","pick(fork)","place-in(fork,drawer)","close(drawer)"]`)
	tall := image.NewGray(image.Rect(10, 10, 10+400, 10+900))
	p, err := english.Decompose(t.Context(), tidy, &decompose.Options{Generator: c, Frames: []image.Image{gray(90), tall}})
	if err != nil || len(p.Subtasks) != 4 || p.Repairs != 1 || p.Reason != "The drawer first." || len(asked) != 2 {
		t.Fatalf("%v, %v after %d requests", p, err, len(asked))
	}
	if err := p.VerifyOrder(nil); err != nil {
		t.Error(err)
	}
	for _, q := range asked {
		parts := q.Messages[0].Content
		if q.Model != "planner" || q.MaxTokens != 4096 || q.Format != nil || len(parts) != 3 || parts[2].Type != "text" || !strings.Contains(parts[2].Text, tidy) {
			t.Fatalf("%+.500v", q)
		}
		// A frame is made smaller by its width alone.
		if one, two := decode(t, parts[0].URL.URL).Bounds(), decode(t, parts[1].URL.URL).Bounds(); one != gray(0).Bounds() || two != image.Rect(0, 0, 400, 900) {
			t.Errorf("sent %v and %v", one, two)
		}
	}
	_, err = english.Decompose(t.Context(), tidy, &decompose.Options{Generator: c, Frames: []image.Image{gray(1), nil}})
	if !errors.As(err, new(*decompose.GeneratorError)) || !strings.Contains(err.Error(), "frame 1") {
		t.Error(err)
	}
}

// What a server does wrong is told by its kind, through Decompose, and tells neither the key nor the URL.
func TestGenerateErrors(t *testing.T) {
	for _, c := range []struct {
		reply  string
		status int
		reason string
		final  bool
	}{
		{`{"error":{"message":"no such key sk-secret"}}`, 401, "status 401", true},
		{`{}`, 503, "status 503", false},
		{`<html>`, 200, malformed, false},
		{`{"choices":[]}`, 200, malformed, false},
		{`{"choices":[{"message":{"refusal":"I cannot."}}]}`, 200, refused, false},
		{`{"choices":[{"finish_reason":"content_filter","message":{"content":"I"}}]}`, 200, refused, false},
	} {
		n := 0
		e := &Client{URL: "http://somewhere/v1", Key: "sk-secret\n", Retries: -1, HTTP: script(func(_ int, r *http.Request) (int, http.Header, string) {
			n++
			if auth := r.Header.Get("Authorization"); auth != "Bearer sk-secret" {
				t.Errorf("authorization %q", auth)
			}
			return c.status, nil, c.reply
		}).client()}
		_, err := english.Decompose(t.Context(), tidy, &decompose.Options{Generator: e})
		var generator *decompose.GeneratorError
		var failed *Error
		if !errors.As(err, &generator) || !errors.As(err, &failed) || failed.Reason() != c.reason || failed.Final() != c.final || failed.Tries != 1 || n != 1 {
			t.Errorf("%s: %v after %d requests", c.reply, err, n)
		}
		if text := fmt.Sprintf("%v %+v %#v %+v", err, failed, failed, e.Key); strings.Contains(text, "sk-") || strings.Contains(text, "somewhere") {
			t.Errorf("the error tells the key or the URL: %s", text)
		}
	}
}

// FuzzResponse: whatever a server sends, there is an answer or an *Error, and no panic.
func FuzzResponse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"choices":[{"message":{"content":"` + "```json\\n{}```" + `"}}],"usage":{"prompt_tokens":-1}}`))
	f.Add([]byte(`{"choices":[{"message":null}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var used tokens
		failed := used.read(data, func(text string, cut bool) error {
			a, err := verdict(text, cut)
			if err == nil && a.Closer != "img1" && a.Closer != "img2" {
				t.Errorf("%+v", a)
			}
			return err
		})
		if failed != nil && (failed.Reason() != malformed && failed.Reason() != refused || failed.Final()) {
			t.Error(failed)
		}
		io.WriteString(io.Discard, (&Client{Key: "k"}).refusal(500, data).Error())
	})
}
