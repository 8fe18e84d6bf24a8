package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func npy(shape string, pixels []byte) []byte {
	header := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%s), }\n", shape)
	return slices.Concat([]byte("\x93NUMPY\x01\x00"), []byte{byte(len(header)), byte(len(header) >> 8)}, []byte(header), pixels)
}

// TestStatuses asks for every answer and every refusal, and that each is in the document.
func TestStatuses(t *testing.T) {
	s, url := serving(t, func(l *limits) { l.body, l.pixels, l.frames, l.sessions = 200_000, 100*100, 4, 2 }, "")
	a, b, large := frame(t, 56, 56, 1), frame(t, 56, 56, 90), frame(t, 101, 101, 1)
	js, id := "application/json", open(t, url)
	pairType, pair := parts(t, part{"task", []byte("Open a drawer")}, part{"img1", a}, part{"img2", b})
	batchType, batch := parts(t, part{"sample_0", []byte(`{"sample_type":"progress","trajectory":{"task":"t","id":"x","frames":{"__numpy_file__":"f"}}}`)},
		part{"f", npy("2, 28, 28, 3", bytes.Repeat([]byte{1, 2, 3}, 2*28*28))}, part{"use_frame_steps", []byte("true")})
	one := func(img []byte) []byte { return asJSON(t, map[string]any{"task": "t", "frames": [][]byte{img}}) }
	many := func(n int) []byte {
		return asJSON(t, map[string]any{"task": "t", "frames": slices.Repeat([][]byte{a}, n)})
	}
	judged := func(task string, img1, img2 []byte) []byte {
		return asJSON(t, map[string]any{"task": task, "img1": img1, "img2": img2})
	}
	for _, c := range []struct {
		method, path, media string
		body                []byte
		want                int
	}{
		{"POST", "/v1/judge", js, judged("Open a drawer", a, b), 200},
		{"POST", "/v1/judge", pairType, pair, 200},
		{"POST", "/v1/judge", js, judged("", a, b), 422},
		{"POST", "/v1/judge", js, judged("t", a, nil), 422},
		{"POST", "/v1/judge", js, judged("t", a, []byte("no image")), 415},
		{"POST", "/v1/judge", js, judged("t", a, a[:len(a)/2]), 415},
		{"POST", "/v1/judge", js, judged("t", a, large), 413},
		{"POST", "/v1/judge", js, judged("t", a, frame(t, 8, 8, 1)), 422},
		{"POST", "/v1/judge", js, []byte(`{"task":`), 400},
		{"POST", "/v1/judge", js, []byte(`{"task":1}`), 422},
		{"POST", "/v1/judge", js, []byte(`{} {}`), 400},
		{"POST", "/v1/judge", js, []byte(`{"tusk":"t"}`), 422},
		{"POST", "/v1/judge", js, []byte(`{"img1":"data:image/jpeg;base64,AAAA"}`), 422},
		{"POST", "/v1/judge", js, nil, 400},
		{"POST", "/v1/judge", "text/plain", judged("t", a, b), 415},
		{"POST", "/v1/judge", "image/jpeg", a, 415},
		{"POST", "/v1/judge", "multipart/form-data; boundary=x", []byte("--x\r\nno"), 400},
		{"POST", "/v1/judge", js, make([]byte, 200_001), 413},
		{"GET", "/v1/judge", "", nil, 405},
		{"GET", "/nowhere", "", nil, 404},
		{"POST", "/v1/progress", js, many(3), 200},
		{"POST", "/v1/progress", js, many(5), 413},
		{"POST", "/v1/progress", js, []byte(`{"task":"t"}`), 422},
		{"POST", "/v1/plan", js, []byte(`{"task":"Put the fork in the drawer, then close the drawer"}`), 200},
		{"POST", "/v1/plan", js, []byte(`{"task":"Juggle the spoons"}`), 422},
		{"POST", "/v1/plan", js, one([]byte("x")), 415},
		{"POST", "/v1/sessions", js, []byte(`{"task":""}`), 422},
		{"POST", "/v1/sessions", js, []byte(`{"task":" \n"}`), 422},
		{"POST", "/v1/sessions", js, []byte(`{"task":"t","every_ms":9223372036854775807}`), 422},
		{"POST", "/v1/sessions", js, []byte(`{"task":"second"}`), 201},
		{"POST", "/v1/sessions", js, []byte(`{"task":"third"}`), 429},
		{"GET", "/v1/sessions/" + id + "/frame", "", nil, 404},
		{"PUT", "/v1/sessions/" + id + "/frame", "image/jpeg", a, 200},
		{"POST", "/v1/sessions/" + id + "/frame?at=1700000000.5", "image/jpeg", b, 200},
		{"PUT", "/v1/sessions/" + id + "/frame?at=noon", "image/jpeg", b, 422},
		{"PUT", "/v1/sessions/" + id + "/frame", js, asJSON(t, map[string]any{"frame": a, "at": "2026-01-02T03:04:05Z"}), 200},
		{"PUT", "/v1/sessions/" + id + "/frame", js, []byte(`{"at":"noon"}`), 422},
		{"PUT", "/v1/sessions/" + id + "/frame", "image/jpeg", large, 413},
		{"GET", "/v1/sessions/" + id, "", nil, 200},
		{"GET", "/v1/sessions/" + id + "/frame", "", nil, 200},
		{"GET", "/sessions/" + id, "", nil, 200},
		{"DELETE", "/v1/sessions/" + id, "", nil, 204},
		{"DELETE", "/v1/sessions/" + id, "", nil, 404},
		{"GET", "/v1/sessions/" + id, "", nil, 404},
		{"GET", "/v1/sessions/" + id + "/events", "", nil, 404},
		{"PUT", "/v1/sessions/" + id + "/frame", "image/jpeg", a, 404},
		{"POST", "/evaluate_batch", js, []byte(`[]`), 422},
		{"POST", "/evaluate_batch", js, []byte(`{"samples":[{"sample_type":"similarity"}]}`), 422},
		{"POST", "/evaluate_batch", js, asJSON(t, []any{map[string]any{"sample_type": "progress", "trajectory": map[string]any{"task": "t", "frames": []string{"/etc/passwd"}}}}), 422},
		{"POST", "/evaluate_batch_npy", batchType, batch, 200},
		{"GET", "/metrics", "", nil, 200},
		{"GET", "/healthz", "", nil, 200},
		{"GET", "/readyz", "", nil, 200},
		{"GET", "/openapi.json", "", nil, 200},
	} {
		got, answer := send(t, c.method, url+c.path, c.media, c.body)
		if got != c.want {
			t.Errorf("%s %s: %d, want %d: %.200s", c.method, c.path, got, c.want, answer)
		}
		documented(t, s, c.method, c.path, got)
	}
	_, text := send(t, "GET", url+"/metrics", "", nil)
	for _, want := range []string{`egotsr_model_seconds_count{what="run"}`, `{code="413",route="POST /v1/judge"}`, "egotsr_bridge_sessions 1\n"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

// TestDocument holds answers against the schemas: the same properties, no more and no fewer that are required.
func TestDocument(t *testing.T) {
	s, url := serving(t, nil, "")
	a := frame(t, 56, 56, 1)
	for _, rt := range s.routes() {
		if rt.out == nil {
			continue
		}
		body := map[string]any{"task": "Open a drawer"}
		switch rt.path {
		case "/v1/judge":
			body["img1"], body["img2"] = a, a
		case "/v1/progress":
			body["frames"] = [][]byte{a, a}
		case "/evaluate_batch", "/evaluate_batch_npy":
			body = map[string]any{"samples": []any{map[string]any{"sample_type": "preference", "chosen_trajectory": map[string]any{"task": "t", "frames": [][]byte{a}},
				"rejected_trajectory": map[string]any{"task": "t", "frames": [][]byte{a}}}}}
		}
		path := rt.path
		if rt.raw {
			body = map[string]any{"frame": a}
		}
		path = strings.Replace(path, "{id}", open(t, url), 1)
		status, data := send(t, rt.method, url+path, "application/json", asJSON(t, body))
		var got map[string]any
		if err := json.Unmarshal(data, &got); err != nil || status > 201 {
			t.Fatalf("%s: %d %v %s", rt.path, status, err, data)
		}
		want := schema(reflect.TypeOf(rt.out))
		for name := range got {
			if want["properties"].(object)[name] == nil {
				t.Errorf("%s answers %q, which its schema lacks", rt.path, name)
			}
		}
		for _, name := range want["required"].([]string) {
			if _, ok := got[name]; !ok {
				t.Errorf("%s does not answer %q", rt.path, name)
			}
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, rt := range s.routes() {
		if !bytes.Contains(readme, []byte("| `"+rt.method+" "+rt.path+"`")) {
			t.Errorf("the README's table lacks %s %s", rt.method, rt.path)
		}
	}
}

func TestToken(t *testing.T) {
	_, url := serving(t, nil, "secret")
	for header, want := range map[string]int{"": 401, "Bearer wrong": 401, "Basic secret": 401, "Bearer": 401, "Bearer secret": 200} {
		if got, _ := send(t, "GET", url+"/metrics", "", nil, "Authorization", header); got != want {
			t.Errorf("%q: %d, want %d", header, got, want)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/openapi.json", "/sessions/x"} {
		if got, _ := send(t, "GET", url+path, "", nil); got != 200 {
			t.Errorf("%s: %d", path, got)
		}
	}
}

// TestNoBody: who promises a body and sends none holds no connection for longer than an answer may take, with a token or without. Who
// watches a session does.
func TestNoBody(t *testing.T) {
	_, url := serving(t, func(l *limits) { l.time = 100 * time.Millisecond }, "secret")
	dial := func(request string) net.Conn {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err == nil {
			_, err = fmt.Fprint(conn, request)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	for _, asks := range []string{"POST /v1/judge", "POST /nowhere", "DELETE /v1/judge", "GET /healthz", "GET //healthz"} {
		conn := dial(asks + " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.ReadAll(conn); err != nil {
			t.Errorf("%s: %v", asks, err)
		}
	}
	_, data := send(t, "POST", url+"/v1/sessions", "application/json", []byte(`{"task":"t"}`), "Authorization", "Bearer secret")
	var session sessionAnswer
	if err := json.Unmarshal(data, &session); err != nil {
		t.Fatal(err)
	}
	conn := dial("GET /v1/sessions/" + session.ID + "/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\n\r\n")
	_ = conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	if said, err := io.ReadAll(conn); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a stream has ended: %v %s", err, said)
	}
}

// TestFlags: what is wrong on the command line is said.
func TestFlags(t *testing.T) {
	for want, args := range map[string][]string{"nothing after the flags": {"DIR"}, "host:port": {"-addr", "127.0.0.1"}, "EGOTSR_TOKEN": {"-addr", ":0"}} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, os.Args[0], args...)
		cmd.Env = append(os.Environ(), "BRIDGE_MAIN=1", "EGOTSR_TOKEN= \n")
		if said, err := cmd.CombinedOutput(); err == nil || !bytes.Contains(said, []byte(want)) {
			t.Errorf("%q: %v %s", args, err, said)
		}
	}
}

func TestTimeAndSlots(t *testing.T) {
	s, url := serving(t, func(l *limits) { l.requests = 1 }, "")
	body := []byte(`{"task":"Put the fork in the drawer, then close the drawer"}`)
	s.limits.time = 100 * time.Millisecond
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v1/plan HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{")
	for deadline := time.Now().Add(5 * time.Second); len(s.slots) == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if got, _ := send(t, "POST", url+"/v1/plan", "application/json", body); got != 503 {
		t.Errorf("with all slots taken: %d", got)
	}
	refused, err := io.ReadAll(conn)
	if err != nil || !bytes.Contains(refused, []byte("408 ")) {
		t.Errorf("a body that does not come: %v %s", err, refused)
	}
	a := frame(t, 560, 560, 1)
	long := asJSON(t, map[string]any{"task": "t", "frames": slices.Repeat([][]byte{a}, 16)})
	got, answer := 408, []byte(nil)
	for limit := 30 * time.Millisecond; got == 408 && limit < time.Second; limit *= 2 { // on a busy machine the body may take that long itself
		s.limits.time = limit
		got, answer = send(t, "POST", url+"/v1/progress", "application/json", long)
	}
	if got != 504 {
		t.Errorf("an answer that takes long: %d %s", got, answer)
	}
	close(s.draining)
	for path, want := range map[string]int{"/readyz": 503, "/healthz": 200} {
		if got, _ := send(t, "GET", url+path, "", nil); got != want {
			t.Errorf("%s while stopping: %d", path, got)
		}
	}
	if got, _ := send(t, "POST", url+"/v1/plan", "application/json", body); got != 503 {
		t.Errorf("while stopping: %d", got)
	}
}

func TestRobometer(t *testing.T) {
	_, url := serving(t, nil, "")
	pixels := make([]byte, 3*28*28*3)
	for i := range pixels {
		pixels[i] = byte(i * 7 / 3)
	}
	sample := func(file string) []byte {
		return []byte(`{"sample_type":"progress","trajectory":{"task":"t","frames":{"__numpy_file__":"` + file + `"},"frames_shape":[3,28,28,3]},"resample_attempts":1}`)
	}
	media, body := parts(t, part{"sample_1", sample("b")}, part{"sample_0", sample("a")}, part{"a", npy("3, 28, 28, 3", pixels)}, part{"b", npy("1, 28, 28, 3", pixels[:28*28*3])})
	status, data := send(t, "POST", url+"/evaluate_batch_npy", media, body)
	var got batchAnswer
	if err := json.Unmarshal(data, &got); err != nil || status != 200 {
		t.Fatal(status, string(data), err)
	}
	if got.Preference != nil || len(got.Progress.Pred) != 2 || len(got.Progress.Pred[0]) != 3 || len(got.Progress.Pred[1]) != 1 || len(got.Success.Probs[0]) != 3 {
		t.Errorf("%s", data)
	}
	numbers := make([][][]int, 28)
	for y := range numbers {
		for x := range 28 {
			p := pixels[(y*28+x)*3:]
			numbers[y] = append(numbers[y], []int{int(p[0]), int(p[1]), int(p[2])})
		}
	}
	status, data = send(t, "POST", url+"/evaluate_batch", "application/json", asJSON(t, map[string]any{"samples": []any{map[string]any{"sample_type": "progress",
		"trajectory": map[string]any{"task": "t", "frames": []any{numbers}}}}}))
	var same batchAnswer
	if err := json.Unmarshal(data, &same); err != nil || status != 200 {
		t.Fatal(status, string(data), err)
	}
	if diff := cmp.Diff(got.Success.Probs[1], same.Success.Probs[0]); diff != "" {
		t.Error("numbers and .npy differ:", diff)
	}
}

// TestClient runs the Python client of the README.
func TestClient(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not on PATH")
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("(?s)```python\n(.*?)```").FindSubmatch(readme)
	if code == nil || bytes.Count(code[1], []byte("\n")) > 40 {
		t.Fatal("the README has no client of at most 40 lines")
	}
	_, url := serving(t, nil, "secret")
	cmd := exec.Command(python, "-c", string(code[1]), url, "../../examples/judge/frames/drawer-a.jpg", "../../examples/judge/frames/drawer-b.jpg")
	cmd.Env = append(os.Environ(), "EGOTSR_TOKEN=secret")
	out, err := cmd.CombinedOutput()
	if err != nil || !regexp.MustCompile(`(?s)closer: (img1|img2|undecided).*progress: \[.*trend: \w+`).Match(out) {
		t.Errorf("%v\n%s", err, out)
	}
}
