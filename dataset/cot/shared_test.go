package cot

import (
	"time"

	"github.com/egotsr/egotsr/internal/openai"
)

// What the tests have always called by these names is in package openai now.

func (e *Endpoint) hold(wait time.Duration) { e.server.Hold(wait) }

func retryAfter(header string) time.Duration { return openai.RetryAfter(header) }
