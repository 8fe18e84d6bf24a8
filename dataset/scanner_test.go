package dataset

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// FuzzScan: the scanners find what encoding/json, encoding/csv and bytes.Split find, however the text is cut.
func FuzzScan(f *testing.F) {
	f.Add(`[{"a":"\\"},{"b":["]",{}]} , 5,"x\"",[[]]]`, byte(3))
	f.Add("a,\"b\"\"\n\",c\r\n\r\n\"\",d\"e,\n", byte(1))
	f.Add("{\"a\":1}\n\n \t\r\n x\n{\"b\":2}", byte(2))
	f.Add(`["\\\"",""]`, byte(1))
	f.Fuzz(func(t *testing.T, text string, cut byte) {
		data, n := []byte(text), int(cut)+1
		for _, kind := range kinds {
			whole, wholeErr := cutUp(data, kind, max(1, len(data)))
			parts, err := cutUp(data, kind, n)
			if (err == nil) != (wholeErr == nil) || !cmp.Equal(parts, whole) {
				t.Fatalf("kind %d: in pieces of %d %q, %v; whole %q, %v", kind, n, parts, err, whole, wholeErr)
			}
		}
		var lines [][]byte
		for line := range bytes.Lines(data) {
			if line = bytes.Trim(line, " \t\r\n"); len(line) > 0 {
				lines = append(lines, line)
			}
		}
		if got, err := cutUp(data, lineKind, n); err != nil || !cmp.Equal(got, lines) {
			t.Fatalf("lines %q, %v, want %q", got, err, lines)
		}
		var elements []json.RawMessage
		if err := json.Unmarshal(data, &elements); err == nil && elements != nil {
			got, err := cutUp(data, arrayKind, n)
			if err != nil || len(got) != len(elements) {
				t.Fatalf("%d elements, %v, want %d", len(got), err, len(elements))
			}
			for i, e := range elements {
				if string(e) != string(got[i]) {
					t.Fatalf("element %d is %q, want %q", i, got[i], e)
				}
			}
		}
		r := csv.NewReader(strings.NewReader(text))
		r.FieldsPerRecord = -1
		records, err := r.ReadAll()
		if err != nil || strings.Contains(text, "\r") { // encoding/csv changes carriage returns
			return
		}
		parts, err := cutUp(data, csvKind, n)
		if err != nil {
			t.Fatal(err)
		}
		var got [][]string
		for _, p := range parts {
			cells, err := csvFields(p, ',')
			if err != nil {
				t.Fatalf("%q: %v", p, err)
			}
			got = append(got, cells)
		}
		// A row of nothing is a record to encoding/csv, and to us where quotes are around it.
		nothing := func(cells []string) bool { return strings.Trim(strings.Join(cells, ""), " \t") == "" }
		if diff := cmp.Diff(slices.DeleteFunc(records, nothing), slices.DeleteFunc(got, nothing), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}
