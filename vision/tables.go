package vision

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"slices"
	"sync"
)

// withTables is a JPEG with the standard's own Huffman tables where it has none. Webcams leave them out of what they send
// over USB, and who receives it has to know them.
func withTables(data []byte) []byte {
	if !bytes.HasPrefix(data, []byte("\xff\xd8\xff")) {
		return data
	}
	for at := 2; at+4 <= len(data) && data[at] == 0xff; {
		switch data[at+1] {
		case 0xc4: // tables
			return data
		case 0xda: // the scan begins
			return slices.Concat(data[:at], standardTables(), data[at:])
		}
		at += 2 + int(binary.BigEndian.Uint16(data[at+2:]))
	}
	return data
}

// standardTables is the segment of the Huffman tables of the standard's annex K.3, which Go's encoder uses and writes.
var standardTables = sync.OnceValue(func() []byte {
	var file bytes.Buffer
	_ = jpeg.Encode(&file, image.NewRGBA(image.Rect(0, 0, 1, 1)), nil) // into memory, which does not fail
	data := file.Bytes()
	at := bytes.Index(data, []byte("\xff\xc4"))
	return data[at : at+2+int(binary.BigEndian.Uint16(data[at+2:]))]
})
