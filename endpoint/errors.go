package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
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

// Error reports that a server gave no answer, or none of use. It never holds the key or the URL.
type Error struct {
	Status int   // of HTTP, in the last try; 0 where no response came or its content was of no use
	Tries  int   // requests made
	Err    error // or nil

	reason string
	final  bool
	again  bool // the same request may fare better
}

func (e *Error) Error() string {
	text := "endpoint: " + e.reason
	if e.Tries > 1 {
		text += fmt.Sprintf(" after %d tries", e.Tries)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// Reason is the kind of failure in a few words: "status 503", "timeout", "network", "address", "malformed", "refused".
func (e *Error) Reason() string { return e.reason }

// Final reports that the next question will fare no better: the key, the model's name or the address is wrong, the account
// is empty, or the server wants to be left alone for more than ten minutes.
func (e *Error) Final() bool { return e.final }

const (
	malformed = "malformed"
	refused   = "refused" // the model, or a filter before it, will not answer
)

// refusal explains a status with what the server says beside it.
func (c *Client) refusal(status int, data []byte) *Error {
	e := &Error{Status: status, reason: fmt.Sprintf("status %d", status)}
	switch status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		e.final = true
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		e.again = true
	default:
		e.again = status >= 500
	}
	if status/100 == 3 {
		e.final, e.Err = true, errors.New("the server points elsewhere: the URL must be the one that answers")
		return e
	}
	var body struct {
		Error struct {
			Message string `json:"message"`
			Code    any    `json:"code"`
		} `json:"error"`
	}
	if json.Unmarshal(data, &body) == nil && body.Error.Message != "" {
		text := []rune(c.redact(strings.Join(strings.Fields(body.Error.Message), " "))) // before a part of the key is cut off
		e.Err = errors.New(string(text[:min(len(text), 200)]))
	}
	// An empty account is told as a 429, and no wait fills it.
	if status == http.StatusTooManyRequests && body.Error.Code == "insufficient_quota" {
		e.final = true
	}
	return e
}

// redact takes the key out of what a server says: some repeat it.
func (c *Client) redact(text string) string {
	if key := c.key(); key != "" {
		text = strings.ReplaceAll(text, key, hidden)
	}
	return text
}

// key is the Key without the line break that files of keys end in.
func (c *Client) key() string { return strings.TrimSpace(string(c.Key)) }

// network explains an error of the transport.
func network(err error) *Error {
	reason := "network"
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		reason = "timeout"
	}
	// People put keys into URLs, too.
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	return &Error{reason: reason, again: true, Err: err}
}
