package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSuperseded holds a session's turn, and sends three frames: the first two give way to the third.
func TestSuperseded(t *testing.T) {
	s, _ := serving(t, nil, "")
	one, err := s.sessions.create("t", s.model.Track("t", nil))
	if err != nil {
		t.Fatal(err)
	}
	one.turn <- struct{}{}
	img := image.NewNRGBA(image.Rect(0, 0, 56, 56))
	results := make([]chan bool, 3)
	for i := range results {
		results[i] = make(chan bool, 1)
		one.mu.Lock()
		last := one.waiting
		one.mu.Unlock()
		go func() {
			superseded, err := one.observe(context.Background(), time.Now(), img, nil)
			if err != nil {
				t.Error(err)
			}
			results[i] <- superseded
		}()
		for waits := false; !waits; {
			one.mu.Lock()
			waits = one.waiting != last
			one.mu.Unlock()
		}
	}
	for i, want := range []bool{true, true} {
		if got := <-results[i]; got != want {
			t.Errorf("frame %d: %v", i, got)
		}
	}
	<-one.turn
	if <-results[2] {
		t.Error("the newest frame gave way")
	}
	if one.answer().Frames != 1 {
		t.Error(one.answer().Frames)
	}
}

func TestIdle(t *testing.T) {
	s, url := serving(t, func(l *limits) { l.idle = 50 * time.Millisecond }, "")
	id := open(t, url)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go s.sessions.expire(ctx)
	for deadline := time.Now().Add(5 * time.Second); s.sessions.count() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the session stays")
		}
	}
	if got, _ := send(t, "GET", url+"/v1/sessions/"+id, "", nil); got != 404 {
		t.Error(got)
	}
}

// probe shows the page as wide as a phone, and reports what it came to show once that is all.
const probe = `<!DOCTYPE html><iframe id="f" style="border:0;width:390px;height:900px" src="/sessions/%s#token=secret"></iframe><script>
const light = c => { const m = c.match(/\d+/g).map(Number); return m[0] + m[1] + m[2] };
const timer = setInterval(() => {
  const w = document.getElementById("f").contentWindow, d = w.document, text = id => d.getElementById(id)?.textContent;
  if (text("frames") !== "%d" || !d.getElementById("frame").naturalWidth) return;
  clearInterval(timer);
  fetch("/found", {method: "POST", body: JSON.stringify({
    task: text("task"), note: text("note"), trend: text("trend"), points: d.getElementById("curve").points.length, width: d.getElementById("frame").naturalWidth,
    content: d.documentElement.scrollWidth, dark: light(w.getComputedStyle(d.body).backgroundColor) < light(w.getComputedStyle(d.body).color),
    elsewhere: w.performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith(location.origin) && !n.startsWith("blob:")) })});
}, 50);
</script>`

type found struct {
	Task, Note, Trend      string
	Points, Width, Content int
	Dark                   bool
	Elsewhere              []string
}

// TestBrowser opens a running session's page in chromium, in light and dark, on a phone's width; a frame comes while it looks.
func TestBrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil || testing.Short() {
		t.Skip("chromium is not on PATH: on Debian, apt-get install --no-install-recommends chromium")
	}
	s, url := serving(t, nil, "secret")
	auth := []string{"Authorization", "Bearer secret"}
	for _, dark := range []bool{false, true} {
		_, data := send(t, "POST", url+"/v1/sessions", "application/json", []byte(`{"task":"Open <b>a</b> drawer","every_ms":-1}`), auth...)
		id := strings.Split(string(data), `"`)[3]
		put := func(i int) {
			if got, _ := send(t, "PUT", url+"/v1/sessions/"+id+"/frame", "image/jpeg", frame(t, 56, 56, uint8(i*50)), auth...); got != 200 {
				t.Fatal(got)
			}
		}
		put(0)
		put(1)
		got := browse(t, browser, s, id, dark, func() { put(2) })
		trend := got.Trend
		got.Trend = ""
		if diff := cmp.Diff(found{Task: "Open <b>a</b> drawer", Note: "live", Points: 3, Width: 56, Content: 390, Dark: dark, Elsewhere: []string{}}, got); diff != "" || trend == "–" {
			t.Errorf("trend %s: %s", trend, diff)
		}
	}
}

func browse(t *testing.T, browser string, s *server, id string, dark bool, watched func()) (got found) {
	t.Helper()
	results := make(chan found, 1)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/probe":
			fmt.Fprintf(w, probe, id, 3)
		case r.URL.Path == "/found":
			var f found
			if err := json.NewDecoder(r.Body).Decode(&f); err != nil {
				t.Error(err)
			}
			results <- f
		default:
			s.ServeHTTP(w, r)
		}
	}))
	defer h.Close()
	defer h.CloseClientConnections()
	args := []string{"--headless", "--no-sandbox", "--disable-gpu", "--window-size=500,1000", "--user-data-dir=" + filepath.Join(t.TempDir(), "profile"),
		"--remote-debugging-port=0", "--enable-logging=stderr", h.URL + "/probe"}
	if dark {
		args = append([]string{"--blink-settings=preferredColorScheme=0"}, args...)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, browser, args...)
	cmd.WaitDelay = time.Second
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cancel()
		_ = cmd.Wait() // it was ended by us
		time.Sleep(200 * time.Millisecond)
		if strings.Contains(log.String(), "CONSOLE") {
			t.Errorf("the browser complains:\n%s", log.String())
		}
	}()
	for deadline := time.Now().Add(20 * time.Second); len(s.watchers) == 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	watched()
	select {
	case got = <-results:
	case <-time.After(20 * time.Second):
		t.Error("the page does not come to show three frames")
	}
	return got
}

// FuzzDecode feeds every decoder of requests: none panics, and each error has a status.
func FuzzDecode(f *testing.F) {
	media, body := parts(f, part{"task", []byte("t")}, part{"frames", frame(f, 28, 28, 1)})
	f.Add(media, body)
	f.Add("application/json", []byte(`{"task":"t","frames":["AAAA"],"every_ms":3,"at":"2026-01-02T03:04:05Z"}`))
	f.Add("application/json", []byte(`[{"sample_type":"progress","trajectory":{"task":"t","frames":[[[[1,2,3]]]]}}]`))
	f.Add("image/png", npy("1, 1, 2, 3", []byte{1, 2, 3, 4, 5, 6}))
	f.Add("image/png", npy("1, 3, 1, 2", []byte{1, 2, 3, 4, 5, 6}))
	l := limits{pixels: 10_000, frames: 4}
	f.Fuzz(func(t *testing.T, media string, data []byte) {
		for _, into := range []fields{&judgeRequest{}, &framesRequest{}, &sessionRequest{}, &frameRequest{}, &batchRequest{}} {
			if err := decode(media, data, into); err != nil {
				if r := asRefusal(err); r.status == 500 || http.StatusText(r.status) == "" {
					t.Errorf("%d: %v", r.status, err)
				}
				continue
			}
			switch q := into.(type) {
			case *framesRequest:
				_, _ = pictures(t.Context(), "frames", q.Frames, l.budget())
			case *batchRequest:
				if q.gather() == nil {
					for _, sample := range q.Samples {
						_, _ = q.frames(t.Context(), "sample", sample.Trajectory, l.budget())
					}
				}
			}
		}
		if images, err := decodeNPY("npy", data, l.budget()); err == nil {
			for _, img := range images {
				if b := img.Bounds(); b.Dx()*b.Dy() > l.pixels {
					t.Error(b)
				}
			}
		}
	})
}
