package train

import (
	"net/url"
	"testing"
)

// TestFileName: names are those that runs of before have, which were made by net/url.
func TestFileName(t *testing.T) {
	for b := range 256 {
		if name := "a" + string([]byte{byte(b)}) + "é/"; fileName(name) != url.PathEscape(name) {
			t.Errorf("%q: %q, want %q", name, fileName(name), url.PathEscape(name))
		}
	}
}
