package cot

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/state"
)

// key names a question: the task, the two frames whatever their order, and who is asked.
type key [16]byte

// question gives a sample's key, and the sample with its frames in the order they are to be shown in. That order is
// random, so that a maker that prefers a place is found out, and yet the same in every run.
func question(identity string, s dataset.Sample) (key, dataset.Sample) {
	lo, hi := s.Img1, s.Img2
	if lo > hi {
		lo, hi = hi, lo
	}
	h := sha256.New()
	for _, part := range []string{identity, s.Task, lo, hi} {
		// Lengths keep one part from running into the next.
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	k := key(h.Sum(nil))
	if first := [2]string{lo, hi}[k[0]&1]; s.Img1 != first {
		s = s.Swap()
	}
	return k, s
}

// record is one line of a spool: what a maker said, as it said it. Whether that is good enough is decided on every
// reading, so stricter rules and corrected labels cost nothing.
type record struct {
	Key     string    `json:"key"`
	Task    string    `json:"task"`  // these two are for people who read the file
	Shown   [2]string `json:"shown"` // paths of the frames, in the order they were shown
	Details [2]string `json:"details,omitzero"`
	Closer  string    `json:"closer,omitempty"`
	Failure string    `json:"failure,omitempty"` // reason of an *AnswerError
	In      int       `json:"tokens_in,omitempty"`
	Out     int       `json:"tokens_out,omitempty"`
	Cost    float64   `json:"cost,omitempty"`
}

// SpoolError reports a spool that cannot be read or written.
type SpoolError struct {
	Path string
	Line int // from 1; 0 where no line is to blame
	Err  error
}

func (e *SpoolError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("cot: spool %s, line %d: %v", e.Path, e.Line, e.Err)
	}
	return fmt.Sprintf("cot: spool %s: %v", e.Path, e.Err)
}

func (e *SpoolError) Unwrap() error { return e.Err }

// spoolHeader is the first line. A file that begins otherwise is somebody's, and not to be cut or appended to.
const spoolHeader = `{"egotsr":"cot spool","version":1}` + "\n"

// spool is a file of records and, in memory, where each one lies: some 50 bytes a record.
type spool struct {
	path string
	mu   sync.Mutex
	file *os.File
	end  int64
	at   map[key]span
	bad  error // the first write that failed: what it left may be longer than what would be written over it
}

type span struct {
	offset int64
	length int32
}

// openSpool opens or makes a spool. What a crash has left of a last line is cut off.
func openSpool(path string) (s *spool, err error) {
	s = &spool{path: path, at: map[key]span{}}
	if s.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, s.fault(err)
	}
	if err := state.TryLock(s.file); err != nil {
		s.file.Close()
		return nil, s.fault(errors.New("another run has it open"))
	}
	if err := s.load(); err != nil {
		state.Release(s.file)
		return nil, err
	}
	return s, nil
}

func (s *spool) fault(err error) error {
	if pe := (*os.PathError)(nil); errors.As(err, &pe) {
		err = pe.Err
	}
	return &SpoolError{Path: s.path, Err: err}
}

// load indexes every line.
func (s *spool) load() error {
	r := bufio.NewReaderSize(s.file, 1<<16)
	for line := 1; ; line++ {
		data, err := r.ReadBytes('\n')
		if err == io.EOF {
			if s.end == 0 && !bytes.HasPrefix([]byte(spoolHeader), data) {
				return &SpoolError{Path: s.path, Line: 1, Err: errNoSpool}
			}
			if line > 1 && len(data) > 0 && s.index(append(data, '\n')) == nil { // an answer that lacks nothing but its line's end
				s.end += int64(len(data))
				return s.write([]byte("\n"))
			}
			return s.heal(int64(len(data)))
		}
		if err != nil {
			return s.fault(err)
		}
		if line == 1 {
			if string(data) != spoolHeader {
				return &SpoolError{Path: s.path, Line: 1, Err: errNoSpool}
			}
		} else if err := s.index(data); err != nil {
			return &SpoolError{Path: s.path, Line: line, Err: err}
		}
		s.end += int64(len(data))
	}
}

var errNoSpool = errors.New("this file is no spool")

// index notes a line that begins at the end.
func (s *spool) index(line []byte) error {
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return err
	}
	raw, err := hex.DecodeString(r.Key)
	if err != nil || len(raw) != len(key{}) {
		return fmt.Errorf("%q is no key", r.Key)
	}
	s.at[key(raw)] = span{s.end, int32(len(line))}
	return nil
}

// heal cuts torn bytes off the end, and writes the header of a file that has none.
func (s *spool) heal(torn int64) error {
	if torn > 0 {
		if err := s.file.Truncate(s.end); err != nil {
			return s.fault(err)
		}
	}
	if s.end > 0 {
		return nil
	}
	if err := s.write([]byte(spoolHeader)); err != nil {
		return err
	}
	// The name of a new file is the folder's, which has to last as well.
	dir, err := os.Open(filepath.Dir(s.path))
	if err != nil {
		return s.fault(err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return s.fault(err)
	}
	return nil
}

// write appends and makes it last.
func (s *spool) write(data []byte) error {
	if s.bad != nil {
		return s.bad
	}
	_, err := s.file.WriteAt(data, s.end)
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		s.bad = s.fault(err)
		return s.bad
	}
	s.end += int64(len(data))
	return nil
}

// get reads the answer to a question, in the order in which the frames are shown.
func (s *spool) get(k key) (a Answer, ok bool, err error) {
	s.mu.Lock()
	at, ok := s.at[k]
	s.mu.Unlock()
	if !ok {
		return a, false, nil
	}
	line := make([]byte, at.length)
	var r record
	if _, err := s.file.ReadAt(line, at.offset); err != nil {
		return a, true, s.fault(err)
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return a, true, s.fault(err)
	}
	a = Answer{Detail: r.Details, Closer: r.Closer, Usage: Usage{r.In, r.Out, r.Cost}}
	if r.Failure != "" {
		return a, true, &AnswerError{Reason: r.Failure}
	}
	return a, true, nil
}

// put keeps an answer; failure is the reason of an *AnswerError, or "".
func (s *spool) put(k key, q dataset.Sample, a Answer, failure string) error {
	line, err := json.Marshal(record{
		Key: hex.EncodeToString(k[:]), Task: q.Task, Shown: [2]string{q.Img1, q.Img2},
		Details: a.Detail, Closer: a.Closer, Failure: failure, In: a.Usage.In, Out: a.Usage.Out, Cost: a.Usage.Cost,
	})
	if err != nil {
		return s.fault(err)
	}
	line = append(line, '\n')
	s.mu.Lock()
	defer s.mu.Unlock()
	at := span{s.end, int32(len(line))}
	if err := s.write(line); err != nil {
		return err
	}
	s.at[k] = at
	return nil
}

func (s *spool) close() error {
	if err := state.Release(s.file); err != nil {
		return s.fault(err)
	}
	return nil
}
