package vision

import (
	"crypto/sha256"
	"encoding/binary"
	"image"
	"image/color"
)

// RGB is an image of 8-bit red, green and blue.
type RGB struct {
	W, H int     // pixels
	Pix  []uint8 // [H, W, 3]
}

// Hash names the content: equal for equal sizes and pixels. It is the SHA-256 of the two sides, each as eight
// little-endian bytes, and the pixels.
func (m *RGB) Hash() [32]byte {
	h := sha256.New()
	var size [16]byte
	binary.LittleEndian.PutUint64(size[:8], uint64(m.W))
	binary.LittleEndian.PutUint64(size[8:], uint64(m.H))
	h.Write(size[:])
	h.Write(m.Pix)
	return [32]byte(h.Sum(nil))
}

// Flat reports whether an image shows next to nothing, as under a cap or where a camera failed: in every channel, nine tenths of
// the pixels are within 16 levels. The rest may be noise.
func (m *RGB) Flat() bool {
	for c := range 3 {
		var count [256]int
		for i := c; i < len(m.Pix); i += 3 {
			count[m.Pix[i]]++
		}
		margin := m.W * m.H / 20
		low, high := 0, 255
		for below := count[0]; low < 255 && below <= margin; below += count[low] {
			low++
		}
		for above := count[255]; high > 0 && above <= margin; above += count[high] {
			high--
		}
		if high-low > 16 {
			return false
		}
	}
	return true
}

// ToRGB converts as Pillow's convert("RGB") does; what is transparent is first laid over white, as the EgoTSR reference
// does. 16-bit gray is clipped to 255, as there; other 16-bit colours keep their high byte. A *image.YCbCr is taken for a
// JPEG's. The result shares no memory with img.
func ToRGB(img image.Image) *RGB {
	b := img.Bounds()
	m := &RGB{W: b.Dx(), H: b.Dy(), Pix: make([]uint8, 3*b.Dx()*b.Dy())}
	switch src := img.(type) {
	case *image.YCbCr:
		m.fromYCbCr(src)
	case *image.NYCbCrA:
		m.fromYCbCr(&src.YCbCr)
		m.rows(func(y int, row []uint8) {
			alpha := src.A[src.AOffset(b.Min.X, b.Min.Y+y):]
			for x := range m.W {
				p := row[3*x:]
				p[0], p[1], p[2] = overWhite(p[0], p[1], p[2], alpha[x])
			}
		})
	case *image.Gray:
		m.rows(func(y int, row []uint8) {
			for x, v := range src.Pix[src.PixOffset(b.Min.X, b.Min.Y+y):][:m.W] {
				p := row[3*x : 3*x+3 : 3*x+3]
				p[0], p[1], p[2] = v, v, v
			}
		})
	case *image.Gray16:
		m.rows(func(y int, row []uint8) {
			for x := range m.W {
				v := uint8(min(255, src.Gray16At(b.Min.X+x, b.Min.Y+y).Y))
				row[3*x], row[3*x+1], row[3*x+2] = v, v, v
			}
		})
	case *image.RGBA:
		m.rows(func(y int, row []uint8) {
			fromFours(row, src.Pix[src.PixOffset(b.Min.X, b.Min.Y+y):], func(r, g, b, a uint8) (uint8, uint8, uint8) {
				// The colour is already weighed with alpha; a broken one above it must not wrap around.
				return 255 - a + min(r, a), 255 - a + min(g, a), 255 - a + min(b, a)
			})
		})
	case *image.NRGBA:
		m.rows(func(y int, row []uint8) {
			fromFours(row, src.Pix[src.PixOffset(b.Min.X, b.Min.Y+y):], overWhite)
		})
	case *image.Paletted:
		palette := make([][3]uint8, 256)
		for i, c := range src.Palette {
			palette[i][0], palette[i][1], palette[i][2] = fromColor(c)
		}
		m.rows(func(y int, row []uint8) {
			for x, i := range src.Pix[src.PixOffset(b.Min.X, b.Min.Y+y):][:m.W] {
				p, c := row[3*x:3*x+3:3*x+3], &palette[i]
				p[0], p[1], p[2] = c[0], c[1], c[2]
			}
		})
	case *image.CMYK:
		m.rows(func(y int, row []uint8) {
			in := src.Pix[src.PixOffset(b.Min.X, b.Min.Y+y):]
			for x := range m.W {
				// Pillow's cmyk2rgb: each ink over paper, times black.
				p, k := in[4*x:4*x+4], 255-in[4*x+3]
				row[3*x], row[3*x+1], row[3*x+2] = mul255(255-p[0], k), mul255(255-p[1], k), mul255(255-p[2], k)
			}
		})
	default:
		m.rows(func(y int, row []uint8) {
			for x := range m.W {
				row[3*x], row[3*x+1], row[3*x+2] = fromColor(img.At(b.Min.X+x, b.Min.Y+y))
			}
		})
	}
	return m
}

func (m *RGB) rows(fill func(y int, row []uint8)) {
	if m.W == 0 {
		return
	}
	for y := range m.H {
		fill(y, m.Pix[3*m.W*y:][:3*m.W])
	}
}

// fromFours converts a row of four bytes a pixel; blend is called where alpha is not full.
func fromFours(row, in []uint8, blend func(r, g, b, a uint8) (uint8, uint8, uint8)) {
	in = in[:len(row)/3*4]
	for len(row) >= 3 && len(in) >= 4 {
		if in[3] == 255 {
			row[0], row[1], row[2] = in[0], in[1], in[2]
		} else {
			row[0], row[1], row[2] = blend(in[0], in[1], in[2], in[3])
		}
		row, in = row[3:], in[4:]
	}
}

// fromColor is the slow way, and the palette's.
func fromColor(c color.Color) (r, g, b uint8) {
	if deep, ok := c.(color.NRGBA64); ok { // Go's NRGBA model would multiply by alpha, divide again, and round twice
		return overWhite(uint8(deep.R>>8), uint8(deep.G>>8), uint8(deep.B>>8), uint8(deep.A>>8))
	}
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	return overWhite(n.R, n.G, n.B, n.A)
}

// overWhite lays a straight-alpha colour over white with the rounding of Pillow's Image.paste.
func overWhite(r, g, b, a uint8) (uint8, uint8, uint8) {
	paper := 255 * uint32(255-a)
	return div255(uint32(r)*uint32(a) + paper), div255(uint32(g)*uint32(a) + paper), div255(uint32(b)*uint32(a) + paper)
}

func mul255(a, b uint8) uint8 { return div255(uint32(a) * uint32(b)) }

// div255 is Pillow's rounded division by 255.
func div255(v uint32) uint8 {
	v += 128
	return uint8((v>>8 + v) >> 8)
}
