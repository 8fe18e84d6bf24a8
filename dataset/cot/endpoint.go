package cot

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/egotsr/egotsr/dataset"
)

// Secret is text that no printing, logging or encoding shows.
type Secret string

const hidden = "[hidden]"

// String gives a placeholder.
func (Secret) String() string { return hidden }

// GoString gives a placeholder.
func (Secret) GoString() string { return hidden }

// MarshalText gives a placeholder.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

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
	client  *http.Client

	mu    sync.Mutex
	until time.Time // the server wants no request before
}

const (
	maxBackoff    = time.Minute
	maxRetryAfter = 10 * time.Minute // a server that wants more than this has, for a run's purposes, said no
	maxAnswer     = 1 << 20          // bytes; an honest answer has a few thousand
)

// EndpointError reports that a server gave no answer. It never holds the key or the URL.
type EndpointError struct {
	Status int    // of HTTP, in the last try; 0 where no response came
	Reason string // "status 503", "timeout", "network" …
	Tries  int
	Final  bool // the next question will fare no better: the key, the model's name or the address is wrong
	Err    error
}

func (e *EndpointError) Error() string {
	text := "cot: endpoint: " + e.Reason
	if e.Tries > 1 {
		text += fmt.Sprintf(" after %d tries", e.Tries)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

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
	tries := 1 + max(0, cmp.Or(e.Retries, 5))
	var used Usage
	for try := 1; ; try++ {
		if err := e.turn(ctx); err != nil {
			return Answer{Usage: used}, err
		}
		a, wait, err := e.request(ctx, body)
		used.add(a.Usage)
		a.Usage = used
		if err == nil {
			return a, nil
		}
		if ctx.Err() != nil { // then that is why, whatever the transport calls it
			return a, ctx.Err()
		}
		var refused *EndpointError
		if errors.As(err, &refused) {
			refused.Tries = try
		}
		if try == tries || !retry(err) {
			return a, err
		}
		e.hold(wait)
		wait = max(wait, rand.N(min(maxBackoff, cmp.Or(e.backoff, time.Second)<<min(try-1, 16))))
		if err := sleep(ctx, wait); err != nil {
			return a, err
		}
	}
}

func (e *Endpoint) setUp() {
	if e.Rate > 0 {
		e.limit = rate.NewLimiter(rate.Limit(e.Rate), 1)
	}
	if e.client = e.Client; e.client == nil {
		// The default transport keeps two idle connections a host, and would dial anew for most of our requests.
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = t.MaxIdleConns
		e.client = &http.Client{Transport: t}
	}
}

// turn waits until the server may be asked.
func (e *Endpoint) turn(ctx context.Context) error {
	for {
		e.mu.Lock()
		wait := time.Until(e.until)
		e.mu.Unlock()
		if wait <= 0 {
			break
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
	if e.limit == nil {
		return ctx.Err()
	}
	r := e.limit.Reserve()
	if err := sleep(ctx, r.Delay()); err != nil {
		r.Cancel()
		return err
	}
	return nil
}

// hold lets no request begin for a while.
func (e *Endpoint) hold(wait time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if until := time.Now().Add(wait); until.After(e.until) {
		e.until = until
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// retry reports that the same request may fare better.
func retry(err error) bool {
	var answer *AnswerError
	if errors.As(err, &answer) {
		return answer.Reason != reasonRefused
	}
	var e *EndpointError
	return errors.As(err, &e) && !e.Final && (e.Status == 0 || again(e.Status))
}

func again(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

// final reports statuses that the next question would get, too.
func final(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		return true
	}
	return false
}

// request asks once. wait is what the server says of the next try.
func (e *Endpoint) request(ctx context.Context, body []byte) (a Answer, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(e.Timeout, 2*time.Minute))
	defer cancel()
	base, err := url.Parse(e.URL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return a, 0, &EndpointError{Reason: "address", Final: true, Err: errors.New("not the http or https URL of a server")}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base.JoinPath("chat/completions").String(), bytes.NewReader(body))
	if err != nil {
		return a, 0, &EndpointError{Reason: "address", Final: true, Err: e.hide(err)}
	}
	req.Header.Set("Content-Type", "application/json")
	if key := e.key(); key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return a, 0, e.network(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	wait = retryAfter(resp.Header.Get("Retry-After"))
	switch {
	case resp.StatusCode != http.StatusOK:
		refused := e.refusal(resp.StatusCode, data)
		refused.Final = refused.Final || wait > maxRetryAfter
		return a, wait, refused
	case err != nil:
		return a, wait, e.network(err)
	case len(data) > maxAnswer:
		return a, 0, &AnswerError{Reason: reasonMalformed, Err: fmt.Errorf("longer than %d bytes", maxAnswer)}
	}
	a, err = e.parse(data)
	return a, 0, err
}

// network explains an error of the transport.
func (e *Endpoint) network(err error) error {
	reason := "network"
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		reason = "timeout"
	}
	return &EndpointError{Reason: reason, Err: e.hide(err)}
}

// hide takes the URL out of an error: people put keys into URLs, too.
func (e *Endpoint) hide(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	return err
}

// retryAfter reads the header of that name: seconds or a date, 0 where it says nothing.
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseFloat(header, 64); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 1e9) * float64(time.Second))
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
