package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/state"
	"github.com/egotsr/egotsr/tokenizer"
	"github.com/egotsr/egotsr/vision"
)

// system is one row of the table: whose, on what, in which type.
type system struct {
	family, weights string
	files           []string // read while opening
	command         []string
	figures
}

// three prints the table of the published 3B. Its checkpoint, and llama.cpp's files made of it, stay for the next time.
func (s *settings) three() error {
	dir, err := s.checkpoint("3B", 20e9) // 7.5 GB, and 11 for llama.cpp
	if err != nil {
		return err
	}
	tokens, err := promptTokens(dir)
	if err != nil {
		return err
	}
	others, err := s.transformers(dir)
	if err != nil {
		return err
	}
	ours, err := s.ours(dir, "", "f32", "int8")
	if err != nil {
		return err
	}
	others = append(others, ours...)
	llamas, err := s.llamas(dir, tokens)
	if err != nil {
		return err
	}
	return s.table(dir, tokens, append(others, llamas...))
}

// seven prints that of the 7B with int8 weights, and gives the disk back.
func (s *settings) seven() (err error) {
	dir, err := s.checkpoint("7B", 20e9)
	if err != nil {
		return err
	}
	if !s.keep {
		defer func() { err = errors.Join(err, state.Disk{}.Remove(dir)) }()
	}
	tokens, err := promptTokens(dir)
	if err != nil {
		return err
	}
	ours, err := s.ours(dir, "int8")
	if err != nil {
		return err
	}
	return s.table(dir, tokens, ours)
}

// checkpoint gives the folder of a published shape, which is made unless it is there. Making it takes so many bytes of disk.
func (s *settings) checkpoint(name string, bytes int64) (dir string, err error) {
	dir = filepath.Join(s.dir, strings.ToLower(name))
	if _, err := os.Stat(filepath.Join(dir, "model.safetensors.index.json")); !errors.Is(err, fs.ErrNotExist) {
		return dir, err
	}
	files, err := publishedFiles(name)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return "", err
	}
	if err := (state.Disk{}).Clean(s.dir); err != nil { // of a run that was killed
		return "", err
	}
	if err := room(s.dir, bytes); err != nil {
		return "", err
	}
	start := time.Now()
	if err := writeCheckpoint(dir, files, shardBytes); err != nil {
		return "", err
	}
	fmt.Printf("made %s with random weights in %.0f s\n", dir, time.Since(start).Seconds())
	return dir, nil
}

// promptTokens is the length of a question about two frames, with what the answer is made to begin with.
func promptTokens(dir string) (int, error) {
	files := os.DirFS(dir)
	words, err := tokenizer.Load(files)
	if err != nil {
		return 0, err
	}
	processor, err := vision.Load(files)
	if err != nil {
		return 0, err
	}
	grid, err := processor.Grid(frame(0).Bounds().Dx(), frame(0).Bounds().Dy())
	if err != nil {
		return 0, err
	}
	n := grid.Tokens(processor.MergeSize)
	ids, err := words.Question(dataset.Long.Text(task), n, n)
	return len(ids) + len(words.EncodeText(dataset.Verdict+"img")), err
}

func (s *settings) ours(dir string, types ...string) (all []system, err error) {
	files, err := weightFiles(dir)
	if err != nil {
		return nil, err
	}
	for _, backend := range []string{"xla:cpu", "go"} {
		for _, weights := range types {
			command := []string{s.self, "-shape", filepath.Base(dir), "-worker", dir, "-backend", backend, "-weights", weights, "-n", fmt.Sprint(s.repeats)}
			if weights == "" {
				weights = stored
			}
			all = append(all, system{family: "ours, " + backend, weights: weights, files: files, command: command})
		}
	}
	return all, nil
}

// stored is the type of the checkpoint's own weights.
const stored = "bf16"

func (s *settings) transformers(dir string) (all []system, err error) {
	if _, err := os.Stat(s.python); err != nil {
		log.Printf("transformers is left out, which `make reference` brings: %v", err)
		return nil, nil
	}
	files, err := weightFiles(dir)
	for _, dtype := range []string{"f32", stored} {
		all = append(all, system{family: "transformers", weights: dtype, files: files, command: []string{s.python, "scripts/bench_torch.py", dir,
			"--dtype", dtype, "--json", "--published", "--repeats", fmt.Sprint(s.repeats)}})
	}
	return all, err
}

// llamas has llama.cpp's own converter make its files of a checkpoint, unless they are there.
func (s *settings) llamas(dir string, tokens int) (all []system, err error) {
	python := filepath.Join(s.llama, "bin", "python")
	for _, p := range []string{python, s.python} {
		if _, err := os.Stat(p); err != nil {
			log.Printf("llama.cpp is left out, which `make llama reference` brings: %v", err)
			return nil, nil
		}
	}
	out := dir + "-gguf"
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	convert := func(file string, how ...string) error {
		file = filepath.Join(out, file)
		if _, err := os.Stat(file); err == nil {
			return nil
		}
		half := file + ".half" // what a kill leaves is not taken for a whole file
		args := []string{"PYTHONPATH=" + filepath.Join(s.llama, "converter"), s.python,
			filepath.Join(s.llama, "source/vendor/llama.cpp/convert_hf_to_gguf.py"), dir, "--outfile", half}
		if _, err := run("env", append(args, how...)...); err != nil {
			return err
		}
		if err := os.Rename(half, file); err != nil {
			return err
		}
		return exec.Command("sync").Run() // what is written late would be seen in the times
	}
	pictures := filepath.Join(out, "mmproj-f16.gguf")
	if err := convert("mmproj-f16.gguf", "--mmproj", "--outtype", "f16"); err != nil {
		return nil, err
	}
	for _, kind := range []string{"f16", "q8_0"} {
		if err := convert(kind+".gguf", "--outtype", kind); err != nil {
			return nil, err
		}
		file := filepath.Join(out, kind+".gguf")
		all = append(all, system{family: "llama.cpp", weights: kind, files: []string{file, pictures}, command: []string{python, "scripts/bench_llama.py",
			file, "--pictures", pictures, "--tokens", fmt.Sprint(tokens), "--repeats", fmt.Sprint(s.repeats)}})
	}
	return all, nil
}

