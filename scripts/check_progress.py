"""Reads a file of progress as its users do: pandas, and lerobot's own weights of reward-aware behaviour cloning.

    python scripts/check_progress.py DATASET/egotsr_progress.parquet

Needs lerobot 0.6.1; DATASET is the LeRobotDataset that it was written into. Prints one JSON object; fails where a frame of
the dataset has no score, or the columns are not those that lerobot writes itself.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from lerobot.rewards.sarm.rabc import RABCWeights

path = Path(sys.argv[1])
table = pd.read_parquet(path)
scores = [c for c in table.columns if c.startswith("progress_")]
assert list(table.columns)[:4] == ["index", "episode_index", "frame_index", "progress_sparse"], list(table.columns)
assert {str(table[c].dtype) for c in table.columns if c not in scores} == {"int64"}, table.dtypes
assert {str(table[c].dtype) for c in scores} == {"float32"}, table.dtypes
assert ((table[scores] >= 0) & (table[scores] <= 1)).all().all()
info = json.loads((path.parent / "meta" / "info.json").read_text())
assert list(table["index"]) == list(range(info["total_frames"])), (len(table), info["total_frames"])
frames = pd.concat([pd.read_parquet(f, columns=["index", "episode_index", "frame_index"]) for f in sorted((path.parent / "data").rglob("*.parquet"))])
frames = frames.sort_values("index").reset_index(drop=True)
for column in frames.columns:
    assert np.array_equal(frames[column], table[column]), column
weights = RABCWeights(path, chunk_size=4)
batch, stats = weights.compute_batch_weights({"index": list(table["index"])})
print(json.dumps({
    "rows": len(table), "columns": list(table.columns), "from": pq.read_schema(path).metadata[b"reward_model_path"].decode(),
    "row groups": pq.ParquetFile(path).num_row_groups, "weights": [round(float(w), 3) for w in batch], "stats": stats,
}))
