package vision

import (
	"crypto/sha256"
	"encoding/binary"
	"image"
	"image/color"
)

// RGB is an image of 8-bit red, green and blue.
type RGB struct {
	W, H int
	Pix  []uint8 // [H, W, 3]
}

// Hash names the content: equal for equal sizes and pixels.
func (m *RGB) Hash() [32]byte {
	h := sha256.New()
	var size [16]byte
	binary.LittleEndian.PutUint64(size[:8], uint64(m.W))
	binary.LittleEndian.PutUint64(size[8:], uint64(m.H))
	h.Write(size[:])
	h.Write(m.Pix)
	return [32]byte(h.Sum(nil))
}

// ToRGB converts as Pillow's convert("RGB") does; what is transparent is first laid over white, as the reference does.
// 16-bit gray is clipped to 255, again as there; other 16-bit colours keep their high byte.
func ToRGB(img image.Image) *RGB { return toRGB(img, true) }

// toRGB with over false drops alpha instead: what transformers alone would do.
func toRGB(img image.Image, over bool) *RGB {
	b := img.Bounds()
	out := &RGB{W: b.Dx(), H: b.Dy(), Pix: make([]uint8, 3*b.Dx()*b.Dy())}
	switch src := img.(type) {
	case *image.YCbCr:
		out.fromYCbCr(src)
	case *image.Gray:
		out.each(b, func(x, y int) (r, g, b uint8) {
			v := src.Pix[src.PixOffset(x, y)]
			return v, v, v
		})
	case *image.Gray16:
		out.each(b, func(x, y int) (r, g, b uint8) {
			v := uint8(min(255, src.Gray16At(x, y).Y))
			return v, v, v
		})
	case *image.NRGBA:
		out.each(b, func(x, y int) (r, g, b uint8) {
			p := src.Pix[src.PixOffset(x, y):]
			return blend(p[0], p[1], p[2], p[3], over)
		})
	case *image.RGBA:
		out.each(b, func(x, y int) (r, g, b uint8) {
			p := src.Pix[src.PixOffset(x, y):]
			if p[3] == 255 {
				return p[0], p[1], p[2]
			}
			c := color.NRGBAModel.Convert(color.RGBA{p[0], p[1], p[2], p[3]}).(color.NRGBA)
			return blend(c.R, c.G, c.B, c.A, over)
		})
	case *image.Paletted:
		palette := make([][3]uint8, len(src.Palette))
		for i, c := range src.Palette {
			n := color.NRGBAModel.Convert(c).(color.NRGBA)
			palette[i][0], palette[i][1], palette[i][2] = blend(n.R, n.G, n.B, n.A, over)
		}
		out.each(b, func(x, y int) (r, g, b uint8) {
			i := int(src.Pix[src.PixOffset(x, y)])
			if i >= len(palette) {
				return 0, 0, 0
			}
			return palette[i][0], palette[i][1], palette[i][2]
		})
	case *image.CMYK:
		out.each(b, func(x, y int) (r, g, b uint8) {
			p := src.Pix[src.PixOffset(x, y):]
			// Pillow's cmyk2rgb: each ink over paper, times black, rounded by MULDIV255.
			k := 255 - p[3]
			return mul255(255-p[0], k), mul255(255-p[1], k), mul255(255-p[2], k)
		})
	default:
		out.each(b, func(x, y int) (r, g, b uint8) {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			return blend(c.R, c.G, c.B, c.A, over)
		})
	}
	return out
}

func (m *RGB) each(b image.Rectangle, at func(x, y int) (r, g, b uint8)) {
	i := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			m.Pix[i], m.Pix[i+1], m.Pix[i+2] = at(x, y)
			i += 3
		}
	}
}

// blend lays a straight-alpha colour over white with Pillow's rounding (Image.paste with a mask).
func blend(r, g, b, a uint8, over bool) (uint8, uint8, uint8) {
	if a == 255 || !over {
		return r, g, b
	}
	paste := func(v uint8) uint8 { return div255(uint32(v)*uint32(a) + 255*uint32(255-a)) }
	return paste(r), paste(g), paste(b)
}

func mul255(a, b uint8) uint8 { return div255(uint32(a) * uint32(b)) }

// div255 is Pillow's rounded division by 255.
func div255(v uint32) uint8 {
	v += 128
	return uint8((v>>8 + v) >> 8)
}
