"""Writes testdata/formats: one episode in every format that is read, by the tools that write them, so that the Go readers
are tested on files they did not write.

    python scripts/formats_fixture.py testdata/formats [frames mp4 lerobot mcap rosbag hdf5]

Without names of parts it writes all that are installed. scripts/formats_env.sh makes two environments: one with lerobot
0.3.3, which writes v2.1 and has all the rest too, and one with lerobot 0.6.1, which writes v3.0; run it in both.

The episode is ten 64x64 frames of the one in examples/progress at 10 frames a second: frames/*.png, and in every lossless
file the same pixels. Subtasks are "Reach the window." (frames 0 to 3) and "Push the window open." (4 to 9).
"""

import importlib.metadata
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

FPS, SIZE, COUNT = 10, 64, 10
TASK = "Push and open a window"
SUBTASKS = ["Reach the window.", "Push the window open."]
PUSH = 4  # the frame the second begins with
START = 1_700_000_000_000_000_000  # of the recordings, nanoseconds


def subtask(i):
    return SUBTASKS[i >= PUSH]


def when(i):
    return START + i * 1_000_000_000 // FPS


def episode():
    source = Path(__file__).parent.parent / "examples" / "progress" / "frames"
    files = sorted(source.glob("*.jpg"))[:COUNT]
    return [np.asarray(Image.open(f).convert("RGB").resize((SIZE, SIZE), Image.Resampling.BICUBIC)) for f in files]


def encoded(frame, form, **more):
    out = io.BytesIO()
    Image.fromarray(frame).save(out, form, **more)
    return out.getvalue()


def frames(out):
    shutil.rmtree(out / "frames", ignore_errors=True)
    (out / "frames").mkdir(parents=True)
    for i, f in enumerate(episode()):
        (out / "frames" / f"{i:06d}.png").write_bytes(encoded(f, "PNG", optimize=True))


def mp4(out):
    subprocess.run([
        "ffmpeg", "-v", "error", "-y", "-framerate", str(FPS), "-i", str(out / "frames" / "%06d.png"),
        "-c:v", "libx264", "-crf", "12", "-pix_fmt", "yuv420p", "-bitexact", str(out / "episode.mp4"),
    ], check=True)


def lerobot(out):
    """Two episodes, the second one frame shorter, each with a camera kept as images and one as video."""
    import logging

    from lerobot.datasets.lerobot_dataset import CODEBASE_VERSION, LeRobotDataset

    logging.disable(logging.WARNING)
    root = out / f"lerobot-{CODEBASE_VERSION}"
    shutil.rmtree(root, ignore_errors=True)
    shape = {"shape": (SIZE, SIZE, 3), "names": ["height", "width", "channels"]}
    features = {
        "observation.images.front": {"dtype": "image"} | shape,
        "observation.images.side": {"dtype": "video"} | shape,
        "action": {"dtype": "float32", "shape": (2,), "names": ["x", "y"]},
    }
    dataset = LeRobotDataset.create("egotsr/" + root.name, FPS, features, root=root)
    for task, pictures in [(TASK, episode()), ("Close the window", episode()[:0:-1])]:
        for f in pictures:
            row = {"observation.images.front": f, "observation.images.side": f, "action": np.zeros(2, np.float32)}
            if CODEBASE_VERSION == "v2.1":
                dataset.add_frame(row, task=task)
            else:
                dataset.add_frame(row | {"task": task})
        dataset.save_episode()
    if CODEBASE_VERSION != "v2.1":
        dataset.finalize()
    shutil.rmtree(root / "images", ignore_errors=True)
    back = LeRobotDataset("egotsr/" + root.name, root=root, video_backend="pyav")
    rows = []
    for i in range(len(back)):
        item = back[i]
        rows.append({
            "episode": int(item["episode_index"]), "frame": int(item["frame_index"]), "task": item["task"],
            **{c.split(".")[-1]: [round(float(x) * 255, 2) for x in item[c].mean(dim=(1, 2))] for c in back.meta.camera_keys},
        })
    lines = ",\n".join(" " + json.dumps(r) for r in rows)
    (out / f"lerobot-{CODEBASE_VERSION}.json").write_text(f"[\n{lines}\n]\n")


