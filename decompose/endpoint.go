package decompose

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"net/http"
	"sync"
	"time"

	"golang.org/x/image/draw"

	"github.com/egotsr/egotsr/internal/openai"
)

// Secret is text that no printing, logging or encoding shows.
type Secret = openai.Secret

// Endpoint is a [Generator] that asks a model behind an OpenAI-compatible chat-completions server. Frames are sent as
// JPEG, made smaller where a side has more than 800 pixels. Fields must not be changed once it is in use, which may be by
// many goroutines.
//
// Timeouts, broken connections, the statuses 408, 425, 429 and 5xx and responses that make no sense are tried again after
// a random wait, which grows with every try and is never shorter than the server's Retry-After. What stays wrong is an
// [*EndpointError].
type Endpoint struct {
	URL   string // what stands before /chat/completions, such as "http://localhost:8000/v1"
	Model string
	Key   Secret // sent as a bearer token; "" = none

	Timeout   time.Duration // of one request; 0 = 2 minutes
	Retries   int           // tries after the first; 0 = 5, negative = none
	MaxTokens int           // of an answer; 0 = 4096
	Client    *http.Client  // nil = one of its own

	once   sync.Once
	server openai.Server
}

// EndpointError reports that a server gave no answer. It never holds the key or the URL.
type EndpointError struct {
	Status int    // of HTTP, in the last try; 0 where no response came or its content was of no use
	Reason string // "status 503", "timeout", "network", "malformed", "refused" …
	Tries  int    // 0 where that played no part
	Final  bool   // the next question will fare no better: the key, the model's name or the address is wrong
	Err    error
}

func (e *EndpointError) Error() string { return "decompose: " + (*openai.Error)(e).Error() }

func (e *EndpointError) Unwrap() error { return e.Err }

const maxSide = 800 // of a frame, in pixels

// Generate implements [Generator].
func (e *Endpoint) Generate(ctx context.Context, prompt string, frames ...image.Image) (string, error) {
	e.once.Do(func() {
		s := &e.server
		s.URL, s.Key, s.Timeout, s.Retries, s.Client = e.URL, e.Key, e.Timeout, e.Retries, e.Client
	})
	body, err := e.body(prompt, frames)
	if err != nil {
		return "", err
	}
	answer := ""
	_, err = e.server.Ask(ctx, body, func(text string, _ bool) error { answer = text; return nil })
	var refused *openai.Error
	var unusable *openai.AnswerError
	switch {
	case errors.As(err, &refused):
		err = (*EndpointError)(refused)
	case errors.As(err, &unusable) && unusable.Refused:
		err = &EndpointError{Reason: "refused"}
	case errors.As(err, &unusable):
		err = &EndpointError{Reason: "malformed", Err: unusable.Err}
	}
	return answer, err
}

// body is a request in the form of OpenAI's chat completions.
func (e *Endpoint) body(prompt string, frames []image.Image) ([]byte, error) {
	type object = map[string]any
	var content []object
	for i, frame := range frames {
		small, err := shrunk(frame)
		var data string
		if err == nil {
			data, err = openai.DataURL(small)
		}
		if err != nil {
			return nil, fmt.Errorf("decompose: frame %d: %w", i, err)
		}
		content = append(content, object{"type": "image_url", "image_url": object{"url": data}})
	}
	content = append(content, object{"type": "text", "text": prompt})
	return json.Marshal(object{
		"model": e.Model, "temperature": 0, "max_tokens": cmp.Or(e.MaxTokens, 4096),
		"messages": []object{{"role": "user", "content": content}},
	})
}

// shrunk is a frame of at most maxSide each way.
func shrunk(img image.Image) (*image.RGBA, error) {
	if img == nil || img.Bounds().Empty() {
		return nil, errors.New("the image is empty")
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if side := max(w, h); side > maxSide {
		w, h = max(1, w*maxSide/side), max(1, h*maxSide/side)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(out, out.Bounds(), img, img.Bounds(), draw.Src, nil)
	return out, nil
}
