package vision_test

import (
	"fmt"
	"image"

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
