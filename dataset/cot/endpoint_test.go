package cot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/egotsr/egotsr/dataset"
)

func TestEndpoint(t *testing.T) {
	s := newServer(t)
	e := s.endpoint()
	want := Answer{
		Detail: [2]string{"The lamp is at level 50.", "The lamp is at level 90."}, Closer: dataset.Img2,
		Usage: Usage{In: 100, Out: 20, Cost: (100*2 + 20*10) / 1e6},
	}
	a, err := e.Describe(t.Context(), dataset.Sample{Task: "Light up", Closer: dataset.Img1}, gray(50), gray(90))
	if err != nil || a != want {
		t.Errorf("%+v, %v", a, err)
	}
	if s.requests[0] != "Light up" {
		t.Errorf("asked about %q", s.requests)
	}
	if _, err := e.Describe(t.Context(), dataset.Sample{}, nil, gray(1)); err == nil {
		t.Error("a missing image was sent")
	}
}

// A request is what OpenAI documents, and holds no name of a file nor the label.
func TestRequestBody(t *testing.T) {
	e := &Endpoint{Model: "m", Ask: "Own words on {task_name}"}
	wide := image.NewNRGBA(image.Rect(5, 5, 5+1600, 5+1000))
	body, err := e.body("lamps", wide, gray(3))
	if err != nil {
		t.Fatal(err)
	}
	var req request
	if err := json.Unmarshal(body, &req); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, part := range req.Messages[0].Content {
		kinds = append(kinds, part.Type+":"+part.Text)
	}
	if want := []string{"text:img1:", "image_url:", "text:img2:", "image_url:", "text:Own words on lamps"}; !reflect.DeepEqual(kinds, want) {
		t.Errorf("parts %q", kinds)
	}
	var format struct {
		Type   string
		Schema struct {
			Strict bool
			Schema json.RawMessage
		} `json:"json_schema"`
	}
	if json.Unmarshal(req.Format, &format) != nil || format.Type != "json_schema" || !format.Schema.Strict || !json.Valid(format.Schema.Schema) {
		t.Errorf("format %s", req.Format)
	}
	url, err := dataURL(wide)
	if err != nil {
		t.Fatal(err)
	}
	_, data, _ := strings.Cut(url, ",")
	cfg, _, err := image.DecodeConfig(newBase64(data))
	if err != nil || cfg.Width != 800 || cfg.Height != 500 {
		t.Errorf("sent %d x %d, %v", cfg.Width, cfg.Height, err)
	}
}

// Whatever a server does once or twice, the third answer counts, and the tokens of all.
func TestEndpointRetries(t *testing.T) {
	for _, c := range []struct {
		fault  string
		tokens int // of one failed try
	}{
		{"hang", 0}, {"500", 0}, {"503", 0}, {"html", 0}, {"huge", 0}, {"truncated", 0}, {"drop", 0},
		{"malformed", 100}, {"schema", 100}, {"missing", 100}, {"verdict", 100},
	} {
		t.Run(c.fault, func(t *testing.T) {
			s := newServer(t)
			s.do(func(n int) string {
				if n < 2 {
					return c.fault
				}
				return ""
			})
			e := s.endpoint()
			e.Timeout = 2 * time.Second
			if c.fault == "hang" {
				e.Timeout = 50 * time.Millisecond
			}
			a, err := e.Describe(t.Context(), dataset.Sample{Task: "t"}, gray(50), gray(90))
			if err != nil || a.Closer != dataset.Img2 || a.Usage.In != 100+2*c.tokens || s.count() != 3 {
				t.Errorf("%+v, %v after %d requests", a, err, s.count())
			}
		})
	}
}

