// Package openai asks chat-completions servers in the form of OpenAI's, and asks again where that may help.
package openai

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
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

// Server is where questions go. Its fields must not be changed once it is in use.
type Server struct {
	URL     string // what stands before /chat/completions
	Key     Secret
	Timeout time.Duration // of one request; 0 = 2 minutes
	Retries int           // tries after the first; 0 = 5, negative = none
	Backoff time.Duration // the longest wait before the second try; 0 = 1 second
	Limit   *rate.Limiter // or nil
	Client  *http.Client  // nil = one of its own

	once   sync.Once
	client *http.Client
	mu     sync.Mutex
	until  time.Time // the server wants no request before
}

const (
	maxBackoff    = time.Minute
	maxRetryAfter = 10 * time.Minute // a server that wants more than this has, for a run's purposes, said no
	maxAnswer     = 1 << 20          // bytes; an honest answer has a few thousand
)

// Error reports that a server gave no answer. It never holds the key or the URL.
type Error struct {
	Status int    // of HTTP, in the last try; 0 where no response came
	Reason string // "status 503", "timeout", "network" …
	Tries  int
	Final  bool // the next question will fare no better
	Err    error
}

func (e *Error) Error() string {
	text := "endpoint: " + e.Reason
	if e.Tries > 1 {
		text += fmt.Sprintf(" after %d tries", e.Tries)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// AnswerError reports an answer that cannot be used.
type AnswerError struct {
	Refused bool // the model, or a filter before it, will not answer
	Err     error
}

func (e *AnswerError) Error() string {
	if e.Refused {
		return "refused"
	}
	return "malformed: " + e.Err.Error()
}

func (e *AnswerError) Unwrap() error { return e.Err }

// Tokens are what answers cost, unusable ones too.
type Tokens struct{ In, Out int }

// newClient has connections enough for many requests at once: the default transport keeps two idle ones a host, and would
// dial anew for most of ours.
func newClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = t.MaxIdleConns
	return &http.Client{Transport: t}
}

// Ask posts a request until use takes the text of an answer; cut tells that it ended at the greatest number of tokens.
// Timeouts, broken connections, statuses that pass, and answers that use does not take are tried again after a random
// wait, which grows with every try and is never shorter than the server's Retry-After. Errors are an *Error, an
// *AnswerError with that of use, or the context's.
func (s *Server) Ask(ctx context.Context, body []byte, use func(text string, cut bool) error) (used Tokens, err error) {
	s.once.Do(func() {
		if s.client = s.Client; s.client == nil {
			s.client = newClient()
		}
	})
	tries := 1 + max(0, cmp.Or(s.Retries, 5))
	for try := 1; ; try++ {
		if err := s.turn(ctx); err != nil {
			return used, err
		}
		wait, err := s.request(ctx, body, func(data []byte) error { return used.read(data, use) })
		if err == nil {
			return used, nil
		}
		if ctx.Err() != nil { // then that is why, whatever the transport calls it
			return used, ctx.Err()
		}
		var refused *Error
		if errors.As(err, &refused) {
			refused.Tries = try
		}
		if try == tries || !retry(err) {
			return used, err
		}
		s.Hold(wait)
		wait = max(wait, rand.N(min(maxBackoff, cmp.Or(s.Backoff, time.Second)<<min(try-1, 16))))
		if err := sleep(ctx, wait); err != nil {
			return used, err
		}
	}
}

// turn waits until the server may be asked.
func (s *Server) turn(ctx context.Context) error {
	for {
		s.mu.Lock()
		wait := time.Until(s.until)
		s.mu.Unlock()
		if wait <= 0 {
			break
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
	if s.Limit == nil {
		return ctx.Err()
	}
	r := s.Limit.Reserve()
	if err := sleep(ctx, r.Delay()); err != nil {
		r.Cancel()
		return err
	}
	return nil
}

// Hold lets no request begin for a while.
func (s *Server) Hold(wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if until := time.Now().Add(wait); until.After(s.until) {
		s.until = until
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
		return !answer.Refused
	}
	var e *Error
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
func (s *Server) request(ctx context.Context, body []byte, read func([]byte) error) (wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.Timeout, 2*time.Minute))
	defer cancel()
	base, err := url.Parse(s.URL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return 0, &Error{Reason: "address", Final: true, Err: errors.New("not the http or https URL of a server")}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base.JoinPath("chat/completions").String(), bytes.NewReader(body))
	if err != nil {
		return 0, &Error{Reason: "address", Final: true, Err: hide(err)}
	}
	req.Header.Set("Content-Type", "application/json")
	if key := s.key(); key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, network(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	wait = RetryAfter(resp.Header.Get("Retry-After"))
	switch {
	case resp.StatusCode != http.StatusOK:
		refused := s.refusal(resp.StatusCode, data)
		refused.Final = refused.Final || wait > maxRetryAfter
		return wait, refused
	case err != nil:
		return wait, network(err)
	case len(data) > maxAnswer:
		return 0, &AnswerError{Err: fmt.Errorf("longer than %d bytes", maxAnswer)}
	}
	return 0, read(data)
}

// network explains an error of the transport.
func network(err error) error {
	reason := "network"
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		reason = "timeout"
	}
	return &Error{Reason: reason, Err: hide(err)}
}

// hide takes the URL out of an error: people put keys into URLs, too.
func hide(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	return err
}

// RetryAfter reads the header of that name: seconds or a date, 0 where it says nothing.
func RetryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseFloat(header, 64); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 1e9) * float64(time.Second))
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
