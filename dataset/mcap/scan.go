package mcap

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/foxglove/mcap/go/mcap"

	"github.com/egotsr/egotsr/dataset/internal/topics"
)

// headLen is the length of what stands before every record: its kind, and its length in eight bytes.
const headLen = 9

// maxRecord is the longest record, and the longest chunk once it is decompressed, that is taken into memory.
const maxRecord = 1 << 30

// scanner lists the messages of one file.
type scanner struct {
	src  *source
	log  *topics.Log
	file int // in src

	in       *bufio.Reader
	at, size int64 // in the file
	schemas  map[uint16]string
	channels map[uint16]*topics.Channel
	record   bytes.Buffer
	chunk    decompressor
}

// scan lists a file's messages, up to its end or its damage.
func (s *scanner) scan() error {
	name := s.src.files[s.file]
	f, err := os.Open(name)
	if err != nil {
		return wrap(name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return wrap(name, err)
	}
	defer s.chunk.close()
	s.in, s.size = bufio.NewReaderSize(f, 1<<20), info.Size()
	s.schemas, s.channels = map[uint16]string{}, map[uint16]*topics.Channel{}
	magic := make([]byte, len(mcap.Magic))
	if n, err := io.ReadFull(s.in, magic); err != nil || !bytes.Equal(magic, mcap.Magic) {
		return wrap(name, fmt.Errorf("is no MCAP file: it begins with %q", magic[:n]))
	}
	s.at = int64(len(magic))
	whole := s.src.plain(s.file)
	for {
		from := s.at
		op, n, err := s.head()
		if err == nil && (op == mcap.OpDataEnd || op == mcap.OpFooter) {
			return nil
		}
		if err == nil {
			err = s.next(op, n, whole)
		}
		if t := (*topics.Error)(nil); errors.As(err, &t) {
			return wrap(name, err)
		}
		if err != nil {
			return &DamageError{File: name, Offset: from, Err: err}
		}
	}
}

func (s *scanner) head() (op mcap.OpCode, n uint64, err error) {
	var head [headLen]byte
	if _, err := io.ReadFull(s.in, head[:]); err != nil {
		return 0, 0, errors.New("the file ends without a footer")
	}
	s.at += headLen
	return mcap.OpCode(head[0]), binary.LittleEndian.Uint64(head[1:]), nil
}

// next reads a record of the file itself, of n bytes.
func (s *scanner) next(op mcap.OpCode, n uint64, whole int32) error {
	left := s.size - s.at
	if n > math.MaxInt64 || int64(n) > left {
		err := fmt.Errorf("a record of %d bytes, of which %d are there", n, left)
		if op == mcap.OpChunk && left <= maxRecord {
			if _, e := s.read(left); e == nil {
				s.readChunk(true) // what can be had; err says that it is not all
			}
		}
		return err
	}
	switch op {
	case mcap.OpReserved:
		return errors.New("a record of kind 0")
	case mcap.OpSchema, mcap.OpChannel, mcap.OpMessage, mcap.OpChunk:
		if n > maxRecord {
			return fmt.Errorf("a record of %d bytes; at most %d are read", n, maxRecord)
		}
	default:
		return s.skip(int64(n))
	}
	at := s.at
	data, err := s.read(int64(n))
	if err != nil {
		return err
	}
	if op == mcap.OpChunk {
		return s.readChunk(false)
	}
	return s.entry(op, data, whole, at)
}

func (s *scanner) skip(n int64) error {
	for n > 0 {
		k, err := s.in.Discard(int(min(n, math.MaxInt32)))
		s.at, n = s.at+int64(k), n-int64(k)
		if err != nil {
			return err
		}
	}
	return nil
}

// read takes a record into s.record, which grows as it comes.
func (s *scanner) read(n int64) ([]byte, error) {
	s.record.Reset()
	k, err := io.CopyN(&s.record, s.in, n)
	s.at += k
	return s.record.Bytes(), err
}

// readChunk lists the messages of the chunk that is in s.record. Of one that is cut short it takes what is whole.
func (s *scanner) readChunk(cut bool) error {
	h, records, err := parseChunk(s.record.Bytes(), cut)
	if err != nil {
		return err
	}
	data, err := s.chunk.decompress(h.compression, records, nil)
	if !cut {
		if err == nil {
			err = h.check(data)
		}
		if err != nil {
			return err
		}
	}
	c := s.src.add(chunk{
		file: s.file, offset: s.at - int64(len(records)), length: int64(len(records)), compression: h.compression, cut: cut,
	})
	for at := 0; at < len(data); {
		if len(data)-at < headLen {
			return errors.New("a chunk's last record is not whole")
		}
		op, n := mcap.OpCode(data[at]), binary.LittleEndian.Uint64(data[at+1:])
		at += headLen
		if n > uint64(len(data)-at) {
			return fmt.Errorf("a record of %d bytes in a chunk with %d left", n, len(data)-at)
		}
		if err := s.entry(op, data[at:at+int(n)], c, int64(at)); err != nil {
			return err
		}
		at += int(n)
	}
	return nil
}

// entry takes in a record of any place that is a schema, a channel or a message.
func (s *scanner) entry(op mcap.OpCode, data []byte, c int32, at int64) error {
	switch op {
	case mcap.OpSchema:
		schema, err := mcap.ParseSchema(data)
		if err != nil {
			return err
		}
		s.schemas[schema.ID] = schema.Name
	case mcap.OpChannel:
		channel, err := mcap.ParseChannel(data)
		if err != nil {
			return err
		}
		if _, again := s.channels[channel.ID]; !again {
			s.channels[channel.ID] = s.log.Channel(channel.Topic, s.schemas[channel.SchemaID], channel.MessageEncoding)
		}
	case mcap.OpMessage:
		var m mcap.Message
		if err := m.PopulateFrom(data, false); err != nil {
			return err
		}
		channel := s.channels[m.ChannelID]
		if channel == nil {
			return fmt.Errorf("a message on channel %d, which is not told of before", m.ChannelID)
		}
		if !channel.Wanted() {
			return nil
		}
		ref := s.src.message(message{c, at + int64(len(data)-len(m.Data)), int64(len(m.Data))})
		return channel.Add(int64(min(m.LogTime, math.MaxInt64)), ref, func() ([]byte, error) { return m.Data, nil })
	}
	return nil
}