// What stays wrong is told by its kind; what no repetition helps is not repeated; the key is in no error.
func TestEndpointErrors(t *testing.T) {
	for _, c := range []struct {
		fault, reason   string
		requests, spent int
		final           bool
	}{
		{"hang", "timeout", 3, 0, false},
		{"500", "status 500", 3, 0, false},
		{"401", "status 401", 1, 0, true},
		{"400", "status 400", 1, 0, false},
		{"quota", "status 429", 1, 0, true},
		{"drop", "network", 3, 0, false},
		{"truncated", "network", 3, 0, false},
		{"html", reasonMalformed, 3, 0, false},
		{"huge", reasonMalformed, 3, 0, false},
		{"schema", reasonMalformed, 3, 300, false},
		{"refuse", reasonRefused, 1, 100, false},
	} {
		t.Run(c.fault, func(t *testing.T) {
			s := newServer(t)
			s.do(func(int) string { return c.fault })
			e := s.endpoint()
			e.Retries = 2
			e.Timeout = 2 * time.Second
			if c.fault == "hang" {
				e.Timeout = 30 * time.Millisecond
			}
			a, err := e.Describe(t.Context(), dataset.Sample{Task: "t"}, gray(50), gray(90))
			var refused *EndpointError
			var unusable *AnswerError
			switch {
			case errors.As(err, &refused):
				if refused.Reason != c.reason || refused.Final != c.final || refused.Tries != c.requests {
					t.Errorf("%+v", refused)
				}
			case errors.As(err, &unusable):
				if unusable.Reason != c.reason {
					t.Errorf("%+v", unusable)
				}
			default:
				t.Errorf("error %v", err)
			}
			if s.count() != c.requests || a.Usage.In != c.spent {
				t.Errorf("%d requests, %d tokens", s.count(), a.Usage.In)
			}
			if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, "secret") || strings.Contains(text, s.URL) {
				t.Errorf("the error tells the key or the URL: %s", text)
			}
		})
	}
}

func TestEndpointAddress(t *testing.T) {
	for _, address := range []string{"", "localhost:8000/v1", "ftp://x/v1", "http://", "http://[::1"} {
		_, err := (&Endpoint{URL: address}).Describe(t.Context(), dataset.Sample{}, gray(1), gray(2))
		var refused *EndpointError
		if !errors.As(err, &refused) || !refused.Final {
			t.Errorf("%q: %v", address, err)
		}
	}
	_, err := (&Endpoint{URL: "http://user:hunter2@127.0.0.1:1/v1?api-key=hunter2", Retries: -1}).Describe(t.Context(), dataset.Sample{}, gray(1), gray(2))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a server that is not there: %v", err)
	}
}

// The key shows in no way of printing.
func TestSecret(t *testing.T) {
	e := &Endpoint{Key: "sk-secret"}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%v %+v %#v %s %q %x", e.Key, e.Key, e.Key, e.Key, e.Key, e.Key)
	fmt.Fprintf(&b, "%+v %#v", struct{ K Secret }{e.Key}, struct{ K Secret }{e.Key})
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "key", e.Key)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "key", struct{ K Secret }{e.Key})
	if text := b.String(); strings.Contains(text, "secret") || strings.Contains(text, fmt.Sprintf("%x", "secret")) {
		t.Errorf("%s", text)
	}
}

// script answers requests without a network, so that time can be faked.
type script func(n int, r *http.Request) (status int, header http.Header, body string)

