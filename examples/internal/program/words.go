package program

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// Words writes one line into a picture, its baseline beginning at (x, y), and cuts it to a width in pixels.
func Words(img draw.Image, x, y, width int, c color.Color, text string) {
	face := basicfont.Face7x13
	letters := []rune(text)
	if most := max(width/face.Advance, 2); len(letters) > most {
		text = string(letters[:most-2]) + ".."
	}
	d := font.Drawer{Dst: img, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(text)
}
