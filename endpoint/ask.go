package endpoint

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	maxBackoff    = time.Minute
	maxRetryAfter = 10 * time.Minute // a server that wants more than this has, for a run's purposes, said no
	maxAnswer     = 1 << 20          // bytes; an honest answer has a few thousand
)

// ask posts a request until use takes the text of an answer; cut tells that it ended at the greatest number of tokens.
// Errors are an *Error or the context's.
func (c *Client) ask(ctx context.Context, request object, use func(text string, cut bool) error) (used tokens, err error) {
	c.once.Do(c.setUp)
	body, err := json.Marshal(request)
	if err != nil {
		return used, fmt.Errorf("endpoint: %w", err)
	}
	tries := 1 + max(0, cmp.Or(c.Retries, 5))
	for try := 1; ; try++ {
		if err := c.turn(ctx); err != nil {
			return used, err
		}
		data, wait, failed := c.post(ctx, body)
		if failed == nil {
			failed = used.read(data, use)
		}
		switch {
		case failed == nil:
			return used, nil
		case ctx.Err() != nil: // then that is why, whatever the transport calls it
			return used, ctx.Err()
		}
		failed.Tries = try
		if try == tries || failed.final || !failed.again {
			return used, failed
		}
		c.hold(wait)
		wait = max(wait, rand.N(min(maxBackoff, cmp.Or(c.backoff, time.Second)<<min(try-1, 16))))
		if err := sleep(ctx, wait); err != nil {
			return used, err
		}
	}
}

// turn waits until the server may be asked.
func (c *Client) turn(ctx context.Context) error {
	for {
		c.mu.Lock()
		wait := time.Until(c.until)
		c.mu.Unlock()
		if wait <= 0 {
			break
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
	if c.limit == nil {
		return ctx.Err()
	}
	r := c.limit.Reserve()
	if err := sleep(ctx, r.Delay()); err != nil {
		r.Cancel()
		return err
	}
	return nil
}

// hold lets no request begin for a while.
func (c *Client) hold(wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if until := time.Now().Add(wait); until.After(c.until) {
		c.until = until
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

// post asks once, for the body of a response of status 200. wait is what the server says of the next try.
func (c *Client) post(ctx context.Context, body []byte) (data []byte, wait time.Duration, failed *Error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.Timeout, 2*time.Minute))
	defer cancel()
	base, err := url.Parse(c.URL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, 0, &Error{reason: "address", final: true, Err: errors.New("not the http or https URL of a server")}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base.JoinPath("chat/completions").String(), bytes.NewReader(body))
	if err != nil { // it names the URL
		return nil, 0, &Error{reason: "address", final: true, Err: errors.New("not the URL of a server")}
	}
	req.Header.Set("Content-Type", "application/json")
	if key := c.key(); key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, 0, network(err)
	}
	defer resp.Body.Close()
	data, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	wait = retryAfter(resp.Header.Get("Retry-After"))
	switch {
	case resp.StatusCode != http.StatusOK:
		failed = c.refusal(resp.StatusCode, data)
		failed.final = failed.final || wait > maxRetryAfter
		return nil, wait, failed
	case err != nil:
		return nil, wait, network(err)
	case len(data) > maxAnswer:
		return nil, 0, &Error{reason: malformed, again: true, Err: fmt.Errorf("longer than %d bytes", maxAnswer)}
	}
	return data, 0, nil
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
