package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/egotsr/egotsr"
)

func TestMain(m *testing.M) {
	if os.Getenv("BRIDGE_MAIN") != "" { // this process is the program, see TestTerminated
		main()
		return
	}
	os.Exit(m.Run())
}

var tiny = os.DirFS("../../testdata/tiny")

func serving(t testing.TB, change func(*limits), token string) (*server, string) {
	t.Helper()
	l := defaults
	if change != nil {
		change(&l)
	}
	m := newMetrics()
	model, err := egotsr.Open(context.Background(), tiny, &egotsr.Options{Backend: "go", Meter: m})
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(model, m, l, token)
	h := httptest.NewServer(s)
	t.Cleanup(func() { h.CloseClientConnections(); h.Close(); _ = model.Close() })
	return s, h.URL
}

func frame(t testing.TB, w, h int, seed uint8) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		x, y := i%w, i/w
		img.Set(x, y, color.NRGBA{uint8(x*3) + seed, uint8(y * 5), seed * 7, 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJSON(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

type part struct {
	name string
	data []byte
}

func parts(t testing.TB, list ...part) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range list {
		f, err := w.CreateFormFile(p.name, p.name+".npy")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(p.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

func send(t testing.TB, method, url, contentType string, body []byte, header ...string) (status int, answer []byte) {
	t.Helper()
	r, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode >= 400 {
		var said map[string]any
		if err := json.Unmarshal(answer, &said); err != nil || said["error"] == nil || said["what"] == nil || len(said) != 2 {
			t.Errorf("%s %s: %d is no JSON error: %s", method, url, res.StatusCode, answer)
		}
	}
	return res.StatusCode, answer
}

// documented tells of statuses that the OpenAPI document of a route lacks.
func documented(t testing.TB, s *server, method, path string, status int) {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	_, pattern := s.mux.Handler(r)
	_, route, _ := strings.Cut(pattern, " ")
	var doc struct {
		Paths map[string]map[string]struct{ Responses map[string]any }
	}
	if err := json.Unmarshal(s.document, &doc); err != nil {
		t.Fatal(err)
	}
	if pattern != "" {
		code := string(asJSON(t, status))
		if _, ok := doc.Paths[route][strings.ToLower(method)].Responses[code]; !ok {
			t.Errorf("%s answers %s, which the document does not say", pattern, code)
		}
	}
}

func open(t testing.TB, url string) string {
	t.Helper()
	status, data := send(t, "POST", url+"/v1/sessions", "application/json", []byte(`{"task":"Open a drawer","every_ms":-1}`))
	var a sessionAnswer
	if err := json.Unmarshal(data, &a); err != nil || status != 201 {
		t.Fatal(status, string(data), err)
	}
	return a.ID
}
