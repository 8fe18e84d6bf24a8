package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what /metrics shows. It is the model's Meter. Label values are those of the route table and of the list below: no
// client makes a new one.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	model    *prometheus.HistogramVec
	handler  http.Handler
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "egotsr_bridge_request_seconds", Help: "Time of answers, by route and status.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 16)}, []string{"route", "code"}),
		model: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "egotsr_model_seconds", Help: "Time of the model's work, as egotsr.Meter tells it.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 18)}, []string{"what"})}
	m.registry.MustRegister(m.requests, m.model, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return m
}

func (m *metrics) watch(s *server) {
	gauge := func(name, help string, value func() int) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) }))
	}
	gauge("egotsr_bridge_sessions", "Sessions that are open.", s.sessions.count)
	gauge("egotsr_bridge_requests_under_way", "Requests that hold one of the slots.", func() int { return len(s.slots) })
}

// Record implements egotsr.Meter.
func (m *metrics) Record(what string, took time.Duration) {
	switch what {
	case "queue", "run", "compile", "observe":
	default:
		what = "other"
	}
	m.model.WithLabelValues(what).Observe(took.Seconds())
}

func (m *metrics) answered(route string, status int, began time.Time) {
	m.requests.WithLabelValues(route, strconv.Itoa(max(status, 200))).Observe(time.Since(began).Seconds())
}

func (m *metrics) serve(w http.ResponseWriter, r *http.Request) error {
	m.handler.ServeHTTP(w, r)
	return nil
}
