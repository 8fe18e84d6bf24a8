// Evaluate answers a table of pairs, as the reference does: CSV in, CSV out.
//
//	go run ./examples/evaluate -in pairs.csv -images DIR -out answers.csv
//	go run ./examples/evaluate -in pairs.csv -out answers.csv -prompt cot -model CHECKPOINT
//	go run ./examples/evaluate -in pairs.csv -images DIR -out answers.csv -shard 0/16    # one of 16 ranges of rows; the others elsewhere
//	go run ./examples/evaluate -in pairs.csv -images DIR -out answers.csv -merge 16      # when all are answered
//
// The columns are video_path1, video_path2 (both are paths of images, relative to -images or absolute), task_name and, where the
// answers are known, target: img1 or img2. The output has the same with the model's target, one row for every row that can be
// asked, in order, and with -prompt cot the descriptions. Rows that cannot are listed in OUT.skipped.csv with the reasons.
//
// Every row is asked in both orders, on all devices. Answers go to OUT.journal.jsonl as they come; a run that was killed goes on
// from there with the same command. An error that is no row's fault, such as a device's, ends the run in the same way. Where
// targets are known a report follows.
//
// A shard goes to OUT.shard-0-of-16.jsonl, and goes on from there in the same way. kubernetes/ has the manifests of a cluster that
// runs a pod for each and then merges them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"

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
	shard := flag.String("shard", "", "`i/n`: answer range i, from 0, of n equal ranges of rows, for -merge")
	merge := flag.Int("merge", 0, "make the output of so many shards, which have all been answered")
	prompt := flag.String("prompt", "long", "tag, long, or cot, which describes the frames first and takes much longer")
	program.Main(func(ctx context.Context) error {
		if sheet.In == "" || flag.NArg() > 0 {
			return errors.New("want -in, a table of pairs, and nothing after the flags")
		}
		words, err := program.Prompt(*prompt)
		if err != nil {
			return err
		}
		if sheet.Shard, sheet.Shards, err = part(*shard, *merge); err != nil {
			return err
		}
		options := evaluate.Options{Name: *prompt, Prompt: words, Explain: *prompt == "cot", Row: show(*prompt)}
		if err := run(ctx, c, sheet, &options, *merge > 0, os.Stdout); errors.Is(err, context.Canceled) {
			return errors.New("interrupted; the same command goes on from here")
		} else {
			return err
		}
	})
}

// part reads which shard of how many is to be answered, 0 of 0 for the whole table, or how many are to be merged.
func part(shard string, merge int) (i, n int, err error) {
	switch {
	case merge < 0 || merge > 0 && shard != "":
		return 0, 0, errors.New("want -shard i/n, or -merge n when all are answered, or neither")
	case shard == "":
		return 0, merge, nil
	}
	before, after, found := strings.Cut(shard, "/")
	i, err1 := strconv.Atoi(before)
	n, err2 := strconv.Atoi(after)
	if !found || err1 != nil || err2 != nil || i < 0 || i >= n {
		return 0, 0, fmt.Errorf("-shard %s: want i/n, such as 0/16 to 15/16", shard)
	}
	return i, n, nil
}

func run(ctx context.Context, c program.Checkpoint, sheet evaluate.Sheet, options *evaluate.Options, merge bool, out io.Writer) (err error) {
	if sheet.Judge, err = evaluate.HashCheckpoint(c.FS()); err != nil {
		return err
	}
	var r *evaluate.TableReport
	if merge {
		r, err = evaluate.Merge(sheet, options)
	} else {
		r, err = answer(ctx, c, sheet, options)
	}
	if err != nil {
		return err
	}
	if sheet.Shards > 0 && !merge {
		fmt.Fprintf(out, "shard %d of %d: %d rows answered, %d skipped\n", sheet.Shard, sheet.Shards, r.Answered, r.Skipped)
	} else {
		fmt.Fprintf(out, "%s: %d rows answered, %d skipped (%s.skipped.csv)\n", sheet.Out, r.Answered, r.Skipped, sheet.Out)
	}
	for _, reason := range r.Reasons {
		fmt.Fprintln(out, "  ", reason)
	}
	if r.Report == nil {
		return nil
	}
	return r.Report.WriteTable(out)
}

func answer(ctx context.Context, c program.Checkpoint, sheet evaluate.Sheet, options *evaluate.Options) (*evaluate.TableReport, error) {
	m, err := c.Open(ctx, egotsr.Options{MaxBatch: 16, FrameCache: 256})
	if err != nil {
		return nil, err
	}
	defer m.Close()
	return evaluate.Table(ctx, m, sheet, options)
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
