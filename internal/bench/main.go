// Bench times our Qwen2.5-VL beside others' on one checkpoint, in one run, and prints a table.
//
//	go run ./internal/bench -python .cache/ref/bin/python               # shape small, beside transformers
//	go run ./internal/bench -shape 3b -llama .cache/llama               # the published 3B's shape, beside transformers and llama.cpp
//	go run ./internal/bench -shape 7b                                   # the 7B's, with int8 weights; 20 GB of disk, given back
//
// Weights are random, which costs the same as any. Every system runs as a process of its own, one after the other, so that times
// do not disturb each other and peak memory is its own. Run it alone on the machine: only the ratios within one table mean something.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strings"
)

// figures are one system's results; the names are those that scripts/bench_torch.py and scripts/bench_llama.py print. Zero is
// what was not measured.
type figures struct {
	Open       float64 `json:"load_s"`
	First      float64 `json:"first_verdict_s"` // of a pair in both orders; of the shape small in one
	Verdict    float64 `json:"verdict_s"`       // in one order
	Vision     float64 `json:"vision_s"`
	BothOrders float64 `json:"both_orders_s"`
	Text       float64 `json:"text_s"`  // two prompts through the text tower alone
	Frame      float64 `json:"frame_s"` // a new frame compared with four, in both orders
	Curve      float64 `json:"curve64_s"`
	Decode     float64 `json:"decode_tokens_per_s"`
	OpenRSS    float64 `json:"peak_rss_open_mb"`
	RSS        float64 `json:"peak_rss_mb"`
	Train      float64 `json:"train_step_batch4_s"`
	TrainRSS   float64 `json:"peak_rss_train_mb"`
	Tokens     int     `json:"prompt_tokens"`
}

func main() {
	log.SetFlags(0)
	var s settings
	flag.StringVar(&s.python, "python", ".cache/ref/bin/python", "Python with transformers (make reference); it also makes the checkpoint small, and llama.cpp's files")
	flag.StringVar(&s.llama, "llama", ".cache/llama", "where `make llama` has put llama.cpp")
	flag.StringVar(&s.dir, "dir", ".cache/bench", "where the random-weight checkpoints are kept")
	flag.IntVar(&s.repeats, "n", 0, "timed calls, of which the median counts; 0: 10 of the shape small, else 3, or as many as fit into a minute")
	flag.BoolVar(&s.keep, "keep", false, "leave the checkpoint of 7b where it was written")
	flag.StringVar(&s.only, "only", "", "of 3b and 7b these rows alone, by a regular expression such as \"xla:cpu, bf16|llama\"; empty: all")
	shape := flag.String("shape", "small", "small, 3b or 7b")
	worker := flag.String("worker", "", "internal: time this checkpoint and print JSON")
	backend := flag.String("backend", "go", "internal: of the worker")
	weights := flag.String("weights", "", "internal: of the worker")
	train := flag.Bool("train", false, "internal: time the worker's training steps instead")
	lora := flag.Bool("lora", false, "internal: time the worker's steps of training low-rank adapters instead")
	flag.Parse()
	if s.repeats == 0 {
		if s.repeats = 3; *shape == "small" {
			s.repeats = 10
		}
	}
	if *worker != "" {
		var f figures
		var err error
		switch {
		case *lora:
			f, err = measureLoRA(*worker, *backend, s.repeats)
		case *train:
			f, err = measureTrain(*worker, *backend, s.repeats)
		case *shape == "small":
			f, err = measure(*worker, *backend, s.repeats)
		default:
			f, err = measurePublished(*worker, *backend, *weights, s.repeats)
		}
		if err == nil {
			err = json.NewEncoder(os.Stdout).Encode(f)
		}
		if err != nil {
			log.Fatal(err)
		}
		return
	}
	var err error
	if s.self, err = os.Executable(); err == nil {
		switch *shape {
		case "small":
			err = s.small()
		case "3b":
			err = s.three()
		case "7b":
			err = s.seven()
		default:
			err = fmt.Errorf("-shape %q: want small, 3b or 7b", *shape)
		}
	}
	if err != nil {
		log.Fatal(err)
	}
}

// settings are the flags of the program that starts the workers, and its own path.
type settings struct {
	python, llama, dir, self string
	only                     string // a pattern of rows, "" = all
	repeats                  int
	keep                     bool
}

// run starts a process and reads the figures that it prints.
func run(name string, args ...string) (f figures, err error) {
	cmd := exec.Command(name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	cmd.Env = append(os.Environ(), "MALLOC_ARENA_MAX=1") // glibc's pools would otherwise hold as much again as is in use
	out, err := cmd.Output()
	if err != nil {
		said := stderr.String()
		return f, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, said[max(0, len(said)-2000):])
	}
	// The JSON is the last line; a script that makes a checkpoint prints none, and nothing is read from it.
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	_ = json.Unmarshal([]byte(lines[len(lines)-1]), &f)
	return f, nil
}
