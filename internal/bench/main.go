// Bench times our Qwen2.5-VL beside transformers' on one checkpoint, in one run, and prints a table.
//
//	go run ./internal/bench -python .cache/ref/bin/python
//
// Every system runs as a process of its own, one after the other, so that times do not disturb each other and peak
// memory is its own. Run it alone on the machine: only the ratios within one table mean something.
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
)

// figures are one system's results; the names are those that scripts/bench_torch.py prints.
type figures struct {
	Verdict    float64 `json:"verdict_s"`
	Vision     float64 `json:"vision_s"`
	BothOrders float64 `json:"both_orders_s"`
	Curve      float64 `json:"curve64_s"`
	Decode     float64 `json:"decode_tokens_per_s"`
	RSS        float64 `json:"peak_rss_mb"`
	Train      float64 `json:"train_step_batch4_s"`
	TrainRSS   float64 `json:"peak_rss_train_mb"`
	Tokens     int     `json:"prompt_tokens"`
}

func main() {
	log.SetFlags(0)
	python := flag.String("python", ".cache/ref/bin/python", "Python with transformers (scripts/reference_env.sh); it also makes the checkpoints")
	dir := flag.String("dir", ".cache/bench", "where the random-weight checkpoints are kept")
	repeats := flag.Int("n", 10, "timed calls; the median counts")
	worker := flag.String("worker", "", "internal: time this checkpoint and print JSON")
	backend := flag.String("backend", "go", "internal: of the worker")
	train := flag.Bool("train", false, "internal: time the worker's training steps instead")
	lora := flag.Bool("lora", false, "internal: time the worker's steps of training low-rank adapters instead")
	flag.Parse()
	if *worker != "" {
		timed := measure
		if *train {
			timed = measureTrain
		}
		if *lora {
			timed = measureLoRA
		}
		f, err := timed(*worker, *backend, *repeats)
		if err != nil {
			log.Fatal(err)
		}
		if err := json.NewEncoder(os.Stdout).Encode(f); err != nil {
			log.Fatal(err)
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	n := fmt.Sprint(*repeats)
	fmt.Println("shape small, random weights, two 224x224 frames; seconds (medians), tokens/s, MB")
	for _, dtype := range []string{"f32", "bf16"} {
		checkpoint := filepath.Join(*dir, "small-"+dtype)
		if _, err := os.Stat(filepath.Join(checkpoint, "model.safetensors")); err != nil {
			run(*python, "scripts/make_checkpoint.py", "--shape", "small", "--dtype", dtype, "--tokenizer", "testdata/golden/a/checkpoint", checkpoint)
		}
		reference := run(*python, "scripts/bench_torch.py", checkpoint, "--dtype", dtype, "--json")
		fmt.Printf("\n%s, %d prompt tokens%11s%18s%18s\n", dtype, reference.Tokens, "transformers", "ours, xla:cpu", "ours, go")
		trained := run(*python, "scripts/bench_torch.py", checkpoint, "--dtype", dtype, "--json", "--train")
		reference.Train, reference.TrainRSS = trained.Train, trained.TrainRSS
		rows := []figures{reference}
		for _, b := range []string{"xla:cpu", "go"} {
			ours := run(self, "-worker", checkpoint, "-backend", b, "-n", n)
			trained := run(self, "-worker", checkpoint, "-backend", b, "-n", n, "-train")
			ours.Train, ours.TrainRSS = trained.Train, trained.TrainRSS
			rows = append(rows, ours)
		}
		line("single forward", rows, func(f figures) float64 { return f.Verdict }, false)
		line("  of it vision", rows, func(f figures) float64 { return f.Vision }, false)
		line("verdict, both orders", rows, func(f figures) float64 { return f.BothOrders }, false)
		line("64-frame curve", rows, func(f figures) float64 { return f.Curve }, false)
		line("decode, tokens/s", rows, func(f figures) float64 { return f.Decode }, true)
		line("peak RSS, MB", rows, func(f figures) float64 { return f.RSS }, false)
		line("train step, batch 4", rows, func(f figures) float64 { return f.Train }, false)
		line("  its peak RSS, MB", rows, func(f figures) float64 { return f.TrainRSS }, false)
	}
	fmt.Println("\nIn brackets: how many times better than transformers. 64-frame curve: 63 neighbouring pairs, asked once each.")
	fmt.Println("Train step: loss, gradients, clipping and AdamW; in bf16 both keep float32 weights (torch by autocast).")
}

func run(name string, args ...string) (f figures) {
	cmd := exec.Command(name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	cmd.Env = append(os.Environ(), "MALLOC_ARENA_MAX=1") // glibc's pools would otherwise hold as much again as is in use
	out, err := cmd.Output()
	if err != nil {
		log.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	// The JSON is the last line; a script that makes a checkpoint prints none, and nothing is read from it.
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	_ = json.Unmarshal([]byte(lines[len(lines)-1]), &f)
	return f
}

func line(name string, rows []figures, value func(figures) float64, moreIsBetter bool) {
	fmt.Printf("%-22s", name)
	base := value(rows[0])
	for i, r := range rows {
		v := value(r)
		format := "%9.4f"
		if v > 20 {
			format = "%9.0f"
		}
		fmt.Printf(format, v)
		if i > 0 {
			ratio := base / v
			if moreIsBetter {
				ratio = v / base
			}
			fmt.Printf(" (%.2fx)", ratio)
		} else {
			fmt.Print("  ")
		}
	}
	fmt.Println()
}
