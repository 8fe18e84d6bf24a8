// Package vision turns camera frames into the patches that Qwen2.5-VL sees: decode, RGB over white, smart resize, Pillow's
// antialiased bicubic, normalise, cut into patches.
//
// Every step follows transformers' slow image processor (4.57) on Pillow 10.4–12.3, and equals it to the bit for
// lossless files and for WebP. A JPEG's chroma upsampling and colour conversion are libjpeg-turbo's too; its inverse
// cosine transform is Go's, which leaves some pixels a level or three away. One thing is done that transformers does not
// do: what is transparent is laid over white first, as EgoTSR does, and not shown in whatever colour lies beneath.
//
// Nothing here keeps state: all functions are safe for concurrent use. Bad data is an error; only an image.Image that
// is itself broken (a nil pointer, pixels shorter than its bounds) panics, as its own At would.
package vision
