package lerobot

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/egotsr/egotsr/internal/state"
)

// ProgressOptions say what kind of scores are written. Nil, or the zero value, is one score a frame by nobody in
// particular.
type ProgressOptions struct {
	Name  string // of the file: <Name>_progress.parquet; "" = "egotsr". lerobot looks for "sarm" where it is not told otherwise
	Model string // what the scores come from, such as a checkpoint and how it was asked; others' scores are not gone on with
	Dense bool   // there is a second score: progress by annotated subtasks
}

// Progress gathers scores for every frame of a dataset and writes them as lerobot's trainers read them, such as its
// reward-aware behaviour cloning: <name>_progress.parquet in the dataset's folder, with a row a frame of
//
//	index, episode_index, frame_index   int64
//	progress_sparse[, progress_dense]   float32, from 0 to 1
//
// Until all are there they are kept in .<name>_progress.journal beside it, one line an episode, safe on disk before Add
// returns: a program that is killed goes on where it was, and the file is the same to the byte. Nothing else in the
// dataset is touched. A Progress is for one goroutine, and its journal for one Progress.
type Progress struct {
	path     string // of the finished file
	opts     ProgressOptions
	episodes []*episode
	place    map[int]int // of an episode's index in episodes
	journal  *journal    // nil once the file is there, and after Close
	done     bool        // the file is there
}

// OpenProgress begins or goes on. It reads the dataset's metadata and rows as Recordings does.
func OpenProgress(dir string, opts *ProgressOptions) (*Progress, error) {
	var o ProgressOptions
	if opts != nil {
		o = *opts
	}
	if o.Name == "" {
		o.Name = "egotsr"
	}
	file := o.Name + "_progress.parquet"
	if o.Name != filepath.Base(o.Name) || strings.HasPrefix(o.Name, ".") || strings.Contains(o.Name, "\\") {
		return nil, fail(file, -1, "%q cannot name a file", o.Name)
	}
	d, err := readInfo(dir)
	if err != nil {
		return nil, err
	}
	p := &Progress{path: filepath.Join(dir, file), opts: o, place: map[int]int{}}
	if p.episodes, err = d.episodes(nil); err != nil {
		return nil, err
	}
	if err := d.annotate(p.episodes); err != nil {
		return nil, err
	}
	h := journalHeader{Format: journalFormat, Model: o.Model, Dense: o.Dense, Episodes: len(p.episodes)}
	for k, e := range p.episodes {
		if e.global < 0 {
			return nil, fail(e.data, e.index, "no column index, by which scores are found")
		}
		p.place[e.index] = k
		h.Frames += e.length
	}
	if p.done, err = p.finished(); err != nil {
		return nil, err
	}
	if p.done {
		return p, nil
	}
	p.journal, err = openJournal(filepath.Join(dir, "."+o.Name+"_progress.journal"), h)
	if err != nil {
		return nil, wrap("."+o.Name+"_progress.journal", -1, err)
	}
	for index, part := range p.journal.parts {
		if k, ok := p.place[index]; !ok || p.episodes[k].length != part.length {
			p.Close()
			return nil, fail("."+o.Name+"_progress.journal", index, "has %d scores, which the dataset has no frames for; move the journal away to begin again", part.length)
		}
	}
	return p, nil
}

// finished looks for the file. One of other scores is not written over.
func (p *Progress) finished() (bool, error) {
	f, err := os.Open(p.path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, wrap(filepath.Base(p.path), -1, err)
	}
	f.Close()
	other := "is there already, and holds other scores; move it away, or choose another name"
	d := &folder{dir: filepath.Dir(p.path)}
	err = d.open(filepath.Base(p.path), func(t *table) error {
		if model, ok := t.file.Lookup(modelKey); !ok || model != p.opts.Model || t.has("progress_dense") != p.opts.Dense {
			return errors.New(other)
		}
		total := int64(0)
		for _, e := range p.episodes {
			total += int64(e.length)
		}
		if t.file.NumRows() != total {
			return fmt.Errorf("%s: %d rows, and the dataset has %d frames", other, t.file.NumRows(), total)
		}
		return nil
	})
	return err == nil, err
}

// Missing lists the episodes that have no scores yet, by index, in order.
func (p *Progress) Missing() (episodes []int) {
	for _, e := range p.episodes {
		if !p.done && (p.journal == nil || p.journal.parts[e.index].length == 0) {
			episodes = append(episodes, e.index)
		}
	}
	return episodes
}

// Frames is how many frames an episode has, 0 where there is no such episode.
func (p *Progress) Frames(episode int) int {
	if k, ok := p.place[episode]; ok {
		return p.episodes[k].length
	}
	return 0
}

