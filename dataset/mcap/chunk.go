package mcap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/foxglove/mcap/go/mcap"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// chunkHead is what a chunk says of its records.
type chunkHead struct {
	size        uint64 // of the records, decompressed
	crc         uint32 // of the same; 0 = unknown
	compression string
}

// parseChunk splits a chunk into its head and its records. Those of one that is cut short end early. The library's own
// ParseChunk believes the lengths it finds.
func parseChunk(b []byte, cut bool) (h chunkHead, records []byte, err error) {
	const times = 16 // of the first and the last message
	short := errors.New("a chunk's head is not whole")
	if len(b) < times+8+4+4 {
		return h, nil, short
	}
	h.size, h.crc = binary.LittleEndian.Uint64(b[times:]), binary.LittleEndian.Uint32(b[times+8:])
	n := binary.LittleEndian.Uint32(b[times+12:])
	b = b[times+16:]
	if uint64(n)+8 > uint64(len(b)) {
		return h, nil, short
	}
	h.compression = string(b[:n])
	length := binary.LittleEndian.Uint64(b[n:])
	b = b[n+8:]
	if cut {
		return h, b[:min(length, uint64(len(b)))], nil
	}
	if length > uint64(len(b)) {
		return h, nil, fmt.Errorf("a chunk with %d bytes of records, of which %d are there", length, len(b))
	}
	return h, b[:length], nil
}

// check compares a chunk's records with what its head says of them.
func (h *chunkHead) check(data []byte) error {
	if uint64(len(data)) != h.size {
		return fmt.Errorf("a chunk of %d bytes became %d", h.size, len(data))
	}
	if got := crc32.ChecksumIEEE(data); h.crc != 0 && got != h.crc {
		return fmt.Errorf("a chunk's checksum is %08x, not %08x", got, h.crc)
	}
	return nil
}

// decompressor is for one goroutine. The zero value is ready.
type decompressor struct {
	zstd *zstd.Decoder
	out  bytes.Buffer
}

// decompress gives a chunk's records, in into or in a buffer that the next call uses again. Where the data ends or breaks,
// it gives what comes before, and an error.
func (d *decompressor) decompress(compression string, records []byte, into *bytes.Buffer) ([]byte, error) {
	if into == nil {
		into = &d.out
	}
	into.Reset()
	var r io.Reader
	switch mcap.CompressionFormat(compression) {
	case mcap.CompressionNone:
		return records, nil
	case mcap.CompressionLZ4:
		r = lz4.NewReader(bytes.NewReader(records))
	case mcap.CompressionZSTD:
		if d.zstd == nil {
			// The window is memory that a frame's header asks for.
			decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
			if err != nil {
				return nil, err
			}
			d.zstd = decoder
		}
		if err := d.zstd.Reset(bytes.NewReader(records)); err != nil {
			return nil, err
		}
		r = d.zstd
	default:
		return nil, fmt.Errorf("a chunk is compressed by %q; zstd, lz4 and none are read", compression)
	}
	n, err := io.Copy(into, io.LimitReader(r, maxRecord+1))
	if err == nil && n > maxRecord {
		err = fmt.Errorf("a chunk of more than %d bytes", maxRecord)
	}
	return into.Bytes(), err
}

func (d *decompressor) close() {
	if d.zstd != nil {
		d.zstd.Close()
	}
}
