package events

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// logged is one event as the tests' own reader finds it.
type logged struct {
	wall    float64
	step    int64
	version string
	status  uint64
	tags    []string
	values  []float32
}

// crc32c is the checksum by its definition, a bit at a time.
func crc32c(data []byte) uint32 {
	c := ^uint32(0)
	for _, b := range data {
		c ^= uint32(b)
		for range 8 {
			c = c>>1 ^ 0x82f63b78*(c&1)
		}
	}
	return ^c
}

func unmask(c uint32) uint32 { return bits.RotateLeft32(c-0xa282ead8, 15) }

// fields walks over a message: see gets number, varint or fixed bits, and bytes.
func fields(data []byte, see func(number int, n uint64, part []byte) error) error {
	for len(data) > 0 {
		key, used := binary.Uvarint(data)
		if used <= 0 {
			return errors.New("bad key")
		}
		data = data[used:]
		var n uint64
		var part []byte
		switch key & 7 {
		case 0, 2:
			if n, used = binary.Uvarint(data); used <= 0 {
				return errors.New("bad varint")
			}
			if data = data[used:]; key&7 == 2 {
				if n > uint64(len(data)) {
					return errors.New("bad length")
				}
				part, data = data[:n], data[n:]
			}
		case 1:
			n, data = binary.LittleEndian.Uint64(data), data[8:]
		case 5:
			n, data = uint64(binary.LittleEndian.Uint32(data)), data[4:]
		default:
			return fmt.Errorf("wire type of %d", key)
		}
		if err := see(int(key>>3), n, part); err != nil {
			return err
		}
	}
	return nil
}

func decode(data []byte) (e logged, err error) {
	err = fields(data, func(number int, n uint64, part []byte) error {
		switch number {
		case 1:
			e.wall = math.Float64frombits(n)
		case 2:
			e.step = int64(n)
		case 3:
			e.version = string(part)
		case 5:
			return fields(part, func(number int, _ uint64, part []byte) error {
				if number != 1 {
					return fmt.Errorf("field %d in a summary", number)
				}
				return fields(part, func(number int, n uint64, part []byte) error {
					switch number {
					case 1:
						e.tags = append(e.tags, string(part))
					case 2:
						e.values = append(e.values, math.Float32frombits(uint32(n)))
					default:
						return fmt.Errorf("field %d in a value", number)
					}
					return nil
				})
			})
		case 7:
			return fields(part, func(_ int, n uint64, _ []byte) error { e.status = n; return nil })
		default:
			return fmt.Errorf("field %d in an event", number)
		}
		return nil
	})
	return e, err
}

// read gives the events of a file up to its end, or to where it is damaged; torn is what remains there.
func read(t *testing.T, data []byte) (found []logged, torn []byte) {
	t.Helper()
	for len(data) >= 12 && unmask(binary.LittleEndian.Uint32(data[8:])) == crc32c(data[:8]) {
		n := binary.LittleEndian.Uint64(data)
		if uint64(len(data)) < n+16 || unmask(binary.LittleEndian.Uint32(data[12+n:])) != crc32c(data[12:12+n]) {
			break
		}
		e, err := decode(data[12 : 12+n])
		if err != nil {
			t.Fatal(err)
		}
		found, data = append(found, e), data[16+n:]
	}
	return found, data
}

// whole reads a file that must not be damaged.
func whole(t *testing.T, path string) []logged {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found, torn := read(t, data)
	if len(torn) > 0 {
		t.Fatalf("%s: %d bytes are damaged after %d events", path, len(torn), len(found))
	}
	return found
}

