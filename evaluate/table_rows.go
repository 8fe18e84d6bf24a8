package evaluate

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/egotsr/egotsr/dataset"
)

// row is one line of the table, or a few where quotes hold line breaks.
type row struct {
	number           int // from 1
	img1, img2, task string
	target           string // "" where the table has none
	err              error  // why it cannot be asked
}

// columns are the places of the reference's columns.
type columns struct {
	count                    int
	img1, img2, task, target int // target: -1 without one
}

const (
	maxRecord = 1 << 20 // bytes of a row
	maxLines  = 64      // of a row
)

// reader reads rows one after the other. A row with a quote that is never closed spoils itself and not what follows.
type reader struct {
	in     *bufio.Reader
	ahead  []string // lines read already
	ended  error
	number int
	comma  rune // what separates the cells
	columns
}

func newReader(in io.Reader) (*reader, error) {
	r := &reader{in: bufio.NewReaderSize(in, 1<<16)}
	head, ok := r.line(0)
	if !ok {
		return nil, fmt.Errorf("has no header: %w", r.ended)
	}
	r.ahead = r.ahead[1:]
	if strings.HasPrefix(head, "\xff\xfe") || strings.HasPrefix(head, "\xfe\xff") || strings.Contains(head, "\x00") {
		return nil, errors.New("is not UTF-8 but UTF-16, or no text: save it as UTF-8")
	}
	var names []string
	for _, r.comma = range []rune{';', '\t', ','} {
		var err error
		if names, err = r.cells(strings.TrimPrefix(head, "\ufeff")); err != nil {
			return nil, fmt.Errorf("header: %w", err)
		}
		if slices.ContainsFunc(names, func(n string) bool { return strings.TrimSpace(n) == "video_path1" }) {
			break
		}
	}
	at := func(name string) int {
		for i, n := range names {
			if strings.TrimSpace(n) == name {
				return i
			}
		}
		return -1
	}
	r.columns = columns{len(names), at("video_path1"), at("video_path2"), at("task_name"), at("target")}
	if min(r.img1, r.img2, r.task) < 0 {
		return nil, fmt.Errorf("want the columns video_path1, video_path2 and task_name, separated by commas, semicolons or tabs, found %q", names)
	}
	return r, nil
}

// line is the k-th line from here.
func (r *reader) line(k int) (string, bool) {
	for len(r.ahead) <= k && r.ended == nil {
		text, err := r.in.ReadString('\n')
		r.ended = err
		if text != "" {
			r.ahead = append(r.ahead, text)
		}
	}
	if len(r.ahead) <= k {
		return "", false
	}
	return r.ahead[k], true
}

// next is the next row; io.EOF after the last.
func (r *reader) next() (row, error) {
	for {
		first, ok := r.line(0)
		if !ok {
			if errors.Is(r.ended, io.EOF) {
				return row{}, io.EOF
			}
			return row{}, r.ended
		}
		if strings.Trim(first, " \t\r\n"+string(r.comma)) != "" {
			break
		}
		r.ahead = r.ahead[1:]
	}
	r.number++
	record, bad := "", error(nil)
	for k := range maxLines {
		line, ok := r.line(k)
		if !ok || len(record)+len(line) > maxRecord {
			break
		}
		record += line
		if strings.Count(record, `"`)%2 != 0 {
			continue // a quote is open: the row goes on
		}
		found, err := r.row(record)
		if err == nil {
			r.ahead = r.ahead[k+1:]
			return found, nil
		}
		if bad == nil && k == 0 {
			bad = err
		}
		break
	}
	if bad == nil {
		bad = errors.New("a quote is not closed")
	}
	r.ahead = r.ahead[1:]
	return row{number: r.number, err: bad}, nil
}

// row reads the cells of a record.
func (r *reader) row(record string) (row, error) {
	c, err := r.cells(record)
	for len(c) > r.count && c[len(c)-1] == "" {
		c = c[:len(c)-1]
	}
	switch {
	case !utf8.ValidString(record):
		return row{}, errors.New("is not UTF-8")
	case err != nil:
		return row{}, err
	case len(c) != r.count:
		return row{}, fmt.Errorf("has %d columns, not %d", len(c), r.count)
	}
	found := row{number: r.number, img1: c[r.img1], img2: c[r.img2], task: c[r.task]}
	if r.target >= 0 {
		found.target = strings.TrimSpace(c[r.target])
	}
	switch found.target {
	case "", dataset.Img1, dataset.Img2:
	default:
		found.err = fmt.Errorf("target %q is neither img1 nor img2", found.target)
	}
	return found, nil
}

func (r *reader) cells(record string) ([]string, error) {
	c := csv.NewReader(strings.NewReader(record))
	c.Comma, c.FieldsPerRecord, c.LazyQuotes = r.comma, -1, true
	return c.Read()
}

// item is the row as a report has it.
func (r *row) item(e *entry) Item {
	s := r.sample()
	return Item{Index: e.Row, Sample: s, Task: r.task, Img1: r.img1, Img2: r.img2, Closer: r.target, Kind: s.Kind, Window: s.Window, Asked: e.Asked, Swapped: e.Swapped}
}

// sample is the row for a report. Frames of one folder are taken for those of one episode, numbered by their names.
func (r *row) sample() dataset.Sample {
	s := dataset.Sample{Task: r.task, Img1: r.img1, Img2: r.img2, Closer: r.target}
	n1, ok1 := frameNumber(r.img1)
	n2, ok2 := frameNumber(r.img2)
	if !ok1 || !ok2 || path.Dir(r.img1) != path.Dir(r.img2) {
		return s
	}
	s.Episode, s.Frame1, s.Frame2, s.Window = path.Dir(r.img1), n1, n2, max(n1-n2, n2-n1)
	if s.Kind = dataset.KindForward; (n1 > n2) != (s.Closer == dataset.Img1) {
		s.Kind = dataset.KindRegression
	}
	return s
}

// frameNumber is the number at the end of a file's name, as in frame_000012.jpg.
func frameNumber(name string) (int, bool) {
	stem := strings.TrimSuffix(path.Base(name), path.Ext(name))
	digits := stem[len(strings.TrimRight(stem, "0123456789")):]
	n, err := strconv.Atoi(digits)
	return n, err == nil
}
