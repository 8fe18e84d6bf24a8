package vision_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"testing/fstest"

	"github.com/egotsr/egotsr/vision"
)

func ExampleSmartResize() {
	h, w, err := vision.SmartResize(480, 640, 28, 4*28*28, 1280*28*28)
	fmt.Println(h, w, err)
	_, _, err = vision.SmartResize(10, 3000, 28, 4*28*28, 1280*28*28)
	fmt.Println(err)
	// Output:
	// 476 644 <nil>
	// vision: image of 3000x10 pixels has sides in a ratio above 200
}

func ExampleProcessor_Patches() {
	p := vision.Default()
	p.MaxPixels = 112 * 112
	patches, err := p.Patches(image.NewGray(image.Rect(0, 0, 224, 224)))
	if err != nil {
		panic(err)
	}
	fmt.Println(patches.Grid, "patches,", patches.Grid.Tokens(p.MergeSize), "tokens,", len(patches.Values), "values")
	// Output: {1 8 8} patches, 16 tokens, 75264 values
}

func ExampleToRGB() {
	rgb := vision.ToRGB(image.NewNRGBA(image.Rect(0, 0, 1, 1))) // fully transparent
	fmt.Println(rgb.Pix)
	// Output: [255 255 255]
}

func ExampleDecode() {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 640, 480))); err != nil {
		panic(err)
	}
	img, err := vision.Decode(file.Bytes())
	fmt.Println(img.Bounds(), err)

	_, err = vision.Decode([]byte("a note, not a frame"))
	var format *vision.FormatError
	fmt.Println(errors.As(err, &format), err)
	// Output:
	// (0,0)-(640,480) <nil>
	// true vision: image: image: unknown format
}

func ExampleRead() {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 640, 480))); err != nil {
		panic(err)
	}
	frames := fstest.MapFS{"before.png": {Data: file.Bytes()}} // or os.DirFS("frames")
	img, err := vision.Read(frames, "before.png")
	fmt.Println(img.Bounds(), err)
	_, err = vision.Read(frames, "after.png")
	fmt.Println(err)
	// Output:
	// (0,0)-(640,480) <nil>
	// read after.png: file does not exist
}

func ExampleReadFile() {
	_, err := vision.ReadFile("frames/before.jpg")
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output: true
}

func ExampleLoad() {
	checkpoint := fstest.MapFS{"preprocessor_config.json": {Data: []byte(`{"min_pixels": 3136, "max_pixels": 200704}`)}}
	p, err := vision.Load(checkpoint)
	if err != nil {
		panic(err)
	}
	grid, err := p.Grid(1920, 1080)
	fmt.Println(grid, err)
	// Output: {1 24 42} <nil>
}

func ExampleProcessor_Config() {
	p := vision.Default()
	p.MaxPixels = 448 * 448
	saved := fstest.MapFS{"preprocessor_config.json": {Data: p.Config()}}
	again, err := vision.Load(saved)
	fmt.Println(again == p, err)
	// Output: true <nil>
}

func ExampleRGB_Resize() {
	edge := &vision.RGB{W: 4, H: 1, Pix: []uint8{0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255}}
	small := edge.Resize(2, 1)
	fmt.Println(small.W, small.H, small.Pix)
	// Output: 2 1 [21 21 21 234 234 234]
}