// Add takes an episode's scores, one a frame, each from 0 to 1. dense is nil unless ProgressOptions.Dense.
func (p *Progress) Add(episode int, sparse, dense []float64) error {
	name := filepath.Base(p.path)
	n := p.Frames(episode)
	switch {
	case n == 0:
		return fail(name, episode, "is not in the dataset")
	case p.done || p.journal != nil && p.journal.parts[episode].length > 0:
		return fail(name, episode, "has its scores already")
	case p.journal == nil:
		return fail(name, episode, "cannot be added: the scores are closed")
	case len(sparse) != n || p.opts.Dense != (dense != nil) || dense != nil && len(dense) != n:
		return fail(name, episode, "%d scores and %d dense ones for %d frames (ProgressOptions.Dense: %v)", len(sparse), len(dense), n, p.opts.Dense)
	}
	e := journalEntry{Episode: episode, Sparse: make([]float32, n)}
	if dense != nil {
		e.Dense = make([]float32, n)
	}
	for i := range n {
		for _, x := range []struct {
			from []float64
			to   []float32
		}{{sparse, e.Sparse}, {dense, e.Dense}} {
			if x.from == nil {
				continue
			}
			if v := x.from[i]; !(v >= 0 && v <= 1) {
				return fail(name, episode, "frame %d: score %v is not from 0 to 1", i, v)
			}
			x.to[i] = float32(x.from[i])
		}
	}
	if err := p.journal.add(e); err != nil {
		return wrap(filepath.Base(p.journal.file.Name()), episode, err)
	}
	return nil
}

// Rows of the file. Their order is that of the columns.
type sparseRow struct {
	Index   int64   `parquet:"index"`
	Episode int64   `parquet:"episode_index"`
	Frame   int64   `parquet:"frame_index"`
	Sparse  float32 `parquet:"progress_sparse"`
}

type denseRow struct {
	Index   int64   `parquet:"index"`
	Episode int64   `parquet:"episode_index"`
	Frame   int64   `parquet:"frame_index"`
	Sparse  float32 `parquet:"progress_sparse"`
	Dense   float32 `parquet:"progress_dense"`
}

// modelKey is the name that lerobot gives to the origin of scores.
const modelKey = "reward_model_path"

// Write writes the file, whole or not at all, and then removes the journal. Where it is there already, nothing is done.
// An episode without scores is an error.
func (p *Progress) Write() error {
	if p.done {
		return nil
	}
	name := filepath.Base(p.path)
	if missing := p.Missing(); len(missing) > 0 {
		return fail(name, missing[0], "has no scores yet, and %d others", len(missing)-1)
	}
	err := state.Disk{}.WriteFile(p.path, func(w io.Writer) error {
		if p.opts.Dense {
			return writeRows(w, p, func(index, episode, frame int64, e *journalEntry) denseRow {
				return denseRow{index, episode, frame, e.Sparse[frame], e.Dense[frame]}
			})
		}
		return writeRows(w, p, func(index, episode, frame int64, e *journalEntry) sparseRow {
			return sparseRow{index, episode, frame, e.Sparse[frame]}
		})
	})
	if err != nil {
		return wrap(name, -1, err)
	}
	journal := p.journal
	p.journal, p.done = nil, true
	if err := errors.Join(os.Remove(journal.file.Name()), journal.close()); err != nil {
		return wrap(filepath.Base(journal.file.Name()), -1, err)
	}
	return nil
}

// writeRows writes all rows, an episode at a time.
func writeRows[T any](out io.Writer, p *Progress, row func(index, episode, frame int64, e *journalEntry) T) error {
	w := parquet.NewGenericWriter[T](out, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(1<<20), parquet.KeyValueMetadata(modelKey, p.opts.Model))
	var rows []T
	for _, e := range p.episodes {
		entry, err := p.journal.entry(e.index)
		if err != nil {
			return err
		}
		if len(entry.Sparse) != e.length || p.opts.Dense && len(entry.Dense) != e.length {
			return fmt.Errorf("episode %d: the journal has changed", e.index)
		}
		rows = rows[:0]
		for i := range e.length {
			rows = append(rows, row(int64(e.global+i), int64(e.index), int64(i), entry))
		}
		if _, err := w.Write(rows); err != nil {
			return err
		}
	}
	return w.Close()
}

// Close lets go of the journal, which stays until Write.
func (p *Progress) Close() error {
	if p.journal == nil {
		return nil
	}
	journal := p.journal
	p.journal = nil
	return journal.close()
}

// Spread makes a score a frame of scores of some: straight between two, and the nearest before the first and after the
// last. at are the frames that were scored, ascending, of n.
func Spread(at []int, scores []float64, n int) ([]float64, error) {
	if len(at) == 0 || len(at) != len(scores) || at[0] < 0 || at[len(at)-1] >= n {
		return nil, fmt.Errorf("lerobot: %d scores of %d frames among %d", len(scores), len(at), n)
	}
	out := make([]float64, n)
	k := 0
	for i := range out {
		for k+1 < len(at) && at[k+1] <= i {
			if k++; at[k] <= at[k-1] {
				return nil, fmt.Errorf("lerobot: frame %d comes after frame %d", at[k], at[k-1])
			}
		}
		out[i] = scores[k]
		if i > at[k] && k+1 < len(at) {
			share := float64(i-at[k]) / float64(at[k+1]-at[k])
			out[i] = math.FMA(share, scores[k+1]-scores[k], scores[k])
		}
	}
	return out, nil
}
