package vision

import "image"

// fromWebP converts a lossy WebP with libwebp's arithmetic. A *image.YCbCr means JPEG's full range of levels to Go, but
// VP8 stores the range 16–235 of BT.601, so its conversion has to happen where the format is still known. alpha may be
// nil: opaque.
func fromWebP(src *image.YCbCr, alpha []uint8, stride int) *image.NRGBA {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	rows := newChromaRows(src)
	us, vs := make([]uint8, 2*rows.w), make([]uint8, 2*rows.w)
	for y := range h {
		widenWebP(us, rows.near(src.Cb, y), rows.far(src.Cb, y))
		widenWebP(vs, rows.near(src.Cr, y), rows.far(src.Cr, y))
		luma := src.Y[src.YOffset(src.Rect.Min.X, src.Rect.Min.Y+y):]
		row := out.Pix[out.Stride*y:]
		for x := range w {
			p := row[4*x : 4*x+4]
			p[0], p[1], p[2] = yuvToRGB(int32(luma[x]), int32(us[x]), int32(vs[x]))
			p[3] = 255
			if alpha != nil {
				p[3] = alpha[stride*y+x]
			}
		}
	}
	return out
}

// yuvToRGB is VP8YUVToRGB (libwebp, src/dsp/yuv.h): 14-bit coefficients, products cut to 6 fractional bits.
func yuvToRGB(y, u, v int32) (r, g, b uint8) {
	l := y * 19077 >> 8
	return clamp((l + v*26149>>8 - 14234) >> 6),
		clamp((l - u*6419>>8 - v*13320>>8 + 8708) >> 6),
		clamp((l + u*33050>>8 - 17685) >> 6)
}

// widenWebP doubles a chroma row with the weights 9, 3, 3, 1 of libwebp's fancy upsampler (src/dsp/upsampling.c) and its
// two roundings: near is the row that the output lies in, far the one on its other side.
func widenWebP(out, near, far []uint8) {
	last := len(near) - 1
	n0, f0 := uint32(near[0]), uint32(far[0])
	out[0] = uint8((3*n0 + f0 + 2) >> 2)
	for i := range last {
		n1, f1 := uint32(near[i+1]), uint32(far[i+1])
		sum := n0 + n1 + f0 + f1 + 8
		out[2*i+1] = uint8(((sum+2*(n1+f0))>>3 + n0) >> 1)
		out[2*i+2] = uint8(((sum+2*(n0+f1))>>3 + n1) >> 1)
		n0, f0 = n1, f1
	}
	out[2*last+1] = uint8((3*n0 + f0 + 2) >> 2)
}
