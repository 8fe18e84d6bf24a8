package decompose_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/decompose/english"
)

const (
	tidyFork  = "Put the fork in the drawer and close the drawer"
	goodFork  = `["open(drawer)","pick(fork)","place-in(fork,drawer)","close(drawer)"]`
	shortFork = `["pick(fork)","place-in(fork,drawer)","close(drawer)"]`
)

// asked is the part of a request that matters.
type asked struct {
	Model    string
	Max      int `json:"max_tokens"`
	Messages []struct {
		Role    string
		Content []struct {
			Type, Text string
			URL        struct{ URL string } `json:"image_url"`
		}
	}
}

// chat is a server that answers the n-th request, from 0.
func chat(t *testing.T, answer func(n int, q asked, w http.ResponseWriter)) (*decompose.Endpoint, *int) {
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q asked
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.URL.Path != "/v1/chat/completions" || r.Header.Get("Authorization") != "Bearer sk-secret" {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		answer(n, q, w)
		n++
	}))
	t.Cleanup(s.Close)
	return &decompose.Endpoint{URL: s.URL + "/v1", Model: "planner", Key: "sk-secret\n"}, &n
}

func say(w io.Writer, text string) {
	data, _ := json.Marshal(text)
	fmt.Fprintf(w, `{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":%s}}]}`, data)
}

func TestEndpoint(t *testing.T) {
	wide := image.NewGray(image.Rect(10, 10, 10+1600, 10+400))
	for i := range wide.Pix {
		wide.Pix[i] = 90
	}
	e, n := chat(t, func(n int, q asked, w http.ResponseWriter) {
		parts := q.Messages[0].Content
		if q.Model != "planner" || q.Max != 4096 || q.Messages[0].Role != "user" || len(parts) != 3 || parts[0].Type != "image_url" || parts[2].Type != "text" {
			t.Errorf("%+.500v", q)
		}
		raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(parts[1].URL.URL, "data:image/jpeg;base64,"))
		img, err := jpeg.Decode(bytes.NewReader(raw))
		if err != nil || img.Bounds().Dx() != 800 || img.Bounds().Dy() != 200 {
			t.Fatalf("%v, %v", img, err)
		}
		if y := color.GrayModel.Convert(img.At(400, 100)).(color.Gray).Y; y < 88 || y > 92 {
			t.Errorf("brightness %d", y)
		}
		if n == 0 {
			say(w, shortFork)
		} else {
			say(w, "The drawer first.\n"+goodFork)
		}
	})
	opts := &decompose.Options{Generator: e, Frames: []image.Image{image.NewRGBA(image.Rect(0, 0, 3, 2)), wide}}
	p, err := english.Decompose(t.Context(), tidyFork, opts)
	if err != nil || len(p.Subtasks) != 4 || p.Repairs != 1 || p.Reason != "The drawer first." || *n != 2 {
		t.Fatalf("%v, %v after %d requests", p, err, *n)
	}
	if err := errors.Join(p.Verify(nil), p.VerifyOrder(nil)); err != nil {
		t.Error(err)
	}
	if _, err := english.Decompose(t.Context(), tidyFork, &decompose.Options{Generator: e, Frames: []image.Image{nil}}); !errors.As(err, new(*decompose.GeneratorError)) || !strings.Contains(err.Error(), "frame 0") {
		t.Error(err)
	}
}

func TestEndpointRetries(t *testing.T) {
	var at []time.Time
	e, n := chat(t, func(n int, _ asked, w http.ResponseWriter) {
		at = append(at, time.Now())
		switch n {
		case 0:
			w.Header().Set("Retry-After", "0.7")
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			say(w, "done")
		}
	})
	text, err := e.Generate(t.Context(), "hello")
	if err != nil || text != "done" || *n != 2 || at[1].Sub(at[0]) < 700*time.Millisecond {
		t.Errorf("%q, %v, asked at %v", text, err, at)
	}
}

func TestEndpointErrors(t *testing.T) {
	for _, c := range []struct {
		reply  string
		status int
		reason string
		final  bool
	}{
		{`{"error":{"message":"no such key sk-secret"}}`, 401, "status 401", true},
		{`{}`, 503, "status 503", false},
		{`<html>`, 200, "malformed", false},
		{`{"choices":[]}`, 200, "malformed", false},
		{`{"choices":[{"message":{"refusal":"I cannot."}}]}`, 200, "refused", false},
	} {
		e, n := chat(t, func(_ int, _ asked, w http.ResponseWriter) { w.WriteHeader(c.status); io.WriteString(w, c.reply) })
		e.Retries = -1
		_, err := english.Decompose(t.Context(), tidyFork, &decompose.Options{Generator: e})
		var failed *decompose.GeneratorError
		var refused *decompose.EndpointError
		if !errors.As(err, &failed) || !errors.As(err, &refused) || refused.Reason != c.reason || refused.Final != c.final || *n != 1 {
			t.Errorf("%s: %v after %d requests", c.reply, err, *n)
		}
		if text := fmt.Sprintf("%v %+v %+v", err, refused, e.Key); strings.Contains(text, "sk-") || strings.Contains(text, e.URL) {
			t.Errorf("the error tells the key or the URL: %s", text)
		}
	}
	if _, err := (&decompose.Endpoint{URL: "localhost"}).Generate(t.Context(), "hello"); !errors.As(err, new(*decompose.EndpointError)) {
		t.Error(err)
	}
}

func TestEndpointCancel(t *testing.T) {
	e, _ := chat(t, func(_ int, _ asked, w http.ResponseWriter) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := e.Generate(ctx, "hello"); err != context.DeadlineExceeded || time.Since(began) > 10*time.Second {
		t.Error(err)
	}
}
