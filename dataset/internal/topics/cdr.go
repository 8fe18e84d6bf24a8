package topics

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// cdr reads ROS 2's serialisation, plain CDR: numbers are aligned to their size, counted from behind the four bytes that
// tell the order of bytes. The first error stays, and all that is read after it is zero.
type cdr struct {
	data  []byte
	at    int
	order binary.ByteOrder
	err   error
}

func newCDR(b []byte) *cdr {
	if len(b) < 4 {
		return &cdr{err: fmt.Errorf("a message of %d bytes", len(b))}
	}
	switch {
	case b[0] == 0 && b[1] == 0:
		return &cdr{data: b[4:], order: binary.BigEndian}
	case b[0] == 0 && b[1] == 1:
		return &cdr{data: b[4:], order: binary.LittleEndian}
	}
	return &cdr{err: fmt.Errorf("a message in representation %#02x%02x; read is plain CDR", b[0], b[1])}
}

var errShort = errors.New("the message ends too early")

func (r *cdr) take(n int) []byte {
	if r.err == nil && (n < 0 || n > len(r.data)-r.at) {
		r.err = errShort
	}
	if r.err != nil {
		return nil
	}
	r.at += n
	return r.data[r.at-n : r.at]
}

func (r *cdr) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *cdr) uint32() uint32 {
	r.take(-r.at & 3)
	if b := r.take(4); b != nil {
		return r.order.Uint32(b)
	}
	return 0
}

// bytes reads a sequence of bytes.
func (r *cdr) bytes() []byte {
	n := r.uint32()
	if r.err == nil && uint64(n) > uint64(len(r.data)-r.at) {
		r.err = errShort
	}
	return r.take(int(n))
}

// text reads a string, whose length counts the zero at its end.
func (r *cdr) text() string {
	b := r.bytes()
	if len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return string(b)
}

// header passes over a std_msgs/Header.
func (r *cdr) header() {
	r.uint32() // seconds
	r.uint32() // nanoseconds
	r.bytes()  // frame_id
}