// table measures the systems one after the other, and prints each when it is known.
func (s *settings) table(dir string, tokens int, systems []system) error {
	wanted, err := regexp.Compile(s.only)
	if err != nil {
		return err
	}
	systems = slices.DeleteFunc(systems, func(y system) bool { return !wanted.MatchString(y.family + ", " + y.weights) })
	files, err := weightFiles(dir)
	if err != nil {
		return err
	}
	reading, bytes, err := read(files)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %s\n", filepath.Base(dir), machine())
	fmt.Printf("%.2f GB of weights in %d files, which cat reads off the disk in %.1f s; so from the disk does each system\n", float64(bytes)/1e9, len(files), reading)
	fmt.Printf("two 224x224 frames in both orders are 2 x %d tokens; seconds (medians of at most a minute), GB\n\n", tokens)
	fmt.Printf("%-20s", "")
	for _, c := range columns {
		fmt.Printf("%16s", c.name)
	}
	fmt.Println()
	var base *figures // of the faster transformers
	best := map[string]*system{}
	for i := range systems {
		y := &systems[i]
		if err := evict(y.files...); err != nil {
			return err
		}
		if y.figures, err = run(y.command[0], y.command[1:]...); err != nil {
			fmt.Printf("%-20sfailed\n", y.family+", "+y.weights)
			log.Print(err)
			continue
		}
		if b := best[y.family]; b == nil || y.BothOrders < b.BothOrders {
			best[y.family] = y
		}
		if y.family != "transformers" && best["transformers"] != nil {
			base = &best["transformers"].figures
		}
		y.print(base)
	}
	fmt.Println("\nIn brackets: how many times better than transformers in its faster type.")
	conclude(systems, best, reading, tokens)
	return nil
}

var columns = []struct {
	name  string
	value func(*figures) float64
}{
	{"open", func(f *figures) float64 { return f.Open }},
	{"first verdict", func(f *figures) float64 { return f.First }},
	{"verdict", func(f *figures) float64 { return f.BothOrders }},
	{"text alone", func(f *figures) float64 { return f.Text }},
	{"one order", func(f *figures) float64 { return f.Verdict }},
	{"tracker's frame", func(f *figures) float64 { return f.Frame }},
	{"RSS, opened", func(f *figures) float64 { return f.OpenRSS / 1000 }},
	{"RSS, peak", func(f *figures) float64 { return f.RSS / 1000 }},
}

func (y *system) print(base *figures) {
	fmt.Printf("%-20s", y.family+", "+y.weights)
	for _, c := range columns {
		cell := "-"
		if v := c.value(&y.figures); v > 0 {
			cell = fmt.Sprintf("%.2f", v)
			if base != nil && c.value(base) > 0 {
				cell += fmt.Sprintf(" (%.2fx)", c.value(base)/v)
			}
		}
		fmt.Printf("%16s", cell)
	}
	fmt.Println()
}

// conclude says what the table is looked at for.
func conclude(systems []system, best map[string]*system, reading float64, tokens int) {
	fmt.Println("Verdict: both orders of two frames not seen before. Text alone: its prompts without the vision tower (ours: of frames seen before).")
	fmt.Println("Tracker's frame: a new frame beside four, in both orders; ours also asks what remains of the task. Fastest type by verdicts:")
	for i := range systems {
		y := &systems[i]
		if best[y.family] != y {
			continue
		}
		fmt.Printf("  %s: %s, %.0f tokens/s", y.family, y.weights, 2*float64(tokens)/y.BothOrders)
		if y.Text > 0 {
			fmt.Printf(", text alone %.0f", 2*float64(tokens)/y.Text)
		}
		fmt.Println()
	}
	for i := range systems {
		if y := &systems[i]; y.Open > 0 && strings.HasPrefix(y.family, "ours") {
			fmt.Printf("  %s, %s: opens in %.2fx of reading, the first verdict takes %.2fx of a further one\n", y.family, y.weights, y.Open/reading, y.First/y.BothOrders)
		}
	}
}

// read gives the time in which cat reads the files off the disk, and their length.
func read(files []string) (seconds float64, bytes int64, err error) {
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return 0, 0, err
		}
		bytes += info.Size()
	}
	if err := evict(files...); err != nil {
		return 0, 0, err
	}
	start := time.Now()
	err = exec.Command("sh", append([]string{"-c", `cat "$@" >/dev/null`, "cat"}, files...)...).Run()
	return time.Since(start).Seconds(), bytes, err
}

// machine names what decides how fast a processor multiplies.
func machine() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	text := fmt.Sprintf("%d cores,", runtime.NumCPU())
	for _, set := range []string{"avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8"} {
		if bytes.Contains(info, []byte(" "+set+" ")) {
			text += " " + set
		}
	}
	return text
}
