// Package vision turns camera frames into the patches Qwen2.5-VL sees: decode, RGB over white, smart resize, Pillow's
// antialiased bicubic, normalise, cut into patches. Every step equals what transformers' slow image processor does with
// Pillow 10.4–12.3, to the bit for PNG. JPEG decoding follows libjpeg's chroma upsampling and colour conversion.
//
// All functions are safe for concurrent use and never panic on bad input.
package vision
