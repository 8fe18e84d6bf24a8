//go:build !(cgo && !noxla && linux && amd64)

package model

// xlaPlugin is false in programs built without cgo: they carry the pure-Go backend only.
func xlaPlugin() bool { return false }
