package cot

import (
	"cmp"
	"context"
	"errors"
	"image"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/openai"
)

// Secret is text that no printing, logging or encoding shows.
type Secret = openai.Secret

// Endpoint is a Maker that asks a vision model behind an OpenAI-compatible chat-completions server. Fields must not be
// changed once it is in use; zero values are sound where that is said.
//
// Timeouts, broken connections, the statuses 408, 425, 429 and 5xx and answers that are not the JSON asked for are tried
// again after a random wait, which grows with every try and is never shorter than the server's Retry-After. That holds
// up the other requests, too. What stays wrong is an *AnswerError or an *EndpointError.
type Endpoint struct {
	URL   string // what stands before /chat/completions, such as "http://localhost:8000/v1"
	Model string
	Key   Secret         // sent as a bearer token; "" = none
	Ask   dataset.Prompt // what the model is told; "" = Instruction

	Timeout   time.Duration // of one request; 0 = 2 minutes
	Retries   int           // tries after the first; 0 = 5, negative = none
	Rate      float64       // requests a second; 0 = no limit
	MaxTokens int           // of an answer; 0 = 1024
	PriceIn   float64       // of a million tokens, for Usage.Cost
	PriceOut  float64
	Client    *http.Client // nil = one of its own

	backoff time.Duration // the longest wait before the second try; 0 = 1 second, tests want less
	once    sync.Once
	limit   *rate.Limiter
	server  openai.Server
}

// EndpointError reports that a server gave no answer. It never holds the key or the URL.
type EndpointError struct {
	Status int    // of HTTP, in the last try; 0 where no response came
	Reason string // "status 503", "timeout", "network" …
	Tries  int
	Final  bool // the next question will fare no better: the key, the model's name or the address is wrong
	Err    error
}

func (e *EndpointError) Error() string { return "cot: " + (*openai.Error)(e).Error() }

func (e *EndpointError) Unwrap() error { return e.Err }

// Identity tells the answers of different models and instructions apart in a spool. The server's address is no part of it.
func (e *Endpoint) Identity() string {
	return strings.Join([]string{"endpoint", e.Model, string(e.instruction())}, "\x00")
}

func (e *Endpoint) instruction() dataset.Prompt { return cmp.Or(e.Ask, Instruction) }

// Describe implements Maker. Of the sample it shows the server only the task. The frames are shown in the order given;
// Fill gives them in an order that says nothing.
func (e *Endpoint) Describe(ctx context.Context, s dataset.Sample, img1, img2 image.Image) (Answer, error) {
	e.once.Do(e.setUp)
	body, err := e.body(s.Task, img1, img2)
	if err != nil {
		return Answer{}, err
	}
	var a Answer
	used, err := e.server.Ask(ctx, body, func(text string, cut bool) (err error) {
		a, err = verdict(text, cut)
		return err
	})
	a.Usage = Usage{In: used.In, Out: used.Out}
	a.Usage.Cost = (float64(used.In)*e.PriceIn + float64(used.Out)*e.PriceOut) / 1e6
	var refused *openai.Error
	var unusable *openai.AnswerError
	switch {
	case errors.As(err, &refused):
		err = (*EndpointError)(refused)
	case errors.As(err, &unusable) && unusable.Refused:
		err = &AnswerError{Reason: reasonRefused}
	case errors.As(err, &unusable):
		err = &AnswerError{Reason: reasonMalformed, Err: unusable.Err}
	}
	return a, err
}

func (e *Endpoint) setUp() {
	if e.Rate > 0 {
		e.limit = rate.NewLimiter(rate.Limit(e.Rate), 1)
	}
	s := &e.server
	s.URL, s.Key, s.Timeout, s.Retries, s.Backoff, s.Limit, s.Client = e.URL, e.Key, e.Timeout, e.Retries, e.backoff, e.limit, e.Client
}
