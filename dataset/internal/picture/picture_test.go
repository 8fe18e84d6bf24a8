package picture

import (
	"bytes"
	"image/color"
	"image/png"
	"testing"
)

// Two rows of two pixels, padded by a byte; each order shows the same colours.
func TestPNG(t *testing.T) {
	rgb := [][3]byte{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {10, 11, 12}}
	for order, write := range map[Order]func(p [3]byte) []byte{
		RGB:  func(p [3]byte) []byte { return p[:] },
		BGR:  func(p [3]byte) []byte { return []byte{p[2], p[1], p[0]} },
		RGBA: func(p [3]byte) []byte { return []byte{p[0], p[1], p[2], 0} },
		BGRA: func(p [3]byte) []byte { return []byte{p[2], p[1], p[0], 77} },
		Grey: func(p [3]byte) []byte { return p[:1] },
	} {
		var raw []byte
		for k, p := range rgb {
			raw = append(raw, write(p)...)
			if k == 1 {
				raw = append(raw, 99) // a row's padding; the last row has none
			}
		}
		data, err := PNG(raw, 2, 2, 2*order.Size()+1, order)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for k, p := range rgb {
			want := color.RGBA{p[0], p[1], p[2], 255}
			if order == Grey {
				want = color.RGBA{p[0], p[0], p[0], 255}
			}
			if got := color.RGBAModel.Convert(img.At(k%2, k/2)); got != want {
				t.Errorf("order %d, pixel %d: %v, want %v", order, k, got, want)
			}
		}
		if ext, err := Ext(data); ext != ".png" || err != nil {
			t.Errorf("%q, %v", ext, err)
		}
		if _, err := PNG(raw[:len(raw)-1], 2, 2, 2*order.Size()+1, order); err == nil {
			t.Errorf("order %d: a byte less is enough", order)
		}
	}
}

func FuzzPNG(f *testing.F) {
	f.Add([]byte("abcdef"), 2, 1, 6, 0)
	f.Add([]byte("abcdef"), 1<<30, 1<<30, -1, 3)
	f.Fuzz(func(t *testing.T, pixels []byte, width, height, step, order int) {
		data, err := PNG(pixels, width, height, step, Order(uint(order)%5))
		if err == nil {
			if c, err := png.DecodeConfig(bytes.NewReader(data)); err != nil || c.Width != width || c.Height != height {
				t.Errorf("%d by %d became %+v, %v", width, height, c, err)
			}
		}
		Ext(pixels)
	})
}
