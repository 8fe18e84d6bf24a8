package main

import (
	"slices"

	"github.com/egotsr/egotsr/decompose"
)

// direct lists, for each subtask, those that it comes right after: of what it has to wait for, all but what these wait for in turn.
// Subtasks wait for earlier ones only.
func direct(subtasks []decompose.Subtask) [][]int {
	needs := make([][]bool, len(subtasks)) // needs[i][j]: i comes after j, at once or by others
	edges := make([][]int, len(subtasks))
	for i, s := range subtasks {
		needs[i] = make([]bool, len(subtasks))
		// From the latest on: whatever implies an arrow is later than where it begins.
		for _, j := range slices.Backward(slices.Sorted(slices.Values(s.After))) {
			if needs[i][j] {
				continue
			}
			edges[i] = append(edges[i], j)
			needs[i][j] = true
			for k, also := range needs[j] {
				needs[i][k] = needs[i][k] || also
			}
		}
		slices.Reverse(edges[i])
	}
	return edges
}
