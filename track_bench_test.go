//go:build unix

package egotsr

import (
	"context"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/egotsr/egotsr/model/nano"
)

// BenchmarkTrack is a stream of frames, none like another: with -benchtime 10000x it is the one that `make bench-track` reports.
// Memory and work may not grow with it.
func BenchmarkTrack(b *testing.B) {
	ctx := context.Background()
	checkpoint, size := nano.FS(), 112
	if dir := os.Getenv("EGOTSR_BENCH_CHECKPOINT"); dir != "" {
		checkpoint, size = os.DirFS(dir), 224
	}
	m, err := Open(ctx, checkpoint, &Options{Backend: os.Getenv("EGOTSR_TEST_BACKEND"), FrameCache: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	plan, err := Decompose(ctx, "Open a drawer", nil)
	if err != nil {
		b.Fatal(err)
	}
	tracker := m.Track("Open a drawer", &TrackOptions{Every: -1, Plan: plan})
	if err := tracker.Warmup(ctx, size, size); err != nil {
		b.Fatal(err)
	}
	var cpu time.Duration
	var took, control []time.Duration
	var memory []uint64
	for i := 0; b.Loop(); i++ {
		img := noise(uint64(i), size, size)
		if i%1000 == 0 {
			runtime.GC()
			var at runtime.MemStats
			runtime.ReadMemStats(&at)
			memory = append(memory, at.HeapAlloc>>10)
		}
		control = append(control, fixedWork())
		start, spent := time.Now(), processorTime(b)
		if _, err := tracker.Observe(ctx, img); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		cpu += processorTime(b) - spent
	}
	if m.frames.encodes != len(took) {
		b.Fatalf("%d frames were encoded %d times", len(took), m.frames.encodes)
	}
	b.Logf("%d frames, heap every thousand frames, KiB: %d", len(took), memory)
	slices.Sort(took)
	middle, late := took[len(took)/2], took[len(took)*99/100]
	b.ReportMetric(float64(middle.Microseconds())/1e3, "median-ms")
	b.ReportMetric(float64(late.Microseconds())/1e3, "p99-ms")
	b.ReportMetric(float64(late)/float64(middle), "p99/median")
	b.ReportMetric(float64(cpu.Microseconds())/1e3/float64(len(took)), "cpu-ms")
	slices.Sort(control)
	b.ReportMetric(float64(control[len(control)*99/100])/float64(control[len(control)/2]), "control-p99/median")
}

// fixedWork is the same arithmetic each time, on every core: how late it sometimes is, is the machine's doing and no frame's.
func fixedWork() time.Duration {
	start := time.Now()
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			x := 1.0
			for range 2_000_000 {
				x += 1 / x
			}
			runtime.KeepAlive(x)
		})
	}
	wg.Wait()
	return time.Since(start)
}

// processorTime is what this process has had of all cores.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
