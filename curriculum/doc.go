// Package curriculum trains: it turns samples into sequences, and sequences into optimiser steps.
//
// Only the core stands so far: one source, one recipe, loss on target tokens. Stages, resuming and LoRA build on it.
package curriculum