IMAGE = "std_msgs/Header header\nuint32 height\nuint32 width\nstring encoding\nuint8 is_bigendian\nuint32 step\nuint8[] data"
COMPRESSED = "std_msgs/Header header\nstring format\nuint8[] data"
HEADER = (
    "\n" + "=" * 80 + "\nMSG: std_msgs/Header\nbuiltin_interfaces/Time stamp\nstring frame_id\n"
    + "=" * 80 + "\nMSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n"
)


def stamp(i):
    return {"sec": when(i) // 1_000_000_000, "nanosec": when(i) % 1_000_000_000}


def raw(i, pixels, encoding, pad=0):
    """A sensor_msgs/Image, whose rows may be padded."""
    rows = pixels.reshape(SIZE, -1)
    rows = np.pad(rows, ((0, 0), (0, pad)))
    return {
        "header": {"stamp": stamp(i), "frame_id": "camera"}, "height": SIZE, "width": SIZE, "encoding": encoding,
        "is_bigendian": 0, "step": rows.shape[1], "data": rows.tobytes(),
    }


def mcap(out):
    from mcap.writer import CompressionType
    from mcap_ros2.writer import Writer

    def ros2(name, pictures=range(COUNT), compression=CompressionType.ZSTD, chunk=60_000):
        with open(out / name, "wb") as f:
            writer = Writer(f, chunk_size=chunk, compression=compression)
            image = writer.register_msgdef("sensor_msgs/msg/Image", IMAGE + HEADER)
            compressed = writer.register_msgdef("sensor_msgs/msg/CompressedImage", COMPRESSED + HEADER)
            text = writer.register_msgdef("std_msgs/msg/String", "string data")
            for i in pictures:
                frame, t = episode()[i], {"log_time": when(i), "publish_time": when(i)}
                if i == pictures[0]:
                    writer.write_message("/task", text, {"data": TASK}, **t)
                if i in (0, PUSH):
                    writer.write_message("/subtask", text, {"data": subtask(i)}, **t)
                header = {"stamp": stamp(i), "frame_id": "camera"}
                png = {"header": header, "format": "rgb8; png compressed bgr8", "data": encoded(frame, "PNG")}
                writer.write_message("/front/image/compressed", compressed, png, **t)
                if i % 2 == 0:
                    writer.write_message("/top/image_raw", image, raw(i, frame[:, :, ::-1], "bgr8", pad=5), **t)
                    writer.write_message("/depth/image_raw", image, raw(i, np.full((SIZE, SIZE), 9, np.uint16).view(np.uint8), "16UC1"), **t)
                if i % 3 == 0:
                    writer.write_message("/grey", image, raw(i, np.ascontiguousarray(frame[:, :, 1]), "mono8"), **t)
            writer.finish()

    ros2("ros2.mcap")
    ros2("ros2-lz4.mcap", compression=CompressionType.LZ4)
    foxglove(out / "protobuf.mcap", "protobuf", CompressionType.ZSTD, True)
    foxglove(out / "json.mcap", "json", CompressionType.NONE, False)


def foxglove(path, encoding, compression, chunked):
    """foxglove.CompressedImage and foxglove.RawImage; without chunks also without an index or a summary."""
    import base64

    from foxglove_schemas_protobuf.CompressedImage_pb2 import CompressedImage
    from foxglove_schemas_protobuf.RawImage_pb2 import RawImage
    from google.protobuf.timestamp_pb2 import Timestamp
    from mcap.writer import IndexType, Writer
    from mcap_protobuf.schema import build_file_descriptor_set

    with open(path, "wb") as f:
        writer = Writer(
            f, chunk_size=60_000, compression=compression, use_chunking=chunked,
            index_types=IndexType.ALL if chunked else IndexType.NONE, repeat_channels=chunked, repeat_schemas=chunked,
            use_statistics=chunked, use_summary_offsets=chunked,
        )
        writer.start()
        channels = {}
        for topic, kind in {"/front": CompressedImage, "/top": RawImage}.items():
            data = build_file_descriptor_set(kind).SerializeToString() if encoding == "protobuf" else b'{"type":"object"}'
            schema = writer.register_schema(kind.DESCRIPTOR.full_name, "protobuf" if encoding == "protobuf" else "jsonschema", data)
            channels[topic] = writer.register_channel(topic, encoding, schema)
        channels["/task"] = writer.register_channel("/task", "json", writer.register_schema("std_msgs/String", "jsonschema", b'{"type":"object"}'))
        for i, frame in enumerate(episode()):
            def put(topic, data):
                writer.add_message(channels[topic], log_time=when(i), publish_time=when(i), data=data)

            if i == 0:
                put("/task", json.dumps({"data": TASK}).encode())
            time = Timestamp(seconds=stamp(i)["sec"], nanos=stamp(i)["nanosec"])
            png, pixels = encoded(frame, "PNG"), frame.tobytes()
            if encoding == "protobuf":
                put("/front", CompressedImage(timestamp=time, frame_id="camera", data=png, format="png").SerializeToString())
                put("/top", RawImage(timestamp=time, frame_id="camera", width=SIZE, height=SIZE, encoding="rgb8", step=3 * SIZE, data=pixels).SerializeToString())
                continue
            head = {"timestamp": {"sec": stamp(i)["sec"], "nsec": stamp(i)["nanosec"]}, "frame_id": "camera"}
            put("/front", json.dumps(head | {"format": "png", "data": base64.b64encode(png).decode()}).encode())
            put("/top", json.dumps(head | {
                "width": SIZE, "height": SIZE, "encoding": "rgb8", "step": 3 * SIZE, "data": base64.b64encode(pixels).decode(),
            }).encode())
        writer.finish()


def rosbag(out):
    from rosbags.rosbag2 import Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_HUMBLE)
    types = store.types
    shutil.rmtree(out / "rosbag", ignore_errors=True)
    with Writer(out / "rosbag", version=8) as writer:
        def channel(topic, kind):
            return writer.add_connection(topic, kind, typestore=store)

        front = channel("/front/image/compressed", "sensor_msgs/msg/CompressedImage")
        top = channel("/top/image_raw", "sensor_msgs/msg/Image")
        task, text = channel("/task", "std_msgs/msg/String"), channel("/subtask", "std_msgs/msg/String")

        def put(connection, i, message):
            writer.write(connection, when(i), store.serialize_cdr(message, message.__msgtype__))

        String, Header, Time = types["std_msgs/msg/String"], types["std_msgs/msg/Header"], types["builtin_interfaces/msg/Time"]
        for i, frame in enumerate(episode()):
            if i == 0:
                put(task, i, String(TASK))
            if i in (0, PUSH):
                put(text, i, String(subtask(i)))
            header = Header(Time(stamp(i)["sec"], stamp(i)["nanosec"]), "camera")
            put(front, i, types["sensor_msgs/msg/CompressedImage"](header, "png", np.frombuffer(encoded(frame, "PNG"), np.uint8)))
            m = raw(i, frame, "rgb8")
            put(top, i, types["sensor_msgs/msg/Image"](header, SIZE, SIZE, "rgb8", 0, m["step"], np.frombuffer(m["data"], np.uint8)))


