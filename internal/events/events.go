// Package events writes scalars as TensorBoard event files: TFRecords, each an Event of TensorFlow's event.proto.
package events

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Writer appends to one event file. It is used by one goroutine.
type Writer struct {
	file *os.File
	now  func() time.Time
}

// Open begins a new file in dir, which is made if absent. A run that goes on after a crash begins its file at step:
// TensorBoard then drops what the interrupted one had logged from there on.
func Open(dir string, step int64) (*Writer, error) { return open(dir, step, time.Now) }

func open(dir string, step int64, now func() time.Time) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	// TensorBoard reads files in the order of their names: nanoseconds keep two starts within a second apart.
	at := now()
	name := fmt.Sprintf("events.out.tfevents.%d.%s.%d.%09d", at.Unix(), host, os.Getpid(), at.Nanosecond())
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	w := &Writer{f, now}
	version := protowire.AppendString(protowire.AppendTag(nil, 3, protowire.BytesType), "brain.Event:2")
	start := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1) // SessionLog.START
	session := protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), start)
	for _, payload := range []struct {
		step int64
		what []byte
	}{{0, version}, {step, session}} {
		if err := w.event(payload.step, payload.what); err != nil {
			f.Close()
			return nil, err
		}
	}
	return w, nil
}

// Scalars logs values under their tags at a step. Each call is one write, so a killed process tears at most one event.
func (w *Writer) Scalars(step int64, values map[string]float64) error {
	var summary []byte
	for _, tag := range slices.Sorted(maps.Keys(values)) {
		value := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), tag)
		value = protowire.AppendFixed32(protowire.AppendTag(value, 2, protowire.Fixed32Type), math.Float32bits(float32(values[tag])))
		summary = protowire.AppendBytes(protowire.AppendTag(summary, 1, protowire.BytesType), value)
	}
	return w.event(step, protowire.AppendBytes(protowire.AppendTag(nil, 5, protowire.BytesType), summary))
}

// event writes one Event: wall time, step, and what it carries.
func (w *Writer) event(step int64, what []byte) error {
	seconds := float64(w.now().UnixMicro()) / 1e6
	e := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), math.Float64bits(seconds))
	e = protowire.AppendVarint(protowire.AppendTag(e, 2, protowire.VarintType), uint64(step))
	_, err := w.file.Write(record(append(e, what...)))
	return err
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

// Close closes the file.
func (w *Writer) Close() error { return w.file.Close() }
