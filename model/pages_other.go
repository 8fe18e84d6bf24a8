//go:build !linux

package model

// largePages is for Linux: other systems choose the size of pages by themselves.
func largePages([]byte) {}
