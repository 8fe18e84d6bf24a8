package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Columns of the reference's CSV files. The paths are of images in spite of their names.
const (
	colImg1    = "video_path1"
	colImg2    = "video_path2"
	colTask    = "task_name"
	colCloser  = "target"
	colDetails = "spatial_details"
	colPrompt  = "prompt"
	colExtra   = "extra" // ours: an object of the fields that have no column
)

// csvColumns are the columns that are always written; fields of Sample.Extra that the first sample has follow.
func csvColumns() []string {
	columns := []string{colImg1, colImg2, colTask, colCloser, colDetails, colPrompt}
	for _, o := range ours(&Sample{}) {
		columns = append(columns, o.name)
	}
	return append(columns, colExtra)
}

// csvHeader reads the names of the columns.
func csvHeader(record []byte, comma byte) ([]string, error) {
	columns, err := csvFields(record, comma)
	if err != nil {
		return nil, err
	}
	for i, name := range columns {
		if !utf8.ValidString(name) {
			return nil, errors.New("the header is not UTF-8")
		}
		columns[i] = strings.TrimSpace(name)
		if columns[i] != "" && slices.Contains(columns[:i], columns[i]) {
			return nil, fmt.Errorf("two columns %q", columns[i])
		}
	}
	for _, name := range []string{colImg1, colImg2, colTask} {
		if !slices.Contains(columns, name) {
			return nil, fmt.Errorf("no column %s among %q, whose names are separated by commas, semicolons or tabs", name, columns)
		}
	}
	return columns, nil
}

// tableKind tells by the first line of a table what separates its cells.
func tableKind(head []byte) kind {
	for _, k := range []kind{semicolonKind, tabKind} {
		if columns, err := csvHeader(skipBlank(head, k.comma()), k.comma()); err == nil && len(columns) > 1 {
			return k
		}
	}
	return csvKind
}

// skipBlank takes off the rows of nothing before the first record.
func skipBlank(head []byte, comma byte) []byte {
	for {
		row, rest, more := bytes.Cut(head, []byte("\n"))
		if !more || len(bytes.Trim(row, " \t\r"+string(comma))) > 0 {
			return head
		}
		head = rest
	}
}

// csvFields splits the first of some records, whose others are rows of nothing. Unlike encoding/csv it keeps a carriage return inside
// quotes, so that every text survives, and takes a quote inside an unquoted field as itself, as Python does.
func csvFields(record []byte, comma byte) ([]string, error) {
	record = bytes.TrimSuffix(record, []byte("\n"))
	record = bytes.TrimSuffix(record, []byte("\r"))
	var out []string
	for {
		if len(record) == 0 || record[0] != '"' {
			i := bytes.IndexByte(record, comma)
			if end := bytes.IndexByte(record, '\n'); end >= 0 && (i < 0 || end < i) {
				return append(out, string(bytes.TrimSuffix(record[:end], []byte("\r")))), nil
			}
			if i < 0 {
				return append(out, string(record)), nil
			}
			out, record = append(out, string(record[:i])), record[i+1:]
			continue
		}
		var text []byte
		for record = record[1:]; ; record = record[1:] {
			i := bytes.IndexByte(record, '"')
			if i < 0 {
				return nil, fmt.Errorf("column %d: a quote is not closed", len(out)+1)
			}
			text, record = append(text, record[:i]...), record[i+1:]
			if len(record) == 0 || record[0] != '"' {
				break
			}
			text = append(text, '"')
		}
		out = append(out, string(text))
		if len(record) == 0 || record[0] == '\n' || bytes.HasPrefix(record, []byte("\r\n")) {
			return out, nil
		}
		if record[0] != comma {
			return nil, fmt.Errorf("column %d: %q follows the closing quote", len(out), record[0])
		}
		record = record[1:]
	}
}

