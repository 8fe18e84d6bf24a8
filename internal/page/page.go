// Package page writes a report as one HTML file, and a plot as one SVG file, that need no other: style, plots and pictures are
// in it, scripts are not. They are made of plain values, know nothing of what these mean, and are dark where the reader's
// screen is.
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

//go:embed page.html
var layout string

// Write writes the page.
func (p *Page) Write(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"plotStyle": func() template.CSS { return template.CSS(plotStyle) },
		"plot":      func(p Plot) (template.HTML, error) { text, err := p.svg(); return template.HTML(text), err },
		"uri":       func(img image.Image) (template.URL, error) { text, err := uri(img); return template.URL(text), err },
	}).Parse(layout)
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	return t.Execute(w, p)
}

// pictureWidth is enough to see what happens in a frame, and keeps a page of pictures in some hundred kB.
const pictureWidth = 200 // pixels

// uri is a picture as a data URI, scaled down to pictureWidth.
func uri(img image.Image) (string, error) {
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
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(data.Bytes()), nil
}
