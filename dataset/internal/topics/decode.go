package topics

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/egotsr/egotsr/dataset/internal/picture"
)

// kind is what a channel's messages are to us.
type kind int

const (
	other kind = iota
	compressed
	raw
)

// kindOf goes by the schema's name: ROS 2's as rosbag2 and MCAP write it, with or without "msg", and Foxglove's.
func kindOf(schema, encoding string) kind {
	switch strings.Replace(schema, "/msg/", "/", 1) {
	case "sensor_msgs/CompressedImage", "foxglove.CompressedImage", "foxglove_msgs/CompressedImage":
		return compressed
	case "sensor_msgs/Image", "foxglove.RawImage", "foxglove_msgs/RawImage":
		return raw
	}
	return other
}

// frame is an image message.
type frame struct {
	format              string // compressed only: what its writer says, such as "jpeg" or "rgb8; jpeg compressed bgr8"
	encoding            string // raw only, such as "bgr8"
	width, height, step uint32
	data                []byte
}

func (f *frame) depth() bool {
	return strings.Contains(f.format, "compressedDepth") || strings.HasPrefix(f.format, "16UC1") || f.encoding == "16UC1" || f.encoding == "32FC1"
}

var orders = map[string]picture.Order{"rgb8": picture.RGB, "bgr8": picture.BGR, "rgba8": picture.RGBA, "bgra8": picture.BGRA, "mono8": picture.Grey}

// file is the message as an image file: its own bytes where it holds one, else PNG.
func (f *frame) file() (data []byte, ext string, err error) {
	if f.encoding == "" {
		ext, err = picture.Ext(f.data)
		if err != nil {
			err = fmt.Errorf("format %q: %w", f.format, err)
		}
		return f.data, ext, err
	}
	order, ok := orders[f.encoding]
	if !ok {
		return nil, "", fmt.Errorf("images are encoded as %q; read are rgb8, bgr8, rgba8, bgra8 and mono8", f.encoding)
	}
	// A side or a row beyond this is refused by picture; on a 32-bit machine it must not wrap round before.
	if f.width > math.MaxInt32 || f.height > math.MaxInt32 || f.step > math.MaxInt32 {
		return nil, "", fmt.Errorf("is %d by %d pixels, %d bytes a row", f.width, f.height, f.step)
	}
	data, err = picture.PNG(f.data, int(f.width), int(f.height), int(f.step), order)
	return data, ".png", err
}

// decode reads an image message. Its data is a part of b.
func decode(k kind, encoding string, b []byte) (*frame, error) {
	f := new(frame)
	switch encoding {
	case "cdr":
		return f, f.cdr(k, b)
	case "protobuf":
		return f, f.protobuf(k, b)
	case "json":
		return f, f.json(k, b)
	}
	return nil, fmt.Errorf("messages are encoded as %q; read are cdr (ROS 2), protobuf and json", encoding)
}

func (f *frame) cdr(k kind, b []byte) error {
	r := newCDR(b)
	r.header()
	if k == compressed {
		f.format, f.data = r.text(), r.bytes()
		return r.err
	}
	f.height, f.width = r.uint32(), r.uint32()
	f.encoding = r.text()
	r.byte() // is_bigendian: nothing here is wider than a byte
	f.step, f.data = r.uint32(), r.bytes()
	return f.raw(r.err)
}

// raw makes sure that a raw image says how it is encoded, which is what tells it from a compressed one.
func (f *frame) raw(err error) error {
	if err == nil && f.encoding == "" {
		err = errors.New("an image without an encoding")
	}
	return err
}

// protobuf reads foxglove.CompressedImage and foxglove.RawImage. A field that comes twice counts the last time.
func (f *frame) protobuf(k kind, b []byte) error {
	for len(b) > 0 {
		number, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		var value []byte
		var fixed uint32
		switch wire {
		case protowire.BytesType:
			value, n = protowire.ConsumeBytes(b)
		case protowire.Fixed32Type:
			fixed, n = protowire.ConsumeFixed32(b)
		default:
			n = protowire.ConsumeFieldValue(number, wire, b)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		switch {
		case k == compressed && number == 2 || k == raw && number == 6:
			f.data = value
		case k == compressed && number == 3:
			f.format = string(value)
		case k == raw && number == 2:
			f.width = fixed
		case k == raw && number == 3:
			f.height = fixed
		case k == raw && number == 4:
			f.encoding = string(value)
		case k == raw && number == 5:
			f.step = fixed
		}
	}
	if k == raw {
		return f.raw(nil)
	}
	return nil
}

func (f *frame) json(k kind, b []byte) error {
	var m struct {
		Format, Encoding    string
		Width, Height, Step uint32
		Data                []byte // base64
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	f.data = m.Data
	if k == compressed {
		f.format = m.Format
		return nil
	}
	f.encoding, f.width, f.height, f.step = m.Encoding, m.Width, m.Height, m.Step
	return f.raw(nil)
}

// decodeText reads a message that is one text: std_msgs/String, a JSON string or an object with "data", or protobuf's
// StringValue.
func decodeText(encoding, schema string, b []byte) (string, error) {
	switch encoding {
	case "cdr":
		if strings.Replace(schema, "/msg/", "/", 1) != "std_msgs/String" {
			return "", fmt.Errorf("holds %s, not std_msgs/String", schema)
		}
		r := newCDR(b)
		s := r.text()
		return s, r.err
	case "json":
		var s string
		if json.Unmarshal(b, &s) == nil {
			return s, nil
		}
		var m struct{ Data *string }
		if err := json.Unmarshal(b, &m); err != nil || m.Data == nil {
			return "", fmt.Errorf("holds %.80q, neither a string nor an object with a string \"data\"", b)
		}
		return *m.Data, nil
	case "protobuf":
		if schema != "google.protobuf.StringValue" {
			return "", fmt.Errorf("holds %s, not google.protobuf.StringValue", schema)
		}
		if len(b) == 0 {
			return "", nil // its default
		}
		number, wire, n := protowire.ConsumeTag(b)
		if n < 0 || number != 1 || wire != protowire.BytesType {
			return "", errors.New("is no google.protobuf.StringValue")
		}
		s, n := protowire.ConsumeString(b[n:])
		if n < 0 {
			return "", protowire.ParseError(n)
		}
		return s, nil
	}
	return "", fmt.Errorf("messages are encoded as %q; read are cdr (ROS 2), protobuf and json", encoding)
}
