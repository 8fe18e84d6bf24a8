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
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/signal"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/evaluate"
	"github.com/egotsr/egotsr/model/nano"
)

func main() {
	log.SetFlags(log.Ltime)
	in := flag.String("in", "", "`table` to answer")
	out := flag.String("out", "answers.csv", "`table` with the answers")
	images := flag.String("images", ".", "`folder` that the paths of images start from")
	dir := flag.String("model", "", "checkpoint `directory`; empty: the embedded nano model")
	backend := flag.String("backend", "", "go, xla:cpu, xla:cuda; empty: the best one present")
	prompt := flag.String("prompt", "long", "tag, long, or cot, which describes the frames first and takes much longer")
	flag.Parse()
	options := evaluate.Options{Name: *prompt, Explain: *prompt == "cot", Row: show(*prompt)}
	options.Prompt = map[string]dataset.Prompt{"tag": dataset.Tag, "long": dataset.Long, "cot": dataset.CoT}[*prompt]
	if options.Prompt == "" || *in == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var checkpoint fs.FS = nano.FS()
	if *dir != "" {
		checkpoint = os.DirFS(*dir)
	}
	err := answer(ctx, checkpoint, *backend, evaluate.Sheet{In: *in, Images: *images, Out: *out}, &options)
	if errors.Is(err, context.Canceled) {
		log.Fatal("interrupted; the same command goes on from here")
	}
	if err != nil {
		log.Fatal(err)
	}
}

func answer(ctx context.Context, checkpoint fs.FS, backend string, sheet evaluate.Sheet, options *evaluate.Options) (err error) {
	if sheet.Judge, err = evaluate.HashCheckpoint(checkpoint); err != nil {
		return err
	}
	m, err := egotsr.Open(ctx, checkpoint, &egotsr.Options{Backend: backend, MaxBatch: 16, FrameCache: 256})
	if err != nil {
		return err
	}
	defer m.Close()
	r, err := evaluate.Table(ctx, m, sheet, options)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d rows answered, %d skipped (%s.skipped.csv)\n", sheet.Out, r.Answered, r.Skipped, sheet.Out)
	for _, reason := range r.Reasons {
		fmt.Println("  ", reason)
	}
	if r.Report == nil {
		return nil
	}
	return r.Report.WriteTable(os.Stdout)
}

// show tells of skipped rows at once, not at the end of a long run, and how far it is: in a bar on a terminal, else every 1000 rows.
func show(name string) func(row, total int, skipped string) {
	var bar *progressbar.ProgressBar
	terminal := term.IsTerminal(int(os.Stderr.Fd()))
	return func(row, total int, skipped string) {
		if skipped != "" {
			log.Printf("row %d is skipped: %s", row, skipped)
		}
		switch {
		case terminal && bar == nil:
			bar = progressbar.Default(int64(total), name)
			fallthrough
		case terminal:
			_ = bar.Set(row)
		case row%1000 == 0:
			log.Printf("%d of %d rows", row, total)
		}
	}
}
