package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"regexp"
	"strconv"
	"strings"
)

var npyHeader = regexp.MustCompile(`^\{'descr': '\|u1', 'fortran_order': False, 'shape': \(([0-9, ]*)\), \}\s*$`)

// decodeNPY reads frames out of numpy's own format (numpy.lib.format, version 1.0 and 2.0): uint8 of the shape [frame, row, column, 3],
// or [frame, 3, row, column], in C order.
func decodeNPY(what string, data []byte, budget *frameBudget) ([]image.Image, error) {
	header, pixels, err := cutNPY(data)
	if err != nil {
		return nil, refuse(422, what, err.Error())
	}
	match := npyHeader.FindSubmatch(header)
	if match == nil {
		return nil, refuse(422, what, fmt.Sprintf("uint8 in C order is taken, not %.100q", header))
	}
	var shape [4]int
	sizes := strings.Split(string(match[1]), ",")
	if len(sizes) != 4 {
		return nil, refuse(422, what, fmt.Sprintf("the shape (%s) is not that of frames: four dimensions", match[1]))
	}
	for i, s := range sizes {
		if shape[i], err = strconv.Atoi(strings.TrimSpace(s)); err != nil || shape[i] < 1 || shape[i] > 1<<20 {
			return nil, refuse(422, what, fmt.Sprintf("the shape (%s) is not that of frames", match[1]))
		}
	}
	planar := shape[1] == 3 && shape[3] != 3
	n, h, w, c := shape[0], shape[1], shape[2], shape[3]
	if planar {
		c, h, w = shape[1], shape[2], shape[3]
	}
	if c != 3 {
		return nil, refuse(422, what, fmt.Sprintf("frames have 3 channels, not the shape (%s)", match[1]))
	}
	if frame := int64(w) * int64(h) * 3; frame > int64(len(pixels)) || frame*int64(n) != int64(len(pixels)) {
		return nil, refuse(422, what, fmt.Sprintf("the shape (%s) does not go with %d bytes", match[1], len(pixels)))
	}
	var images []image.Image
	for i := range n {
		if err := budget.take(fmt.Sprintf("%s, frame %d", what, i), w, h); err != nil {
			return nil, err
		}
		images = append(images, fromPixels(pixels[i*w*h*3:(i+1)*w*h*3], w, h, planar))
	}
	return images, nil
}

func cutNPY(data []byte) (header, rest []byte, err error) {
	if len(data) < 12 || !bytes.HasPrefix(data, []byte("\x93NUMPY")) {
		return nil, nil, fmt.Errorf("not a .npy file")
	}
	length, start := int(binary.LittleEndian.Uint16(data[8:])), 10
	if data[6] >= 2 {
		length, start = int(binary.LittleEndian.Uint32(data[8:])), 12
	}
	if length > len(data)-start {
		return nil, nil, fmt.Errorf("the .npy file ends in its header")
	}
	return data[start : start+length], data[start+length:], nil
}

// fromPixels makes an image of RGB, pixel by pixel or channel by channel.
func fromPixels(p []byte, w, h int, planar bool) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		at, step := i*3, 1
		if planar {
			at, step = i, w*h
		}
		img.Pix[i*4], img.Pix[i*4+1], img.Pix[i*4+2], img.Pix[i*4+3] = p[at], p[at+step], p[at+2*step], 255
	}
	return img
}