func begin(t *testing.T, dir string, step int64, now func() time.Time) *Writer {
	t.Helper()
	w, err := open(dir, step, now, create)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func at(unix int64, ns int64) func() time.Time {
	return func() time.Time { return time.Unix(unix, ns) }
}

// about compares events, in which NaN is NaN.
var about = cmp.Options{cmp.AllowUnexported(logged{}), cmpopts.EquateNaNs(), cmpopts.EquateEmpty()}

func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	w := begin(t, dir, 1, at(1700000000, 123456789))
	must(t,
		w.Scalars(1, map[string]float64{"loss": 0.1, "a/b": math.Inf(1), "lr": 0, "": -1}),
		w.Scalars(2, map[string]float64{"nan": math.NaN(), "big": 1e300, "down": math.Inf(-1), "tiny": math.SmallestNonzeroFloat64}),
		w.Scalars(2, nil), // nothing to log is no event
		w.Flush(),
		w.Scalars(math.MaxInt64, map[string]float64{"schön": 1}),
		w.Scalars(-3, map[string]float64{"long": 2, strings.Repeat("x", 1000): 3}),
		w.Close())
	const wall = 1700000000.123456
	inf := float32(math.Inf(1))
	want := []logged{
		{wall: wall, version: "brain.Event:2"},
		{wall: wall, step: 1, status: 1},
		{wall: wall, step: 1, tags: []string{"", "a/b", "loss", "lr"}, values: []float32{-1, inf, 0.1, 0}},
		{wall: wall, step: 2, tags: []string{"big", "down", "nan", "tiny"}, values: []float32{inf, -inf, float32(math.NaN()), 0}},
		{wall: wall, step: math.MaxInt64, tags: []string{"schön"}, values: []float32{1}},
		{wall: wall, step: -3, tags: []string{"long", strings.Repeat("x", 1000)}, values: []float32{2, 3}},
	}
	if diff := cmp.Diff(want, whole(t, w.path), about); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// golden was written by tensorboard 2.21.0: Event messages through its RecordWriter.
const golden = "1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe90f000000000000006d53" +
	"2b090900001040fc54d94110073a0208010f4171774300000000000000b18525a00900001040fc54d94110072a360a0b0a04" +
	"6c6f737315cdcccc3d0a090a026c7215000000000a0a0a036e616e150000c07f0a100a09736368c3b66e2fc3a915000080ff" +
	"d0ee3a571b000000000000001a0d9e130900001040fc54d94110ac022a0d0a0b0a046c6f737315000020c04a962c41"

func TestGolden(t *testing.T) {
	w := begin(t, t.TempDir(), 7, at(1700000000, 250e6))
	must(t,
		w.Scalars(7, map[string]float64{"schön/é": math.Inf(-1), "nan": math.NaN(), "lr": 0, "loss": 0.1}),
		w.Scalars(300, map[string]float64{"loss": -2.5}),
		w.Close())
	data, err := os.ReadFile(w.path)
	if got := hex.EncodeToString(data); err != nil || got != golden {
		t.Errorf("%v\ngot  %s\nwant %s", err, got, golden)
	}
}

// TestNames: files sort in the order in which they were begun, whatever the clock says and whoever else is in the folder.
func TestNames(t *testing.T) {
	dir := t.TempDir()
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	others := []string{"zzz", prefix, prefix + "zzz", prefix + "9999999999", "x." + prefix + "9999999999.h.1.0",
		prefix + "9223372036854775807.h.1.0", prefix + "1700000010.zzz.99999.9.v2"}
	for _, other := range others {
		must(t, os.WriteFile(filepath.Join(dir, other), []byte(other), 0o644))
	}
	var names []string
	for i, c := range []struct{ unix, want int64 }{
		{1700000000, 1700000011}, {1700000000, 1700000012}, {1700000012, 1700000013}, {1700000050, 1700000050}, {7, 1700000051},
	} {
		w := begin(t, dir, 1, at(c.unix, 42))
		must(t, w.Close())
		names = append(names, filepath.Base(w.path))
		if want := fmt.Sprintf("events.out.tfevents.%d.%s.%d.000000042", c.want, host, os.Getpid()); names[i] != want {
			t.Errorf("%s, want %s", names[i], want)
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("not in order: %q", names)
	}
	for _, other := range others {
		if data, err := os.ReadFile(filepath.Join(dir, other)); err != nil || string(data) != other {
			t.Errorf("%s became %q, %v", other, data, err)
		}
	}
}

// TestTorn cuts a file at every length: all whole records before the cut are read.
func TestTorn(t *testing.T) {
	w := begin(t, t.TempDir(), 1, time.Now)
	ends := []int64{w.size}
	for step := range int64(3) {
		must(t, w.Scalars(step, map[string]float64{"loss": float64(step)}))
		ends = append(ends, w.size)
	}
	must(t, w.Close())
	data, err := os.ReadFile(w.path)
	must(t, err)
	all := whole(t, w.path)
	for n := ends[0]; n <= int64(len(data)); n++ {
		whole := 2 // the version and the session
		for _, end := range ends[1:] {
			if end <= n {
				whole++
			}
		}
		got, torn := read(t, data[:n])
		if !cmp.Equal(got, all[:whole], about) || (len(torn) == 0) != slices.Contains(ends, n) {
			t.Fatalf("cut at %d: %d events, %d bytes torn", n, len(got), len(torn))
		}
		if len(torn) > 0 { // nor is a flipped bit taken for an event
			flipped := bytes.Clone(data)
			flipped[n] ^= 0x10
			if got, _ := read(t, flipped); !cmp.Equal(got, all[:whole], about) {
				t.Fatalf("bit flipped at %d: %+v", n, got)
			}
		}
	}
}

var errInjected = errors.New("injected")

// faulty lets the n-th operation fail; a write has then written the half.
type faulty struct {
	*os.File
	left *int
}

func (f faulty) fails() bool { *f.left--; return *f.left == 0 }

func (f faulty) WriteAt(p []byte, off int64) (int, error) {
	if f.fails() {
		n, err := f.File.WriteAt(p[:len(p)/2], off)
		return n, errors.Join(err, errInjected)
	}
	return f.File.WriteAt(p, off)
}

func (f faulty) Sync() error {
	if f.fails() {
		return errInjected
	}
	return f.File.Sync()
}

func (f faulty) Close() error {
	err := f.File.Close()
	if f.fails() {
		return errInjected
	}
	return err
}

// TestEveryOperationFails lets each operation fail in turn. The error names the file, what was logged without an error is
// read, later events too, and a file that could not be begun is gone.
func TestEveryOperationFails(t *testing.T) {
	const operations = 8 // create; begin; three events; flush; close: sync, close
	for n := 1; n <= operations+1; n++ {
		dir, left := t.TempDir(), n
		faults := 0
		check := func(err error) bool {
			if err != nil {
				faults++
				if !errors.Is(err, errInjected) || !strings.Contains(err.Error(), filepath.Join(dir, prefix)) {
					t.Errorf("operation %d: %v", n, err)
				}
			}
			return err == nil
		}
		w, err := open(dir, 5, time.Now, func(path string) (file, error) {
			if left--; left == 0 {
				return nil, errInjected
			}
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			return faulty{f, &left}, err
		})
		if !check(err) {
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 || n > 2 {
				t.Errorf("operation %d: left behind %v, %v", n, entries, err)
			}
			continue
		}
		want := []string{"[]", "[]"}
		for i, tag := range []string{strings.Repeat("long", 100), "b", "c"} { // what follows the torn one is shorter than it
			if check(w.Scalars(int64(i), map[string]float64{tag: 1})) {
				want = append(want, fmt.Sprint([]string{tag}))
			}
		}
		check(w.Flush())
		check(w.Close())
		if wantFaults := min(1, operations+1-n); faults != wantFaults {
			t.Errorf("operation %d: %d errors, want %d", n, faults, wantFaults)
		}
		data, err := os.ReadFile(w.path)
		must(t, err)
		found, _ := read(t, data)
		var got []string
		for _, e := range found {
			got = append(got, fmt.Sprint(e.tags))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("operation %d (-want +got):\n%s", n, diff)
		}
	}
}

// TestBadCalls: misuse is an error that names the file, and leaves the file whole.
func TestBadCalls(t *testing.T) {
	w := begin(t, t.TempDir(), 1, time.Now)
	tag := "a\xff"
	if err := w.Scalars(1, map[string]float64{tag: 1, "b": 2}); err == nil || !strings.Contains(err.Error(), w.path) {
		t.Errorf("a tag that is not UTF-8: %v", err)
	}
	must(t, w.Close())
	for name, err := range map[string]error{
		"scalars": w.Scalars(1, map[string]float64{"b": 2}), "flush": w.Flush(), "close": w.Close(),
	} {
		if !errors.Is(err, os.ErrClosed) || !strings.Contains(err.Error(), w.path) {
			t.Errorf("%s after closing: %v", name, err)
		}
	}
	if got := whole(t, w.path); len(got) != 2 {
		t.Errorf("%+v", got)
	}
	if _, err := Open(w.path, 1); err == nil || !strings.Contains(err.Error(), w.path) {
		t.Errorf("a folder that is a file: %v", err)
	}
}

// TestTensorBoard: what TensorBoard reads of a run that was interrupted, twice, its last record torn, then resumed. Needs a
// python with tensorboard, named by EGOTSR_TENSORBOARD.
func TestTensorBoard(t *testing.T) {
	python := os.Getenv("EGOTSR_TENSORBOARD")
	if python == "" {
		t.Skip("EGOTSR_TENSORBOARD names no python with tensorboard")
	}
	dir := t.TempDir()
	type key struct {
		tag  string
		step int64
	}
	want := map[key]float64{}
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0.1, 1e300, 0, -1e-45}
	for attempt, steps := range [][2]int64{{1, 9}, {6, 15}, {12, 20}} {
		w, err := Open(dir, steps[0]) // all three within a second
		must(t, err)
		maps.DeleteFunc(want, func(k key, _ float64) bool { return k.step >= steps[0] })
		for step := steps[0]; step <= steps[1]; step++ {
			values := map[string]float64{"loss": float64(attempt*100) + float64(step)/10, "odd/schön": odd[int(step)%len(odd)]}
			if attempt == 0 {
				values["first only"] = 1 // must be purged although nothing takes its place
			}
			must(t, w.Scalars(step, values))
			for tag, v := range values {
				want[key{tag, step}] = float64(float32(v))
			}
		}
		if attempt < 2 { // the crash: no flush, and a record is torn
			must(t, w.Scalars(steps[1]+1, map[string]float64{"torn": 1}), os.Truncate(w.path, w.size-5), w.file.Close())
		} else {
			must(t, w.Close())
		}
	}
	var log bytes.Buffer
	cmd := exec.Command(python, filepath.Join("..", "..", "scripts", "check_events.py"), dir)
	cmd.Stderr = &log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, log.Bytes())
	}
	got := map[key]float64{}
	lines := 0
	for line := range strings.Lines(string(out)) {
		lines++
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(cells) != 3 {
			t.Fatalf("line %q", line)
		}
		step, err1 := strconv.ParseInt(cells[1], 10, 64)
		value, err2 := strconv.ParseFloat(cells[2], 64)
		must(t, err1, err2)
		got[key{cells[0], step}] = value
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); lines != len(want) || diff != "" {
		t.Errorf("TensorBoard reads %d values of %d (-want +got):\n%s\n%s", lines, len(want), diff, log.Bytes())
	}
	t.Logf("%d values as logged", lines)
}
