// Benchdata makes a JSONL file of many samples, and measures in one run what reading it costs: the disk's own rate, the
// building of the index, opening, random access and peak memory, and beside it how Python's json and orjson load the
// file.
//
//	go run ./internal/benchdata -python .cache/ref/bin/python
//
// Every measurement is a process of its own, so that its peak memory is its own. Run it alone on the machine.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// figures are the results of one process; the names are those that scripts/bench_data.py prints.
type figures struct {
	Seconds  float64 `json:"seconds"`
	Bytes    int64   `json:"bytes"`
	Samples  int     `json:"samples"`
	P50, P99 float64 // microseconds
	RSS      float64 `json:"peak_rss_mb"`
	Missing  string  `json:"missing"` // why there are none
}

func (f figures) rate() float64 { return float64(f.Bytes) / f.Seconds / 1e9 }

func main() {
	log.SetFlags(0)
	samples := flag.Int("samples", 46_000_000, "samples in the file")
	dir := flag.String("dir", ".cache/bench-data", "where the file is made; 13 GB for 46 million samples")
	keep := flag.Bool("keep", false, "leave the file there, and use the one that is there")
	python := flag.String("python", ".cache/ref/bin/python", "Python, with orjson if that is to be compared")
	memory := flag.Float64("memory", 8, "GB of objects that Python may load")
	work := flag.String("work", "", "internal: measure this and print JSON")
	flag.Parse()
	file := filepath.Join(*dir, "samples.jsonl")
	if *work != "" {
		f, err := measure(*work, file)
		if err == nil {
			err = json.NewEncoder(os.Stdout).Encode(f)
		}
		if err != nil {
			log.Fatal(err)
		}
		return
	}
	if err := bench(*samples, *dir, file, *keep, *python, fmt.Sprint(*memory)); err != nil {
		log.Fatal(err)
	}
}

func bench(samples int, dir, file string, keep bool, python, memory string) error {
	if !keep {
		defer os.Remove(file)
		defer os.Remove(file + ".idx")
	}
	if err := makeFile(samples, dir, file, keep); err != nil {
		return err
	}
	if err := os.Remove(file + ".idx"); err != nil && !os.IsNotExist(err) {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cold := ""
	ours := func(what string, fresh bool) (f figures) {
		if err == nil && fresh {
			cold, err = forget(file)
		}
		if err == nil {
			f, err = run(self, "-work", what, "-dir", dir)
		}
		return f
	}
	// The disk's rate is taken before and after, because a shared disk's changes.
	before := ours("read", true)
	build := ours("build", true)
	after := ours("read", true)
	open := ours("open", true)
	first := ours("random", true)
	again := ours("random", false)
	order := ours("sequential", false)
	verify := ours("verify", true)
	if err != nil {
		return err
	}
	read := figures{Seconds: (before.Seconds + after.Seconds) / 2, Bytes: before.Bytes, RSS: max(before.RSS, after.RSS)}
	index, err := os.Stat(file + ".idx")
	if err != nil {
		return err
	}
	fmt.Printf("\n%d samples, %.2f GB of JSONL, index of %.2f GB; cold: page cache emptied by %s\n\n", samples, float64(read.Bytes)/1e9, float64(index.Size())/1e9, cold)
	fmt.Printf("%-42s%10s%12s\n", "", "seconds", "peak RSS MB")
	row := func(name string, f figures, note string, args ...any) {
		fmt.Printf("%-42s%10.3f%12.0f   %s\n", name, f.Seconds, f.RSS, fmt.Sprintf(note, args...))
	}
	row("read the file in order, cold", read, "%.2f GB/s (%.2f before, %.2f after the index)", read.rate(), before.rate(), after.rate())
	row("build the index, cold", build, "%.2f GB/s, %.2f of the disk's rate", build.rate(), build.rate()/read.rate())
	row("open to the first 64 random samples, cold", open, "")
	row("100,000 random At, cold", first, "p50 %.0f µs, p99 %.0f µs", first.P50, first.P99)
	row("the same again, warm", again, "p50 %.0f µs, p99 %.0f µs", again.P50, again.P99)
	row("100,000 At in order", order, "%.0f samples/s, p50 %.1f µs, p99 %.1f µs", float64(order.Samples)/order.Seconds, order.P50, order.P99)
	row("Verify, cold", verify, "%.2f GB/s", verify.rate())
	for _, library := range []string{"json", "orjson"} {
		f, err := run(python, "scripts/bench_data.py", file, "--library", library, "--memory", memory)
		if err != nil {
			f.Missing = err.Error()
		}
		if f.Missing != "" {
			fmt.Printf("%-42s not measured: %s\n", "Python "+library, f.Missing)
			continue
		}
		share := float64(samples) / float64(f.Samples)
		row(fmt.Sprintf("Python %s, %d samples", library, f.Samples), f, "%.0f samples/s; all would take %.0f s and %.0f GB",
			float64(f.Samples)/f.Seconds, f.Seconds*share, f.RSS*share/1000)
	}
	return nil
}

// makeFile writes the file, unless one of a former run is kept.
func makeFile(samples int, dir, file string, keep bool) error {
	if _, err := os.Stat(file); err == nil && keep {
		fmt.Println("using the file that is there; -samples must be what made it")
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	start := time.Now()
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := generate(f, samples); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	fmt.Printf("made %s in %.0f s\n", file, time.Since(start).Seconds())
	return f.Close()
}

// forget empties the page cache of the file and says how.
func forget(file string) (how string, err error) {
	const everything = "/proc/sys/vm/drop_caches"
	if os.WriteFile(everything, []byte("3\n"), 0o200) == nil {
		return everything, nil
	}
	// dd asks for posix_fadvise(POSIX_FADV_DONTNEED) on the whole file.
	for _, name := range []string{file, file + ".idx"} {
		if _, err := os.Stat(name); err != nil {
			continue
		}
		if out, err := exec.Command("dd", "of="+name, "oflag=nocache", "conv=notrunc,fdatasync", "count=0").CombinedOutput(); err != nil {
			return "", fmt.Errorf("dd: %w: %s", err, out)
		}
	}
	return "posix_fadvise", nil
}

func run(name string, args ...string) (f figures, err error) {
	cmd := exec.Command(name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &f)
	}
	if err != nil {
		err = fmt.Errorf("%s %s: %w %s", name, strings.Join(args, " "), err, stderr.String())
	}
	return f, err
}
