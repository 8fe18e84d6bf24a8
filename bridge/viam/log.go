package main

import (
	"context"
	"log/slog"

	"go.viam.com/rdk/logging"
)

// handler gives what the model logs to viam-server's log, under the name of the service.
type handler struct{ logger logging.Logger }

func (h handler) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	var fields []any
	r.Attrs(func(a slog.Attr) bool {
		fields = append(fields, a.Key, a.Value.Any())
		return true
	})
	switch {
	case r.Level >= slog.LevelError:
		h.logger.CErrorw(ctx, r.Message, fields...)
	case r.Level >= slog.LevelWarn:
		h.logger.CWarnw(ctx, r.Message, fields...)
	default:
		h.logger.CInfow(ctx, r.Message, fields...)
	}
	return nil
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var fields []any
	for _, a := range attrs {
		fields = append(fields, a.Key, a.Value.Any())
	}
	return handler{h.logger.WithFields(fields...)}
}

func (h handler) WithGroup(name string) slog.Handler { return handler{h.logger.Sublogger(name)} }
