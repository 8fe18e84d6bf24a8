package vision

import (
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
)

// webPFrame is the first frame of an animated WebP as a file of its own, and where it lies on the screen.
type webPFrame struct {
	file []byte
	rect image.Rectangle
}

// firstFrame takes an animated WebP apart; nil where data is none.
func firstFrame(data []byte) *webPFrame {
	if len(data) < 12 || string(data[:4]) != "RIFF" || string(data[8:12]) != "WEBP" {
		return nil
	}
	for rest := data[12:]; ; {
		name, body, next := webPChunk(rest)
		if body == nil {
			return nil
		}
		if name != "ANMF" {
			rest = next
			continue
		}
		const header = 16
		if len(body) < header {
			return nil
		}
		number := func(at int) int { return int(body[at]) | int(body[at+1])<<8 | int(body[at+2])<<16 }
		x, y, w, h := 2*number(0), 2*number(3), number(6)+1, number(9)+1
		return &webPFrame{stillWebP(body[header:], w, h), image.Rect(x, y, x+w, y+h)}
	}
}

// webPChunk takes the first chunk off; a nil body where there is none. A chunk that is cut short has what is there.
func webPChunk(data []byte) (name string, body, rest []byte) {
	if len(data) < 8 {
		return "", nil, nil
	}
	n := int64(binary.LittleEndian.Uint32(data[4:]))
	name, rest = string(data[:4]), data[8:]
	body = rest[:min(n, int64(len(rest)))]
	return name, body, rest[min(n+n&1, int64(len(rest))):]
}

// stillWebP is a file of the chunks of one frame, w by h pixels.
func stillWebP(chunks []byte, w, h int) []byte {
	var flags byte
	if name, _, _ := webPChunk(chunks); name == "ALPH" {
		flags = 1 << 4
	}
	w, h = w-1, h-1
	file := append([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00"), flags, 0, 0, 0,
		byte(w), byte(w>>8), byte(w>>16), byte(h), byte(h>>8), byte(h>>16))
	file = append(file, chunks...)
	binary.LittleEndian.PutUint32(file[4:], uint32(len(file)-8))
	return file
}

// onto lays the frame on a screen whose rest is transparent, or black where the file says that nothing in it is.
func (f *webPFrame) onto(frame image.Image, c image.Config) image.Image {
	screen := image.Rect(0, 0, c.Width, c.Height)
	if f.rect == screen {
		return frame
	}
	out := image.NewNRGBA(screen)
	if c.ColorModel == color.YCbCrModel {
		draw.Draw(out, screen, image.Black, image.Point{}, draw.Src)
	}
	draw.Draw(out, f.rect, frame, frame.Bounds().Min, draw.Src)
	return out
}
