package main

import (
	"bytes"
	"context"
	"image"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

// TestBrowser opens a running session's page in chromium, in light and dark, and reads what it came to show.
func TestBrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil || testing.Short() {
		t.Skip("chromium is not on PATH: on Debian, apt-get install --no-install-recommends chromium")
	}
	_, url := serving(t, nil, "secret")
	auth := []string{"Authorization", "Bearer secret"}
	_, data := send(t, "POST", url+"/v1/sessions", "application/json", []byte(`{"task":"Open <b>a</b> drawer","every_ms":-1}`), auth...)
	id := strings.Split(string(data), `"`)[3]
	for i := range 3 {
		if got, _ := send(t, "PUT", url+"/v1/sessions/"+id+"/frame", "image/jpeg", frame(t, 56, 56, uint8(i*50)), auth...); got != 200 {
			t.Fatal(got)
		}
	}
	for _, dark := range []bool{false, true} {
		args := []string{"--headless", "--no-sandbox", "--disable-gpu", "--window-size=500,900", "--user-data-dir=" + filepath.Join(t.TempDir(), "profile"),
			"--timeout=3000", "--enable-logging=stderr", "--dump-dom", url + "/sessions/" + id + "#token=secret"}
		if dark {
			args = append([]string{"--blink-settings=preferredColorScheme=0"}, args...)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
		cmd := exec.CommandContext(ctx, browser, args...)
		var out, log bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &log
		err := cmd.Run()
		cancel()
		if err != nil {
			t.Fatalf("%v\n%s", err, log.String())
		}
		dom := out.String()
		for _, want := range []string{"Open &lt;b&gt;a&lt;/b&gt; drawer</h1>", ">live</p>", `<dd id="frames">3</dd>`, `src="blob:`, `points="0.0,`} {
			if !strings.Contains(dom, want) {
				t.Errorf("dark %v: the page lacks %s:\n%s", dark, want, dom)
			}
		}
		if strings.Contains(log.String(), "CONSOLE") {
			t.Errorf("the browser complains:\n%s", log.String())
		}
	}
	if strings.Contains(page, "http://") || strings.Contains(page, "https://") {
		t.Error("the page names another host")
	}
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
				_, _ = pictures("frames", q.Frames, l.budget())
			case *batchRequest:
				if q.gather() == nil {
					for _, sample := range q.Samples {
						_, _ = q.frames("sample", sample.Trajectory, l.budget())
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
