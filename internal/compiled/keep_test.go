//go:build cgo && !noxla && linux && amd64

package compiled

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/go-xla/pjrt"
	"github.com/google/go-cmp/cmp"
)

// newClient is of the plugin whose programs are kept, in the directory that it gives. There is one in a process, which tests share.
func newClient(t *testing.T) (client *pjrt.Client, dir string) {
	t.Helper()
	path := pjrt.AvailablePlugins()["cpu"]
	if path == "" {
		t.Skip("XLA's CPU plugin is not here (make xla)")
	}
	dir = t.TempDir()
	if err := Keep("cpu", path, dir); err != nil {
		t.Fatal(err)
	}
	kept.dir = dir // of the first test, else
	plugin, err := pjrt.GetPlugin("cpu")
	if err != nil {
		t.Fatal(err)
	}
	if client, err = plugin.NewClient(nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Destroy() })
	return client, dir
}

// TestInt8 multiplies a row by eight int8 matrices in turn: of their float32 forms there is room for few at a time.
func TestInt8(t *testing.T) {
	client, _ := newClient(t)
	const n, matrices = 256, 8
	var text strings.Builder
	text.WriteString("module @m { func.func @main(%x0: tensor<1x256xf32>")
	for i := range matrices {
		fmt.Fprintf(&text, ", %%w%d: tensor<256x256xi8>", i)
	}
	text.WriteString(") -> tensor<1x256xf32> {\n")
	for i := range matrices {
		fmt.Fprintf(&text, "%%f%d = stablehlo.convert %%w%d : (tensor<256x256xi8>) -> tensor<256x256xf32>\n", i, i)
		fmt.Fprintf(&text, "%%x%d = stablehlo.dot_general %%x%d, %%f%d, contracting_dims = [1] x [0] : "+
			"(tensor<1x256xf32>, tensor<256x256xf32>) -> tensor<1x256xf32>\n", i+1, i, i)
	}
	fmt.Fprintf(&text, "return %%x%d : tensor<1x256xf32> } }", matrices)
	program, err := client.Compile().WithStableHLO([]byte(text.String())).Done()
	if err != nil {
		t.Fatal(err)
	}
	defer program.Destroy()
	if got, most := program.OnDeviceMemoryUsageStats.Temporary, int64(3*4*n*n); got > most {
		t.Errorf("%d bytes of temporary values, of %d that all matrices take as float32, want at most %d", got, matrices*4*n*n, most)
	}
}

// TestKeep compiles with XLA. What was kept is run in place of what would have been compiled: a program that was put under another
// one's key runs for it. What the plugin cannot read is compiled, and kept anew.
func TestKeep(t *testing.T) {
	client, dir := newClient(t)
	run := func(op string) []float32 {
		t.Helper()
		return run(t, client, op)
	}
	file := func() string {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(dir, "*"+programs))
		if err != nil || len(files) != 1 {
			t.Fatalf("kept are %q, %v", files, err)
		}
		return files[0]
	}
	want := run("add")
	if diff := cmp.Diff([]float32{2, 4, 6}, want); diff != "" {
		t.Fatal(diff)
	}
	add := file()
	sum, err := os.ReadFile(add)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(add); err != nil {
		t.Fatal(err)
	}
	run("multiply")
	multiply := file()
	if add == multiply {
		t.Fatal("two programs have one key")
	}
	if err := os.WriteFile(multiply, sum, 0o600); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, run("multiply")); diff != "" {
		t.Errorf("the program that was kept was not run: %s", diff)
	}
	key := filepath.Base(multiply[:len(multiply)-len(programs)])
	if err := kept.write(key, []byte("no program")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float32{1, 4, 9}, run("multiply")); diff != "" {
		t.Errorf("beside a program that cannot be read: %s", diff)
	}
	if bytes.Equal(kept.read(key), []byte("no program")) {
		t.Error("a program that cannot be read was left where it was")
	}
	if _, err := client.Compile().WithStableHLO([]byte("no text")).Done(); err == nil {
		t.Error("the compiler's error was lost")
	}
	file() // of what failed nothing is kept
}

// run compiles x op x and runs it on 1, 2, 3.
func run(t *testing.T, client *pjrt.Client, op string) []float32 {
	t.Helper()
	const shape = "tensor<3xf32>"
	text := fmt.Sprintf("module @m { func.func @main(%%x: %s) -> %s { %%y = stablehlo.%s %%x, %%x : %s return %%y : %s } }",
		shape, shape, op, shape, shape)
	program, err := client.Compile().WithStableHLO([]byte(text)).Done()
	if err != nil {
		t.Fatal(err)
	}
	defer program.Destroy()
	x, out := []float32{1, 2, 3}, make([]float32, 3)
	in, err := client.BufferFromHost().FromRawData(dtypes.UnsafeByteSlice(x), dtypes.Float32, []int{3}).Done()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Destroy()
	res, err := program.Execute(in).DonateNone().Done()
	if err != nil {
		t.Fatal(err)
	}
	defer res[0].Destroy()
	if err := res[0].ToHost(dtypes.UnsafeByteSlice(out)); err != nil {
		t.Fatal(err)
	}
	return out
}
