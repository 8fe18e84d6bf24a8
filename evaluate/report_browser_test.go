package evaluate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/egotsr/egotsr/internal/simtest"
)

// probe loads the page into a frame as wide as a phone, or a desk, and writes what it found into its own title. The page
// itself has no scripts and forbids them.
const probe = `<!DOCTYPE html><title>waiting</title><iframe id="f" style="border:0;width:%dpx;height:900px" srcdoc="%s"></iframe>
<script>
addEventListener("load", () => {
  const w = document.getElementById("f").contentWindow, d = w.document, root = d.documentElement;
  d.querySelectorAll("details").forEach(x => x.open = true);
  const light = c => { const m = c.match(/\d+/g).map(Number); return m[0] + m[1] + m[2] };
  document.title = JSON.stringify({
    width: w.innerWidth, content: root.scrollWidth, tables: d.querySelectorAll("table").length, plots: d.querySelectorAll("svg").length,
    broken: [...d.images].filter(i => !i.naturalWidth).length,
    fetched: w.performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith("data:")),
    page: light(w.getComputedStyle(d.body).backgroundColor), ink: light(w.getComputedStyle(d.body).color),
    outside: [...d.querySelectorAll("svg text")].filter(t => { const a = t.getBoundingClientRect(), b = t.closest("svg").getBoundingClientRect(); return a.left < b.left - 1 || a.right > b.right + 1 }).map(t => t.textContent),
  });
});
</script>`

// TestBrowser opens the report in chromium: nothing is fetched, nothing is complained of, no page is wider than its window, and
// dark is dark.
func TestBrowser(t *testing.T) {
	simtest.Long(t) // `make check-page` runs it too
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not on PATH: on Debian, apt-get install --no-install-recommends chromium")
	}
	r, src := fullReport(t, nil)
	var page bytes.Buffer
	if err := r.WriteHTML(&page, src.Image); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		width int
		dark  bool
	}{{390, false}, {390, true}, {1200, false}} {
		got, log := browse(t, browser, fmt.Sprintf(probe, c.width, html.EscapeString(page.String())), c.dark)
		if got.Width != c.width || got.Content > c.width {
			t.Errorf("in %d pixels the page is %d wide", got.Width, got.Content)
		}
		if got.Tables < 10 || got.Plots != 15 || got.Broken != 0 || len(got.Fetched) != 0 || len(got.Outside) != 0 {
			t.Errorf("%+v", got)
		}
		if dark := got.Page < got.Ink; dark != c.dark {
			t.Errorf("dark: %v, want %v: %+v", dark, c.dark, got)
		}
		if strings.Contains(log, "CONSOLE") {
			t.Errorf("the browser complains:\n%s", log)
		}
	}
	// What the log would say if there were something to say.
	bad := strings.Replace(page.String(), "</body>", `<img src="http://localhost:1/x.png"></body>`, 1)
	if _, log := browse(t, browser, fmt.Sprintf(probe, 390, html.EscapeString(bad)), false); !strings.Contains(log, "CONSOLE") {
		t.Errorf("a picture from elsewhere passes:\n%s", log)
	}
}

type browsed struct {
	Width, Content, Tables, Plots, Broken, Page, Ink int
	Fetched, Outside                                 []string
}

func browse(t *testing.T, browser, text string, dark bool) (got browsed, log string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "probe.html")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	// Without a sandbox, since tests may run as root in a container. The page is ours.
	args := []string{"--headless", "--no-sandbox", "--disable-gpu", "--window-size=1400,1000", "--user-data-dir=" + filepath.Join(dir, "profile"),
		"--virtual-time-budget=5000", "--enable-logging=stderr", "--dump-dom", "file://" + file}
	if dark {
		args = append([]string{"--blink-settings=preferredColorScheme=0"}, args...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	title := regexp.MustCompile(`<title>(\{.*?\})</title>`).FindStringSubmatch(out.String())
	if title == nil || json.Unmarshal([]byte(html.UnescapeString(title[1])), &got) != nil {
		t.Fatalf("the page did not load: %.300s\n%s", out.String(), errs.String())
	}
	return got, errs.String()
}
