package egotsr

import (
	"context"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/egotsr/egotsr/model/nano"
)

// BenchmarkTrack is a stream of frames, none like another: with -benchtime 10000x it is the one that `make bench-track` reports.
// Memory and work may not grow with it.
func BenchmarkTrack(b *testing.B) {
	ctx := context.Background()
	m, err := Open(ctx, nano.FS(), &Options{Backend: os.Getenv("EGOTSR_TEST_BACKEND"), FrameCache: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	tracker := m.Track("Open a drawer", &TrackOptions{Every: -1})
	var took []time.Duration
	var memory []uint64
	for i := 0; b.Loop(); i++ {
		img := noise(uint64(i), 112, 112)
		if i%1000 == 0 {
			runtime.GC()
			var at runtime.MemStats
			runtime.ReadMemStats(&at)
			memory = append(memory, at.HeapAlloc>>10)
		}
		start := time.Now()
		if _, err := tracker.Observe(ctx, img); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
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
}
