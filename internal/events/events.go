// Package events writes scalars as TensorBoard event files: TFRecords, each an Event of TensorFlow's event.proto.
package events

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// Writer appends to one event file. It is used by one goroutine at a time.
type Writer struct {
	file file
	path string
	size int64 // of the whole records so far
	now  func() time.Time
}

// file is what a Writer needs of an *os.File.
type file interface {
	io.WriterAt
	io.Closer
	Sync() error
}

// Open begins a new file in dir, which is made if absent. A run that goes on after a crash begins its file at step:
// TensorBoard then drops what the interrupted one had logged from there on. (Its fast loader, the default, does so a tag at
// a time, when it finds the tag again at an earlier step or the same; without it, or with EventAccumulator, at once.)
func Open(dir string, step int64) (*Writer, error) { return open(dir, step, time.Now, create) }

// create makes a file that must not be there yet.
func create(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

func open(dir string, step int64, now func() time.Time, create func(path string) (file, error)) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("log events to %s: %w", dir, err)
	}
	name, err := newName(dir, now())
	if err != nil {
		return nil, fmt.Errorf("log events to %s: %w", dir, err)
	}
	w := &Writer{path: filepath.Join(dir, name), now: now}
	if w.file, err = create(w.path); err != nil {
		return nil, w.failed(err)
	}
	version := protowire.AppendString(protowire.AppendTag(nil, 3, protowire.BytesType), "brain.Event:2")
	start := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1) // SessionLog.START
	session := protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), start)
	if err := w.append(append(w.event(0, version), w.event(step, session)...)); err != nil {
		return nil, errors.Join(err, w.file.Close(), os.Remove(w.path))
	}
	return w, nil
}

const prefix = "events.out.tfevents."

// newName names a file that comes after all event files of dir. TensorBoard reads files in the order of their names, and
// what a resumed run drops must have been read before: where the clock went back, or another process began a file within
// this very second, the name is a second later than the last.
func newName(dir string, at time.Time) (string, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	second := at.Unix()
	for _, e := range entries {
		stamp, rest, _ := strings.Cut(strings.TrimPrefix(e.Name(), prefix), ".")
		last, err := strconv.ParseInt(stamp, 10, 64)
		if err == nil && rest != "" && strings.HasPrefix(e.Name(), prefix) && last < math.MaxInt64 {
			second = max(second, last+1)
		}
	}
	return fmt.Sprintf("%s%010d.%s.%d.%09d", prefix, second, host, os.Getpid(), at.Nanosecond()), nil
}

// Scalars logs values under their tags at a step, as one event; values may be infinite or no numbers. The event goes to
// the operating system in one write: a killed process tears at most the last one, and an event that could not be written
// is overwritten by the next.
func (w *Writer) Scalars(step int64, values map[string]float64) error {
	if len(values) == 0 {
		return nil
	}
	var summary []byte
	for _, tag := range slices.Sorted(maps.Keys(values)) {
		if !utf8.ValidString(tag) {
			return w.failed(fmt.Errorf("tag %q is not UTF-8", tag)) // readers refuse the event, some of them the file
		}
		value := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), tag)
		value = protowire.AppendFixed32(protowire.AppendTag(value, 2, protowire.Fixed32Type), math.Float32bits(float32(values[tag])))
		summary = protowire.AppendBytes(protowire.AppendTag(summary, 1, protowire.BytesType), value)
	}
	return w.append(w.event(step, protowire.AppendBytes(protowire.AppendTag(nil, 5, protowire.BytesType), summary)))
}

// Flush puts what was logged on the disk, where it survives the machine. Readers, and whatever survives the process only,
// need none.
func (w *Writer) Flush() error { return w.failed(w.file.Sync()) }

// Close flushes and closes the file.
func (w *Writer) Close() error { return w.failed(errors.Join(w.file.Sync(), w.file.Close())) }

// append writes records after the whole ones, so that no torn one is ever in the middle.
func (w *Writer) append(records []byte) error {
	if _, err := w.file.WriteAt(records, w.size); err != nil {
		return w.failed(err)
	}
	w.size += int64(len(records))
	return nil
}

// failed says which file an error is about.
func (w *Writer) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("log events to %s: %w", w.path, err)
}

// event gives the record of one Event: wall time, step, and what it carries.
func (w *Writer) event(step int64, what []byte) []byte {
	seconds := float64(w.now().UnixMicro()) / 1e6
	e := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), math.Float64bits(seconds))
	if step != 0 { // protobuf leaves zeros out
		e = protowire.AppendVarint(protowire.AppendTag(e, 2, protowire.VarintType), uint64(step))
	}
	return record(append(e, what...))
}

// record frames data as a TFRecord: length, checksum of the length, data, checksum of the data.
func record(data []byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	out = binary.LittleEndian.AppendUint32(out, masked(out))
	out = append(out, data...)
	return binary.LittleEndian.AppendUint32(out, masked(data))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is TFRecord's checksum: CRC-32C rotated and shifted, so that a checksum of checksums stays good.
func masked(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}
