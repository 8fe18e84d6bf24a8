package mcap

import (
	"bytes"
	"fmt"
	"os"

	"github.com/egotsr/egotsr/dataset/internal/topics"
)

// source knows where every message lies. It is a topics.Source.
type source struct {
	files    []string
	chunks   []chunk
	messages []message
}

// chunk is where the records of a chunk lie, or a whole file of records without chunks.
type chunk struct {
	file           int
	plain          bool // a whole file
	offset, length int64
	compression    string
	cut            bool
}

// message is where a message's data lies: in its chunk once that is decompressed, or in the file.
type message struct {
	chunk      int32
	at, length int64
}

func (s *source) add(c chunk) int32 {
	s.chunks = append(s.chunks, c)
	return int32(len(s.chunks) - 1)
}

func (s *source) plain(file int) int32 { return s.add(chunk{file: file, plain: true}) }

func (s *source) message(m message) int {
	s.messages = append(s.messages, m)
	return len(s.messages) - 1
}

func (s *source) Files() []string { return s.files }

func (s *source) Open() (topics.Reader, error) {
	return &reader{source: s, chunk: -1, opened: -1}, nil
}

// reader holds the file and the chunk it read from last.
type reader struct {
	*source
	file   *os.File
	opened int // which file
	chunk  int32
	data   []byte // of the chunk
	decompressor
}

// Message is the data of a message. It stays as it is when others are read.
func (r *reader) Message(ref int) ([]byte, error) {
	m := r.messages[ref]
	c := &r.chunks[m.chunk]
	if r.opened != c.file {
		if err := r.Close(); err != nil {
			return nil, err
		}
		f, err := os.Open(r.files[c.file])
		if err != nil {
			return nil, err
		}
		r.file, r.opened = f, c.file
	}
	if c.plain {
		data := make([]byte, m.length)
		_, err := r.file.ReadAt(data, m.at)
		return data, err
	}
	if r.chunk != m.chunk {
		records := make([]byte, c.length)
		if _, err := r.file.ReadAt(records, c.offset); err != nil {
			return nil, err
		}
		data, err := r.decompress(c.compression, records, new(bytes.Buffer))
		if err != nil && !c.cut {
			return nil, err
		}
		r.chunk, r.data = m.chunk, data
	}
	if m.at+m.length > int64(len(r.data)) {
		return nil, fmt.Errorf("its chunk has %d bytes now, and had %d: the file has changed", len(r.data), m.at+m.length)
	}
	return r.data[m.at : m.at+m.length : m.at+m.length], nil
}

// Close lets go of the file. Reading on opens it again.
func (r *reader) Close() error {
	r.close()
	r.zstd = nil
	r.opened, r.chunk = -1, -1
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}
