package endpoint

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/cot"
)

// Client asks one model behind one server. It is safe for concurrent use; its fields must not be changed once it is in
// use, and it must not be copied. Zero values are sound where that is said.
//
// Frames are sent as JPEG, made smaller where they are more than 800 pixels wide. Timeouts, broken connections, the
// statuses 408, 425, 429 and 5xx and answers that make no sense are tried again after a random wait, at most 1 second before
// the first and twice as much before each one after, up to a minute, and never shorter than the server's Retry-After. That
// holds up the client's other requests, too. No response is read beyond a mebibyte, and no redirection is followed.
type Client struct {
	URL   string // what stands before /chat/completions, such as "http://localhost:8000/v1"
	Model string
	Key   Secret // sent as a bearer token; "" = none

	Timeout   time.Duration // of one request; 0 = 2 minutes
	Retries   int           // tries after the first; 0 = 5, negative = none
	Rate      float64       // requests a second; 0 = no limit
	MaxTokens int           // of an answer; 0 = 4096 of a plan, 1024 of a description
	HTTP      *http.Client  // nil = one of its own

	Instruction       dataset.Prompt // what Describe tells the model; "" = the constant Instruction
	PriceIn, PriceOut float64        // of a million tokens, for cot.Usage.Cost

	backoff time.Duration // the longest wait before the second try; 0 = 1 second, tests want less
	once    sync.Once
	limit   *rate.Limiter // or nil
	http    *http.Client
	mu      sync.Mutex
	until   time.Time // the server wants no request before
}

// setUp makes ready what the fields say.
func (c *Client) setUp() {
	if c.Rate > 0 {
		c.limit = rate.NewLimiter(rate.Limit(c.Rate), 1)
	}
	h := http.Client{}
	if c.HTTP != nil {
		h = *c.HTTP
	} else {
		// The default transport keeps two idle connections a host, and would dial anew for most of many requests at once.
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = t.MaxIdleConns
		h.Transport = t
	}
	if h.CheckRedirect == nil { // frames, and on the same host the key, would go to wherever the server says
		h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	c.http = &h
}

// Generate implements [decompose.Generator]. What stays wrong after all tries is an [*Error]; the end of ctx is returned
// as it is.
func (c *Client) Generate(ctx context.Context, prompt string, frames ...image.Image) (string, error) {
	var content []object
	for i, frame := range frames {
		part, err := imagePart("frame", i, frame)
		if err != nil {
			return "", err
		}
		content = append(content, part)
	}
	answer := ""
	_, err := c.ask(ctx, c.body(append(content, textPart(prompt)), 4096, nil), func(text string, _ bool) error {
		answer = text
		return nil
	})
	return answer, err
}

// Describe implements [cot.Maker]. Of the sample it shows the server only the task. The frames are shown in the order
// given; [cot.Fill] gives them in an order that says nothing. An answer that cannot be used is a [*cot.AnswerError], what
// else stays wrong after all tries an [*Error]; the end of ctx is returned as it is.
func (c *Client) Describe(ctx context.Context, s dataset.Sample, img1, img2 image.Image) (a cot.Answer, err error) {
	var content []object
	for k, img := range []image.Image{img1, img2} {
		part, err := imagePart("img", k+1, img)
		if err != nil {
			return a, err
		}
		content = append(content, textPart(fmt.Sprintf("img%d:", k+1)), part)
	}
	content = append(content, textPart(c.instruction().Text(s.Task)))
	used, err := c.ask(ctx, c.body(content, 1024, schema), func(text string, cut bool) (err error) {
		a, err = verdict(text, cut)
		return err
	})
	a.Usage = cot.Usage{In: used.in, Out: used.out}
	a.Usage.Cost = (float64(used.in)*c.PriceIn + float64(used.out)*c.PriceOut) / 1e6
	var failed *Error
	if errors.As(err, &failed) && (failed.reason == malformed || failed.reason == refused) {
		err = &cot.AnswerError{Reason: failed.reason, Err: failed.Err}
	}
	return a, err
}

// Identity tells the answers of different models and instructions apart in a spool of [cot.Fill]. The server's address is
// no part of it.
func (c *Client) Identity() string {
	return strings.Join([]string{"endpoint", c.Model, string(c.instruction())}, "\x00")
}

func (c *Client) instruction() dataset.Prompt { return cmp.Or(c.Instruction, Instruction) }

// body is a request in the form of OpenAI's chat completions. form is the schema of the answer, or nil.
func (c *Client) body(content []object, tokens int, form json.RawMessage) object {
	body := object{
		"model": c.Model, "temperature": 0, "max_tokens": cmp.Or(c.MaxTokens, tokens),
		"messages": []object{{"role": "user", "content": content}},
	}
	if form != nil {
		body["response_format"] = object{"type": "json_schema", "json_schema": object{"name": "comparison", "strict": true, "schema": form}}
	}
	return body
}
