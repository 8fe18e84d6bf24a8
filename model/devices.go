package model

import (
	"context"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/gomlx/ml/model"
)

// Several devices run one graph, the same that one device would. Each input that holds a batch along its first axis is
// split into as many equal parts as there are devices, all else lies on every device, and XLA's partitioner (GoMLX calls
// it AutoSharding) works out which device computes what and where sums have to meet.

// meshAxis is the one axis along which the devices stand.
const meshAxis = "devices"

// newMesh puts all devices of a backend in a row; one device alone needs none.
func newMesh(b compute.Backend) *distributed.DeviceMesh {
	if b.NumDevices() < 2 {
		return nil
	}
	mesh, err := distributed.NewDeviceMesh([]int{int(b.NumDevices())}, []string{meshAxis})
	if err != nil {
		panic(err) // of a bad name or size: both are ours
	}
	return mesh
}

// Devices is how many devices of the backend share a batch.
func (m *Model) Devices() int { return int(m.backend.NumDevices()) }

// evenly rounds a number of rows up to what all devices can share.
func (m *Model) evenly(rows int) int {
	n := m.Devices()
	return (rows + n - 1) / n * n
}

// rows is how a tensor lies on the devices when each has an equal part of its rows; one that cannot be split so lies on
// every device.
func (m *Model) rows(dims []int) *distributed.ShardingSpec {
	spec := distributed.NewReplicatedShardingSpec(m.mesh)
	if len(dims) > 0 && dims[0]%m.Devices() == 0 {
		spec.Axes = make([]distributed.AxisSpec, len(dims))
		spec.Axes[0] = distributed.AxisSpec{meshAxis}
	}
	return spec
}

// shard spreads the weights over the devices by their rows, instead of a copy on each, or brings the copies back.
func (m *Model) shard(ctx context.Context, rows bool) error {
	if m.mesh == nil {
		return nil
	}
	return m.exclusive(ctx, func() error {
		for _, p := range m.Config.Params() {
			v := m.store.GetVariable("/" + p.Name)
			whole, err := v.Value()
			if err != nil {
				return err
			}
			if whole, err = whole.LocalClone(); err != nil {
				return err
			}
			if err := v.SetValue(whole); err != nil { // frees what lies on the devices, and the value that was asked for
				return err
			}
			spec := m.rows(nil)
			if rows {
				spec = m.rows(p.Shape)
			}
			if err := v.SetShardingSpec(spec); err != nil {
				return err
			}
		}
		return m.rebuild() // the graphs are compiled for where weights lie
	})
}

// sharded reports that each device has a part of the variable only.
func sharded(v *model.Variable) bool {
	return v.ShardingSpec() != nil && !v.ShardingSpec().IsReplicated()
}
