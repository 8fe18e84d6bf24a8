// Package timing is what the programs share that time checkpoints of published shapes: random weights for them, and the median of calls.
package timing

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/egotsr/egotsr/internal/safetensors"
)

// Median is that of n calls in seconds, or of as many as fit into a time, but one at least; 0 is any time.
func Median(n int, patience time.Duration, f func() error) (float64, error) {
	var times []float64
	for began := time.Now(); len(times) < n && (len(times) == 0 || patience == 0 || time.Since(began) < patience); {
		start := time.Now()
		if err := f(); err != nil {
			return 0, err
		}
		times = append(times, time.Since(start).Seconds())
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

// pooled is how many random values there are. It is prime, so that no matrix has two equal rows one below the other.
const pooled = 4194301

// Weights gives random values in bfloat16 to tensors that have names and shapes, as fast as a disk takes them: scales of norms are 1, biases
// 0, and matrices normal with the deviation that keeps activations near one, cut from one pool of values, each at a place of its own.
func Weights(tensors []safetensors.Tensor) {
	pool := sync.OnceValue(func() []float32 {
		r := rand.New(rand.NewPCG(1, 2))
		values := make([]float32, pooled)
		for i := range values {
			values[i] = float32(r.NormFloat64())
		}
		return values
	})
	scaled := map[int][]byte{} // the pool as the file has it, by inputs of a matrix
	for i := range tensors {
		t := &tensors[i]
		t.DType = safetensors.BF16
		size := int(t.Bytes() / 2)
		t.WriteTo = func(w io.Writer) error {
			if len(t.Shape) == 1 {
				return same(w, size, strings.HasSuffix(t.Name, ".weight"))
			}
			inputs := size / t.Shape[0]
			if scaled[inputs] == nil {
				values := slices.Clone(pool())
				for i := range values {
					values[i] /= float32(math.Sqrt(float64(inputs)))
				}
				var b bytes.Buffer
				if err := safetensors.EncodeFloat32(&b, safetensors.BF16, values); err != nil {
					return err
				}
				scaled[inputs] = b.Bytes()
			}
			return repeat(w, scaled[inputs], i*99991%pooled*2, 2*size)
		}
	}
}

// same writes n ones or zeros.
func same(w io.Writer, n int, ones bool) error {
	flat := make([]byte, 2*n)
	for i := 0; ones && i < len(flat); i += 2 {
		flat[i], flat[i+1] = 0x80, 0x3f // 1.0 in bfloat16
	}
	_, err := w.Write(flat)
	return err
}

// repeat writes n bytes of a pool, from a place in it and over again.
func repeat(w io.Writer, pool []byte, from, n int) error {
	for ; n > 0; from = 0 {
		part := pool[from:min(len(pool), from+n)]
		if _, err := w.Write(part); err != nil {
			return err
		}
		n -= len(part)
	}
	return nil
}
