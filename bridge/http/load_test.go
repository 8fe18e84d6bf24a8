package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// resident is this process's memory in use, in bytes, as Linux counts it.
func resident(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc here")
	}
	var size, pages int
	if _, err := fmt.Sscan(string(data), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// TestClients lets 64 clients ask for some seconds, for 5 minutes with EGOTSR_LONG: each answer comes, and nothing stays behind.
func TestClients(t *testing.T) {
	took := 3 * time.Second
	if os.Getenv("EGOTSR_LONG") != "" {
		took = 5 * time.Minute
	}
	s, url := serving(t, nil, "")
	images := [][]byte{frame(t, 56, 56, 1), frame(t, 56, 56, 60), frame(t, 56, 56, 120)}
	var asked, answered atomic.Int64
	clients := func(d time.Duration) {
		var wg sync.WaitGroup
		end := time.Now().Add(d)
		for n := range 64 {
			wg.Go(func() {
				client := &http.Client{Transport: &http.Transport{}}
				defer client.CloseIdleConnections()
				for i := 0; time.Now().Before(end); i++ {
					if err := askInTurn(client, url, images, n+i, &asked, &answered); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		http.DefaultClient.CloseIdleConnections()
		time.Sleep(200 * time.Millisecond) // connections that have been closed are noticed
	}
	clients(took / 3)
	goroutines, before := runtime.NumGoroutine(), resident(t)
	clients(took - took/3)
	after := resident(t)
	t.Logf("%d asked, %d answered; goroutines %d, then %d; %d MB, then %d", asked.Load(), answered.Load(), goroutines, runtime.NumGoroutine(), before>>20, after>>20)
	if asked.Load() != answered.Load() || asked.Load() < 64 {
		t.Errorf("%d asked, %d answered", asked.Load(), answered.Load())
	}
	if now := runtime.NumGoroutine(); now > goroutines+8 {
		t.Errorf("%d goroutines, %d before", now, goroutines)
	}
	if after > before+before/4+32<<20 {
		t.Errorf("%d MB, %d before", after>>20, before>>20)
	}
	if n := s.sessions.count(); n != 0 || len(s.slots) != 0 {
		t.Errorf("%d sessions and %d slots are left", n, len(s.slots))
	}
}

// askInTurn is one of judge, and a session from its beginning to its end.
func askInTurn(client *http.Client, url string, images [][]byte, turn int, asked, answered *atomic.Int64) error {
	call := func(method, path, media string, body []byte, want int) ([]byte, error) {
		r, err := http.NewRequest(method, url+path, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", media)
		asked.Add(1)
		res, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		data, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != want {
			err = fmt.Errorf("%s %s: %d: %s", method, path, res.StatusCode, data)
		}
		if err == nil {
			answered.Add(1)
		}
		return data, err
	}
	if turn%2 == 0 {
		body, err := json.Marshal(map[string]any{"task": "Open a drawer", "img1": images[turn%3], "img2": images[(turn/2)%3]})
		if err != nil {
			return err
		}
		_, err = call("POST", "/v1/judge", "application/json", body, 200)
		return err
	}
	data, err := call("POST", "/v1/sessions", "application/json", []byte(`{"task":"Open a drawer","every_ms":-1}`), 201)
	if err != nil {
		return err
	}
	var a sessionAnswer
	if err := json.Unmarshal(data, &a); err != nil {
		return err
	}
	for i := range 2 {
		if _, err := call("PUT", "/v1/sessions/"+a.ID+"/frame", "image/jpeg", images[(turn+i)%3], 200); err != nil {
			return err
		}
	}
	_, err = call("DELETE", "/v1/sessions/"+a.ID, "", nil, 204)
	return err
}

// TestTerminated ends the program itself by SIGTERM, with an answer under way, a body that does not come and somebody watching.
func TestTerminated(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-addr", "127.0.0.1:0", "-backend", "go", "-model", filepath.Join("..", "..", "testdata", "tiny"))
	cmd.Env = append(os.Environ(), "BRIDGE_MAIN=1", "GORACE=atexit_sleep_ms=0") // the race detector sleeps for a second at exit
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	var url string
	lines := bufio.NewScanner(log)
	for url == "" && lines.Scan() {
		if m := regexp.MustCompile(`addr=(\S+)`).FindStringSubmatch(lines.Text()); m != nil && strings.Contains(lines.Text(), "listening") {
			url = "http://" + m[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, log) }()
	watching, err := http.Get(url + "/v1/sessions/" + open(t, url) + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer watching.Body.Close()
	body, stuck := io.Pipe()
	defer stuck.Close()
	go func() { // a body that never ends
		if res, err := http.Post(url+"/v1/judge", "application/json", body); err == nil {
			res.Body.Close()
		}
	}()
	if _, err := stuck.Write([]byte("{")); err != nil {
		t.Fatal(err)
	}
	out := make(chan error, 1)
	go func() { // an answer of half a second's work or less
		body, _ := json.Marshal(map[string]any{"task": "t", "frames": [][]byte{frame(t, 56, 56, 1), frame(t, 56, 56, 9)}})
		res, err := http.Post(url+"/v1/progress", "application/json", bytes.NewReader(body))
		if err == nil {
			res.Body.Close()
			if res.StatusCode != 200 {
				err = fmt.Errorf("status %d", res.StatusCode)
			}
		}
		out <- err
	}()
	time.Sleep(20 * time.Millisecond)
	began := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v to stop", took)
	} else {
		t.Log("stopped in", took)
	}
	if err := <-out; err != nil {
		t.Error("an answer under way is lost:", err)
	}
}
