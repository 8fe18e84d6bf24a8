// Package page writes a report as one HTML file that needs no other: style, plots and pictures are in it, scripts are not.
// It is made of plain values and knows nothing of what they mean.
package page

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"
	"io"

	"golang.org/x/image/draw"
)

// Page is a title, a few figures that matter most, and sections.
type Page struct {
	Title    string
	Lead     string
	Tiles    []Tile
	Sections []Section
	Facts    [][2]string // name and value, at the end
}

// Tile is one figure in large type.
type Tile struct{ Name, Value, Note string }

// Section is a heading with what is under it, in this order.
type Section struct {
	Title  string
	Text   string
	Tables []Table
	Plots  []Plot
	Folded []Table // open on a click
	Pairs  []Pair
}

// Table has a heading for every column, that of the row names first.
type Table struct {
	Caption string
	Columns []string
	Rows    [][]string // the first cell names the row
}

// Pair is two pictures side by side. A nil picture is told of in words.
type Pair struct {
	Title     string
	Text      string
	Img       [2]image.Image
	Captions  [2]string
	Highlight int // the picture to frame, 0 or 1
}

// pictureWidth is enough to see what happens in a frame, and keeps a page of pictures in some hundred kB.
const pictureWidth = 200 // pixels

var (
	//go:embed page.html
	text string

	tmpl = template.Must(template.New("page").Funcs(template.FuncMap{"svg": svg, "uri": uri}).Parse(text))
)

// Write writes the page.
func (p *Page) Write(w io.Writer) error { return tmpl.Execute(w, p) }

// uri is a picture as a data URI, scaled down to pictureWidth.
func uri(img image.Image) (template.URL, error) {
	b := img.Bounds()
	if b.Dx() > pictureWidth {
		small := image.NewRGBA(image.Rect(0, 0, pictureWidth, max(1, b.Dy()*pictureWidth/b.Dx())))
		draw.CatmullRom.Scale(small, small.Bounds(), img, b, draw.Src, nil)
		img = small
	}
	var data bytes.Buffer
	if err := jpeg.Encode(&data, img, &jpeg.Options{Quality: 75}); err != nil {
		return "", fmt.Errorf("page: picture: %w", err)
	}
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(data.Bytes())), nil
}
