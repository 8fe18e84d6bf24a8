// Package nano embeds the default checkpoint: a Qwen2.5-VL of a few million parameters, trained by this library, small
// enough to come with the program.
package nano

import (
	"embed"
	"io/fs"
)

//go:embed *.json *.safetensors merges.txt
var files embed.FS

// FS is the checkpoint as egotsr.Open takes it. It is read-only and needs no closing.
func FS() fs.FS { return files }
