"""Writes testdata/lerobot with the lerobot package itself, so that the Go reader is tested on files it did not write.

    python scripts/lerobot_fixture.py testdata/lerobot

Needs lerobot 0.6.1 with its dataset extra. Two datasets of 64x48 pictures:

drawer   three episodes, two cameras, all episodes of a camera in one mp4, subtask_index with meta/subtasks.parquet
spoken   two episodes with two tasks, one camera, subtasks as language_persistent rows written by lerobot's own
         annotation writer; the second episode has none. Its episode metadata is rewritten with zstd.

Frame i of episode e has brightness 40 + 60 e + 4 i (8 less on the second camera). expected.json holds what lerobot
reads back from each: task, subtask and mean brightness of every frame.
"""

import json
import logging
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from lerobot.annotations.steerable_pipeline.reader import iter_episodes
from lerobot.annotations.steerable_pipeline.staging import EpisodeStaging
from lerobot.annotations.steerable_pipeline.writer import LanguageColumnsWriter
from lerobot.datasets.language import language_feature_info
from lerobot.datasets.lerobot_dataset import LeRobotDataset

FPS = 10
SUBTASKS = ["Reach the handle.", "Pull the drawer open.", "Let go."]
# (first frame, subtask); -1 where nothing is annotated. In the last episode the hand slips and pulls again.
DRAWER = {
    10: [(0, 0), (4, 1), (8, 2)],
    12: [(0, -1), (2, 0), (5, 1)],
    13: [(0, 0), (3, 1), (6, 0), (8, 1), (12, 2)],
}


def label(spans, i):
    return [k for start, k in spans if start <= i][-1]


def features(cameras, more=None):
    image = {"dtype": "video", "shape": (48, 64, 3), "names": ["height", "width", "channels"]}
    own = {f"observation.images.{c}": dict(image) for c in cameras}
    own["action"] = {"dtype": "float32", "shape": (2,), "names": ["x", "y"]}
    return own | (more or {})


def picture(episode, i, camera):
    grey = 40 + 60 * episode + 4 * i - 8 * camera
    return np.full((48, 64, 3), grey, dtype=np.uint8)


def record(root, cameras, tasks, lengths, more=None, extra=lambda episode, i: {}):
    shutil.rmtree(root, ignore_errors=True)
    dataset = LeRobotDataset.create("egotsr/" + root.name, FPS, features(cameras, more), root=root)
    for episode, (task, length) in enumerate(zip(tasks, lengths, strict=True)):
        for i in range(length):
            frame = {f"observation.images.{c}": picture(episode, i, k) for k, c in enumerate(cameras)}
            frame["action"] = np.zeros(2, dtype=np.float32)
            dataset.add_frame(frame | {"task": task} | extra(episode, i))
        dataset.save_episode()
    dataset.finalize()


def drawer(root):
    spans = list(DRAWER.values())
    record(
        root, ["top", "wrist"], ["Open the drawer"] * 3, list(DRAWER),
        {"subtask_index": {"dtype": "int64", "shape": (1,), "names": None}},
        lambda episode, i: {"subtask_index": np.array([label(spans[episode], i)], dtype=np.int64)},
    )
    # As lerobot's guide to subtasks says: the text is the index of the table.
    table = pd.DataFrame({"subtask_index": range(len(SUBTASKS))}, index=pd.Index(SUBTASKS, name="subtask"))
    table.to_parquet(root / "meta" / "subtasks.parquet")


def spoken(root):
    record(root, ["front"], ["Pour the water", "Wipe the table"], [11, 10])
    staging = root / "staging"
    rows = [
        {"role": "user", "content": "Could you fill the cup?", "style": "task_aug", "timestamp": 0.0},
        {"role": "assistant", "content": "Tilt the jug.", "style": "subtask", "timestamp": 0.4},
        {"role": "assistant", "content": "Grasp the jug.", "style": "subtask", "timestamp": 0.0},
        {"role": "assistant", "content": "1. Grasp the jug.\n2. Tilt it.", "style": "plan", "timestamp": 0.0},
    ]
    EpisodeStaging(staging, 0).write("plan", rows)
    LanguageColumnsWriter().write_all(list(iter_episodes(root)), staging, root)
    shutil.rmtree(staging)
    info = json.loads((root / "meta" / "info.json").read_text())
    info["features"] |= language_feature_info()
    (root / "meta" / "info.json").write_text(json.dumps(info, indent=4))
    episodes = root / "meta" / "episodes" / "chunk-000" / "file-000.parquet"
    pq.write_table(pq.read_table(episodes), episodes, compression="zstd", row_group_size=1)


def read_back(root, subtask):
    dataset = LeRobotDataset("egotsr/" + root.name, root=root, video_backend="pyav")
    frames = []
    for i in range(len(dataset)):
        item = dataset[i]
        frames.append({
            "episode": int(item["episode_index"]),
            "task": item["task"],
            "subtask": subtask(item),
            "brightness": {c.split(".")[-1]: round(float(item[c].mean()) * 255) for c in dataset.meta.camera_keys},
        })
    return frames


def active(item):
    said = [r for r in item["language_persistent"] if r["style"] == "subtask" and r["timestamp"] <= item["timestamp"] + 1e-4]
    return max(said, key=lambda r: r["timestamp"])["content"] if said else ""


def main(out):
    logging.disable(logging.WARNING)
    drawer(out / "drawer")
    spoken(out / "spoken")
    expected = {
        "drawer": read_back(out / "drawer", lambda item: "" if item["subtask_index"] < 0 else SUBTASKS[item["subtask_index"]]),
        "spoken": read_back(out / "spoken", active),
    }
    lines = ["{"]
    for k, (name, frames) in enumerate(expected.items()):
        rows = ",\n".join("  " + json.dumps(f) for f in frames)
        lines.append(f' "{name}": [\n{rows}\n ]' + ("," if k == 0 else ""))
    (out / "expected.json").write_text("\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
