package evaluate

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/foreign"
	"github.com/egotsr/egotsr/internal/state"
)

// Sheet is a table of pairs that Table answers, as the reference does: CSV in, CSV out.
type Sheet struct {
	// In is the file of the table. Its columns are video_path1 and video_path2, both paths of images, task_name and, where the
	// answers are known, target: img1 or img2.
	In     string
	Images string // folder that the paths of images start from, unless they are absolute; "" = the working directory

	// Out is the file of the answers: the same columns with the judge's target, a row for every row of In that can be asked, in
	// order, and with Options.Explain the descriptions. Out.skipped.csv lists the others with the reasons, Out.journal.jsonl is
	// what a run that ended early goes on from. None of the three may be there, unless it is what a run on this very sheet has left.
	Out string

	Judge string // who answers, such as HashCheckpoint says: the journal of another is not gone on with

	// Shards, where it is not 0, has Table answer one of so many equal ranges of rows, number Shard from 0 on, into a journal of its own:
	// Out.shard-<Shard>-of-<Shards>.jsonl. Each may have a program, or a machine, of its own. Merge makes the output of them all.
	Shard, Shards int
}

// TableReport is what came of a Sheet.
type TableReport struct {
	Answered, Skipped int
	Reasons           []string // of the first skipped rows
	Report            *Report  // of the rows that have a target; nil where none has
}

const shownReasons = 5

// Table has j answer every row of a sheet in both orders. Answers go to the journal as they come, so that a run that was killed, or
// whose context ended, goes on from there when it is called again; the output is written when all rows have an entry, and the same
// journal gives the same files. A row that is to blame for an error, such as an image that cannot be read, is skipped; any other
// error, of a device, say, ends the run. A second run on the same sheet is refused while one is at work. Images are read on all cores,
// a few rows ahead. In the report frames of one folder are taken for those of one episode, numbered by their names.
func Table(ctx context.Context, j Judger, on Sheet, opts *Options) (*TableReport, error) {
	if err := there("judge", j); err != nil {
		return nil, err
	}
	o, err := opts.complete("judge", 0)
	if err != nil {
		return nil, err
	}
	r, err := answerSheet(ctx, j, on, &o)
	if err != nil {
		return nil, failed("table", err)
	}
	return r, nil
}

func answerSheet(ctx context.Context, j Judger, on Sheet, o *Options) (*TableReport, error) {
	h, total, err := on.begin(o)
	if err != nil {
		return nil, err
	}
	path := on.journal()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := on.free(); err != nil {
			return nil, err
		}
	}
	from, to := on.rows(total)
	log, err := openJournal(path, h, from)
	if err != nil {
		return nil, err
	}
	var r *TableReport
	if log.rows < to {
		err = on.free()
	}
	if err == nil {
		err = resume(ctx, j, log, on, to, total, o)
	}
	switch {
	case err != nil:
	case on.Shards > 0:
		r, err = answered(path, h)
	default:
		r, err = finish(on, path, h, o)
	}
	// Closed only now: nobody else may write the output meanwhile.
	if err := errors.Join(err, log.close()); err != nil {
		return nil, err
	}
	return r, nil
}

// begin looks at a sheet: what its answers are answers to, and how many rows it has.
func (on *Sheet) begin(o *Options) (h header, total int, err error) {
	if on.In == "" || on.Out == "" {
		return h, 0, &egotsr.InputError{What: "sheet", Reason: "has no In or no Out"}
	}
	if on.Shards < 0 || on.Shard < 0 || on.Shard >= max(on.Shards, 1) {
		return h, 0, &egotsr.InputError{What: "sheet", Reason: fmt.Sprintf("has no shard %d of %d", on.Shard, on.Shards)}
	}
	hash, total, err := survey(on.In)
	if err != nil {
		return h, 0, err
	}
	if on.Images, err = filepath.Abs(on.Images); err != nil {
		return h, 0, err
	}
	return header{Input: hash, Images: on.Images, Prompt: promptName(o.Prompt), Explain: o.Explain, Model: on.Judge, Shard: on.name()}, total, nil
}

// skipped is the file of the rows that could not be asked.
func (on Sheet) skipped() string { return on.Out + ".skipped.csv" }

