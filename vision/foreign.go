package vision

import "bytes"

// foreign are formats that files called .jpg or .png turn out to be, by how they begin.
var foreign = []struct{ begin, name, advice string }{
	{"\x00\x00\x00\x0cjP  ", "JPEG 2000", notRead},
	{"\xff\x4f\xff\x51", "JPEG 2000", notRead},
	{"\x00\x00\x00\x0cJXL ", "JPEG XL", notRead},
	{"\xff\x0a", "JPEG XL", notRead},
	{"8BPS", "Photoshop", notRead},
	{"P5\n", "PGM", notRead},
	{"P6\n", "PPM", notRead},
	{"\x00\x00\x01\x00", "ICO", notRead},
	{"%PDF-", "PDF", notRead},
	{"<svg", "SVG", notRead},
	{"\x1a\x45\xdf\xa3", "Matroska or WebM video", isVideo},
	{"<!doctype html", "HTML page", "is no image: whatever should have sent one sent a page"},
	{"<html", "HTML page", "is no image: whatever should have sent one sent a page"},
	{"version https://git-lfs.", "Git LFS pointer", "stands for a file that has not been fetched: git lfs pull"},
}

const (
	notRead = "is not read: convert it to JPEG or PNG"
	isVideo = "is no image"
)

// foreignFormat is the error that names what data is in truth, nil where that is unknown.
func foreignFormat(data []byte) error {
	if len(data) == 0 {
		return &FormatError{"image", "the file is empty"}
	}
	head := bytes.ToLower(bytes.TrimLeft(data[:min(len(data), 64)], " \t\r\n"))
	for _, f := range foreign {
		if bytes.HasPrefix(data, []byte(f.begin)) || f.begin[0] == '<' && bytes.HasPrefix(head, []byte(f.begin)) {
			return &FormatError{f.name, f.advice}
		}
	}
	if len(data) < 12 {
		return nil
	}
	if string(data[:4]) == "RIFF" && string(data[8:12]) == "AVI " {
		return &FormatError{"AVI video", isVideo}
	}
	if string(data[4:8]) != "ftyp" { // ISO base media: the first box lists what the file is compatible with
		return nil
	}
	brands := data[8:min(len(data), 64, max(12, int(data[3])))]
	has := func(names ...string) bool {
		for _, name := range names {
			if bytes.Contains(brands, []byte(name)) {
				return true
			}
		}
		return false
	}
	switch {
	case has("avif", "avis"):
		return &FormatError{"AVIF", notRead}
	case has("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"):
		return &FormatError{"HEIC", notRead}
	}
	return &FormatError{"MP4 or QuickTime video", isVideo}
}
