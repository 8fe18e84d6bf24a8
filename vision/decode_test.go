package vision

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"runtime/metrics"
	"testing"
)

// allocated is how many bytes the heap has given out since the program began.
func allocated() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// bombs are small files whose headers promise the most pixels their formats can.
func bombs(t testing.TB) map[string][]byte {
	var p, j bytes.Buffer
	dot := image.NewGray(image.Rect(0, 0, 1, 1))
	if err := errors.Join(png.Encode(&p, dot), jpeg.Encode(&j, dot, nil)); err != nil {
		t.Fatal(err)
	}
	binary.BigEndian.PutUint32(p.Bytes()[16:], 30000)
	binary.BigEndian.PutUint32(p.Bytes()[20:], 30000)
	// The checksum of the header chunk, so that it is the size which is refused.
	binary.BigEndian.PutUint32(p.Bytes()[29:], crc32.ChecksumIEEE(p.Bytes()[12:29]))
	frame := bytes.Index(j.Bytes(), []byte{0xff, 0xc0})
	huge, large := bytes.Clone(j.Bytes()), bytes.Clone(j.Bytes())
	binary.BigEndian.PutUint32(huge[frame+5:], 0xffffffff)
	binary.BigEndian.PutUint32(large[frame+5:], 9000<<16|9000)
	return map[string][]byte{"png": p.Bytes(), "jpeg": huge, "jpeg cut short": large}
}

func TestDecodeBombs(t *testing.T) {
	for name, data := range bombs(t) {
		before := allocated()
		_, err := Decode(data)
		var size *SizeError
		var format *FormatError
		switch name {
		case "png":
			if !errors.As(err, &size) || size.W != 30000 || size.H != 30000 {
				t.Errorf("%s: %v, want a *SizeError", name, err)
			}
		case "jpeg":
			if !errors.As(err, &size) || size.W != 65535 || size.H != 65535 {
				t.Errorf("%s: %v, want a *SizeError", name, err)
			}
		default:
			if !errors.As(err, &format) {
				t.Errorf("%s: %v, want a *FormatError", name, err)
			}
		}
		if n := allocated() - before; n > 1<<20 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := read(t, golden+"/images/tiny_9x13.png")
	for name, data := range map[string][]byte{"nothing": nil, "text": []byte("not an image"), "half": good[:len(good)/2]} {
		var format *FormatError
		if img, err := Decode(data); !errors.As(err, &format) || img != nil {
			t.Errorf("%s: %v, %v", name, img, err)
		}
	}
}

// TestDecodePanics: a decoder's panic is an error. No known file makes one of ours panic, so a format that does is
// registered.
func TestDecodePanics(t *testing.T) {
	config := func(r io.Reader) (image.Config, error) { return image.Config{Width: 1, Height: 1}, nil }
	image.RegisterFormat("broken", "BROKEN", func(r io.Reader) (image.Image, error) { panic("index out of range") }, config)
	var format *FormatError
	if _, err := Decode([]byte("BROKEN")); !errors.As(err, &format) || format.What != "broken" {
		t.Errorf("%v, want a *FormatError", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range formatCases(f) {
		f.Add(c.Data)
	}
	for _, data := range bombs(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		config, _, err := image.DecodeConfig(bytes.NewReader(data))
		pixels := 0 // that Decode has a reason to allocate
		if err == nil && config.Width > 0 && config.Height > 0 && config.Width <= maxPixels/config.Height {
			pixels = config.Width * config.Height
		}
		if pixels > 1<<21 {
			return // allowed, and too slow for a fuzzer
		}
		before := allocated()
		img, err := Decode(data)
		if n := allocated() - before; n > 8<<20+64*int64(pixels)+4096*int64(len(data)) {
			t.Fatalf("%d bytes allocated for %d bytes of %d pixels", n, len(data), pixels)
		}
		var size *SizeError
		var format *FormatError
		if err != nil {
			if !errors.As(err, &size) && !errors.As(err, &format) || img != nil {
				t.Fatalf("%v with untyped error %v", img, err)
			}
			return
		}
		p := Default()
		p.MaxPixels = 1 << 16
		if _, err := p.Patches(img); err != nil && !errors.As(err, &size) {
			t.Fatalf("untyped error %v", err)
		}
	})
}
