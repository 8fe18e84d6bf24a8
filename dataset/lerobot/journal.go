package lerobot

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

// journalFormat changes where older journals cannot be gone on with.
const journalFormat = "egotsr progress 1"

// journalHeader is a journal's first line: what the scores are of.
type journalHeader struct {
	Format   string `json:"format"`
	Model    string `json:"model"`
	Dense    bool   `json:"dense"`
	Episodes int    `json:"episodes"`
	Frames   int    `json:"frames"`
}

// journalEntry is every other line: the scores of an episode.
type journalEntry struct {
	Episode int       `json:"episode"`
	Sparse  []float32 `json:"sparse"`
	Dense   []float32 `json:"dense,omitempty"`
}

// journal is a file of entries that only grows, and in memory where each of them lies. What a program that was killed left
// of a last line is cut off. The file is locked until it is closed.
type journal struct {
	file  *os.File
	end   int64
	parts map[int]part // by episode
	bad   error        // the first write that failed
}

type part struct {
	offset, bytes int64
	length        int // frames
}

func openJournal(path string, h journalHeader) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := state.TryLock(f); err != nil {
		return nil, errors.Join(errors.New("another run is at work on it"), f.Close())
	}
	j := &journal{file: f, parts: map[int]part{}}
	if err := j.read(h); err != nil {
		return nil, errors.Join(err, state.Release(f))
	}
	return j, nil
}

func (j *journal) read(h journalHeader) error {
	in := bufio.NewReaderSize(j.file, 1<<16)
	for line := 1; ; line++ {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if first, err := json.Marshal(h); line == 1 && !bytes.HasPrefix(first, text) {
				return errors.Join(errors.New("is no journal of scores"), err)
			}
			break // nothing, or half a line
		}
		if err != nil {
			return err
		}
		if line == 1 {
			var before journalHeader
			if err := json.Unmarshal(text, &before); err != nil || before.Format != journalFormat {
				return errors.New("is no journal of scores")
			}
			if before != h {
				return fmt.Errorf("holds scores of something else (%+v, not %+v); move it away to begin again", before, h)
			}
		} else {
			var e journalEntry
			if err := json.Unmarshal(text, &e); err != nil || len(e.Sparse) == 0 || h.Dense != (len(e.Dense) == len(e.Sparse)) || j.parts[e.Episode].length > 0 {
				return fmt.Errorf("line %d is damaged; move the journal away to begin again", line)
			}
			j.parts[e.Episode] = part{j.end, int64(len(text)), len(e.Sparse)}
		}
		j.end += int64(len(text))
	}
	if err := j.file.Truncate(j.end); err != nil {
		return err
	}
	if j.end > 0 {
		return nil
	}
	_, err := j.line(h)
	return err
}

// line appends a line and makes it safe.
func (j *journal) line(v any) (n int, err error) {
	if j.bad != nil {
		return 0, j.bad // what it left may be longer than what would be written over it
	}
	text, err := json.Marshal(v)
	if err != nil {
		return 0, err
	}
	if n, err = j.file.WriteAt(append(text, '\n'), j.end); err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.bad = err
		return 0, err
	}
	j.end += int64(n)
	return n, nil
}

func (j *journal) add(e journalEntry) error {
	from := j.end
	n, err := j.line(e)
	if err == nil {
		j.parts[e.Episode] = part{from, int64(n), len(e.Sparse)}
	}
	return err
}

// entry reads the scores of an episode that has some.
func (j *journal) entry(episode int) (*journalEntry, error) {
	at := j.parts[episode]
	text := make([]byte, at.bytes)
	if _, err := j.file.ReadAt(text, at.offset); err != nil {
		return nil, err
	}
	var e journalEntry
	return &e, json.Unmarshal(text, &e)
}

func (j *journal) close() error { return state.Release(j.file) }
