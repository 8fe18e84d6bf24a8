package dataset

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
)

// Format is how a file holds samples: the end of its name.
type Format string

// The formats of the reference's files. Reading tells an array from lines by its first character, because the
// reference calls both ".json".
const (
	JSON  Format = ".json"  // one array of samples
	JSONL Format = ".jsonl" // one sample a line
	CSV   Format = ".csv"   // one sample a record, columns named in the first
)

// Writer writes samples one by one, in the reference's form with our own fields beside it. What it writes depends on
// the samples alone, and [Open] reads the same samples back: only the zero Prompt comes back as Long from JSON, and an
// empty Plan or Extra as nil. Every Extra field of ours that Sample holds otherwise is replaced by what Sample holds.
//
// A CSV file has every column of ours, and those Extra fields of the first sample that are no column yet; other Extra
// fields go to the column "extra".
type Writer struct {
	w       *bufio.Writer
	format  Format
	n       int
	line    []byte
	columns []string
	records *csv.Writer
	err     error
}

// NewWriter makes a writer. Write fails for a format that is not one of the three.
func NewWriter(w io.Writer, format Format) *Writer {
	b := bufio.NewWriterSize(w, 1<<16)
	return &Writer{w: b, format: format, records: csv.NewWriter(b)}
}

// Write writes a sample. One that could not be read back, because its text is not UTF-8 or a path leaves the root, is a
// *SampleError and leaves the file as it was; after any other error nothing more is written.
func (w *Writer) Write(s Sample) error {
	if w.err != nil {
		return w.err
	}
	var bad error
	if w.format == CSV {
		bad = w.record(&s)
	} else {
		bad = w.object(&s)
	}
	if bad != nil {
		return &SampleError{Index: w.n, Err: bad}
	}
	if w.err == nil {
		w.n++
	}
	return w.err
}

func (w *Writer) object(s *Sample) (bad error) {
	between := ""
	switch {
	case w.format == JSON && w.n == 0:
		between = "[\n"
	case w.format == JSON:
		between = ",\n"
	case w.format != JSONL:
		w.err = fmt.Errorf("dataset: no format %q", w.format)
		return nil
	}
	line, err := appendSample(append(w.line[:0], between...), s)
	if w.line = line; err != nil {
		return err
	}
	if w.format == JSONL {
		line = append(line, '\n')
	}
	_, w.err = w.w.Write(line)
	return nil
}

func (w *Writer) record(s *Sample) (bad error) {
	columns := w.columns
	if columns == nil {
		fixed := csvColumns()
		columns = append(append(fixed[:len(fixed)-1:len(fixed)-1], extraColumns(s)...), colExtra)
	}
	cells, err := encodeRecord(columns, s)
	if err != nil {
		return err
	}
	if w.columns == nil {
		w.columns = columns
		w.err = w.records.Write(columns)
	}
	if w.err == nil {
		w.err = w.records.Write(cells)
	}
	return nil
}

// Close ends an array and hands on what is buffered. It does not close the writer underneath.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	switch {
	case w.format == JSON && w.n == 0:
		_, w.err = w.w.WriteString("[]\n")
	case w.format == JSON:
		_, w.err = w.w.WriteString("\n]\n")
	case w.format == CSV && w.columns == nil:
		w.err = w.records.Write(csvColumns())
	}
	if w.records.Flush(); w.err == nil {
		w.err = w.records.Error()
	}
	if w.err == nil {
		w.err = w.w.Flush()
	}
	return w.err
}
