package main

import (
	"context"
	"image"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/cot"
	"github.com/egotsr/egotsr/endpoint"
)

// one is a source whose frames all look the same.
type one struct{ dataset.Source }

func (one) Image(string) (image.Image, error) { return image.NewGray(image.Rect(0, 0, 8, 8)), nil }

// A judge that explains makes descriptions: what it is asked, and what becomes of each verdict.
func TestDescriber(t *testing.T) {
	s := dataset.Sample{Task: "Open a drawer", Img1: "a", Img2: "b", Closer: dataset.Img2}
	src := one{dataset.NewList(nil, []dataset.Sample{s, s.Swap()})}
	says := egotsr.Judgement{Closer: egotsr.Img1, Detail: [2]string{"It is shut.", "It stands open."}}
	var failed error
	d := describer{func(_ context.Context, p egotsr.Pair, o *egotsr.JudgeOptions) (egotsr.Judgement, error) {
		if p.Task != s.Task || !o.Explain {
			t.Errorf("asked %+v, %+v", p, o)
		}
		return says, failed
	}, "nano"}
	for closer, want := range map[egotsr.Side]string{egotsr.Img1: dataset.Img1, egotsr.Img2: dataset.Img2, egotsr.Undecided: ""} {
		says.Closer = closer
		img, _ := src.Image("")
		a, err := d.Describe(t.Context(), s, img, img)
		if diff := cmp.Diff(cot.Answer{Detail: says.Detail, Closer: want}, a); err != nil || diff != "" {
			t.Errorf("%v: %v %s", closer, err, diff)
		}
		var stats cot.Stats
		for range cot.Fill(t.Context(), d, src, cot.Options{Spool: filepath.Join(t.TempDir(), "spool")}, &stats) {
		}
		if stats.Asked != 1 || stats.Reused != 1 || closer == egotsr.Undecided && stats.Rejected[cot.ReasonUndecided] != 2 {
			t.Errorf("%v: %+v", closer, stats)
		}
	}
	failed = egotsr.ErrClosed
	if _, err := d.Describe(t.Context(), s, nil, nil); err != egotsr.ErrClosed {
		t.Error(err)
	}
}

// The kinds of maker, by what -describe says; a server gets the key that the file holds.
func TestMaker(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer sk-secret" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		io.WriteString(w, `{"choices":[{"message":{"content":"hello"}}]}`)
	}))
	defer server.Close()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("sk-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		who, key string
		ok       bool
	}{{"", "", true}, {server.URL, key, true}, {server.URL, key + "-missing", false}, {t.TempDir(), "", false}} {
		m, err := maker(t.Context(), c.who, "some-model", c.key, nil)
		if (err == nil) != c.ok {
			t.Errorf("%q: %v", c.who, err)
		}
		if client, ok := m.(*endpoint.Client); ok {
			if text, err := client.Generate(t.Context(), "Who is there?"); text != "hello" {
				t.Errorf("%q, %v", text, err)
			}
		}
	}
}
