package model

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors/dtensor"
)

// Sharded weights are gathered once a step by a graph of their own, and the loss sees them whole. In one graph with it,
// XLA's partitioner would follow the rows of the weights through the layers instead of the rows of the batch, and have
// every device compute attention over the whole batch; GoMLX has no way to tell it which matters more.

// gatherGraph gives the sharded weights, whole, to every device.
func (s *stepper) gatherGraph(g *graph.Graph, _ []*graph.Node) (whole []*graph.Node) {
	for _, v := range s.sharded {
		whole = append(whole, v.NodeValue(g))
	}
	return whole
}

// gathered runs it, and says how to free the result.
func (s *stepper) gathered() (weights []any, free func(), err error) {
	free = func() {
		for _, w := range weights {
			w.(*dtensor.Tensor).FinalizeAll()
		}
	}
	if len(s.sharded) == 0 {
		return nil, free, nil
	}
	if weights, err = s.gather.CallSpread(); err != nil {
		return nil, free, fmt.Errorf("train: gather the weights: %w", err)
	}
	return weights, free, nil
}

// useWhole lets the graph being built compute with the gathered weights, in, until restore is called.
func (s *stepper) useWhole(in []*graph.Node) (restore func()) {
	parts := make([]*graph.Node, len(s.sharded))
	for i, v := range s.sharded {
		parts[i] = v.NodeValue(in[i].Graph())
		v.SetNodeValue(in[i])
	}
	return func() {
		for i, v := range s.sharded {
			v.SetNodeValue(parts[i])
		}
	}
}