def hdf5(out):
    import h5py

    pictures = np.stack(episode())
    jpegs = [encoded(f, "JPEG", quality=95) for f in episode()]
    longest = max(map(len, jpegs))
    padded = np.stack([np.pad(np.frombuffer(j, np.uint8), (0, longest - len(j))) for j in jpegs])

    def aloha(name, compress, cameras, libver=None, more=lambda f: None):
        """As ALOHA's record_episodes.py does; extra arguments of create_dataset come with a camera's data."""
        with h5py.File(out / name, "w", libver=libver) as f:
            f.attrs["sim"], f.attrs["compress"] = False, compress
            images = f.create_group("observations").create_group("images")
            for camera, (data, extra) in cameras.items():
                images.create_dataset(camera, data=data, **extra)
            f["observations"].create_dataset("qpos", data=np.zeros((COUNT, 14)))
            f["observations"].create_dataset("qvel", data=np.zeros((COUNT, 14)))
            f.create_dataset("action", data=np.zeros((COUNT, 14)))
            more(f)

    one = (1, SIZE, SIZE, 3)
    aloha("aloha.hdf5", False, {
        "cam_high": (pictures, {}),
        "cam_left_wrist": (pictures, {"chunks": one}),
        "cam_low": (pictures, {"compression": "gzip", "shuffle": True, "fletcher32": True}),
        "cam_right_wrist": (pictures, {"chunks": one, "compression": "lzf"}),
    })

    def lengths(f):
        f.create_dataset("compress_len", data=np.array([[len(j) for j in jpegs]]))

    aloha("aloha-jpeg.hdf5", True, {
        "cam_high": (padded, {"chunks": (1, longest)}),
        "cam_low": (np.array([np.frombuffer(j, np.uint8) for j in jpegs] + [None], dtype=object)[:-1], {"dtype": h5py.vlen_dtype(np.uint8)}),
    }, more=lengths)
    aloha("latest.hdf5", False, {"cam_high": (pictures, {})}, libver="latest")
    aloha("latest-chunks.hdf5", False, {"cam_high": (pictures[:2], {"chunks": one})}, libver="latest")
    try:
        import hdf5plugin
        aloha("zstd.hdf5", False, {"cam_high": (pictures[:2], dict(hdf5plugin.Zstd()) | {"chunks": one})})
    except ImportError:
        print("without hdf5plugin, zstd.hdf5 is left as it is")
    with h5py.File(out / "robomimic.hdf5", "w") as f:
        data = f.create_group("data")
        data.attrs["total"] = 2 * COUNT - 2
        data.attrs["env_args"] = json.dumps({"env_name": "Window", "type": 1, "env_kwargs": {}})
        for k, n in (("demo_0", COUNT), ("demo_10", 5), ("demo_2", 3)):
            demo = data.create_group(k)
            demo.attrs["num_samples"] = n
            demo.attrs["model_file"] = "<mujoco>" + "x" * 70_000 + "</mujoco>"
            demo.create_dataset("actions", data=np.zeros((n, 7)))
            for group in ("obs", "next_obs"):
                obs = demo.create_group(group)
                obs.create_dataset("agentview_image", data=pictures[:n], compression="gzip")
                obs.create_dataset("robot0_eef_pos", data=np.zeros((n, 3)))
                obs.create_dataset("agentview_depth", data=np.zeros((n, SIZE, SIZE, 1), np.float32), compression="gzip")
        f.create_group("mask").create_dataset("train", data=np.array([b"demo_0", b"demo_2"]))


def installed(*packages):
    for p in packages:
        try:
            importlib.metadata.version(p)
        except importlib.metadata.PackageNotFoundError:
            return False
    return True


NEEDS = {
    frames: (), mp4: (), lerobot: ("lerobot",), mcap: ("mcap", "mcap-ros2-support", "mcap-protobuf-support"),
    rosbag: ("rosbags",), hdf5: ("h5py",),
}

if __name__ == "__main__":
    target = Path(sys.argv[1])
    for part, packages in NEEDS.items():
        if part.__name__ in sys.argv[2:] or len(sys.argv) == 2 and installed(*packages):
            print(part.__name__)
            part(target)
