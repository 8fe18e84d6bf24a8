package endpoint

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
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/cot"
)

func TestDescribe(t *testing.T) {
	s := newServer(t)
	e := s.client()
	want := cot.Answer{
		Detail: [2]string{"The lamp is at level 50.", "The lamp is at level 90."}, Closer: dataset.Img2,
		Usage: cot.Usage{In: 100, Out: 20, Cost: (100*2 + 20*10) / 1e6},
	}
	a, err := e.Describe(t.Context(), dataset.Sample{Task: "Light up", Closer: dataset.Img1}, gray(50), gray(90))
	if diff := cmp.Diff(want, a); err != nil || diff != "" {
		t.Errorf("%v, answer (-want +got) %s", err, diff)
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
	wide := image.NewNRGBA(image.Rect(5, 5, 5+1600, 5+1000))
	for i := range wide.Pix {
		wide.Pix[i] = 90 | uint8(i%4/3*255) // opaque
	}
	var req request
	e := &Client{URL: "http://x/v1", Model: "m", Instruction: "Own words on {task_name}", HTTP: script(func(_ int, r *http.Request) (int, http.Header, string) {
		data, _ := io.ReadAll(r.Body)
		if bytes.Contains(data, []byte("secret.jpg")) {
			t.Error("the request names a file")
		}
		if err := json.Unmarshal(data, &req); err != nil {
			t.Error(err)
		}
		return 200, nil, good
	}).client()}
	if _, err := e.Describe(t.Context(), dataset.Sample{Task: "lamps", Img1: "secret.jpg", Closer: dataset.Img2}, wide, gray(3)); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, part := range req.Messages[0].Content {
		kinds = append(kinds, part.Type+":"+part.Text)
	}
	if diff := cmp.Diff([]string{"text:img1:", "image_url:", "text:img2:", "image_url:", "text:Own words on lamps"}, kinds); diff != "" {
		t.Error("parts (-want +got)", diff)
	}
	var format struct {
		Type   string
		Schema struct {
			Strict bool
			Schema json.RawMessage
		} `json:"json_schema"`
	}
	if json.Unmarshal(req.Format, &format) != nil || format.Type != "json_schema" || !format.Schema.Strict || !json.Valid(format.Schema.Schema) || req.Model != "m" || req.MaxTokens != 1024 {
		t.Errorf("format %s of %+.100v", req.Format, req)
	}
	sent := decode(t, req.Messages[0].Content[1].URL.URL)
	if size := sent.Bounds().Size(); size != image.Pt(800, 500) {
		t.Errorf("sent %v", size)
	}
	if y := color.GrayModel.Convert(sent.At(400, 250)).(color.Gray).Y; y < 88 || y > 92 {
		t.Errorf("brightness %d", y)
	}
}

// decode reads the picture in a data URL.
func decode(t *testing.T, url string) image.Image {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(url, "data:image/jpeg;base64,"))
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// Whatever a server does once or twice, the third answer counts, and the tokens of all.
func TestRetries(t *testing.T) {
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
			e := s.client()
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
func TestErrors(t *testing.T) {
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
		{"html", malformed, 3, 0, false},
		{"huge", malformed, 3, 0, false},
		{"schema", malformed, 3, 300, false},
		{"refuse", refused, 1, 100, false},
	} {
		t.Run(c.fault, func(t *testing.T) {
			s := newServer(t)
			s.do(func(int) string { return c.fault })
			e := s.client()
			e.Retries = 2
			e.Timeout = 2 * time.Second
			if c.fault == "hang" {
				e.Timeout = 30 * time.Millisecond
			}
			a, err := e.Describe(t.Context(), dataset.Sample{Task: "t"}, gray(50), gray(90))
			var failed *Error
			var unusable *cot.AnswerError
			switch {
			case errors.As(err, &failed):
				if failed.Reason() != c.reason || failed.Final() != c.final || failed.Tries != c.requests {
					t.Errorf("%+v", failed)
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

func TestAddress(t *testing.T) {
	for _, address := range []string{"", "localhost:8000/v1", "ftp://x/v1", "http://", "http://[::1"} {
		_, err := (&Client{URL: address}).Describe(t.Context(), dataset.Sample{}, gray(1), gray(2))
		var failed *Error
		if !errors.As(err, &failed) || !failed.Final() {
			t.Errorf("%q: %v", address, err)
		}
	}
	_, err := (&Client{URL: "http://user:hunter2@127.0.0.1:1/v1?api-key=hunter2", Retries: -1}).Describe(t.Context(), dataset.Sample{}, gray(1), gray(2))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a server that is not there: %v", err)
	}
}

// The key shows in no way of printing.
func TestSecret(t *testing.T) {
	e := &Client{Key: "sk-secret"}
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
	var mu sync.Mutex
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
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
		e := &Client{URL: "http://x/v1", Retries: 9, HTTP: script(func(int, *http.Request) (int, http.Header, string) {
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
		n := 0
		e = &Client{URL: "http://x/v1", HTTP: script(func(int, *http.Request) (int, http.Header, string) { n++; return 503, nil, "" }).client()}
		var failed *Error
		if _, err := e.Generate(t.Context(), "hello"); !errors.As(err, &failed) || failed.Tries != 6 || n != 6 {
			t.Errorf("by default: %v after %d tries", err, n)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for _, header := range []string{"30", "date"} {
		synctest.Test(t, func(t *testing.T) {
			var at []time.Duration
			start := time.Now()
			e := &Client{URL: "http://x/v1", HTTP: script(func(n int, _ *http.Request) (int, http.Header, string) {
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
		e := &Client{URL: "http://x/v1", HTTP: script(func(n int, _ *http.Request) (int, http.Header, string) {
			at = append(at, time.Since(start))
			if n == 0 {
				return 429, http.Header{"Retry-After": {"30"}}, ""
			}
			return 200, nil, good
		}).client()}
		var wg sync.WaitGroup
		for _, after := range []time.Duration{0, 10 * time.Second} {
			wg.Go(func() {
				time.Sleep(after)
				if _, err := e.Generate(t.Context(), "hello"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(at) != 3 || at[0] != 0 || at[1] != 30*time.Second || at[2] < 30*time.Second {
			t.Errorf("asked at %v", at)
		}
		e = &Client{URL: "http://x/v1", HTTP: script(func(int, *http.Request) (int, http.Header, string) {
			return 429, http.Header{"Retry-After": {"86400"}}, ""
		}).client()}
		var failed *Error
		if _, err := e.Describe(t.Context(), dataset.Sample{}, gray(1), gray(2)); !errors.As(err, &failed) || !failed.Final() {
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
		e := &Client{URL: "http://x/v1", Rate: 2, HTTP: script(func(int, *http.Request) (int, http.Header, string) { return 200, nil, good }).client()}
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
func TestCancel(t *testing.T) {
	for name, make := range map[string]func() *Client{
		"turn": func() *Client {
			e := &Client{URL: "http://x/v1"}
			e.hold(time.Hour)
			return e
		},
		"rate": func() *Client {
			e := &Client{URL: "http://x/v1", Rate: 1e-6}
			e.once.Do(e.setUp)
			e.limit.Reserve()
			return e
		},
		"wait": func() *Client {
			return &Client{URL: "http://x/v1", backoff: time.Hour, Retries: 60, HTTP: script(func(int, *http.Request) (int, http.Header, string) { return 500, nil, "" }).client()}
		},
		"request": func() *Client {
			return &Client{URL: "http://x/v1", Timeout: time.Hour, HTTP: script(func(_ int, r *http.Request) (int, http.Header, string) {
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

// A redirection is not followed: whoever answers it would get the frames, and on the same host the key.
func TestRedirect(t *testing.T) {
	for _, own := range []*http.Client{nil, {}} {
		other := newServer(t)
		s := httptest.NewServer(http.RedirectHandler(other.URL+"/v1/chat/completions", http.StatusTemporaryRedirect))
		defer s.Close()
		_, err := (&Client{URL: s.URL, Key: "sk-secret", HTTP: own}).Generate(t.Context(), "hello")
		var failed *Error
		if !errors.As(err, &failed) || failed.Status != http.StatusTemporaryRedirect || !failed.Final() || failed.Tries != 1 || other.count() != 0 {
			t.Errorf("%v, %d requests to elsewhere", err, other.count())
		}
	}
}

// All that a server may do on a bad day leaves the samples that Fill makes as they are, and each question is paid for once.
func TestFillFaults(t *testing.T) {
	src := newLamps(120)
	s := newServer(t)
	faults := []string{"500", "", "html", "truncated", "", "malformed", "503", "drop", "huge", "", "schema", "fenced", "hang", ""}
	s.do(func(n int) string { return faults[n%len(faults)] })
	c := s.client()
	c.Timeout, c.Retries = 150*time.Millisecond, 50
	opts := cot.Options{Parallel: 8, Spool: filepath.Join(t.TempDir(), "spool")}
	var stats cot.Stats
	i := 0
	for got, err := range cot.Fill(t.Context(), c, src, opts, &stats) {
		if err != nil {
			t.Fatal(err)
		}
		want, _ := src.At(i)
		want.Detail = [2]string{"The lamp is at level " + want.Img1 + ".", "The lamp is at level " + want.Img2 + "."}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("sample %d (-want +got) %s", i, diff)
		}
		i++
	}
	if i != 120 || stats.Asked != 120 || stats.Usage.In <= 12000 {
		t.Errorf("%d samples, %+v", i, stats)
	}
	// Another client of the same model finds every answer.
	s.do(func(int) string { return "401" })
	for range cot.Fill(t.Context(), s.client(), src, opts, &stats) {
	}
	if stats.Made != 120 || stats.Asked != 0 {
		t.Errorf("again: %+v", stats)
	}
}

// Fill counts an Error by its reason, and ends with one that is final.
func TestFillEnds(t *testing.T) {
	s := newServer(t)
	s.do(func(n int) string { return []string{"400", "", "401"}[min(n, 2)] })
	var stats cot.Stats
	var end error
	for _, err := range cot.Fill(t.Context(), s.client(), newLamps(50), cot.Options{Parallel: 1}, &stats) {
		end = err
	}
	var failed *Error
	if !errors.As(end, &failed) || failed.Status != 401 || s.count() > 10 {
		t.Errorf("%v after %d requests", end, s.count())
	}
	if diff := cmp.Diff(map[string]int{"status 400": 1}, stats.Failed); diff != "" || stats.Made != 1 {
		t.Errorf("%+v %s", stats, diff)
	}
}

// endless is a body without end, which counts what is read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	if e.read += len(p); e.read > 64<<20 {
		return 0, io.EOF
	}
	return copy(p, bytes.Repeat([]byte(" "), len(p))), nil
}

func (e *endless) Close() error { return nil }

// However long a response is, no more than a mebibyte of it is kept, whether it is an answer or an error.
func TestBound(t *testing.T) {
	for _, status := range []int{200, 500} {
		body := new(endless)
		c := &Client{URL: "http://x/v1", Retries: -1, HTTP: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: body}, nil
		})}}
		if _, err := c.Generate(t.Context(), "hello"); !errors.As(err, new(*Error)) || body.read > 2*maxAnswer {
			t.Errorf("status %d: %v after %d bytes", status, err, body.read)
		}
	}
}