// free makes sure that nothing is where the output goes. It is asked for while rows lack their answers, and what is there cannot be it.
func (on Sheet) free() error {
	for _, path := range []string{on.Out, on.skipped()} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(err, taken(path))
		}
	}
	return nil
}

func taken(path string) error {
	return &egotsr.InputError{What: "Sheet.Out", Reason: path + " is there already, and holds no answers to this sheet: name another file, or move it away"}
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

// resume answers the rows up to one that the journal lacks.
func resume(ctx context.Context, j Judger, log *journal, on Sheet, to, total int, o *Options) error {
	f, err := os.Open(on.In)
	if err != nil {
		return err
	}
	defer f.Close()
	rows, err := newReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", on.In, err)
	}
	return answer(ctx, j, ahead(rows, on.Images, log.rows, to), &egotsr.JudgeOptions{SingleOrder: true, Explain: o.Explain, Prompt: o.Prompt}, log, func(e entry) error {
		if o.Row == nil {
			return nil
		}
		return foreign.Run("Options.Row", func() { o.Row(e.Row, total, e.Error) })
	})
}

// finish makes the output of a finished journal.
func finish(on Sheet, journal string, h header, o *Options) (*TableReport, error) {
	r := &TableReport{}
	bad := [][]string{{"row", "video_path1", "video_path2", "task_name", "reason"}}
	var items []Item
	err := put(on.Out, func(w io.Writer) error {
		f, err := os.Open(on.In)
		if err != nil {
			return err
		}
		defer f.Close()
		rows, err := newReader(f)
		if err != nil {
			return fmt.Errorf("%s: %w", on.In, err)
		}
		table := csv.NewWriter(w)
		head := []string{"video_path1", "video_path2", "task_name", "target"}
		if o.Explain {
			head = append(head, "spatial_details")
		}
		if err := table.Write(head); err != nil {
			return err
		}
		err = entries(journal, h, func(e entry) error {
			row, err := rows.next()
			if err != nil {
				return fmt.Errorf("%s: row %d: %w", on.In, e.Row, err)
			}
			if e.Error != "" {
				bad = append(bad, []string{strconv.Itoa(e.Row), row.img1, row.img2, row.task, e.Error})
				return nil
			}
			r.Answered++
			item := row.item(&e)
			if row.target != "" {
				items = append(items, item)
			}
			return table.Write(cells(&item, &e, o.Explain))
		})
		if err != nil {
			return err
		}
		table.Flush()
		return table.Error()
	})
	if err != nil {
		return nil, err
	}
	r.Skipped = len(bad) - 1
	for _, b := range bad[1:][:min(r.Skipped, shownReasons)] {
		r.Reasons = append(r.Reasons, "row "+b[0]+": "+b[4])
	}
	if len(items) > 0 {
		r.Report = NewReport(items, o)
	}
	return r, put(on.skipped(), func(w io.Writer) error { return csv.NewWriter(w).WriteAll(bad) })
}

// put writes a file that is not there. One that is there must be the same already.
func put(path string, write func(io.Writer) error) error {
	there, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return state.Disk{}.WriteFile(path, write)
	}
	if err != nil {
		return err
	}
	defer there.Close()
	same := comparison{bufio.NewReader(there)}
	err = write(same)
	if _, more := same.there.ReadByte(); err == nil && more == nil || errors.Is(err, errOther) {
		return taken(path)
	}
	return err
}

// comparison is written what a file is to hold, and fails where that holds something else.
type comparison struct{ there *bufio.Reader }

var errOther = errors.New("differs")

func (c comparison) Write(p []byte) (int, error) {
	was := make([]byte, len(p))
	if _, err := io.ReadFull(c.there, was); err != nil || !bytes.Equal(was, p) {
		return 0, errOther
	}
	return len(p), nil
}

// cells are those of a row of the output. The reference knows no draws.
func cells(i *Item, e *entry, details bool) []string {
	cells := []string{i.Img1, i.Img2, i.Task, dataset.Img2}
	if i.P() > 0.5 {
		cells[3] = dataset.Img1
	}
	if details {
		cells = append(cells, "img1: "+e.Detail[0]+"; img2: "+e.Detail[1])
	}
	return cells
}
