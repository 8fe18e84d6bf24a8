package endpoint

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/egotsr/egotsr/dataset"
)

// gray is a picture of one brightness.
func gray(level int) image.Image {
	img := image.NewGray(image.Rect(0, 0, 16, 12))
	for i := range img.Pix {
		img.Pix[i] = uint8(level)
	}
	return img
}

// lamps are pairs of gray frames named by their levels, the brighter closer to completion. Every task is its own, so that a
// server can tell the pairs apart; the brighter frame comes first in half of them.
type lamps struct{ *dataset.List }

func newLamps(n int) lamps {
	samples := make([]dataset.Sample, n)
	for i := range samples {
		lo := 20 + 10*(i*7%20)
		samples[i] = dataset.Sample{Task: fmt.Sprintf("Turn up lamp %d", i), Img1: fmt.Sprint(lo), Img2: fmt.Sprint(lo + 20), Closer: dataset.Img2}
		if i%2 == 1 {
			samples[i] = samples[i].Swap()
		}
	}
	return lamps{dataset.NewList(nil, samples)}
}

func (lamps) Image(path string) (image.Image, error) {
	var level int
	_, err := fmt.Sscan(path, &level)
	return gray(level), err
}

// server is a vision model that sees how bright a frame is. It answers as OpenAI's would.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string         // tasks asked for, in order
	before   func(int) string // what to do with the n-th request instead, from 0; "" = answer
}

func newServer(t testing.TB) *server {
	s := &server{before: func(int) string { return "" }}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// client asks the server and waits for nothing.
func (s *server) client() *Client {
	return &Client{URL: s.URL + "/v1", Model: "lamps", Key: "sk-secret", PriceIn: 2, PriceOut: 10, backoff: 1}
}

// do changes what happens to requests from now on.
func (s *server) do(before func(int) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = before
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// request is the part of a request that the server looks at.
type request struct {
	Model     string `json:"model"`
	MaxTokens int    `json:"max_tokens"`
	Messages  []struct {
		Content []struct {
			Type, Text string
			URL        struct{ URL string } `json:"image_url"`
		} `json:"content"`
	} `json:"messages"`
	Format json.RawMessage `json:"response_format"`
}

var taskLine = regexp.MustCompile(`Task name: (.*)`)

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	var req request
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil || r.URL.Path != "/v1/chat/completions" || r.Header.Get("Authorization") != "Bearer sk-secret" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	var levels []int
	task := ""
	for _, part := range req.Messages[0].Content {
		if m := taskLine.FindStringSubmatch(part.Text); m != nil {
			task = m[1]
		}
		if data, ok := strings.CutPrefix(part.URL.URL, "data:image/jpeg;base64,"); ok {
			raw, _ := base64.StdEncoding.DecodeString(data)
			img, err := jpeg.Decode(bytes.NewReader(raw))
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			levels = append(levels, int(color.GrayModel.Convert(img.At(3, 3)).(color.Gray).Y+5)/10*10)
		}
	}
	s.mu.Lock()
	n := len(s.requests)
	s.requests = append(s.requests, task)
	do := s.before(n)
	s.mu.Unlock()
	closer := dataset.Img1
	if (levels[1] > levels[0]) != (do == "contradict") {
		closer = dataset.Img2
	}
	detail := func(k int) string { return fmt.Sprintf("The lamp is at level %d.", levels[k]) }
	content := func(v any) string {
		raw, _ := json.Marshal(v)
		return string(raw)
	}
	answer := content(map[string]any{
		"state_difference": map[string]string{"img1": detail(0), "img2": detail(1)}, "analysis": "…", "closer_to_completion": closer,
	})
	switch do {
	case "hang":
		<-r.Context().Done()
		return
	case "429":
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, `{"error":{"message":"slow down, sk-secret","code":"rate_limit_exceeded"}}`)
		return
	case "quota":
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, `{"error":{"message":"no money","code":"insufficient_quota"}}`)
		return
	case "500", "503", "401", "400":
		var status int
		fmt.Sscan(do, &status)
		w.WriteHeader(status)
		io.WriteString(w, `{"error":{"message":"Incorrect API key provided: sk-secret"}}`)
		return
	case "html":
		io.WriteString(w, "<html>bad gateway</html>")
		return
	case "huge":
		w.Header().Set("Content-Type", "application/json")
		for range 40 {
			if _, err := io.WriteString(w, strings.Repeat(" ", 1<<16)); err != nil {
				return
			}
		}
		return
	case "truncated":
		w.Header().Set("Content-Length", "5000")
		io.WriteString(w, `{"choices":[`)
		return
	case "drop":
		panic(http.ErrAbortHandler)
	case "malformed":
		answer = `{"state_difference": {"img1": "cut`
	case "schema":
		answer = `{"state_difference": "both", "closer_to_completion": "img1"}`
	case "missing":
		answer = `{"state_difference": {"img1": "a"}, "closer_to_completion": "img1"}`
	case "verdict":
		answer = `{"state_difference": {"img1": "a", "img2": "b"}, "closer_to_completion": "[img1/img2]"}`
	case "fenced":
		answer = "```json\n" + answer + "\n```"
	case "refuse":
		io.WriteString(w, `{"choices":[{"message":{"content":null,"refusal":"I cannot."}}],"usage":{"prompt_tokens":100,"completion_tokens":20}}`)
		return
	}
	io.WriteString(w, content(map[string]any{
		"choices": []any{map[string]any{"finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": answer}}},
		"usage":   map[string]int{"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
	}))
}
