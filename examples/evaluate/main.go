// Evaluate answers a table of pairs, as the reference does: CSV in, CSV out.
//
//	go run ./examples/evaluate -in pairs.csv -images DIR -out answers.csv
//	go run ./examples/evaluate -in pairs.csv -out answers.csv -prompt cot -model CHECKPOINT
//
// The columns are video_path1, video_path2 (both are paths of images, relative to -images or absolute), task_name and, where the
// answers are known, target: img1 or img2. The output has the same with the model's target, one row for every row that can be
// asked, in order, and with -prompt cot the descriptions. Rows that cannot are listed in OUT.skipped.csv with the reasons.
//
// Every row is asked in both orders, on all devices. Answers go to OUT.journal.jsonl as they come; a run that was killed goes on
// from there with the same command. An error that is no row's fault, such as a device's, ends the run in the same way. Where
// targets are known a report follows.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model/nano"
)

var prompts = map[string]dataset.Prompt{"tag": dataset.Tag, "long": dataset.Long, "cot": dataset.CoT}

func main() {
	log.SetFlags(log.Ltime)
	in := flag.String("in", "", "`table` to answer")
	out := flag.String("out", "answers.csv", "`table` with the answers")
	images := flag.String("images", ".", "`folder` that the paths of images start from")
	dir := flag.String("model", "", "checkpoint `directory`; empty: the embedded nano model")
	backend := flag.String("backend", "", "go, xla:cpu, xla:cuda; empty: the best one present")
	prompt := flag.String("prompt", "long", "tag, long, or cot, which describes the frames first and takes much longer")
	flag.Parse()
	if prompts[*prompt] == "" || *in == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var checkpoint fs.FS = nano.FS()
	if *dir != "" {
		checkpoint = os.DirFS(*dir)
	}
	err := func() error {
		identity, err := egotsr.HashCheckpoint(checkpoint)
		if err != nil {
			return err
		}
		m, err := egotsr.Open(ctx, checkpoint, &egotsr.Options{Backend: *backend, MaxBatch: 16, FrameCache: 256})
		if err != nil {
			return err
		}
		defer m.Close()
		return evaluate(ctx, m, identity, *in, *images, *out, *prompt)
	}()
	if errors.Is(err, context.Canceled) {
		log.Fatal("interrupted; the same command goes on from here")
	}
	if err != nil {
		log.Fatal(err)
	}
}

// evaluate answers what is not yet answered, then writes the output and prints the report.
func evaluate(ctx context.Context, m judge, identity, in, images, out, prompt string) error {
	hash, total, err := survey(in)
	if err != nil {
		return err
	}
	if images, err = filepath.Abs(images); err != nil {
		return err
	}
	path := out + ".journal.jsonl"
	j, err := openJournal(path, header{Input: hash, Images: images, Prompt: prompt, Model: identity})
	if err != nil {
		return err
	}
	cot := prompt == "cot"
	var r *result
	if err = resume(ctx, m, j, in, images, prompt, total); err == nil {
		r, err = finish(in, out, path, cot)
	}
	// Closed only now: nobody else may write the output meanwhile.
	if err := errors.Join(err, j.close()); err != nil {
		return err
	}
	fmt.Printf("%s: %d rows answered, %d skipped (%s.skipped.csv)\n", out, r.judged, r.skipped, out)
	for _, reason := range r.reasons {
		fmt.Println("  ", reason)
	}
	if len(r.items) == 0 {
		return nil
	}
	return egotsr.NewReport(r.items, &egotsr.EvaluateOptions{Name: prompt, Prompt: prompts[prompt], Explain: cot}).WriteTable(os.Stdout)
}

// survey reads the table once: its hash and its number of rows.
func survey(in string) (hash string, rows int, err error) {
	f, err := os.Open(in)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	r, err := newReader(io.TeeReader(f, h))
	for err == nil {
		if _, err = r.next(); err == nil {
			rows++
		}
	}
	if err != io.EOF {
		return "", 0, fmt.Errorf("%s: %w", in, err)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), rows, nil
}

// resume answers the rows that the journal lacks.
func resume(ctx context.Context, m judge, j *journal, in, images, prompt string, total int) error {
	f, err := os.Open(in)
	if err != nil {
		return err
	}
	defer f.Close()
	rows, err := newReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	show := func(entry) {
		if j.rows%1000 == 0 {
			log.Printf("%d of %d rows", j.rows, total)
		}
	}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		bar := progressbar.Default(int64(total), prompt)
		defer bar.Close()
		show = func(entry) { _ = bar.Set(j.rows) }
	}
	// Rows that cannot be read are told of at once, not at the end of a long run.
	return answer(ctx, m, ahead(rows, images, j.rows), &egotsr.JudgeOptions{SingleOrder: true, Explain: prompt == "cot", Prompt: prompts[prompt]}, j, func(e entry) {
		if e.Error != "" {
			log.Printf("row %d is skipped: %s", e.Row, e.Error)
		}
		show(e)
	})
}
