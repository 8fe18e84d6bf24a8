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
	"io"
	"log"
	"os"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/evaluate"
	"github.com/egotsr/egotsr/examples/internal/program"
)

func main() {
	var c program.Checkpoint
	c.Flags("model")
	var sheet evaluate.Sheet
	flag.StringVar(&sheet.In, "in", "", "`table` to answer")
	flag.StringVar(&sheet.Out, "out", "answers.csv", "`table` with the answers")
	flag.StringVar(&sheet.Images, "images", ".", "`folder` that the paths of images start from")
	prompt := flag.String("prompt", "long", "tag, long, or cot, which describes the frames first and takes much longer")
	program.Main(func(ctx context.Context) error {
		if sheet.In == "" || flag.NArg() > 0 {
			return errors.New("want -in, a table of pairs, and nothing after the flags")
		}
		words, err := program.Prompt(*prompt)
		if err != nil {
			return err
		}
		options := evaluate.Options{Name: *prompt, Prompt: words, Explain: *prompt == "cot", Row: show(*prompt)}
		if err := run(ctx, c, sheet, &options, os.Stdout); errors.Is(err, context.Canceled) {
			return errors.New("interrupted; the same command goes on from here")
		} else {
			return err
		}
	})
}

func run(ctx context.Context, c program.Checkpoint, sheet evaluate.Sheet, options *evaluate.Options, out io.Writer) (err error) {
	if sheet.Judge, err = evaluate.HashCheckpoint(c.FS()); err != nil {
		return err
	}
	m, err := c.Open(ctx, egotsr.Options{MaxBatch: 16, FrameCache: 256})
	if err != nil {
		return err
	}
	defer m.Close()
	r, err := evaluate.Table(ctx, m, sheet, options)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d rows answered, %d skipped (%s.skipped.csv)\n", sheet.Out, r.Answered, r.Skipped, sheet.Out)
	for _, reason := range r.Reasons {
		fmt.Fprintln(out, "  ", reason)
	}
	if r.Report == nil {
		return nil
	}
	return r.Report.WriteTable(out)
}

// show tells of skipped rows at once, not at the end of a long run, and how far it is.
func show(prompt string) func(row, total int, skipped string) {
	bar := program.Bar(os.Stderr, "rows, "+prompt)
	return func(row, total int, skipped string) {
		if skipped != "" {
			log.Printf("row %d is skipped: %s", row, skipped)
		}
		bar(row, total, "")
	}
}
