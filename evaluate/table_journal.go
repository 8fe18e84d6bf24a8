package evaluate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/egotsr/egotsr/internal/state"
)

// header says what a journal's answers are answers to. Those of another table, question or model are not gone on with.
type header struct {
	Input   string `json:"input"`  // hash of the table
	Images  string `json:"images"` // where the paths of images start
	Prompt  string `json:"prompt"`
	Explain bool   `json:"explain,omitempty"`
	Model   string `json:"model"`           // who answers, as Sheet.Judge says
	Shard   string `json:"shard,omitempty"` // which rows these are, as Sheet.name says
}

// entry is what has become of a row. Every row of the journal's has one, in order.
type entry struct {
	Row     int       `json:"row"`
	Asked   float64   `json:"p_asked"` // that the first frame is closer, as the row has them
	Swapped float64   `json:"p_swapped"`
	Detail  [2]string `json:"detail,omitzero"`
	Error   string    `json:"error,omitempty"`
}

// journal is a file of entries that only grows. Each is written when it is added, so that a program that is killed loses only
// what it was about to answer; at worst it leaves half a line, which is cut off. The file is locked until it is closed.
type journal struct {
	file *os.File
	rows int // the number of the last one that has an entry
}

// openJournal begins a journal of the rows after number from, or goes on with it.
func openJournal(path string, h header, from int) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := state.TryLock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: another run is at work on it: %w", path, err)
	}
	j := &journal{file: f, rows: from}
	if err := j.read(h); err != nil {
		state.Release(f)
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return j, nil
}

// read counts the entries and gets ready to write after them.
func (j *journal) read(h header) error {
	first, err := json.Marshal(h)
	if err != nil {
		return err
	}
	in := bufio.NewReader(j.file)
	var whole int64
	from := j.rows
	for line := 0; ; line++ {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) && line == 0 && !bytes.HasPrefix(first, text) {
			return errors.New("is no journal")
		}
		if errors.Is(err, io.EOF) {
			break // nothing, or half a line
		}
		if err != nil {
			return err
		}
		if line == 0 {
			var before header
			if err := json.Unmarshal(text, &before); err != nil {
				return fmt.Errorf("is no journal: %w", err)
			}
			if before != h {
				return fmt.Errorf("has answers to another table, folder of images, prompt or model (%+v, not %+v); move it away to begin again", before, h)
			}
		} else {
			var e entry
			if err := json.Unmarshal(text, &e); err != nil || e.Row != from+line {
				return fmt.Errorf("line %d is not the entry of row %d: %q", line+1, from+line, bytes.TrimSpace(text))
			}
			j.rows = e.Row
		}
		whole += int64(len(text))
	}
	if err := j.file.Truncate(whole); err != nil {
		return err
	}
	if _, err := j.file.Seek(whole, io.SeekStart); err != nil {
		return err
	}
	if whole > 0 {
		return nil
	}
	return j.line(h)
}

func (j *journal) line(v any) error { return json.NewEncoder(j.file).Encode(v) }

// add writes the entry of the next row.
func (j *journal) add(e entry) error {
	if e.Row != j.rows+1 {
		return fmt.Errorf("row %d comes after row %d", e.Row, j.rows)
	}
	j.rows++
	return j.line(e)
}

// close makes what was added safe, and lets others have the file.
func (j *journal) close() error { return errors.Join(j.file.Sync(), state.Release(j.file)) }

// entries reads a finished journal.
func entries(path string, want header, each func(entry) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := json.NewDecoder(bufio.NewReader(f))
	var h header
	if err := in.Decode(&h); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if h != want {
		return fmt.Errorf("%s: has answers to another table, folder of images, prompt or model (%+v, not %+v)", path, h, want)
	}
	for {
		var e entry
		if err := in.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := each(e); err != nil {
			return err
		}
	}
}