// decodeRecord reads one sample of a CSV file. What stands in columns without a name is an index, or nothing.
func decodeRecord(columns []string, record []byte, comma byte) (s Sample, err error) {
	if !utf8.Valid(record) {
		return s, errors.New("is not UTF-8")
	}
	cells, err := csvFields(record, comma)
	if err != nil {
		return s, err
	}
	for len(cells) > len(columns) && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) != len(columns) {
		return s, fmt.Errorf("has %d columns, not %d", len(cells), len(columns))
	}
	f := fields{}
	texts := map[string]bool{}
	for _, o := range ours(&s) {
		_, texts[o.name] = o.value.(*string)
	}
	var extra fields
	for i, name := range columns {
		cell := cells[i]
		switch {
		case name == "":
		case name == colImg1:
			s.Img1, err = imagePath(cell)
		case name == colImg2:
			s.Img2, err = imagePath(cell)
		case name == colTask:
			s.Task = cell
		case name == colCloser:
			s.Closer, err = answer(cell)
		case name == colPrompt:
			s.Prompt = Prompt(cell)
		case cell == "":
		case name == colDetails:
			if rest := s.takeDetails(cellJSON(cell)); rest != nil {
				f[keyTarget] = marshal(fields{keyDetails: rest})
			}
		case name == colExtra && json.Unmarshal([]byte(cell), &extra) == nil:
		case texts[name]:
			f[name] = appendString(nil, cell)
		default:
			f[name] = cellJSON(cell)
		}
		if err != nil {
			return s, fmt.Errorf("%s: %w", name, err)
		}
	}
	s.take(f)
	for name, raw := range extra {
		if name == keyTarget && f[name] != nil { // the details have a column, the rest of the target has none
			var target fields
			if json.Unmarshal(raw, &target) == nil && target != nil {
				_ = json.Unmarshal(f[name], &target)
				raw = marshal(target)
			}
		}
		f[name] = raw
	}
	s.Extra = f.keep()
	return s, nil
}

// cellJSON is the value of a cell: itself where it is JSON in its shortest form, else a text. A text in JSON's quotes is
// taken for JSON only if it would be something else without them, so that every cell is written back as it was.
func cellJSON(cell string) json.RawMessage {
	text := appendString(nil, cell)
	if !json.Valid([]byte(cell)) || string(compacted([]byte(cell))) != cell {
		return text
	}
	if cell[0] == '"' && cellOf([]byte(cell)) != cell {
		return text
	}
	return json.RawMessage(cell)
}

// cellOf is the cell that cellJSON reads as this value.
func cellOf(raw json.RawMessage) string {
	var text string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		return string(compacted(raw))
	}
	if quoted := appendString(nil, text); text == "" || !bytes.Equal(cellJSON(text), quoted) {
		return string(quoted)
	}
	return text
}

// encodeRecord gives the cells of a sample in the order of the columns.
func encodeRecord(columns []string, s *Sample) ([]string, error) {
	if err := s.writable(); err != nil {
		return nil, err
	}
	rest, details, err := restOfTarget(s)
	if err != nil {
		return nil, err
	}
	cells := map[string]string{
		colImg1: writtenPath(s.Img1), colImg2: writtenPath(s.Img2), colTask: s.Task, colCloser: s.Closer, colPrompt: string(s.Prompt),
	}
	if details != nil {
		cells[colDetails] = cellOf(details)
	}
	for _, o := range ours(s) {
		if p, ok := o.value.(*string); ok {
			cells[o.name] = *p
		} else if text := o.text(); text != nil {
			cells[o.name] = string(text)
		}
	}
	extra := fields{}
	fixed := csvColumns()
	for name, raw := range s.Extra {
		switch {
		case name == keyTarget:
			if len(rest) > 0 {
				extra[name] = marshal(rest)
			}
		case slices.Contains(columns, name) && !slices.Contains(fixed, name):
			cells[name] = cellOf(raw)
		default:
			extra[name] = raw
		}
	}
	if len(extra) > 0 {
		cells[colExtra] = string(marshal(extra))
	}
	out := make([]string, len(columns))
	for i, name := range columns {
		out[i] = cells[name]
	}
	return out, nil
}

// extraColumns are the names of a sample's extra fields that can be columns.
func extraColumns(s *Sample) (columns []string) {
	fixed := csvColumns()
	for _, name := range fields(s.Extra).names() {
		if name != "" && name == strings.TrimSpace(name) && !slices.Contains(fixed, name) && name != keyMessages {
			columns = append(columns, name)
		}
	}
	return columns
}
