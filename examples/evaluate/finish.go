package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/state"
)

// result is what came of a table.
type result struct {
	judged, skipped int
	reasons         []string // of the first skipped rows
	items           []egotsr.Item
}

const shownReasons = 5

// finish makes the output of a finished journal. The same journal gives the same files.
func finish(in, out, journal string, details bool) (*result, error) {
	r := &result{}
	var bad [][]string
	err := state.Disk{}.WriteFile(out, func(w io.Writer) error {
		f, err := os.Open(in)
		if err != nil {
			return err
		}
		defer f.Close()
		rows, err := newReader(f)
		if err != nil {
			return fmt.Errorf("%s: %w", in, err)
		}
		table := csv.NewWriter(w)
		head := []string{"video_path1", "video_path2", "task_name", "target"}
		if details {
			head = append(head, "spatial_details")
		}
		if err := table.Write(head); err != nil {
			return err
		}
		err = entries(journal, func(e entry) error {
			row, err := rows.next()
			if err != nil {
				return fmt.Errorf("%s: row %d: %w", in, e.Row, err)
			}
			if e.Error != "" {
				bad = append(bad, []string{strconv.Itoa(e.Row), row.img1, row.img2, row.task, e.Error})
				return nil
			}
			r.judged++
			item := egotsr.Item{Index: e.Row, Sample: row.sample(), Asked: e.Asked, Swapped: e.Swapped}
			item.Task, item.Img1, item.Img2, item.Closer = row.task, row.img1, row.img2, row.target
			item.Kind, item.Window = item.Sample.Kind, item.Sample.Window
			cells := []string{row.img1, row.img2, row.task, dataset.Img2}
			if item.P() > 0.5 { // the reference knows no draws
				cells[3] = dataset.Img1
			}
			if details {
				cells = append(cells, "img1: "+e.Detail[0]+"; img2: "+e.Detail[1])
			}
			if row.target != "" {
				r.items = append(r.items, item)
			}
			return table.Write(cells)
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
	r.skipped = len(bad)
	for _, b := range bad[:min(len(bad), shownReasons)] {
		r.reasons = append(r.reasons, "row "+b[0]+": "+b[4])
	}
	return r, state.Disk{}.WriteFile(out+".skipped.csv", func(w io.Writer) error {
		return csv.NewWriter(w).WriteAll(append([][]string{{"row", "video_path1", "video_path2", "task_name", "reason"}}, bad...))
	})
}