func (f script) client() *http.Client {
	n := 0
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		n++
		status, header, body := f(n-1, r)
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}, nil
	})}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const good = `{"choices":[{"message":{"content":"{\"state_difference\":{\"img1\":\"A.\",\"img2\":\"B.\"},\"analysis\":\"\",\"closer_to_completion\":\"img2\"}"}}]}`

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // full jitter: each wait is somewhere under a limit that doubles
		var waits []time.Duration
		last := time.Now()
		e := &Endpoint{URL: "http://x/v1", Retries: 9, Client: script(func(int, *http.Request) (int, http.Header, string) {
			waits = append(waits, time.Since(last))
			last = time.Now()
			return 503, nil, ""
		}).client()}
		_, err := e.Describe(t.Context(), dataset.Sample{}, gray(1), gray(2))
		if err == nil || len(waits) != 10 {
			t.Fatalf("%v after %d tries", err, len(waits))
		}
		distinct := map[time.Duration]bool{}
		for k, w := range waits[1:] {
			if limit := min(time.Minute, time.Second<<k); w >= limit {
				t.Errorf("wait %d is %v, not under %v", k, w, limit)
			}
			distinct[w] = true
		}
		if len(distinct) < 8 {
			t.Errorf("waits %v are not random", waits)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for _, header := range []string{"30", "date"} {
		synctest.Test(t, func(t *testing.T) {
			var at []time.Duration
			start := time.Now()
			e := &Endpoint{URL: "http://x/v1", Client: script(func(n int, _ *http.Request) (int, http.Header, string) {
				at = append(at, time.Since(start))
				if n == 0 {
					value := header
					if value == "date" {
						value = start.Add(30 * time.Second).UTC().Format(http.TimeFormat)
					}
					return 429, http.Header{"Retry-After": {value}}, ""
				}
				return 200, nil, good
			}).client()}
			if _, err := e.Describe(t.Context(), dataset.Sample{}, gray(1), gray(2)); err != nil {
				t.Fatal(err)
			}
			if at[1] < 30*time.Second || at[1] > 32*time.Second {
				t.Errorf("%s: asked at %v", header, at)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // the others wait, too
		var at []time.Duration
		start := time.Now()
		e := &Endpoint{URL: "http://x/v1", Retries: -1, Client: script(func(n int, _ *http.Request) (int, http.Header, string) {
			at = append(at, time.Since(start))
			return 429, http.Header{"Retry-After": {"30"}}, ""
		}).client()}
		e.hold(20 * time.Second)
		_, err := e.Describe(t.Context(), dataset.Sample{}, gray(1), gray(2))
		if err == nil || len(at) != 1 || at[0] != 20*time.Second {
			t.Errorf("asked at %v: %v", at, err)
		}
		e = &Endpoint{URL: "http://x/v1", Client: script(func(int, *http.Request) (int, http.Header, string) {
			return 429, http.Header{"Retry-After": {"86400"}}, ""
		}).client()}
		var refused *EndpointError
		if _, err := e.Describe(t.Context(), dataset.Sample{}, gray(1), gray(2)); !errors.As(err, &refused) || !refused.Final {
			t.Errorf("told to come back tomorrow: %v", err)
		}
	})
	for header, want := range map[string]time.Duration{"": 0, "x": 0, "-5": 0, "1.5": 1500 * time.Millisecond, "NaN": 0, "1e300": 1e18} {
		if got := retryAfter(header); got != want {
			t.Errorf("Retry-After %q is %v", header, got)
		}
	}
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		e := &Endpoint{URL: "http://x/v1", Rate: 2, Client: script(func(int, *http.Request) (int, http.Header, string) { return 200, nil, good }).client()}
		for range 11 {
			if _, err := e.Describe(t.Context(), dataset.Sample{}, gray(1), gray(2)); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("11 requests at 2 a second took %v", took)
		}
	})
}

// The end of a context ends a request, a wait for the next try and a wait for one's turn.
func TestEndpointCancel(t *testing.T) {
	for name, make := range map[string]func() *Endpoint{
		"turn": func() *Endpoint {
			e := &Endpoint{URL: "http://x/v1"}
			e.hold(time.Hour)
			return e
		},
		"rate": func() *Endpoint {
			e := &Endpoint{URL: "http://x/v1", Rate: 1e-6}
			e.once.Do(e.setUp)
			e.limit.Reserve()
			return e
		},
		"wait": func() *Endpoint {
			return &Endpoint{URL: "http://x/v1", backoff: time.Hour, Retries: 60, Client: script(func(int, *http.Request) (int, http.Header, string) { return 500, nil, "" }).client()}
		},
		"request": func() *Endpoint {
			return &Endpoint{URL: "http://x/v1", Timeout: time.Hour, Client: script(func(_ int, r *http.Request) (int, http.Header, string) {
				<-r.Context().Done()
				return 0, nil, ""
			}).client()}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			start := time.Now()
			time.AfterFunc(3*time.Second, cancel)
			_, err := make().Describe(ctx, dataset.Sample{}, gray(1), gray(2))
			if err != context.Canceled || time.Since(start) != 3*time.Second {
				t.Errorf("%s: %v after %v", name, err, time.Since(start))
			}
		})
	}
}
