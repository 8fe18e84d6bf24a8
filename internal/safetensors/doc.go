// Package safetensors reads and writes checkpoints in the safetensors format: an 8-byte little-endian header length, a
// JSON header that gives every tensor's dtype, shape and place, then the tensors' bytes without a gap.
//
// A header is a stranger's claim about a file. Open checks all of it against the file's real size (lengths, offsets,
// overlaps, shape products, duplicate names) before it allocates more than the header itself, so a bad file costs an
// error and never memory. What a file gets wrong is reported as a [*FormatError].
//
// Reading is random access: each Read call takes one tensor from its file straight into the caller's slice, through
// one small buffer when values must be converted. Writing is a stream: tensors are produced one at a time.
package safetensors

import (
	"fmt"
	"strings"
)

// FormatError says what is wrong with a file, or with a request made of one. File is the name within the file system
// that was opened, and Tensor is empty when the fault is not in one tensor.
type FormatError struct {
	File, Tensor, Reason string
}

func (e *FormatError) Error() string {
	var b strings.Builder
	b.WriteString("safetensors: ")
	if e.File != "" {
		fmt.Fprintf(&b, "%s: ", e.File)
	}
	if e.Tensor != "" {
		fmt.Fprintf(&b, "tensor %q: ", e.Tensor)
	}
	b.WriteString(e.Reason)
	return b.String()
}
