package evaluate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/internal/state"
)

// name is which of its rows a sheet is about, "" for all of them.
func (on *Sheet) name() string {
	if on.Shards == 0 {
		return ""
	}
	return fmt.Sprintf("%d-of-%d", on.Shard, on.Shards)
}

// journal is the file of the answers as they come.
func (on *Sheet) journal() string {
	if on.Shards == 0 {
		return on.Out + ".journal.jsonl"
	}
	return on.Out + ".shard-" + on.name() + ".jsonl"
}

// rows are those after number from up to number to: the shards are of one size, but for a row.
func (on *Sheet) rows(total int) (from, to int) {
	n := max(on.Shards, 1)
	return on.Shard * total / n, (on.Shard + 1) * total / n
}

// answered counts the entries of a shard that is done.
func answered(journal string, h header) (*TableReport, error) {
	r := &TableReport{}
	err := entries(journal, h, func(e entry) error {
		if e.Error == "" {
			r.Answered++
			return nil
		}
		if r.Skipped++; len(r.Reasons) < shownReasons {
			r.Reasons = append(r.Reasons, fmt.Sprintf("row %d: %s", e.Row, e.Error))
		}
		return nil
	})
	return r, err
}

// Merge makes the output of a sheet whose shards have all been answered by Table: what Table makes without shards of the same answers,
// to the byte. Sheet.Shards says how many there are, and the rest is what Table was told. It asks nobody. A shard that is not there
// as a whole is an error that names it. Called again, it changes nothing; the journals stay.
func Merge(on Sheet, opts *Options) (*TableReport, error) {
	o, err := opts.complete("judge", 0)
	if err != nil {
		return nil, err
	}
	if on.Shards < 1 {
		return nil, &egotsr.InputError{What: "sheet", Reason: "has no shards to merge"}
	}
	r, err := merge(on, &o)
	if err != nil {
		return nil, failed("merge", err)
	}
	return r, nil
}

func merge(on Sheet, o *Options) (*TableReport, error) {
	whole := on
	whole.Shard, whole.Shards = 0, 0
	h, total, err := whole.begin(o)
	if err != nil {
		return nil, err
	}
	on.Images = whole.Images
	if _, err := os.Stat(whole.journal()); errors.Is(err, fs.ErrNotExist) {
		if err := whole.free(); err != nil {
			return nil, err
		}
		if err := (state.Disk{}).WriteFile(whole.journal(), func(w io.Writer) error { return on.join(w, h, total) }); err != nil {
			return nil, err
		}
	}
	log, err := openJournal(whole.journal(), h, 0)
	if err != nil {
		return nil, err
	}
	var r *TableReport
	if err = log.has(total); err == nil {
		r, err = finish(whole, whole.journal(), h, o)
	}
	return r, errors.Join(err, log.close())
}

// has makes sure that a journal is done.
func (j *journal) has(row int) error {
	if j.rows != row {
		return fmt.Errorf("%s ends at row %d of %d: whoever writes it has not done yet", j.file.Name(), j.rows, row)
	}
	return nil
}

// join writes one journal of those of all shards.
func (on Sheet) join(w io.Writer, h header, total int) error {
	lines := json.NewEncoder(w)
	if err := lines.Encode(h); err != nil {
		return err
	}
	for on.Shard = range on.Shards {
		h.Shard = on.name()
		row, to := on.rows(total)
		err := entries(on.journal(), h, func(e entry) error {
			if row++; e.Row != row {
				return fmt.Errorf("has row %d where row %d belongs", e.Row, row)
			}
			return lines.Encode(e)
		})
		if err == nil && row != to {
			err = fmt.Errorf("ends at row %d of %d", row, to)
		}
		if err != nil {
			return fmt.Errorf("shard %d of %d has not been answered: %w", on.Shard, on.Shards, err)
		}
	}
	return nil
}
